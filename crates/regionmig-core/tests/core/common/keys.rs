//! A service whose things are named by the cloud, and found again by a mark that may show late.

use std::time::Duration;

use regionmig_core::{
    Applied, Apply, Draft, Effect, ErrorKind, Inventory, Listing, Lookup, Pairing, Permission, Plan, Probe, Receipt,
    ResourceId, Reversal, RunContext, Service, Side, Spec, Step, StepContext, Survey, Verify, snapshot,
};
use serde::{Deserialize, Serialize};

use crate::common::cloud::{Cloud, KeyFacts, KeyName};
use crate::common::{FakeError, failed};

#[derive(Clone, Debug)]
pub(crate) struct Keys(pub(crate) Cloud);

#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
pub(crate) struct KeySnapshot {
    pub(crate) keys: Listing<KeyName, KeyFacts>,
}

snapshot!(KeySnapshot { keys });

#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
pub(crate) struct CreateKey {
    pub(crate) source: KeyName,
}

impl Step for CreateKey {
    fn spec(&self) -> Spec {
        Spec::new(Effect::Additive, "create", &self.source)
            .summary(format!("create a key in place of {}", self.source))
            .produces(&self.source)
            .mints()
            .settle(Duration::from_secs(600), 5)
            .permission(Side::Target, "fake:CreateKey", "*")
    }
}

impl Service for Keys {
    type Snapshot = KeySnapshot;
    type Step = CreateKey;
    type Error = FakeError;

    fn name(&self) -> &str {
        "keys"
    }

    fn permissions(&self) -> Vec<Permission> {
        vec![Permission::new(Side::Source, "fake:ListKeys", "*")]
    }
}

impl Inventory for Keys {
    async fn inventory(&self, side: Side, cx: &RunContext) -> Result<KeySnapshot, FakeError> {
        Ok(KeySnapshot { keys: self.0.list_keys(cx.end(side))? })
    }
}

impl Plan for Keys {
    fn plan(&self, survey: &Survey<KeySnapshot>) -> Draft<CreateKey> {
        let mut draft = Draft::default();
        let target = &survey.target.keys;
        draft.known.extend(target.known().map(|(name, _)| ResourceId::of(name)));
        let marked = target.group_by(|_, key| key.mark.clone());
        for pairing in survey.source.keys.against(&marked) {
            let source = match pairing {
                Pairing::Both(source, ..) | Pairing::Missing(source, _) | Pairing::Unclear(source, _) => source,
            };
            match (survey.ids.target_of(source), pairing) {
                (Some(mapped), _) if !matches!(target.lookup(&mapped), Lookup::Absent) => draft.found(source, &mapped),
                (_, Pairing::Both(_, _, found)) => found.iter().for_each(|(name, _)| draft.found(source, name)),
                (_, Pairing::Missing(..)) => draft.push(CreateKey { source: source.clone() }),
                (_, Pairing::Unclear(_, gap)) => draft.unclear(source, gap),
            }
        }
        draft
    }
}

impl Apply for Keys {
    async fn probe(&self, CreateKey { source }: &CreateKey, cx: &StepContext<'_>) -> Result<Probe, FakeError> {
        let read = async || {
            tokio::task::yield_now().await;
            self.0.list_keys(cx.end(Side::Target))
        };
        let keys = cx.shared("keys", cx.not_before(), read).await?;
        // What the survey examined is nobody's work since.
        let unexamined = keys.unknown().find(|(name, _)| !cx.known().contains(&ResourceId::of(*name)));
        let found = keys.known().find(|(_, key)| key.mark.as_ref() == Some(source));
        match (found, unexamined) {
            (Some((name, _)), _) => Ok(Probe::Present(Receipt::new().bind(source, name)?)),
            (None, None) => Ok(Probe::Absent),
            (None, Some(_)) => Err(failed(ErrorKind::AccessDenied)),
        }
    }

    async fn apply(&self, CreateKey { source }: &CreateKey, cx: &StepContext<'_>) -> Result<Applied, FakeError> {
        tokio::task::yield_now().await;
        let made = self.0.create_key(cx.end(Side::Target), source)?;
        tokio::task::yield_now().await;
        Ok(Applied::Done(Receipt::new().bind(source, &made)?))
    }

    async fn revert(
        &self,
        CreateKey { source }: &CreateKey,
        receipt: &Receipt,
        cx: &StepContext<'_>,
    ) -> Result<Reversal, FakeError> {
        tokio::task::yield_now().await;
        let made = receipt.target_of(source).ok_or_else(|| failed(ErrorKind::Unexpected))?;
        self.0.delete_key(cx.end(Side::Target), &made);
        Ok(Reversal::Done)
    }
}

impl Verify for Keys {}
