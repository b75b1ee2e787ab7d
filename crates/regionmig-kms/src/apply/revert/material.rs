//! Takes back material that was imported.

use aws_sdk_kms::Client;
use regionmig_aws::Error;
use regionmig_core::{ErrorKind, KeyArn, Side, StepContext};

use super::Taken;
use crate::service::Kms;
use crate::step::ImportMaterial;

impl Kms {
    /// Deletes the material from a key that was found, if that was never used: without it, nothing that was encrypted can be
    /// read. From a key that was made it is not deleted: that is taken back as a whole, material and all.
    pub(super) async fn take_back_material(
        &self,
        step: &ImportMaterial,
        target: &KeyArn,
        cx: &StepContext<'_>,
    ) -> Result<Taken, Error> {
        if !step.found {
            return Ok(Taken::Now);
        }
        let end = cx.end(Side::Target);
        let (_, key) = self.describe(end, target.as_str()).await?;
        if key.is_doomed() {
            return Ok(Taken::Now);
        }
        let is_gone = match &step.material {
            None => key.lacks_material(),
            Some(id) => {
                let materials = self.key_materials(end, target).await?;
                !materials.iter().any(|material| material.id == *id && material.is_here)
            }
        };
        if is_gone {
            return Ok(Taken::Already);
        }
        if let Some(why) = self.why_not_unused(target, end).await? {
            let text = format!("{target} keeps its material, since it may be needed to decrypt");
            return Err(Error::new(ErrorKind::Conflict, text).at(end).because(why));
        }
        let send = |client: Client| {
            let request = client.delete_imported_key_material().key_id(target.as_str());
            request.set_key_material_id(step.material.clone()).send()
        };
        self.ended(self.clients().write(end, "kms:DeleteImportedKeyMaterial", send).await, target, cx).await
    }
}
