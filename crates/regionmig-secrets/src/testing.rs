//! Surveys for tests, and what is planned from them, in short.

use std::collections::{BTreeMap, BTreeSet};

use regionmig_core::{
    Capture, Classify, End, ErrorKind, Gap, KeyArn, Purpose, Route, SecretArn, Step as _, Survey, Timestamp,
};

use crate::options::Options;
use crate::plan::plan;
use crate::snapshot::{CURRENT, Replica, ReplicaStatus, Secret, Snapshot};
use crate::step::Step;

pub(crate) const SOURCE: &str = "me-central-1";
pub(crate) const TARGET: &str = "eu-central-1";

pub(crate) fn end(region: &str) -> End {
    format!("111122223333/{region}").parse().unwrap()
}

pub(crate) fn arn(region: &str, name: &str) -> SecretArn {
    format!("arn:aws:secretsmanager:{region}:111122223333:secret:{name}-AbCdEf").parse().unwrap()
}

pub(crate) fn key(region: &str, id: &str) -> KeyArn {
    format!("arn:aws:kms:{region}:111122223333:key/{id}").parse().unwrap()
}

#[derive(Debug, thiserror::Error)]
#[error("reset")]
struct Reset;

impl Classify for Reset {
    fn kind(&self) -> ErrorKind {
        ErrorKind::Unavailable
    }
}

pub(crate) fn gap(action: &'static str) -> Gap {
    Gap::new(action, &Reset)
}

impl Secret {
    /// A secret whose current version is `version`.
    pub(crate) fn at(version: &str) -> Self {
        Self::default().version(version, CURRENT)
    }

    pub(crate) fn version(mut self, version: &str, stage: &str) -> Self {
        self.versions.entry(version.to_owned()).or_default().insert(stage.to_owned());
        self
    }

    pub(crate) fn tag(mut self, name: &str, value: &str) -> Self {
        self.tags.insert(name.to_owned(), value.to_owned());
        self
    }

    /// Has a replica in the target.
    pub(crate) fn replicated(mut self, status: ReplicaStatus) -> Self {
        self.replicas.insert(TARGET.parse().unwrap(), Replica::new(status));
        self
    }

    /// Is a replica of one in `region`.
    pub(crate) fn of(mut self, region: &str) -> Self {
        self.primary_region = Some(region.parse().unwrap());
        self
    }
}

/// A survey that is being made.
pub(crate) struct Case {
    pub(crate) survey: Survey<Snapshot>,
    pub(crate) options: Options,
}

impl Case {
    pub(crate) fn new() -> Self {
        Self::between(Route::new(end(SOURCE), end(TARGET)).unwrap())
    }

    pub(crate) fn between(route: Route) -> Self {
        let none = || Capture::new(Timestamp::UNIX_EPOCH, Snapshot::default());
        Self { survey: Survey::new(route, none(), none()), options: Options::default() }
    }

    pub(crate) fn here(self, name: &str, secret: Secret) -> Self {
        self.here_with(name, secret, None)
    }

    pub(crate) fn here_with(mut self, name: &str, secret: Secret, policy: Option<&str>) -> Self {
        let arn = arn(self.survey.route.source.region.as_str(), name);
        self.survey.source.value.policies.insert(arn.clone(), Ok(policy.map(str::to_owned)));
        self.survey.source.value.secrets.insert(arn, Ok(secret));
        self
    }

    pub(crate) fn there(self, name: &str, secret: Secret) -> Self {
        self.there_with(name, secret, None)
    }

    pub(crate) fn there_with(mut self, name: &str, secret: Secret, policy: Option<&str>) -> Self {
        let arn = arn(self.survey.route.target.region.as_str(), name);
        self.survey.target.value.policies.insert(arn.clone(), Ok(policy.map(str::to_owned)));
        self.survey.target.value.secrets.insert(arn, Ok(secret));
        self
    }

    pub(crate) fn edit(mut self, edit: impl FnOnce(&mut Survey<Snapshot>)) -> Self {
        edit(&mut self.survey);
        self
    }

    pub(crate) fn with(mut self, set: impl FnOnce(&mut Options)) -> Self {
        set(&mut self.options);
        self
    }

    pub(crate) fn back(mut self) -> Self {
        self.survey.purpose = Purpose::FailBack;
        self
    }

    pub(crate) fn steps(&self) -> Vec<Step> {
        plan(&self.survey, &self.options).steps
    }

    /// Checks what is planned: steps as `verb name`, and the codes of findings without their crate.
    pub(crate) fn plans(&self, steps: &[&str], findings: &[&str]) {
        let draft = plan(&self.survey, &self.options);
        let named = |step: &Step| {
            let spec = step.spec();
            let what =
                spec.subject.id().rsplit_once(":secret:").map_or("", |(_, name)| name).replacen("-AbCdEf", "", 1);
            format!("{} {what}", spec.verb)
        };
        let told: BTreeSet<String> = draft.steps.iter().map(named).collect();
        let wanted: BTreeSet<String> = steps.iter().map(|step| (*step).to_owned()).collect();
        assert_eq!(told, wanted, "{:#?}", draft.findings);
        let told: BTreeSet<&str> = draft
            .findings
            .iter()
            .map(|finding| finding.code.strip_prefix("secrets.").unwrap_or(&finding.code))
            .collect();
        assert_eq!(told, findings.iter().copied().collect::<BTreeSet<_>>(), "{:#?}", draft.findings);
        let effects: BTreeMap<_, _> = draft.steps.iter().map(|step| (step.spec().verb, step.spec().effect)).collect();
        assert!(effects.len() <= draft.steps.len());
    }
}
