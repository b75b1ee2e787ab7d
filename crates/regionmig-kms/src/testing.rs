//! Surveys for tests, and what a plan says in a few words a line.

use std::collections::BTreeMap;

use aws_types::SdkConfig;
use regionmig_aws::Access;
use regionmig_core::{
    AliasName, Capture, Draft, ErrorKind, Finding, Gap, KeyArn, Route, SOURCE_MARK, Side, Step as _, Survey, Timestamp,
    source_mark,
};

use crate::finding::code;
use crate::options::Options;
use crate::plan::plan;
use crate::service::Kms;
use crate::snapshot::{
    Alias, Grant, GrantTerms, Key, KeyManager, KeySpec, KeyState, Material, MaterialState, MultiRegion,
    MultiRegionRole, Origin, Rotation, Snapshot,
};
use crate::step::Step;

pub(crate) const SOURCE: &str = "me-central-1";
pub(crate) const TARGET: &str = "eu-central-1";
pub(crate) const THIRD: &str = "us-west-2";
pub(crate) const POLICY: &str = r#"{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":{"AWS":"arn:aws:iam::111122223333:root"},"Action":"kms:*","Resource":"*"}]}"#;

/// When both ends were surveyed.
pub(crate) fn now() -> Timestamp {
    "2026-03-01T12:00:00Z".parse().unwrap()
}

pub(crate) fn kms() -> Kms {
    Kms::new(&Access::new(&SdkConfig::builder().build()))
}

pub(crate) fn arn(region: &str, id: &str) -> KeyArn {
    format!("arn:aws:kms:{region}:111122223333:key/{id}").parse().unwrap()
}

pub(crate) fn gap() -> Gap {
    let error = regionmig_aws::Error::new(ErrorKind::AccessDenied, "not allowed").by("kms:Some");
    Gap::new("kms:Some", &error)
}

/// A key, as it is put into a snapshot.
#[derive(Clone, Debug)]
pub(crate) struct Entry {
    pub(crate) key: Key,
    pub(crate) aliases: Vec<AliasName>,
    pub(crate) grants: Vec<Grant>,
    pub(crate) materials: Vec<Material>,
    pub(crate) policy: String,
    pub(crate) rotation: Option<Rotation>,
    pub(crate) tags: BTreeMap<String, String>,
}

impl Entry {
    pub(crate) fn new() -> Self {
        Self {
            key: Key::symmetric("2025-01-01T00:00:00Z".parse().unwrap()),
            aliases: Vec::new(),
            grants: Vec::new(),
            materials: Vec::new(),
            policy: POLICY.to_owned(),
            rotation: Some(Rotation::default()),
            tags: BTreeMap::new(),
        }
    }

    pub(crate) fn alias(mut self, name: &str) -> Self {
        self.aliases.push(name.parse().unwrap());
        self
    }

    pub(crate) fn aws_managed(self) -> Self {
        self.with(|key| key.manager = KeyManager::Aws)
    }

    /// Made so many minutes before the survey.
    pub(crate) fn age(self, minutes: i64) -> Self {
        let created = Timestamp::from_second(now().as_second() - minutes * 60).unwrap();
        self.with(|key| key.created = created)
    }

    pub(crate) fn described(self, text: &str) -> Self {
        self.with(|key| key.description = text.to_owned())
    }

    pub(crate) fn disabled(self) -> Self {
        self.state(KeyState::Disabled)
    }

    pub(crate) fn grant(mut self, terms: GrantTerms) -> Self {
        let id = format!("{}", self.grants.len());
        self.grants.push(Grant::new(id, terms));
        self
    }

    /// With material that was imported, of whatever spec it is so far.
    pub(crate) fn imported(mut self) -> Self {
        self.rotation = None;
        if self.key.spec == KeySpec::SymmetricDefault {
            self.materials = vec![Material::new("m", MaterialState::Current)];
        }
        self.with(|key| key.origin = Origin::External)
    }

    /// KMS deletes what material it has so far at that time.
    pub(crate) fn expiring(mut self, at: &str) -> Self {
        let at: Timestamp = at.parse().unwrap();
        self.materials.iter_mut().for_each(|material| material.expires = Some(at));
        self.with(|key| key.expires = Some(at))
    }

    /// The same, with another material besides.
    pub(crate) fn material(mut self, id: &str, state: MaterialState) -> Self {
        self = if self.materials.is_empty() { self.imported() } else { self };
        self.materials.push(Material::new(id, state));
        self
    }

    /// Its materials were imported elsewhere, and are not here.
    pub(crate) fn empty(mut self) -> Self {
        self.materials.iter_mut().for_each(|material| material.is_here = false);
        self.state(KeyState::PendingImport)
    }

    /// Marks it as the copy of a key of the source.
    pub(crate) fn copy_of(self, id: &str) -> Self {
        let mark = source_mark(arn(SOURCE, id).as_str());
        self.tag(SOURCE_MARK, &mark).tag("regionmig:step", "0123456789abcdef")
    }

    pub(crate) fn policy(mut self, text: &str) -> Self {
        self.policy = text.to_owned();
        self
    }

    pub(crate) fn primary(self, id: &str, region: &str, replicas: &[&str]) -> Self {
        let relations = MultiRegion::new(MultiRegionRole::Primary, arn(region, id));
        let relations = replicas.iter().fold(relations, |relations, region| relations.replica(arn(region, id)));
        self.with(|key| key.multi_region = Some(relations))
    }

    pub(crate) fn replica(self, id: &str, primary: &str) -> Self {
        let relations = MultiRegion::new(MultiRegionRole::Replica, arn(primary, id));
        self.with(|key| key.multi_region = Some(relations))
    }

    pub(crate) fn rotated(mut self, days: u32) -> Self {
        self.rotation = Some(Rotation::every(days));
        self
    }

    pub(crate) fn spec(self, spec: &str) -> Self {
        self.with(|key| key.spec = spec.into())
    }

    pub(crate) fn state(self, state: KeyState) -> Self {
        self.with(|key| key.state = state)
    }

    pub(crate) fn tag(mut self, name: &str, value: &str) -> Self {
        self.tags.insert(name.to_owned(), value.to_owned());
        self
    }

    pub(crate) fn with(mut self, change: impl FnOnce(&mut Key)) -> Self {
        change(&mut self.key);
        self
    }
}

/// A survey to be planned.
#[derive(Clone, Debug)]
pub(crate) struct Case {
    pub(crate) survey: Survey<Snapshot>,
    pub(crate) options: Options,
}

impl Case {
    pub(crate) fn new() -> Self {
        Self::to("111122223333/eu-central-1")
    }

    pub(crate) fn to(target: &str) -> Self {
        let route = Route::new("111122223333/me-central-1".parse().unwrap(), target.parse().unwrap()).unwrap();
        let capture = || Capture::new(now(), Snapshot::default());
        Self { survey: Survey::new(route, capture(), capture()), options: Options::default() }
    }

    pub(crate) fn source(self, id: &str, entry: Entry) -> Self {
        self.put(Side::Source, &arn(SOURCE, id), entry)
    }

    pub(crate) fn target(self, id: &str, entry: Entry) -> Self {
        self.put(Side::Target, &arn(TARGET, id), entry)
    }

    pub(crate) fn third_primary(mut self, id: &str, key: Result<Key, Gap>) -> Self {
        self.survey.source.value.primaries.insert(arn(THIRD, id), key);
        self
    }

    pub(crate) fn map(mut self, source: &str, target: &str) -> Self {
        self.survey.ids.bind(&arn(SOURCE, source), &arn(TARGET, target)).unwrap();
        self
    }

    pub(crate) fn edit(mut self, edit: impl FnOnce(&mut Snapshot, &mut Snapshot)) -> Self {
        edit(&mut self.survey.source.value, &mut self.survey.target.value);
        self
    }

    fn put(mut self, side: Side, arn: &KeyArn, entry: Entry) -> Self {
        let snapshot = match side {
            Side::Source => &mut self.survey.source.value,
            Side::Target => &mut self.survey.target.value,
        };
        let is_customers = entry.key.is_customers();
        snapshot.keys.insert(arn.clone(), Ok(entry.key));
        for name in entry.aliases {
            snapshot.aliases.insert(name, Ok(Alias::new(arn.clone())));
        }
        if is_customers && !entry.materials.is_empty() {
            snapshot.materials.insert(arn.clone(), Ok(entry.materials));
        }
        if is_customers {
            snapshot.grants.insert(arn.clone(), Ok(entry.grants));
            snapshot.policies.insert(arn.clone(), Ok(entry.policy));
            snapshot.tags.insert(arn.clone(), Ok(entry.tags));
            if let Some(rotation) = entry.rotation {
                snapshot.rotations.insert(arn.clone(), Ok(rotation));
            }
        }
        self
    }

    pub(crate) fn plan(&self) -> Draft<Step> {
        plan(&self.survey, &self.options)
    }

    /// Says what the plan is, one line a step, a finding or a counterpart found, in order. What plans say of keys
    /// that are shared, of services and of costs is left out.
    pub(crate) fn shown(&self) -> Vec<String> {
        let draft = self.plan();
        let steps = draft.steps.iter().map(|step| {
            let spec = step.spec();
            let at = match spec.place {
                regionmig_core::Place::Target => String::new(),
                place => format!(" at {place}"),
            };
            let effect = if spec.effect == regionmig_core::Effect::Additive { "" } else { " OVERWRITING" };
            short(&format!("{} {}{at}{effect}", spec.verb, spec.subject.id()))
        });
        let general = [code::MONTHLY_COST, code::SHARED_NOT_LISTED, code::SERVICES_STAY];
        let is_general = |finding: &&Finding| general.contains(&&*finding.code);
        let findings = draft.findings.iter().filter(|finding| !is_general(finding)).map(finding);
        let ids = draft.ids.iter().map(|(source, target)| short(&format!("= {} {target}", source.id())));
        let mut lines: Vec<String> = steps.chain(findings).chain(ids).collect();
        lines.sort();
        lines
    }
}

fn finding(finding: &Finding) -> String {
    let subject = finding.subject.as_ref().map(|subject| format!(" {}:{}", subject.kind(), subject.id()));
    short(&format!("{} {}{}", finding.severity, finding.code, subject.unwrap_or_default()))
}

/// Leaves out of a line what all have in common.
fn short(line: &str) -> String {
    let line = line.replace("arn:aws:kms:me-central-1:111122223333:key/", "");
    let line = line.replace("arn:aws:kms:eu-central-1:111122223333:key/", "");
    line.replace("kms.key:", "").replace("kms.alias:", "")
}
