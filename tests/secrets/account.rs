//! The accounts that are moved, and how.

use regionmig::kms::Kms;
use regionmig::secrets::{Mode, Secrets};
use regionmig::{Access, End, MemoryJournal, Migration, MigrationPlan, Outcome, Route};
use regionmig_testkit::World;

pub(crate) const SOURCE: &str = "111122223333/me-central-1";
pub(crate) const TARGET: &str = "111122223333/eu-central-1";

pub(crate) fn end(text: &str) -> End {
    text.parse().unwrap()
}

pub(crate) fn route() -> Route {
    Route::new(end(SOURCE), end(TARGET)).unwrap()
}

/// Returns which function of the target does what one of the source does.
pub(crate) fn there(function: &str) -> String {
    function.replace("me-central-1", "eu-central-1")
}

/// Returns a migration of keys and secrets, with `mode`, every function that rotates a secret mapped, and these names of the target
/// given up.
pub(crate) fn migration(world: &World, access: &Access, mode: Mode, overwritten: &[&str]) -> Migration {
    let secrets = Secrets::new(access).mode(mode);
    let mut secrets = overwritten.iter().fold(secrets, |secrets, name| secrets.overwrite(*name));
    for secret in world.secrets(&route().source) {
        let Some(function) = secret.rotation.and_then(|rotation| rotation.function) else { continue };
        let target = there(&function);
        world.rotation_function(&target);
        secrets = secrets.map_rotation_function(&function.parse().unwrap(), &target.parse().unwrap());
    }
    Migration::new(route(), access).with(Kms::new(access)).with(secrets)
}

/// Leave for all that a plan does.
pub(crate) fn all_leave(plan: &MigrationPlan) -> regionmig::ApplyOptions {
    let options = regionmig::ApplyOptions::default().allow_overwriting();
    let irreversible = plan.steps().filter(|step| step.spec.effect == regionmig::Effect::Irreversible);
    irreversible.fold(options, |options, step| options.dangerously_allow(step.id.clone()))
}

/// Plans and applies with all leave.
pub(crate) async fn applied(migration: &Migration) -> (MigrationPlan, MemoryJournal, Outcome) {
    let plan = migration.plan(&migration.survey().await.unwrap()).unwrap();
    let journal = MemoryJournal::default();
    let outcome = migration.apply(&plan, &journal, &all_leave(&plan)).await.unwrap();
    (plan, journal, outcome)
}
