//! What is planned for material that was imported.

use std::collections::BTreeSet;

use regionmig_core::Step as _;

use crate::material::{EmptyKey, KeyMaterials};
use crate::snapshot::{GrantTerms, KeyState, Material, MaterialState};
use crate::step::{CreateGrant, ImportMaterial, Step};
use crate::testing::{Case, Entry, SOURCE, TARGET, arn, gap};

#[track_caller]
fn check(case: &Case, expected: &[&str]) {
    let mut expected: Vec<&str> = expected.to_vec();
    expected.sort_unstable();
    assert_eq!(case.shown(), expected);
}

fn imports(case: &Case) -> Vec<ImportMaterial> {
    let steps = case.plan().steps.into_iter();
    steps.filter_map(|step| if let Step::ImportMaterial(step) = step { Some(step) } else { None }).collect()
}

fn imported() -> Entry {
    Entry::new().imported()
}

fn role() -> GrantTerms {
    GrantTerms::new("arn:aws:iam::111122223333:role/a", ["Decrypt"])
}

// REQ: KMS-5
#[test]
fn a_copy_gets_the_current_material_and_cannot_open_what_the_key_encrypted() {
    let entry = imported().with(|key| key.expires = Some("2026-09-01T00:00:00Z".parse().unwrap()));
    let mut entry = entry.material("older", MaterialState::NonCurrent);
    entry.materials[0].description = "from 2026".to_owned();
    entry.materials[0].expires = entry.key.expires;
    let case = Case::new().source("k", entry);
    let told = ["action kms.material-expires k", "action kms.material-wanted k", "note kms.materials-left k"];
    check(&case, &[&["create-key k", "import-material k", "action kms.reencrypt k"], &told[..]].concat());
    let [import] = &imports(&case)[..] else { panic!() };
    assert_eq!((&import.material, &import.completes), (&None, &Some(BTreeSet::new())));
    assert_eq!(import.description, "from 2026");
    assert_eq!(import.expires.unwrap().to_string(), "2026-09-01T00:00:00Z");
    let reencrypt = case.plan().findings.into_iter().find(|finding| finding.code == "kms.reencrypt").unwrap();
    assert!(reencrypt.message.contains("though with the same material"), "{reencrypt}");
    // Who brings it need not be told.
    let mut brought = case;
    brought.options = {
        let access = regionmig_aws::Access::new(&aws_types::SdkConfig::builder().build());
        crate::Kms::new(&access).bring_material(KeyMaterials::new()).options().clone()
    };
    assert!(!brought.shown().contains(&"action kms.material-wanted k".to_owned()));
}

#[test]
fn what_needs_the_key_comes_after_its_material() {
    let entry = imported().alias("alias/a").grant(role()).disabled();
    for case in [
        Case::new().source("k", entry.clone()),
        Case::new().source("k", entry.clone()).target("t", imported().empty().copy_of("k")),
    ] {
        let specs: Vec<_> = case.plan().steps.iter().map(Step::spec).collect();
        let find = |verb: &str| specs.iter().find(|spec| spec.verb == verb).unwrap();
        let import = find("import-material");
        let key: regionmig_core::ResourceId = (&arn(SOURCE, "k")).into();
        assert!(import.produces.contains(&key) && !import.requires.contains(&key));
        for verb in ["create-alias", "create-grant", "disable"] {
            assert!(find(verb).requires.contains(&key), "{verb}");
        }
        assert_eq!(find("disable").effect, regionmig_core::Effect::Additive);
        let empty = import.requires.iter().next().unwrap();
        let made = specs.iter().any(|spec| spec.produces.contains(empty));
        assert!(made || case.plan().ids.contains(empty));
        assert!(!case.plan().ids.contains(&key));
    }
}

#[test]
fn key_pairs_and_mac_keys_are_the_same_wherever_they_were_imported() {
    for spec in ["RSA_2048", "ECC_NIST_P384", "HMAC_256"] {
        let entry = || Entry::new().spec(spec).imported();
        let case = Case::new().source("k", entry());
        let told = ["action kms.material-wanted k", "note kms.same-material k"];
        check(&case, &[&["create-key k", "import-material k"], &told[..]].concat());
        assert_eq!(imports(&case)[0].spec.as_str(), spec);
        check(&case.target("t", entry().copy_of("k")), &["= k t", "note kms.same-material k"]);
        // Related ones have no ids of materials either.
        let primary = Case::new().source("mrk-1", entry().primary("mrk-1", SOURCE, &[]));
        let steps = ["replicate-key mrk-1 at source", "import-material mrk-1", "action kms.material-wanted mrk-1"];
        check(&primary, &steps);
        assert_eq!(imports(&primary)[0].material, None);
    }
}

#[test]
fn a_key_that_lacks_its_material_gets_a_counterpart_that_does() {
    let entry = || imported().empty().alias("alias/a").grant(role());
    let told = ["action kms.no-material k", "action kms.reencrypt k", "blocker kms.empty-counterpart kms.key-grants:k"];
    let case = Case::new().source("k", entry());
    check(&case, &[&["create-key k", "create-alias alias/a"], &told[..]].concat());
    let Some(Step::CreateKey(made)) = case.plan().steps.into_iter().next() else { panic!() };
    assert!(!made.awaits_material && made.origin.as_str() == "EXTERNAL");
    // One that has its own keeps it, and takes grants.
    let found = case.target("t", imported().copy_of("k").alias("alias/a"));
    let grant = format!("create-grant k/{}", CreateGrant::name_of(&arn(SOURCE, "k"), &role()));
    check(&found, &["= k t", "= alias/a alias/a", &grant, "action kms.no-material k", "action kms.reencrypt k"]);
    let primary = Case::new().source("mrk-1", imported().empty().primary("mrk-1", SOURCE, &[]));
    check(&primary, &["blocker kms.primary-lacks-material mrk-1"]);
}

#[test]
fn a_replica_gets_each_material_by_its_id_and_the_current_one_last() {
    let entry = imported().material("older", MaterialState::NonCurrent).material("n", MaterialState::PendingRotation);
    let mut entry = entry.material("lost", MaterialState::NonCurrent);
    entry.materials[3].is_here = false;
    let case = Case::new().source("mrk-1", entry.primary("mrk-1", SOURCE, &[]));
    let steps = ["import-material mrk-1", "import-material mrk-1/n", "import-material mrk-1/older"];
    check(&case, &[&["replicate-key mrk-1 at source", "action kms.material-wanted mrk-1"], &steps[..]].concat());
    let order: Vec<_> = imports(&case).into_iter().map(|step| step.material.unwrap()).collect();
    assert_eq!(order, ["n", "older", "m"]);
    let last = imports(&case).pop().unwrap();
    assert_eq!(last.completes, Some(["n", "older"].map(str::to_owned).into()));
    let spec = Step::ImportMaterial(last).spec();
    let first: Vec<_> = spec.after.iter().collect();
    // And whatever enables the key, if the plan has that.
    assert_eq!(first.len(), 3);
    for (step, name) in imports(&case).into_iter().zip(["/n", "/older"]) {
        let spec = Step::ImportMaterial(step).spec();
        assert!(first.contains(&&format!("{}/{}", spec.verb, spec.subject)) && spec.produces.is_empty());
        assert!(spec.subject.id().ends_with(name));
    }
}

#[test]
fn a_found_replica_gets_what_it_lacks() {
    let source = imported().material("older", MaterialState::NonCurrent).primary("mrk-1", SOURCE, &[TARGET]);
    let found = |here: [bool; 2]| {
        let mut entry = imported().material("older", MaterialState::NonCurrent);
        entry.materials.iter_mut().zip(here).for_each(|(material, here)| material.is_here = here);
        let state = if here == [true; 2] { KeyState::Enabled } else { KeyState::PendingImport };
        Case::new().source("mrk-1", source.clone()).target("mrk-1", entry.replica("mrk-1", SOURCE).state(state))
    };
    check(&found([true; 2]), &["= mrk-1 mrk-1"]);
    let told = ["= mrk-1 mrk-1", "action kms.material-wanted mrk-1"];
    check(&found([true, false]), &[&["import-material mrk-1"], &told[..]].concat());
    assert_eq!(imports(&found([true, false]))[0].material.as_deref(), Some("older"));
    let both = ["import-material mrk-1", "import-material mrk-1/older"];
    check(&found([false; 2]), &[&both, &told[..]].concat());
    // What waits for a rotation keeps nobody from using the key meanwhile.
    let case = found([true; 2]).edit(|source, _| {
        let next = Material::new("next", MaterialState::PendingImportAndRotation);
        let all = vec![Material::new("m", MaterialState::Current), next];
        source.materials.insert(arn(SOURCE, "mrk-1"), Ok(all));
    });
    // Twice: as the key that is of use, and as the one that the material goes to.
    check(&case, &[&["import-material mrk-1/next", "= mrk-1 mrk-1"], &told[..]].concat());
    assert_eq!(imports(&case)[0].completes, None);
}

#[test]
fn what_is_not_known_of_materials_is_not_guessed() {
    let unread = |case: Case| case.edit(|source, _| source.materials.insert(arn(SOURCE, "k"), Err(gap())));
    check(&unread(Case::new().source("k", imported().alias("alias/a"))), &["blocker core.unclear k"]);
    // A copy that has its material needs no other.
    let found = Case::new().source("k", imported()).target("t", imported().copy_of("k"));
    check(&unread(found), &["= k t", "action kms.reencrypt k"]);

    let replica = |state| imported().replica("mrk-1", SOURCE).state(state);
    let case = |state| {
        let source = imported().primary("mrk-1", SOURCE, &[TARGET]);
        Case::new().source("mrk-1", source).target("mrk-1", replica(state))
    };
    let of_source = |case: Case| case.edit(|source, _| source.materials.insert(arn(SOURCE, "mrk-1"), Err(gap())));
    let of_target = |case: Case| case.edit(|_, target| target.materials.insert(arn(TARGET, "mrk-1"), Err(gap())));
    for unread in [of_source, of_target] {
        check(&unread(case(KeyState::PendingImport)), &["blocker core.unclear mrk-1"]);
        check(&unread(case(KeyState::Enabled)), &["= mrk-1 mrk-1", "blocker core.unclear kms.key-material:mrk-1"]);
    }
}

#[test]
fn a_counterpart_that_expires_at_another_time_is_pointed_at() {
    let at = |text: &str| imported().expiring(text);
    let case = Case::new().source("k", at("2026-09-01T00:00:00Z")).target("t", at("2026-10-01T00:00:00Z").copy_of("k"));
    check(&case, &["= k t", "action kms.expiry-differs k", "action kms.reencrypt k"]);
}

#[test]
fn a_counterpart_that_waits_for_its_material_is_the_counterpart_whatever_its_tags_say() {
    // An earlier run made it, and its mark does not show yet.
    let mut case = Case::new().source("k", imported()).target("t", imported().empty().age(1));
    let empty = |id: &str, region| EmptyKey(arn(region, id));
    case.survey.ids.bind(&empty("k", SOURCE), &empty("t", TARGET)).unwrap();
    check(&case, &["import-material k", "= k t", "action kms.material-wanted k", "action kms.reencrypt k"]);
    // So it is on the way back, where nobody has marked the original.
    let mut back = Case::new().source("k", imported().empty()).target("t", imported());
    back.survey.ids.bind(&empty("k", SOURCE), &empty("t", TARGET)).unwrap();
    check(&back, &["= k t", "action kms.no-material k", "action kms.reencrypt k"]);
}

#[test]
fn a_counterpart_that_is_of_no_use_is_not_said_to_be_of_any() {
    let case = Case::new().source("k", Entry::new()).target("t", imported().empty()).map("k", "t");
    check(&case, &["blocker kms.counterpart-lacks-material k"]);
    // Nobody has listed any of the materials that a replica needs.
    let mut none = imported().primary("mrk-1", SOURCE, &[]);
    none.materials[0].is_here = false;
    check(&Case::new().source("mrk-1", none), &["blocker core.unclear mrk-1"]);
    let found = imported().replica("mrk-1", SOURCE).state(KeyState::PendingImport);
    let case = Case::new().source("mrk-1", imported().primary("mrk-1", SOURCE, &[TARGET])).target("mrk-1", found);
    check(&case, &["blocker core.unclear mrk-1"]);
}

#[test]
fn a_copy_of_a_key_that_was_rotated_takes_back_only_what_it_had() {
    let source = imported().material("older", MaterialState::NonCurrent);
    let case = Case::new().source("k", source).target("t", imported().empty().copy_of("k"));
    let told = ["action kms.material-tied k", "action kms.material-wanted k", "note kms.materials-left k"];
    check(&case, &[&["import-material k", "= k t", "action kms.reencrypt k"], &told[..]].concat());
}

#[test]
fn what_waits_for_a_rotation_is_imported_before_the_key_is_disabled_and_not_after() {
    let source = imported().material("next", MaterialState::PendingImportAndRotation).disabled();
    let source = source.primary("mrk-1", SOURCE, &[TARGET]);
    let found =
        |entry: Entry| Case::new().source("mrk-1", source.clone()).target("mrk-1", entry.replica("mrk-1", SOURCE));
    let case = found(imported());
    let specs: Vec<_> = case.plan().steps.iter().map(Step::spec).collect();
    let find = |verb: &str| specs.iter().find(|spec| spec.verb == verb).unwrap();
    let import = find("import-material");
    assert!(find("disable").after.contains(&format!("import-material/{}", import.subject)));
    assert!(import.after.iter().any(|step| step.starts_with("enable/")));
    check(&found(imported().disabled()), &["= mrk-1 mrk-1", "blocker kms.disabled-counterpart kms.key-material:mrk-1"]);
}

#[test]
fn nobody_says_that_somebody_elses_material_is_the_same() {
    let hmac = || Entry::new().spec("HMAC_256").with(|key| key.usage = "GENERATE_VERIFY_MAC".into()).imported();
    let case = Case::new().source("k", hmac()).target("t", hmac()).map("k", "t");
    check(&case, &["= k t", "action kms.new-mac-key k"]);
    let case = Case::new().source("k", imported()).target("t", imported()).map("k", "t");
    let other = case.plan().findings.into_iter().find(|finding| finding.code == "kms.reencrypt").unwrap();
    assert!(other.message.contains("other material"), "{other}");
}

#[test]
fn one_that_was_mapped_may_have_material_of_kms() {
    let case = Case::new().source("k", imported()).target("t", Entry::new()).map("k", "t");
    check(&case, &["= k t", "action kms.reencrypt k"]);
    let other = case.plan().findings.into_iter().find(|finding| finding.code == "kms.reencrypt").unwrap();
    assert!(!other.message.contains("same material"), "{other}");
    check(
        &Case::new().source("k", imported()).target("t", Entry::new().copy_of("k")),
        &["blocker kms.counterpart-differs k"],
    );
}
