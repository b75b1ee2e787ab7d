//! Makes keys.
// REQ: E-13

use std::time::Duration;

use aws_sdk_kms::operation::RequestId;
use aws_sdk_kms::types::{KeySpec, KeyUsageType, OriginType};
use regionmig_aws::Error;
use regionmig_core::{Applied, ErrorKind, KeyArn, Probe, Receipt, Side, StepContext, Wait, source_mark};

use super::copies::Copies;
use super::{bound, pairs, refused_policy, sdk_tags, soon};
use crate::finding;
use crate::plan::is_young;
use crate::read::key_of;
use crate::service::Kms;
use crate::snapshot::{Key, KeyState};
use crate::step::CreateKey;

const ACTION: &str = "kms:CreateKey";

impl Kms {
    /// Looks for the copy by its mark, among the keys that the survey did not see and that are no other key's copy: one
    /// listing for all such probes of a run. KMS has no token for this call, and names the key itself.
    pub(super) async fn probe_create_key(&self, step: &CreateKey, cx: &StepContext<'_>) -> Result<Probe, Error> {
        let end = cx.end(Side::Target);
        if let Some(made) = cx.saved::<KeyArn>() {
            return match self.describe(end, made.as_str()).await {
                Ok((made, key)) => made_of(step, &made, &key, &[]),
                Err(error) if error.kind() == ErrorKind::NotFound => {
                    Ok(Probe::Waiting(soon(format!("{made} was made and cannot be read yet"))))
                }
                Err(error) => Err(error),
            };
        }
        let read = || self.copies(cx);
        let copies = cx.shared("copies", cx.not_before(), read).await?;
        let marked = copies.marked.get(&source_mark(step.key.as_str())).map_or(&[] as &[_], Vec::as_slice);
        match marked.split_first() {
            Some(((arn, key), others)) => made_of(step, arn, key, others),
            None => match copies.murky.iter().find(|(_, key, _)| may_be_made_by(step, key)) {
                Some((arn, _, error)) => {
                    let text = format!("{arn} may be the copy of {}, and its tags cannot be read", step.key);
                    Err(Error::new(error.kind, text).by("kms:ListResourceTags").at(end).because(error.to_string()))
                }
                None => Ok(still_open(step, &copies, cx).map_or(Probe::Absent, Probe::Waiting)),
            },
        }
    }

    pub(super) async fn create_key(&self, step: &CreateKey, cx: &StepContext<'_>) -> Result<Applied, Error> {
        let marks = step.marks();
        let tags = sdk_tags(pairs(&step.tags).chain(marks.iter().map(|(name, value)| (*name, value.as_str()))))?;
        let policy = cx.fill(&step.policy)?;
        let send = |client: aws_sdk_kms::Client| {
            let request = client.create_key().policy(policy).set_tags(Some(tags));
            let request = request.key_spec(KeySpec::from(step.spec.as_str()));
            let request = request.key_usage(KeyUsageType::from(step.usage.as_str()));
            let request = request.origin(OriginType::from(step.origin.as_str()));
            let request = request.set_custom_key_store_id(step.custom_key_store.clone());
            let request = request.set_xks_key_id(step.xks_key.clone());
            request.multi_region(step.multi_region).description(&step.description).send()
        };
        let end = cx.end(Side::Target);
        let answer = match self.clients().write(end, ACTION, send).await {
            Ok(answer) => answer,
            Err(error) => return Err(refused_policy(error, cx).await),
        };
        let request = answer.request_id().map(str::to_owned);
        let described = answer.key_metadata.ok_or_else(|| Error::malformed(ACTION, "KeyMetadata").at(end))?;
        let (made, key) = key_of(&described).map_err(|error| error.by(ACTION).at(end))?;
        if key.state == KeyState::Creating {
            // Its mark may not show for minutes, and nothing else tells it from somebody else's.
            cx.save(&made).await?;
            return Ok(Applied::Waiting(soon(format!("{made} is being made"))));
        }
        let receipt = bound(&step.key, &made, step.awaits_material)?;
        Ok(Applied::Done(request.into_iter().fold(receipt, Receipt::request_id)))
    }
}

/// Returns whether a key is of the kind that the step makes.
fn may_be_made_by(step: &CreateKey, key: &Key) -> bool {
    (&key.spec, &key.usage, &key.origin) == (&step.spec, &step.usage, &step.origin)
}

/// Says of a key that is marked as the copy whether it is what the step makes.
fn made_of(step: &CreateKey, arn: &KeyArn, key: &Key, others: &[(KeyArn, Key)]) -> Result<Probe, Error> {
    let is_equal = may_be_made_by(step, key) && key.custom_key_store == step.custom_key_store;
    if !is_equal || key.multi_region.is_some() != step.multi_region || key.is_doomed() {
        return Err(Error::conflict(arn).by("kms:DescribeKey"));
    }
    if !key.is_settled() {
        return Ok(Probe::Waiting(soon(format!("{arn} is in the state {}", key.state))));
    }
    let mut receipt = bound(&step.key, arn, step.awaits_material)?;
    if !others.is_empty() {
        let others: Vec<&KeyArn> = others.iter().map(|(arn, _)| arn).collect();
        receipt = receipt.with(finding::duplicate_key(&step.key, arn, &others));
    }
    Ok(Probe::Present(receipt))
}

/// Says why it cannot be told yet that there is no copy.
fn still_open(step: &CreateKey, copies: &Copies, cx: &StepContext<'_>) -> Option<Wait> {
    let now = cx.run().clock().now();
    let may_be_it = |(_, key): &&(KeyArn, Key)| is_young(key, now) && may_be_made_by(step, key);
    let unmarked = copies.unmarked.iter().find(may_be_it).map(|(arn, _)| arn);
    let young = copies.unseen.first().or(unmarked)?;
    let reason = format!("{young} is so young that it may be the copy of {}, though it bears no mark yet", step.key);
    Some(Wait::new(reason).check_after(Duration::from_secs(30)))
}
