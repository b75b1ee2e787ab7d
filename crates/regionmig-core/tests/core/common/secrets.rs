//! A service whose things are named by their owner, and need another service's keys.

use regionmig_core::{
    Applied, Apply, Binding, Check, Draft, Effect, ErrorKind, Inventory, Listing, Migration, MigrationPlan, Pairing,
    Permission, Plan, Probe, Purpose, Receipt, Reversal, RunContext, Service, Side, Spec, Step, StepContext, Survey,
    Verdict, Verify, snapshot,
};
use serde::{Deserialize, Serialize};

use crate::common::cloud::{Cloud, KeyName, SecretName};
use crate::common::keys::Keys;
use crate::common::{FakeError, Seat, failed, route};

#[derive(Clone, Debug)]
pub(crate) struct Secrets(pub(crate) Cloud);

#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
pub(crate) struct SecretSnapshot {
    pub(crate) secrets: Listing<SecretName, KeyName>,
}

snapshot!(SecretSnapshot { secrets });

#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum SecretStep {
    Replicate { secret: SecretName, key: Binding<KeyName> },
    WriteBack { secret: SecretName },
}

impl Step for SecretStep {
    fn spec(&self) -> Spec {
        match self {
            Self::Replicate { secret, key } => Spec::new(Effect::Additive, "replicate", secret)
                .at(Side::Source)
                .summary(format!("replicate {secret}"))
                .needs(key)
                .produces(secret)
                .permission(Side::Source, "fake:Replicate", secret.to_string()),
            Self::WriteBack { secret } => Spec::new(Effect::Overwriting, "write-back", secret)
                .summary(format!("overwrite {secret} with what the source has"))
                .permission(Side::Target, "fake:Put", secret.to_string()),
        }
    }
}

impl Service for Secrets {
    type Snapshot = SecretSnapshot;
    type Step = SecretStep;
    type Error = FakeError;

    fn name(&self) -> &str {
        "secrets"
    }

    fn permissions(&self) -> Vec<Permission> {
        vec![Permission::new(Side::Source, "fake:ListSecrets", "*")]
    }
}

impl Inventory for Secrets {
    async fn inventory(&self, side: Side, cx: &RunContext) -> Result<SecretSnapshot, FakeError> {
        let secrets = self.0.at(cx.end(side), |here| {
            here.secrets.iter().map(|(name, (key, _))| (name.clone(), Ok(key.clone()))).collect()
        });
        Ok(SecretSnapshot { secrets })
    }
}

impl Plan for Secrets {
    fn plan(&self, survey: &Survey<SecretSnapshot>) -> Draft<SecretStep> {
        let mut draft = Draft::default();
        for pairing in survey.source.secrets.against(&survey.target.secrets) {
            match pairing {
                Pairing::Missing(secret, key) => {
                    draft.push(SecretStep::Replicate { secret: secret.clone(), key: Binding::target_of(key) });
                }
                Pairing::Both(secret, ..) if survey.purpose == Purpose::FailBack => {
                    draft.push(SecretStep::WriteBack { secret: secret.clone() });
                }
                Pairing::Both(secret, ..) => draft.found(secret, secret),
                Pairing::Unclear(secret, gap) => draft.unclear(secret, gap),
            }
        }
        draft
    }
}

impl Secrets {
    fn value(&self, side: Side, cx: &RunContext, secret: &SecretName) -> Option<String> {
        self.0.secret(cx.end(side), secret).map(|(_, value)| value)
    }
}

impl Apply for Secrets {
    async fn probe(&self, step: &SecretStep, cx: &StepContext<'_>) -> Result<Probe, FakeError> {
        tokio::task::yield_now().await;
        let value = |side, secret| self.value(side, cx.run(), secret);
        Ok(match step {
            SecretStep::Replicate { secret, .. } if value(Side::Target, secret).is_some() => {
                Probe::Present(Receipt::new().bind(secret, secret)?)
            }
            SecretStep::WriteBack { secret } if value(Side::Target, secret) == value(Side::Source, secret) => {
                Probe::Present(Receipt::new())
            }
            _ => Probe::Absent,
        })
    }

    async fn apply(&self, step: &SecretStep, cx: &StepContext<'_>) -> Result<Applied, FakeError> {
        tokio::task::yield_now().await;
        let (SecretStep::Replicate { secret, .. } | SecretStep::WriteBack { secret }) = step;
        let value = self.value(Side::Source, cx.run(), secret).ok_or_else(|| failed(ErrorKind::NotFound))?;
        let target = cx.end(Side::Target);
        let (key, receipt) = match step {
            SecretStep::Replicate { secret, key } => (cx.resolve(key)?, Receipt::new().bind(secret, secret)?),
            SecretStep::WriteBack { secret } => {
                let (key, _) = self.0.secret(target, secret).ok_or_else(|| failed(ErrorKind::NotFound))?;
                (key, Receipt::new())
            }
        };
        self.0.put_secret(target, secret, (key, value));
        tokio::task::yield_now().await;
        Ok(Applied::Done(receipt))
    }

    async fn revert(&self, step: &SecretStep, _: &Receipt, cx: &StepContext<'_>) -> Result<Reversal, FakeError> {
        tokio::task::yield_now().await;
        let SecretStep::Replicate { secret, .. } = step else { return Ok(Reversal::Unsupported) };
        self.0.at(cx.end(Side::Target), |there| there.secrets.remove(secret));
        Ok(Reversal::Done)
    }
}

impl Verify for Secrets {
    async fn verify(&self, survey: &Survey<SecretSnapshot>, cx: &RunContext) -> Result<Vec<Check>, FakeError> {
        let check = |secret: &SecretName| {
            let same = self.value(Side::Source, cx, secret) == self.value(Side::Target, cx, secret);
            Check::new("secrets.same-value", secret, if same { Verdict::Pass } else { Verdict::Fail })
        };
        Ok(survey.source.secrets.known().map(|(secret, _)| check(secret)).collect())
    }
}

/// Both services over one cloud.
pub(crate) fn both(cloud: &Cloud, seat: &Seat) -> Migration {
    Migration::new(route(), seat).with(Secrets(cloud.clone())).with(Keys(cloud.clone()))
}

/// Surveys and plans.
pub(crate) async fn planned(migration: &Migration) -> MigrationPlan {
    migration.plan(&migration.survey().await.unwrap()).unwrap()
}
