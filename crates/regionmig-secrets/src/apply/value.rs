//! Copies values, and moves stages. A value goes from one answer into one request, in memory that is wiped.
// REQ: SM-15 SM-16

use aws_sdk_secretsmanager::Client;
use aws_sdk_secretsmanager::operation::RequestId;
use aws_sdk_secretsmanager::primitives::Blob;
use aws_sdk_secretsmanager::types::Tag;
use regionmig_aws::Error;
use regionmig_core::{Applied, End, ErrorKind, Probe, Receipt, SecretArn, Side, StepContext};

use super::{receipt, soon, target_of, unseen};
use crate::read::Value;
use crate::service::Secrets;
use crate::snapshot::CURRENT;
use crate::step::{Create, MoveStage, PutVersion};

impl Secrets {
    pub(super) async fn probe_create(&self, step: &Create, cx: &StepContext<'_>) -> Result<Probe, Error> {
        let (end, name) = (cx.end(Side::Target), step.secret.name());
        let (arn, secret) = match self.describe(end, name).await {
            Ok(found) => found,
            Err(error) if error.kind() == ErrorKind::NotFound => return Ok(Probe::Absent),
            Err(error) => return Err(error),
        };
        let is_marked = step.marks().iter().all(|(name, value)| secret.tags.get(*name) == Some(value));
        let is_written = step.version.as_ref().is_none_or(|version| secret.versions.contains_key(version));
        match is_marked && is_written && secret.deleted.is_none() {
            true => Ok(Probe::Present(Receipt::new().bind(&step.secret, &arn)?)),
            false => Err(Error::conflict(&arn).by("secretsmanager:DescribeSecret").at(end)),
        }
    }

    pub(super) async fn create(&self, step: &Create, cx: &StepContext<'_>) -> Result<Applied, Error> {
        const ACTION: &str = "secretsmanager:CreateSecret";
        let end = cx.end(Side::Target);
        let value = match &step.version {
            Some(version) => Some(self.value(cx.end(Side::Source), &step.secret, version).await?),
            None => None,
        };
        let marks = step.marks();
        let own = step.tags.iter().map(|(name, value)| (name.as_str(), value.as_str()));
        let tags = tags(own.chain(marks.iter().map(|(name, value)| (*name, value.as_str()))));
        let (key, description) =
            (step.key.resolved(cx)?, Some(step.description.clone()).filter(|text| !text.is_empty()));
        let (text, blob) = sent(value.as_ref());
        // A version keeps its id, which is the token too. Without a value none is made, and the token is forgotten.
        let token = step.version.clone().unwrap_or_else(|| cx.token("", 64));
        let send = |client: Client| {
            let request = client.create_secret().name(step.secret.name()).set_description(description);
            let request = request.set_kms_key_id(key).set_tags(Some(tags)).set_type(step.kind.clone());
            request.client_request_token(token).set_secret_string(text).set_secret_binary(blob).send()
        };
        match self.clients().write(end, ACTION, send).await {
            Ok(answer) => {
                let arn: SecretArn = answer.arn().unwrap_or_default().parse()?;
                Ok(Applied::Done(receipt(answer.request_id()).bind(&step.secret, &arn)?))
            }
            Err(error) if error.code() == Some("ResourceExistsException") => {
                Ok(Applied::Waiting(soon(format!("{} is there already", step.secret.name()))))
            }
            Err(error) => Err(error),
        }
    }

    pub(super) async fn probe_put_version(&self, step: &PutVersion, cx: &StepContext<'_>) -> Result<Probe, Error> {
        let (target, end) = (target_of(&step.secret, cx)?, cx.end(Side::Target));
        let secret = match self.describe(end, target.as_str()).await {
            Ok((_, secret)) => secret,
            Err(error) => return unseen(error, &target, cx).map(Probe::Waiting),
        };
        if secret.versions.contains_key(&step.version) {
            return Ok(Probe::Present(Receipt::new()));
        }
        let expects = step.stages.contains(CURRENT);
        match expects && secret.version_at(CURRENT) != step.replaces.as_deref() {
            true => Err(moved(&target, CURRENT, end)),
            false => Ok(Probe::Absent),
        }
    }

    pub(super) async fn put_version(&self, step: &PutVersion, cx: &StepContext<'_>) -> Result<Applied, Error> {
        let (target, end) = (target_of(&step.secret, cx)?, cx.end(Side::Target));
        let value = self.value(cx.end(Side::Source), &step.secret, &step.version).await?;
        // Looked at once more just before: no request depends on which version is current.
        match self.probe_put_version(step, cx).await? {
            Probe::Present(receipt) => return Ok(Applied::Done(receipt)),
            Probe::Waiting(wait) => return Ok(Applied::Waiting(wait)),
            _ => {}
        }
        let (text, blob) = sent(Some(&value));
        let send = |client: Client| {
            let request = client.put_secret_value().secret_id(target.as_str()).client_request_token(&step.version);
            let request = request.set_version_stages(Some(step.stages.iter().cloned().collect()));
            request.set_secret_string(text).set_secret_binary(blob).send()
        };
        match self.clients().write(end, "secretsmanager:PutSecretValue", send).await {
            Ok(answer) => Ok(Applied::Done(receipt(answer.request_id()))),
            Err(error) if error.code() == Some("ResourceExistsException") => {
                let text = format!("{target} has another value under the version {}", step.version);
                Err(Error::new(ErrorKind::Conflict, text).because(error))
            }
            Err(error) => Err(error),
        }
    }

    pub(super) async fn probe_move_stage(&self, step: &MoveStage, cx: &StepContext<'_>) -> Result<Probe, Error> {
        let (target, end) = (target_of(&step.secret, cx)?, cx.end(Side::Target));
        let secret = match self.describe(end, target.as_str()).await {
            Ok((_, secret)) => secret,
            Err(error) => return unseen(error, &target, cx).map(Probe::Waiting),
        };
        match secret.version_at(&step.stage) {
            Some(version) if version == step.to => Ok(Probe::Present(Receipt::new())),
            version if version == step.from.as_deref() => Ok(Probe::Absent),
            _ => Err(moved(&target, &step.stage, end)),
        }
    }

    pub(super) async fn move_stage(&self, step: &MoveStage, cx: &StepContext<'_>) -> Result<Applied, Error> {
        let (target, end) = (target_of(&step.secret, cx)?, cx.end(Side::Target));
        let send = |client: Client| {
            let request = client.update_secret_version_stage().secret_id(target.as_str());
            let request = request.version_stage(&step.stage).move_to_version_id(&step.to);
            request.set_remove_from_version_id(step.from.clone()).send()
        };
        match self.clients().write(end, "secretsmanager:UpdateSecretVersionStage", send).await {
            Ok(answer) => Ok(Applied::Done(receipt(answer.request_id()))),
            // The request depends on who has the stage: another has, and the next look tells which.
            Err(error) if error.code() == Some("InvalidParameterException") => {
                let text = format!("{} of {target} is not where it was", step.stage);
                Err(Error::new(ErrorKind::Unavailable, text).because(error))
            }
            Err(error) => Err(error),
        }
    }
}

/// Hands a value to the SDK, which keeps copies of its own that nobody wipes.
fn sent(value: Option<&Value>) -> (Option<String>, Option<Blob>) {
    match value {
        Some(Value::Text(text)) => (Some(text.as_str().to_owned()), None),
        Some(Value::Binary(bytes)) => (None, Some(Blob::new(bytes.as_slice()))),
        None => (None, None),
    }
}

pub(super) fn tags<'a>(tags: impl Iterator<Item = (&'a str, &'a str)>) -> Vec<Tag> {
    tags.map(|(name, value)| Tag::builder().key(name).value(value).build()).collect()
}

fn moved(target: &SecretArn, stage: &str, end: &End) -> Error {
    let text = format!("another version of {target} has {stage} than when this was planned");
    Error::new(ErrorKind::Conflict, text).by("secretsmanager:DescribeSecret").at(end)
}
