//! Imports material that the caller brings.
// REQ: KMS-5

use aws_sdk_kms::operation::RequestId;
use aws_sdk_kms::operation::get_parameters_for_import::GetParametersForImportOutput;
use aws_sdk_kms::primitives::{Blob, DateTime};
use aws_sdk_kms::types::{AlgorithmSpec, ExpirationModelType, ImportType, WrappingKeySpec};
use regionmig_aws::Error;
use regionmig_core::{
    Applied, Binding, BoxError, End, ErrorKind, KeyArn, Probe, Receipt, Side, StepContext, Task, Wait,
};

use super::{soon, unseen};
use crate::material::{EmptyKey, WrappingKey};
use crate::service::Kms;
use crate::snapshot::{Material, MaterialState, current};
use crate::step::ImportMaterial;

/// The codes of the tasks for which this crate's steps wait.
pub mod task {
    /// Import the material of the key `source` into the key `target`, or hand it over with `Kms::bring_material`. With
    /// `material`, if it is one of several: the id that KMS gave it; and `expires`, if it does.
    pub const IMPORT_MATERIAL: &str = "kms.import-material";
}

/// Returns the key of the target that waits for its material.
pub(super) fn empty_target(key: &KeyArn, cx: &StepContext<'_>) -> Result<KeyArn, Error> {
    Ok(cx.resolve(&Binding::target_of(&EmptyKey(key.clone())))?.0)
}

impl Kms {
    /// Looks whether the material is there: by its id, if it has one at both ends. What nobody has is waited for.
    pub(super) async fn probe_import_material(
        &self,
        step: &ImportMaterial,
        cx: &StepContext<'_>,
    ) -> Result<Probe, Error> {
        let target = empty_target(&step.key, cx)?;
        match self.is_imported(step, &target, cx).await {
            Ok(Some(true)) => Ok(Probe::Present(imported(step, &target)?)),
            Ok(Some(false)) => self.probe_source(step, &target, cx).await,
            Ok(None) => Ok(Probe::Waiting(soon(format!("{target} is being made or changed")))),
            Err(error) => unseen(error, &target, cx).map(Probe::Waiting),
        }
    }

    pub(super) async fn import_material(&self, step: &ImportMaterial, cx: &StepContext<'_>) -> Result<Applied, Error> {
        let (target, end) = (empty_target(&step.key, cx)?, cx.end(Side::Target));
        let Some(source) = self.options().material() else { return Ok(Applied::Waiting(wanted(step, &target))) };
        let parameters = match self.parameters_for_import(&target, end).await {
            Ok(parameters) => parameters,
            Err(error) => return Err(self.refused(error, &target, cx).await),
        };
        let missing = |field| unsent("KMS gave no way to bring material", field).at(end);
        let public = parameters.public_key.ok_or_else(|| missing("PublicKey"))?;
        let token = parameters.import_token.ok_or_else(|| missing("ImportToken"))?;
        let wrapping = WrappingKey::new(public.into_inner());
        let failed = |error| unsent("the material could not be had", error).at(end);
        let material = source.encrypt(step, &wrapping).await.map_err(failed)?;
        let send = |client: aws_sdk_kms::Client| {
            let request = client.import_key_material().key_id(target.as_str()).import_token(token);
            let request = request.encrypted_key_material(Blob::new(material));
            let request = match step.expires {
                Some(at) => request.expiration_model(ExpirationModelType::KeyMaterialExpires).valid_to(date(at)),
                None => request.expiration_model(ExpirationModelType::KeyMaterialDoesNotExpire),
            };
            let request = match &step.material {
                Some(id) => request.import_type(ImportType::ExistingKeyMaterial).key_material_id(id),
                None => request,
            };
            let described = Some(&step.description).filter(|text| !text.is_empty());
            request.set_key_material_description(described.cloned()).send()
        };
        match self.clients().write(end, "kms:ImportKeyMaterial", send).await {
            // What needs the key may be refused as long as its new state does not show.
            Ok(answer) => {
                let request = answer.request_id().unwrap_or_default();
                Ok(Applied::Waiting(soon(format!(
                    "{target} has its material, by request {request}, and may not show it"
                ))))
            }
            Err(error) => Err(self.refused_material(step, error, &target, cx).await),
        }
    }

    /// Returns whether the material is there; none, if the key is on the way to another state.
    async fn is_imported(
        &self,
        step: &ImportMaterial,
        target: &KeyArn,
        cx: &StepContext<'_>,
    ) -> Result<Option<bool>, Error> {
        let end = cx.end(Side::Target);
        let (_, key) = self.describe(end, target.as_str()).await?;
        if key.is_doomed() || !key.is_imported() {
            return Err(Error::conflict(target).by("kms:DescribeKey").at(end));
        }
        if !key.is_settled() {
            return Ok(None);
        }
        if !key.has_materials() || step.material.is_none() && !key.lacks_material() {
            return Ok(Some(!key.lacks_material()));
        }
        let materials = self.key_materials(end, target).await?;
        let wanted = match &step.material {
            Some(id) => materials.iter().find(|one| one.id == *id),
            None => current(&materials),
        };
        let is_here = wanted.is_some_and(|one| one.is_here);
        // Its state says whether all are there, and each read may be older than the other.
        let is_open = step.completes.is_some() && key.lacks_material();
        if let Some(other) = lacking(step, &materials).filter(|_| is_here && is_open) {
            let text = format!("{target} also lacks the material {other}, which this plan does not bring: plan again");
            return Err(Error::new(ErrorKind::Conflict, text).by("kms:ListKeyRotations").at(end));
        }
        Ok(Some(is_here && !is_open))
    }

    async fn probe_source(&self, step: &ImportMaterial, target: &KeyArn, cx: &StepContext<'_>) -> Result<Probe, Error> {
        if step.expires.is_some_and(|at| at <= cx.run().clock().now()) {
            let text =
                format!("the material of {} has expired meanwhile: import it there again, and plan anew", step.key);
            return Err(Error::new(ErrorKind::Invalid, text));
        }
        let failed = |error| unsent("whether the material is to be had could not be asked", error);
        match self.options().material() {
            Some(source) if source.has(step).await.map_err(failed)? => Ok(Probe::Absent),
            _ => Ok(Probe::Waiting(wanted(step, target))),
        }
    }

    /// Asks for a key to encrypt the material with, and the token that belongs to it: a read, of which the longest-lived
    /// effect, the token, is kept nowhere.
    async fn parameters_for_import(&self, target: &KeyArn, end: &End) -> Result<GetParametersForImportOutput, Error> {
        let send = |client: aws_sdk_kms::Client| {
            let request = client.get_parameters_for_import().key_id(target.as_str());
            let request = request.wrapping_algorithm(AlgorithmSpec::from(WrappingKey::ALGORITHM));
            request.wrapping_key_spec(WrappingKeySpec::from(WrappingKey::SPEC)).send()
        };
        self.clients().read(end, "kms:GetParametersForImport", send).await
    }

    async fn refused_material(
        &self,
        step: &ImportMaterial,
        error: Error,
        target: &KeyArn,
        cx: &StepContext<'_>,
    ) -> Error {
        let end = cx.end(Side::Target);
        let told = |kind, text: &str| Error::new(kind, format!("{target} {text}")).at(end);
        match error.code() {
            Some("IncorrectKeyMaterialException") => {
                let kind = if step.material.is_some() { ErrorKind::Conflict } else { ErrorKind::Invalid };
                let text = "does not take the material that was brought: it is malformed, or not the one that the key is tied \
                            to; bring that one, then run this again";
                told(kind, text).because(error)
            }
            // The next attempt gets a token of its own.
            Some("ExpiredImportTokenException" | "InvalidImportTokenException") => {
                told(ErrorKind::Unavailable, "was given its material too late").because(error)
            }
            _ => self.refused(error, target, cx).await,
        }
    }
}

/// Returns a material that a key needs to be of use, is not there, and is brought by no step that comes before this one.
fn lacking<'m>(step: &ImportMaterial, materials: &'m [Material]) -> Option<&'m str> {
    let is_used = |one: &&Material| matches!(one.state, MaterialState::Current | MaterialState::NonCurrent);
    let comes_first = |one: &Material| step.completes.as_ref().is_some_and(|first| first.contains(&one.id));
    let mut lacking = materials.iter().filter(is_used).filter(|one| !one.is_here && !comes_first(one));
    lacking.next().map(|one| one.id.as_str())
}

fn imported(step: &ImportMaterial, target: &KeyArn) -> Result<Receipt, Error> {
    Ok(match step.completes {
        Some(_) => Receipt::new().bind(&step.key, target)?,
        None => Receipt::new(),
    })
}

/// Says that a person, or a program of the caller's, has to bring the material.
fn wanted(step: &ImportMaterial, target: &KeyArn) -> Wait {
    let text = "import the material of the one key into the other, or hand it over with `Kms::bring_material`";
    let task =
        Task::new(task::IMPORT_MATERIAL, text).value("source", step.key.as_str()).value("target", target.as_str());
    let task = step.material.iter().fold(task, |task, id| task.value("material", id));
    let task = step.expires.iter().fold(task, |task, at| task.value("expires", at.to_string()));
    Wait::new(format!("{target} waits for the material of {}", step.key)).task(task)
}

/// Nothing was sent: it is tried again.
fn unsent(text: &str, because: impl Into<BoxError>) -> Error {
    Error::new(ErrorKind::Unavailable, text).because(because)
}

fn date(at: regionmig_core::Timestamp) -> DateTime {
    DateTime::from_nanos(at.as_nanosecond()).unwrap_or_else(|_| DateTime::from_secs(at.as_second()))
}
