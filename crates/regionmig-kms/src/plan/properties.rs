//! What holds of every plan.

use std::collections::{BTreeMap, BTreeSet};

use proptest::prelude::{Just, Strategy, any, prop_assert, prop_assert_eq, prop_oneof, proptest};
use proptest::sample::subsequence;
use regionmig_core::{
    AliasName, Capture, Draft, IdMap, KeyArn, ResourceId, SOURCE_MARK, Spec, Step as _, Template, Timestamp,
    source_mark,
};

use crate::material::counterpart_of;
use crate::snapshot::{
    Alias, Grant, GrantTerms, Key, KeyState, Material, MaterialState, MultiRegion, MultiRegionRole, Rotation, Snapshot,
};
use crate::step::{ImportMaterial, Step};
use crate::testing::{Case, Entry, POLICY, SOURCE, TARGET, THIRD, arn, gap, kms, now};
use crate::verify::checks;

/// What a key may be like, but for what it is related to.
fn entry() -> impl Strategy<Value = Entry> {
    let state = prop_oneof![
        6 => Just(KeyState::Enabled),
        3 => Just(KeyState::Disabled),
        1 => Just(KeyState::PendingDeletion),
    ];
    let roles = subsequence(vec!["a", "b", "c"], 0..=3);
    let tags = subsequence(vec![("a", "1"), ("a", "2"), ("b", "1"), ("aws:c", "1")], 0..=4);
    let policy = prop_oneof![
        2 => Just(POLICY.to_owned()),
        1 => Just(POLICY.replace("kms:*", "kms:Decrypt")),
        2 => (region(), subsequence(vec!["s-0", "s-1", "mrk-1", "t-0"], 0..=3)).prop_map(|(region, ids)| names_keys(region, &ids)),
    ];
    let rotation = prop_oneof![Just(None), Just(Some(90)), Just(Some(365))];
    let text = prop_oneof![Just(""), Just("payments")];
    let spec = prop_oneof![9 => Just("SYMMETRIC_DEFAULT"), 1 => Just("RSA_2048")];
    let imports = prop_oneof![6 => Just(0), 1 => Just(1), 1 => Just(2), 1 => Just(3)];
    (state, roles, tags, policy, rotation, text, (spec, imports), 0..100_i64)
        .prop_map(|(state, roles, tags, policy, rotation, text, (spec, imports), hours)| {
            let entry = Entry::new().age(24 * 60 + hours * 60).state(state).policy(&policy).described(text).spec(spec);
            let entry = match (imports, rotation) {
                (0, Some(days)) => entry.rotated(days),
                (0, None) => entry,
                (1, _) => entry.imported(),
                (2, _) if spec == "SYMMETRIC_DEFAULT" => entry.material("older", MaterialState::NonCurrent),
                (2, _) => entry.imported(),
                _ => entry.imported().empty(),
            };
            let entry = tags.into_iter().fold(entry, |entry, (name, value)| entry.tag(name, value));
            roles.into_iter().fold(entry, |entry, role| {
                entry.grant(GrantTerms::new(format!("arn:aws:iam::111122223333:role/{role}"), ["Decrypt"]))
            })
        })
        .prop_flat_map(|entry| {
            let grant = (region(), prop_oneof![Just("s-0"), Just("s-1"), Just("mrk-1")]);
            (Just(entry), proptest::option::weighted(0.2, grant)).prop_map(|(entry, grant)| match grant {
                Some((region, id)) => entry.grant(of_key(region, id)),
                None => entry,
            })
        })
}

fn region() -> impl Strategy<Value = &'static str> {
    prop_oneof![3 => Just(SOURCE), 1 => Just(TARGET)]
}

/// A policy that lets a service of one region use the key, for other keys there.
fn names_keys(region: &str, ids: &[&str]) -> String {
    let keys: Vec<KeyArn> = ids.iter().map(|id| arn(region, id)).collect();
    let keys = serde_json::to_string(&keys).unwrap();
    let condition = format!(
        r#""Condition":{{"StringEquals":{{"kms:ViaService":"s3.{region}.amazonaws.com"}},"ArnEquals":{{"aws:SourceArn":{keys}}}}}"#
    );
    POLICY.replacen(r#""Resource":"*""#, &format!(r#""Resource":"*",{condition}"#), 1)
}

fn of_key(region: &str, id: &str) -> GrantTerms {
    let mut terms = GrantTerms::new("arn:aws:iam::111122223333:role/wrapper", ["Decrypt"]);
    terms.constraints.context_equals = [("wrapped-by".to_owned(), arn(region, id).to_string())].into();
    terms
}

/// A source, and what of it the target has already.
#[derive(Clone, Debug)]
enum Source {
    Primary(Entry, Option<Entry>),
    Replica(Entry, Option<Entry>, bool),
    Single(Entry, Option<Entry>),
}

fn source() -> impl Strategy<Value = Source> {
    let found = || proptest::option::weighted(0.4, entry());
    prop_oneof![
        3 => (entry(), found()).prop_map(|(own, found)| Source::Single(own, found)),
        1 => (entry(), found()).prop_map(|(own, found)| Source::Primary(own, found)),
        1 => (entry(), found(), any::<bool>()).prop_map(|(own, found, known)| Source::Replica(own, found, known)),
    ]
}

/// A case with no gaps: sources with what they have in the target, strangers there, aliases at both ends.
fn case() -> impl Strategy<Value = Case> {
    let sources = proptest::collection::vec(source(), 0..5);
    let strangers = proptest::collection::vec(entry(), 0..3);
    let aliases = proptest::collection::vec((0..6_usize, 0..3_u8), 0..6);
    (sources, strangers, aliases, any::<bool>()).prop_map(|(sources, strangers, aliases, renames)| {
        let mut case = Case::new();
        if renames {
            case.options = kms().rename_on_alias_conflict(renamed).options().clone();
        }
        let mut names = BTreeMap::new();
        for (n, source) in sources.into_iter().enumerate() {
            case = put(case, n, source, &mut names);
        }
        for (n, stranger) in strangers.into_iter().enumerate() {
            case = case.target(&format!("stranger-{n}"), stranger);
        }
        for (at, (n, place)) in aliases.into_iter().enumerate() {
            let Some((own, there)) = names.get(&n) else { continue };
            let name: AliasName = format!("alias/{at}").parse().unwrap();
            case.survey.source.value.aliases.insert(name.clone(), Ok(Alias::new(arn(SOURCE, own))));
            let key = if place == 1 { there.as_str() } else { "stranger-0" };
            if place > 0 && case.survey.target.value.keys.known().any(|(other, _)| other.id() == key) {
                case.survey.target.value.aliases.insert(name, Ok(Alias::new(arn(TARGET, key))));
            }
        }
        case
    })
}

/// Gives a name of its own, one that a second alias gets too, one that the source may have, none that can be had, or none.
fn renamed(name: &AliasName) -> Option<AliasName> {
    let new = match name.as_str() {
        "alias/0" => "alias/moved/0",
        "alias/1" | "alias/2" => "alias/moved/both",
        "alias/3" => "alias/4",
        "alias/4" => "alias/aws/4",
        _ => return None,
    };
    new.parse().ok()
}

/// Makes an entry one of the same kind.
fn like(entry: Entry, kind: &Key) -> Entry {
    let entry = entry.spec(kind.spec.as_str());
    match (kind.is_imported(), entry.key.is_imported()) {
        (true, false) => entry.imported(),
        (false, true) => {
            let entry = Entry { materials: Vec::new(), rotation: Some(Rotation::default()), ..entry };
            entry.with(|key| {
                key.origin = kind.origin.clone();
                key.state = if key.lacks_material() { KeyState::Enabled } else { key.state.clone() };
            })
        }
        _ => entry,
    }
}

fn put(case: Case, n: usize, source: Source, names: &mut BTreeMap<usize, (String, String)>) -> Case {
    let related = format!("mrk-{n}");
    match source {
        Source::Single(own, found) => {
            let (id, copy) = (format!("s-{n}"), format!("t-{n}"));
            names.insert(n, (id.clone(), copy.clone()));
            // Only what is like the source was ever marked.
            let kind = own.key.clone();
            let case = case.source(&id, own);
            match found {
                Some(found) => case.target(&copy, like(found, &kind).copy_of(&id)),
                None => case,
            }
        }
        Source::Primary(own, found) => {
            names.insert(n, (related.clone(), related.clone()));
            let replicas: &[&str] = if found.is_some() { &[TARGET] } else { &[] };
            let kind = own.key.clone();
            let case = case.source(&related, own.primary(&related, SOURCE, replicas));
            match found {
                Some(found) => case.target(&related, like(found, &kind).replica(&related, SOURCE)),
                None => case,
            }
        }
        Source::Replica(own, found, known) => {
            names.insert(n, (related.clone(), related.clone()));
            let replicas: &[&str] = if found.is_some() { &[SOURCE, TARGET] } else { &[SOURCE] };
            let kind = own.key.clone();
            let primary = like(Entry::new(), &kind).primary(&related, THIRD, replicas).key;
            let case = case.source(&related, own.replica(&related, THIRD));
            let case = case.third_primary(&related, if known { Ok(primary) } else { Err(gap()) });
            match found {
                Some(found) => case.target(&related, like(found, &kind).replica(&related, THIRD)),
                None => case,
            }
        }
    }
}

/// Returns which key of the target a step is about.
fn counterpart(key: &KeyArn, draft: &Draft<Step>) -> KeyArn {
    let copy = || counterpart_of(key, &draft.ids).unwrap_or_else(|| arn(TARGET, &format!("copy-of-{}", key.id())));
    if key.is_multi_region() { arn(TARGET, key.id()) } else { copy() }
}

/// A key of the target that steps change: as little of KMS as it takes.
struct Counterpart<'a> {
    arn: KeyArn,
    /// What the holes of policies are filled with.
    ids: IdMap,
    /// What is made for the source's key, if it is made.
    like: Key,
    target: &'a mut Snapshot,
}

impl Counterpart<'_> {
    fn change(&mut self, change: impl FnOnce(&mut Key)) {
        let mut key = self.target.keys.known().find(|(arn, _)| **arn == self.arn).unwrap().1.clone();
        change(&mut key);
        self.target.keys.insert(self.arn.clone(), Ok(key));
    }

    fn add_tags(&mut self, tags: &BTreeMap<String, String>) {
        let mut all = self.target.tags.known().find(|(arn, _)| **arn == self.arn).unwrap().1.clone();
        all.extend(tags.clone());
        self.target.tags.insert(self.arn.clone(), Ok(all));
    }

    fn place(&mut self, source: &KeyArn, key: Key, policy: &str, tags: &BTreeMap<String, String>) {
        let (target, there) = (&mut *self.target, &self.arn);
        let mut tags = tags.clone();
        tags.insert(SOURCE_MARK.to_owned(), source_mark(source.as_str()));
        target.keys.insert(there.clone(), Ok(key));
        target.policies.insert(there.clone(), Ok(policy.to_owned()));
        target.tags.insert(there.clone(), Ok(tags));
        target.grants.insert(there.clone(), Ok(Vec::new()));
        target.rotations.insert(there.clone(), Ok(Rotation::default()));
    }

    fn import(&mut self, step: &ImportMaterial) {
        let there = self.target.materials.known().find(|(arn, _)| **arn == self.arn);
        let mut materials = there.map(|(_, all)| all.clone()).unwrap_or_default();
        let id = step.material.clone().unwrap_or_else(|| "own".to_owned());
        materials.retain(|material| material.id != id);
        materials.push(Material::new(id, MaterialState::Current));
        if self.like.has_materials() {
            self.target.materials.insert(self.arn.clone(), Ok(materials));
        }
        if step.completes.is_some() {
            self.change(|key| {
                key.state = KeyState::Enabled;
                key.expires = step.expires;
            });
        }
    }

    fn act(mut self, step: &Step) {
        let there = self.arn.clone();
        let filled = |policy: &Template| self.ids.fill(policy).unwrap();
        let policy = match step {
            Step::CreateKey(step) => filled(&step.policy),
            Step::PutPolicy(step) => filled(&step.policy),
            Step::ReplicateKey(step) => filled(&step.policy),
            _ => String::new(),
        };
        match step {
            Step::AddTags(step) => self.add_tags(&step.tags),
            Step::ChangeTags(step) => self.add_tags(&step.tags),
            Step::CreateAlias(step) => self.target.aliases.insert(step.name_there().clone(), Ok(Alias::new(there))),
            Step::CreateGrant(step) => {
                let mut grants = self.target.grants.known().find(|(arn, _)| **arn == there).unwrap().1.clone();
                grants.push(Grant::new(&step.name, step.filled(|value| self.ids.fill(value)).unwrap()));
                self.target.grants.insert(there, Ok(grants));
            }
            Step::CreateKey(step) => {
                let key = Key { description: step.description.clone(), ..self.like.clone() };
                self.place(&step.key, key, &policy, &step.tags);
            }
            Step::DisableKey(_) => self.change(|key| key.state = KeyState::Disabled),
            Step::DisableRotation(_) => self.target.rotations.insert(there, Ok(Rotation::default())),
            Step::EnableKey(_) => self.change(|key| key.state = KeyState::Enabled),
            Step::EnableRotation(step) => self.target.rotations.insert(there, Ok(Rotation::every(step.days))),
            Step::ImportMaterial(step) => self.import(step),
            Step::PutPolicy(step) => {
                if let Some(made) = step.made() {
                    let there = self.target.policies.known().find(|(arn, _)| **arn == self.arn).unwrap().1;
                    assert_eq!(*there, self.ids.fill(made).unwrap(), "what is completed is what was made");
                }
                self.target.policies.insert(there, Ok(policy));
            }
            Step::ReplicateKey(step) => {
                let related = Some(MultiRegion::new(MultiRegionRole::Replica, step.primary.clone()));
                let description = step.description.clone();
                let key = Key { description, multi_region: related, ..self.like.clone() };
                self.place(&step.key, key, &policy, &step.tags);
            }
            Step::UpdateAlias(step) => self.target.aliases.insert(step.name.clone(), Ok(Alias::new(there))),
            Step::UpdatePrimaryRegion(_) => {
                self.change(|key| key.multi_region = Some(MultiRegion::new(MultiRegionRole::Primary, there)));
            }
            Step::SetDescription(step) => self.change(|key| key.description.clone_from(&step.description)),
        }
    }
}

/// Carries out one step.
fn act(step: &Step, draft: &Draft<Step>, source: &Snapshot, target: &mut Snapshot, made: Timestamp) {
    let own = source.keys.known().find(|(arn, _)| *arn == step.key()).map(|(_, key)| key.clone()).unwrap();
    let state = if own.is_imported() { KeyState::PendingImport } else { KeyState::Enabled };
    let like = Key { created: made, multi_region: None, state, ..own };
    let mut ids = IdMap::default();
    for id in step.spec().requires {
        let there = counterpart(&id.id().parse().unwrap(), draft);
        ids.bind_erased(id, there.as_str()).unwrap();
    }
    Counterpart { arn: counterpart(step.key(), draft), ids, like, target }.act(step);
}

/// Carries out a plan, each step after those it comes after, and surveys again a day later.
fn carried_out(case: &Case) -> Case {
    let draft = case.plan();
    let specs: Vec<Spec> = draft.steps.iter().map(Step::spec).collect();
    let name = |spec: &Spec| format!("{}/{}", spec.verb, spec.subject);
    let all: BTreeSet<String> = specs.iter().map(name).collect();
    let mut target = case.survey.target.value.clone();
    let mut done = BTreeSet::new();
    let mut mapped: BTreeSet<_> = draft.ids.sources().cloned().collect();
    while done.len() < specs.len() {
        let is_ready = |spec: &Spec| {
            spec.after.iter().all(|other| done.contains(other) || !all.contains(other))
                && spec.requires.is_subset(&mapped)
        };
        let next = specs.iter().position(|spec| !done.contains(&name(spec)) && is_ready(spec)).expect("no circle");
        act(&draft.steps[next], &draft, &case.survey.source.value, &mut target, case.survey.target.at);
        done.insert(name(&specs[next]));
        mapped.extend(specs[next].produces.iter().cloned());
    }
    let tomorrow = Timestamp::from_second(now().as_second() + 86_400).unwrap();
    let mut after = case.clone();
    after.survey.target = Capture::new(tomorrow, target);
    after
}

/// Something of a survey that could have failed to be read.
fn gaps() -> impl Strategy<Value = Vec<(u8, usize)>> {
    proptest::collection::vec((0..14_u8, 0..20_usize), 1..4)
}

fn with_gaps(mut case: Case, gaps: &[(u8, usize)]) -> Case {
    for &(what, which) in gaps {
        let source = what < 7;
        let snapshot = match source {
            true => &mut case.survey.source.value,
            false => &mut case.survey.target.value,
        };
        let keys: Vec<KeyArn> =
            snapshot.keys.known().filter(|(_, key)| key.is_customers()).map(|(arn, _)| arn.clone()).collect();
        let key = (!keys.is_empty()).then(|| keys[which % keys.len()].clone());
        let Some(key) = key else { continue };
        match what % 7 {
            0 => snapshot.keys.insert(key, Err(gap())),
            1 => snapshot.policies.insert(key, Err(gap())),
            2 => snapshot.tags.insert(key, Err(gap())),
            3 => snapshot.grants.insert(key, Err(gap())),
            4 => snapshot.rotations.insert(key, Err(gap())),
            5 => snapshot.materials.insert(key, Err(gap())),
            _ => snapshot.aliases = snapshot.aliases.clone().truncated(gap()),
        }
    }
    case
}

fn names(case: &Case) -> BTreeSet<String> {
    let steps = case.plan().steps;
    steps.iter().map(Step::spec).map(|spec| format!("{}/{}", spec.verb, spec.subject)).collect()
}

proptest! {
    #[test]
    fn a_plan_is_deterministic_and_its_steps_store_and_read_back(case in case()) {
        let draft = case.plan();
        prop_assert_eq!(&draft, &case.plan());
        let stored = serde_json::to_string(&case.survey).unwrap();
        let read = Case { survey: serde_json::from_str(&stored).unwrap(), options: case.options };
        prop_assert_eq!(&draft, &read.plan());
        for step in &draft.steps {
            let stored = serde_json::to_string(step).unwrap();
            prop_assert_eq!(step, &serde_json::from_str(&stored).unwrap());
        }
    }

    #[test]
    fn no_two_steps_have_one_name_and_nothing_is_made_or_owned_twice(case in case()) {
        let specs: Vec<Spec> = case.plan().steps.iter().map(Step::spec).collect();
        let distinct = |of: &dyn Fn(&Spec) -> Vec<String>| {
            let all: Vec<String> = specs.iter().flat_map(of).collect();
            all.iter().collect::<BTreeSet<_>>().len() == all.len()
        };
        let names_there = case.plan().steps.into_iter().filter_map(|step| match step {
            Step::CreateAlias(step) => Some(step.name_there().clone()),
            Step::UpdateAlias(step) => Some(step.name),
            _ => None,
        });
        let names_there: Vec<AliasName> = names_there.collect();
        prop_assert_eq!(names_there.iter().collect::<BTreeSet<_>>().len(), names_there.len());
        let (named, produced, owned) = (
            distinct(&|spec| vec![format!("{}/{}", spec.verb, spec.subject)]),
            distinct(&|spec| spec.produces.iter().map(ToString::to_string).collect()),
            distinct(&|spec| spec.owns.iter().map(ToString::to_string).collect()),
        );
        prop_assert!(named && produced && owned);
    }

    #[test]
    fn a_plan_carried_out_leaves_nothing_to_do(case in case()) {
        let after = carried_out(&case);
        let left = after.plan();
        prop_assert_eq!(&left.steps, &Vec::<Step>::new());
        // Whatever was carried out is found right: what still fails had a finding from the start.
        let steps = case.plan().steps;
        let mut made: BTreeSet<ResourceId> = steps.iter().flat_map(|step| step.spec().produces).collect();
        made.extend(steps.iter().map(|step| ResourceId::of(step.key())));
        let blocked: BTreeSet<String> = left.findings.iter()
            .filter(|finding| finding.severity == regionmig_core::Severity::Blocker)
            .filter_map(|finding| finding.subject.as_ref().map(|subject| subject.id().to_owned()))
            .collect();
        for check in checks(&after.survey, &after.options) {
            let is_excused = blocked.contains(check.subject.id());
            let is_made = made.contains(&check.subject);
            let passed = check.verdict == regionmig_core::Verdict::Pass;
            prop_assert!(passed || is_excused || !is_made, "{check}");
        }
    }

    #[test]
    fn less_knowledge_never_leads_to_more_steps(case in case(), gaps in gaps()) {
        let (whole, less) = (names(&case), names(&with_gaps(case, &gaps)));
        prop_assert!(less.is_subset(&whole), "{:?}", less.difference(&whole).collect::<Vec<_>>());
    }

    #[test]
    fn no_step_is_on_what_is_unclear(case in case(), gaps in gaps()) {
        let draft = with_gaps(case, &gaps).plan();
        let unclear: BTreeSet<_> = draft.findings.iter()
            .filter(|finding| finding.code == regionmig_core::code::UNCLEAR)
            .filter_map(|finding| finding.subject.clone())
            .collect();
        for spec in draft.steps.iter().map(Step::spec) {
            prop_assert!(!unclear.contains(&spec.subject), "{:?}", spec);
            prop_assert!(spec.produces.is_disjoint(&unclear) && spec.owns.is_disjoint(&unclear));
        }
    }
}
