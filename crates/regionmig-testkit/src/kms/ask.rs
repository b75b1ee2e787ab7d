//! One request to KMS under way.

use super::store::Kms;
use crate::call::Refusal;

pub(super) use crate::ask::{base64, seconds};

/// One request under way.
pub(super) type Ask<'a, 'c> = crate::ask::Ask<'a, 'c, Kms>;

impl Ask<'_, '_> {
    /// Refuses the request if it was to be checked only. To be called when nothing else can refuse it any more.
    pub(super) fn dry_run(&self) -> Result<(), Refusal> {
        match self.flag("DryRun") {
            true => Err(Refusal::new("DryRunOperationException")
                .message("The request would have succeeded, but the DryRun option is set.")),
            false => Ok(()),
        }
    }
}
