//! Keys whose material was imported: KMS gives none back, so the run waits until its owner brings it.
//!
//!     cargo run --example imported_keys [-- --plan-only]
//!
//! Exit codes: as `quickstart`.

#![expect(clippy::print_stderr, clippy::print_stdout, reason = "an example talks to people")]

#[path = "support/place.rs"]
mod place;

use std::process::ExitCode;
use std::sync::OnceLock;

use place::Place;
use regionmig::kms::{KeyMaterials, Kms};
use regionmig::{ApplyOptions, BoxError, KeyArn, Migration, Secret};
use regionmig_testkit::World;

/// What their owner keeps in a safe. On real AWS, yours.
const SINGLE: [u8; 32] = [11; 32];
const EVERYWHERE: [u8; 32] = [12; 32];

#[tokio::main(flavor = "current_thread")]
async fn main() -> ExitCode {
    let keys = OnceLock::new();
    let build = |world: &World, route: &regionmig::Route| {
        let key = |material: &[u8]| world.kms(&route.source).imported_material(material);
        let single = key(&SINGLE).alias("alias/payments").make();
        let everywhere = key(&EVERYWHERE).multi_region().alias("alias/tokens").make();
        keys.get_or_init(|| [single, everywhere]);
    };
    place::run(build, async |place| bring(place, keys.get()).await).await
}

async fn bring(place: Place, keys: Option<&[KeyArn; 2]>) -> Result<ExitCode, BoxError> {
    let migrate = |kms: Kms| Migration::new(place.route.clone(), &place.access).with(kms);
    let without = migrate(Kms::new(&place.access));
    let plan = without.plan(&without.survey().await?)?;
    println!("{}", plan.full());
    if place.plan_only {
        return Ok(ExitCode::SUCCESS);
    }

    // Everything is made that can be made. The rest is a task, for a person or for a hook.
    let journal = place::journal(place.journal.as_deref(), &plan).await?;
    let options = ApplyOptions::default();
    let outcome = without.apply(&plan, &*journal, &options).await?;
    println!("{outcome}\n");

    // The safe is opened. The journal says where the run stands, so this one goes on there.
    let [single, everywhere] = keys.ok_or("on real AWS, name your own keys and bring what you have of them")?;
    let material = |bytes: [u8; 32]| Secret::new(bytes.to_vec());
    let materials = KeyMaterials::new().with(single, material(SINGLE)).with(everywhere, material(EVERYWHERE));
    let with = migrate(Kms::new(&place.access).bring_material(materials));
    let outcome = with.apply(&plan, &*journal, &options).await?;
    println!("{outcome}\n");
    let verification = with.verify(outcome.ids()).await?;
    println!("{verification}");
    Ok(place::ended(&outcome, &verification))
}
