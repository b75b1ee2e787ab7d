//! The way back.

use super::*;

/// A way back on which `db` is known to have come from where it goes.
fn back() -> Case {
    let case = Case::between(Route::new(end(TARGET), end(SOURCE)).unwrap()).back();
    case.edit(|survey| survey.ids.bind(&arn(TARGET, "db"), &arn(SOURCE, "db")).unwrap())
}

/// Says with which version it was promoted.
fn since(case: Case, version: &str) -> Case {
    let pair = |region| PromotedVersion::new(&arn(region, "db"), version).unwrap();
    case.edit(|survey| survey.ids.bind(&pair(TARGET), &pair(SOURCE)).unwrap())
}

// REQ: SM-20
#[test]
fn on_the_way_back_the_original_is_rotated_again() {
    let function = |region: &str| format!("arn:aws:lambda:{region}:111122223333:function:rotate");
    let arn = |region: &str| function(region).parse::<Arn>().unwrap();
    let case = || since(back().here("db", rotated(&function(TARGET))), "1");
    // Nobody stopped its rotation.
    case().there("db", rotated(&function(SOURCE))).plans(&["relink db"], &["overwritten"]);
    let stopped = || case().there("db", Secret::at("1"));
    // Its rotation would be lost.
    stopped().plans(&[], &["rotation-not-mapped"]);
    let mapped = stopped().edit(|survey| survey.ids.bind(&arn(TARGET), &arn(SOURCE)).unwrap());
    mapped.plans(&["relink db", "set-rotation db"], &["overwritten"]);
    // The map of the way there serves the way back.
    let optioned = stopped().with(|options| options.function_named(&function(SOURCE), &function(TARGET)));
    optioned.plans(&["relink db", "set-rotation db"], &["overwritten"]);
    let rotation = optioned
        .steps()
        .into_iter()
        .find_map(|step| if let Step::SetRotation(step) = step { Some(step) } else { None });
    assert_eq!(rotation.unwrap().rotation.function, Some(function(SOURCE)));
}

// REQ: SM-16 SM-17 E-17
#[test]
fn a_new_value_is_written_back_and_linked_again() {
    let case = since(back().here("db", Secret::at("2").version("1", PREVIOUS)).there("db", Secret::at("1")), "1");
    case.plans(&["move-stage db/AWSCURRENT", "put-version db/2", "relink db"], &["overwritten"]);
    let relink =
        case.steps().into_iter().find_map(|step| if let Step::Relink(step) = step { Some(step) } else { None });
    let relink = relink.unwrap();
    assert_eq!(relink.current.as_deref(), Some("2"));
    assert_eq!(relink.replaces, Secret::at("2").version("1", PREVIOUS).versions);
    assert_eq!((relink.versions.len(), relink.spec().effect), (1, Effect::Overwriting));
    since(back().here("db", Secret::at("1")).there("db", Secret::at("1")), "1").plans(&["relink db"], &["overwritten"]);
    let case = since(back().here("db", Secret::at("1")).there("db", Secret::at("1")), "1");
    case.with(|options| options.relinks = Relinks::No).plans(&[], &[]);
}

#[test]
fn what_was_changed_on_both_sides_is_a_persons_to_decide() {
    let both = || since(back().here("db", Secret::at("2")).there("db", Secret::at("3")), "1");
    both().plans(&[], &["changed-on-both-sides"]);
    let keep = |keep| both().with(|options| options.kept(arn(TARGET, "db"), keep));
    keep(Keep::Promoted)
        .plans(&["move-stage db/AWSCURRENT", "put-version db/2", "relink db"], &["original-replaced", "overwritten"]);
    keep(Keep::Original).plans(&["relink db"], &["original-newer", "overwritten"]);
    // Only the original was.
    let case = since(back().here("db", Secret::at("1")).there("db", Secret::at("3")), "1");
    case.plans(&["relink db"], &["original-newer", "overwritten"]);
    // Without a record of where they parted, both may have been changed.
    let case = back().here("db", Secret::at("2").version("1", PREVIOUS)).there("db", Secret::at("1"));
    case.plans(&[], &["changed-on-both-sides"]);
    // What only the promoted secret has is not given up unasked.
    let only = || since(back().here("db", Secret::at("1").version("9", "green")).there("db", Secret::at("3")), "1");
    only().plans(&[], &["only-there"]);
    let case = only().with(|options| options.kept(arn(SOURCE, "db"), Keep::Original));
    case.plans(&["relink db"], &["original-newer", "overwritten"]);
    assert_eq!(relink(&case).given_up.len(), 2);
    // It is brought back where nothing else changed.
    let case = since(back().here("db", Secret::at("1").version("9", "green")).there("db", Secret::at("1")), "1");
    case.plans(&["put-version db/9", "relink db"], &["overwritten"]);
    assert_eq!(relink(&case).given_up.len(), 0);
}

#[test]
fn only_what_was_moved_goes_back() {
    back().here("other", Secret::at("1")).there("other", Secret::at("2")).plans(&[], &["not-moved-before"]);
    let route = Route::new("444455556666/eu-central-1".parse().unwrap(), end(SOURCE)).unwrap();
    let case = Case::between(route).back().with(|options| options.copies_values = true);
    case.here("other", Secret::at("1")).plans(&[], &["not-moved-before"]);
}

#[test]
fn a_relink_that_failed_once_is_begun_anew() {
    let mut original = Secret::at("1");
    original.replicas.insert(TARGET.parse().unwrap(), Replica::new(ReplicaStatus::Failed));
    let case = since(back().here("db", Secret::at("1")).there("db", original), "1");
    case.plans(&["forget-replica db", "relink db"], &["overwritten", "replica-failed"]);
}

#[test]
fn the_way_back_stops_where_there_is_none() {
    back().here("db", Secret::at("1")).plans(&[], &["original-gone"]);
    let case = back().here("db", Secret::at("1").of(SOURCE)).there("db", Secret::at("1").of(SOURCE));
    case.plans(&[], &["still-linked"]);
    let case = back().here("db", Secret::at("1")).there("db", Secret::at("1").of(TARGET));
    case.plans(&[], &["primary-in-target"]);
    let doomed = Secret { deleted: Some(regionmig_core::Timestamp::UNIX_EPOCH), ..Secret::at("1") };
    back().here("db", Secret::at("1")).there("db", doomed).plans(&[], &["counterpart-pending-deletion"]);
    let case = back().here("db", Secret::at("1").version("2", PENDING)).there("db", Secret::at("1"));
    case.plans(&[], &["rotating"]);
    // What of the promoted secret could not be read is not destroyed with it.
    let unread = |survey: &mut regionmig_core::Survey<crate::Snapshot>| {
        survey.source.value.policies.insert(arn(TARGET, "db"), Err(gap("secretsmanager:GetResourcePolicy")));
    };
    back().here("db", Secret::at("1")).there("db", Secret::at("1")).edit(unread).plans(&[], &["core.unclear"]);
}

fn relink(case: &Case) -> crate::step::Relink {
    case.steps().into_iter().find_map(|step| if let Step::Relink(step) = step { Some(step) } else { None }).unwrap()
}

#[test]
fn the_promoted_secret_goes_once_its_original_has_all() {
    let function = |region: &str| format!("arn:aws:lambda:{region}:111122223333:function:rotate");
    let own = Secret {
        description: "new".to_owned(),
        ..rotated(&function(TARGET)).version("1", "blue").tag("a", "2").tag("b", "1")
    };
    let other = Secret::at("9").version("1", PREVIOUS).tag("a", "1");
    let policy = POLICY.replace(SOURCE, TARGET).replace("role/app", "role/new");
    let case = since(back().here_with("db", own, Some(&policy)).there_with("db", other, Some(POLICY)), "9");
    let case = case.with(|options| options.function_named(&function(SOURCE), &function(TARGET)));
    let relink = relink(&case);
    let after: Vec<&str> = relink.after.iter().map(String::as_str).collect();
    assert_eq!(after, ["add-tags", "change-tags", "put-policy", "set-description", "set-rotation"]);
    let stages: Vec<&str> = relink.stages.iter().map(String::as_str).collect();
    assert_eq!(stages, [CURRENT, "blue"]);
    let own = Secret::at("2").version("1", "zebra");
    let case = since(back().here("db", own).there("db", Secret::at("1").version("2", PREVIOUS)), "1");
    assert_eq!(self::relink(&case).current.as_deref(), Some("2"));
    // The version is there: it gets its stage back.
    assert_eq!((relink.versions.len(), relink.current.as_deref()), (0, Some("1")));
}

#[test]
fn what_came_along_word_by_word_may_be_adapted_without_leave() {
    let case = Case::new().here_with("db", Secret::at("1"), Some(POLICY));
    let case = case.there_with("db", Secret::at("1"), Some(POLICY));
    let [Step::PutPolicy(step)] = &case.steps()[..] else { panic!("{:?}", case.steps()) };
    assert!(matches!(step.replaces, Replaces::Carried(_)) && step.spec().effect == Effect::Additive);
    // On the way back it is somebody's.
    let case =
        back().here_with("db", Secret::at("1"), Some(&POLICY.replace("role/app", "role/new").replace(SOURCE, TARGET)));
    let case = case.there_with("db", Secret::at("1"), Some(POLICY));
    let put =
        case.steps().into_iter().find_map(|step| if let Step::PutPolicy(step) = step { Some(step) } else { None });
    assert!(matches!(put.unwrap().replaces, Replaces::Found(_)));
}

#[test]
fn a_rotation_by_whatever_somebody_set_up_counts_on_the_way_back_only() {
    let (here, there) = ("arn:aws:lambda:a:1:function:x", "arn:aws:lambda:b:1:function:y");
    Case::new().here("db", rotated(here)).there("db", rotated(there)).plans(&[], &["rotation-not-mapped"]);
    let case = since(back().here("db", rotated(here)).there("db", rotated(there)), "1");
    case.plans(&["relink db"], &["overwritten"]);
}
