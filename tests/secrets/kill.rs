//! A migration of secrets that cannot be killed, there and back.
// REQ: E-14, E-15, E-16, E-41

use regionmig::secrets::Mode;
use regionmig_testkit::{Extent, World, every_kind_of_secret, survives};

use crate::account::{migration, route};

fn sampled(most: usize) -> Extent {
    match std::env::var_os("REGIONMIG_KILL_ALL") {
        Some(_) => Extent::whole(),
        None => Extent::sampled(most),
    }
}

fn kinds() -> World {
    let world = World::new();
    every_kind_of_secret(&world, &route().source);
    // It would wait for a rotation that never ends.
    let secret = world.find_secret(&route().source, "kinds/pending-rotation").unwrap();
    let pending = secret.versions.iter().find(|(_, one)| one.stages.contains("AWSPENDING")).unwrap().0;
    let input = serde_json::json!({ "SecretId": secret.arn.as_str(), "VersionStage": "AWSPENDING", "RemoveFromVersionId": pending });
    world.ask(&route().source, "secretsmanager:UpdateSecretVersionStage", input).unwrap();
    world
}

#[test]
fn secrets_of_every_kind_are_replicated_once_whatever_dies() {
    let world = kinds();
    let survived =
        survives(|| kinds(), move |access| migration(&world, access, Mode::Replicate), &sampled(12).threads(2));
    println!("shown: kill_secrets_replicate {survived}");
}
