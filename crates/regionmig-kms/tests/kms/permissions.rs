//! What steps say that they need to be allowed is what AWS is asked: nothing less, nothing more.
// REQ: E-23

use std::collections::BTreeSet;

use crate::account::{
    asked_for, asking, bringing, brought_along, found_and_differing, migration, mutations, one_of_each, patient, plan,
    route, slow,
};
use regionmig_aws::Access;
use regionmig_core::{End, MemoryJournal, Migration, MigrationPlan, Permission, Step as _};
use regionmig_kms::{Kms, Step};
use regionmig_testkit::{Fault, Refusal, World, reference_account};

type Asked = (End, String);

fn asked(world: &World) -> BTreeSet<Asked> {
    let own = |(_, action): &Asked| action.starts_with("kms:");
    world.ledger().actions().into_iter().filter(own).collect()
}

/// Returns whether a permission is for what was asked: where it says, or in every region, if its resource does.
fn allows(permission: &Permission, (end, action): &Asked) -> bool {
    let is_anywhere = permission.resource.split(':').nth(3) == Some("*");
    permission.action == *action && (is_anywhere || route().place(&permission.place) == *end)
}

fn assert_equal<'a>(needed: impl IntoIterator<Item = &'a Permission>, asked: &BTreeSet<Asked>, what: &str) {
    let needed: Vec<&Permission> = needed.into_iter().collect();
    let undeclared: Vec<_> = asked.iter().filter(|asked| !needed.iter().any(|needed| allows(needed, asked))).collect();
    let unused: Vec<_> = needed.iter().filter(|needed| !asked.iter().any(|asked| allows(needed, asked))).collect();
    assert!(undeclared.is_empty() && unused.is_empty(), "{what}: not declared: {undeclared:#?}; not used: {unused:#?}");
}

#[tokio::test]
async fn declared_permissions_are_what_the_world_saw() {
    let world = World::new();
    reference_account(&world, &route().source);
    // Of which materials are listed.
    world.kms(&route().source).imported(false).make();
    let (_, migration) = migration(&world);

    let plan_made = plan(&migration).await;
    let surveyed = asked(&world);
    world.ledger().clear();
    refuse_once(&world, &plan_made, |action| action == "kms:ReplicateKey");
    let outcome = migration.apply(&plan_made, &MemoryJournal::default(), &patient()).await.expect("a run");
    assert!(outcome.is_complete(), "{outcome}");
    // Again, with what was made in sight: probes then read what a first run has no cause to.
    let again = migration.apply(&plan_made, &MemoryJournal::default(), &patient()).await.expect("a run");
    assert!(again.is_complete(), "{again}");
    let steps = asked(&world);
    assert_equal(&plan_made.permissions(), &steps, "the plan");

    world.ledger().clear();
    let verification = migration.verify(outcome.ids()).await.expect("a verification");
    // The account has keys of kinds that are not moved yet.
    assert!(verification.left.steps().next().is_none(), "{verification}");
    let read: BTreeSet<_> = surveyed.union(&asked(&world)).cloned().collect();
    let elsewhere = |(end, _): &&Asked| *end != route().source && *end != route().target;
    assert_eq!(read.iter().filter(elsewhere).count(), 2, "primaries are read in two third regions: {read:?}");
    assert_equal(&migration.permissions(), &read, "survey and verification");
    println!("shown: permissions {} for steps, {} for survey and verification, 0 different", steps.len(), read.len());
}

fn is_read(action: &str) -> bool {
    ["kms:Describe", "kms:Get", "kms:List"].iter().any(|prefix| action.starts_with(prefix))
}

/// What is refused for the key's state has the key looked at once more.
fn refuse_once(world: &World, plan: &MigrationPlan, which: impl Fn(&str) -> bool) {
    let writes = plan.permissions().into_iter().filter(|permission| which(&permission.action));
    let writes: BTreeSet<_> = writes.map(|permission| (route().place(&permission.place), permission.action)).collect();
    for (end, action) in writes {
        world.fault(Fault::refused(&action, Refusal::new("KMSInvalidStateException")).at(&end).once());
    }
}

/// Each kind of step by itself, so that none is covered by what another declares.
#[tokio::test]
async fn each_kind_of_step_declares_what_it_asks() {
    let mut seen = BTreeSet::new();
    let plain: fn(&Access) -> Kms = Kms::new;
    let cases = [
        (one_of_each(), plain),
        (slow(), plain),
        (found_and_differing(), plain),
        (asked_for(), asking),
        (brought_along(), bringing),
    ];
    for (account, make) in cases {
        let migration = |world: &World| {
            let access = world.access();
            let kms = make(&access);
            (kms.clone(), Migration::new(route(), &access).with(kms))
        };
        let (kms, whole) = migration(&account);
        let whole = plan(&whole).await;
        let verbs: BTreeSet<String> = whole.steps().map(|step| step.id.verb().to_owned()).collect();
        for verb in verbs {
            let plan = whole.keep(&kms, |step: &Step| step.spec().verb == verb).expect("a plan");
            if plan.held().len() == plan.len() {
                // All of them are about keys that other steps make.
                continue;
            }
            let world = account.fork();
            world.ledger().clear();
            refuse_once(&world, &plan, |action| !is_read(action));
            let (_, migration) = migration(&world);
            // One that is refused, one that does it, and one that finds it done.
            for _ in 0..3 {
                let options = patient().allow_overwriting();
                migration.apply(&plan, &MemoryJournal::default(), &options).await.map(drop).expect("a run");
            }
            assert!(mutations(&world) > 0, "{verb}: {}", world.ledger());
            assert_equal(&plan.permissions(), &asked(&world), &verb);
            seen.insert(verb);
        }
    }
    assert_eq!(seen.len(), 15, "{seen:?}");
    println!("shown: permissions_by_kind {} kinds of steps, 0 different", seen.len());
}
