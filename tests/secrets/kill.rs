//! A migration of secrets and keys that cannot be killed, there and back.
//!
//! A sample of all that can happen is tried; the whole of it with `REGIONMIG_KILL_ALL` set, which takes hours.
// REQ: E-14, E-15, E-16, E-41, SM-8, SM-12, SM-16, SM-17, SM-18

use std::sync::OnceLock;

use jiff::SignedDuration;
use regionmig::kms::Kms;
use regionmig::secrets::{Mode, Secrets};
use regionmig::{Access, MemoryJournal, Migration, MigrationPlan};
use regionmig_testkit::{Extent, Survived, World, every_kind_of_secret, reference_secrets, survives};
use serde_json::json;
use tokio::runtime::Builder;

use crate::account::{applied, migration, route, there};

/// A name of the source that a stranger has in the target.
pub(crate) const TAKEN: &str = "kinds/previous";

fn sampled(most: usize) -> Extent {
    match std::env::var_os("REGIONMIG_KILL_ALL") {
        Some(_) => Extent::whole().threads(2),
        None => Extent::sampled(most).threads(2),
    }
}

/// Fills a world, ends the rotation that would be waited for, and lets a stranger have a name.
fn filled(fill: fn(&World, &regionmig::End)) -> World {
    let world = World::new();
    let route = route();
    fill(&world, &route.source);
    for secret in world.secrets(&route.source) {
        if let Some(function) = secret.rotation.as_ref().and_then(|rotation| rotation.function.as_ref()) {
            world.rotation_function(&there(function));
        }
        let pending = secret.versions.iter().find(|(_, one)| one.stages.contains("AWSPENDING"));
        if let Some((version, _)) = pending {
            let input = json!({ "SecretId": secret.arn.as_str(), "VersionStage": "AWSPENDING", "RemoveFromVersionId": version });
            world.ask(&route.source, "secretsmanager:UpdateSecretVersionStage", input).unwrap();
        }
    }
    world.secret(&route.target, TAKEN).value("theirs").make();
    // What is so young may not be listed yet.
    world.clock().advance(SignedDuration::from_hours(1).unsigned_abs());
    world
}

pub(crate) fn kinds() -> World {
    static WORLD: OnceLock<World> = OnceLock::new();
    WORLD.get_or_init(|| filled(every_kind_of_secret)).fork()
}

fn large() -> World {
    static WORLD: OnceLock<World> = OnceLock::new();
    WORLD.get_or_init(|| filled(reference_secrets)).fork()
}

fn killed(world: fn() -> World, mode: Mode, most: usize) -> Survived {
    let secrets = world();
    survives(world, move |access| migration(&secrets, access, mode, &[TAKEN]), &sampled(most))
}

#[test]
fn secrets_of_every_kind_are_replicated_once_whatever_dies() {
    println!("shown: kill_secrets_replicate {}", killed(kinds, Mode::Replicate, 6));
}

#[test]
fn secrets_of_every_kind_are_promoted_once_whatever_dies() {
    println!("shown: kill_secrets_promote {}", killed(kinds, Mode::ReplicateAndPromote, 6));
}

#[test]
fn a_large_account_is_moved_once_whatever_dies() {
    let world = large();
    let (secrets, keys) = (world.secrets(&route().source).len(), world.kms_keys(&route().source).len());
    assert!(secrets >= 60 && keys >= 20, "{secrets} secrets, {keys} keys");
    let survived = killed(large, Mode::ReplicateAndPromote, 2);
    println!("shown: kill_secrets {survived} of {secrets} secrets under {keys} keys");
}

/// A world two weeks after its secrets were promoted, and what they were promoted with.
struct Moved {
    world: World,
    plan: MigrationPlan,
    journal: MemoryJournal,
}

/// Waits for a future on a thread of its own: whoever asks may be driving another.
fn now<T: Send>(future: impl Future<Output = T> + Send) -> T {
    std::thread::scope(|scope| {
        let thread = scope.spawn(|| Builder::new_current_thread().build().unwrap().block_on(future));
        thread.join().unwrap()
    })
}

/// Moves the secrets of a world, and lets time pass: some are written to in the target, some in the source, and some twice.
fn moved(world: World) -> Moved {
    let access = world.access();
    let (plan, journal, outcome) = now(applied(&migration(&world, &access, Mode::ReplicateAndPromote, &[TAKEN])));
    assert!(outcome.is_complete(), "{outcome}");
    world.clock().advance(SignedDuration::from_hours(14 * 24).unsigned_abs());
    let write = |end: &regionmig::End, name: &str, value: &str| {
        let token = format!("{value:->36}");
        let input = json!({ "SecretId": name, "SecretString": value, "ClientRequestToken": token });
        world.ask(end, "secretsmanager:PutSecretValue", input).unwrap();
    };
    let (source, target) = (route().source, route().target);
    write(&target, "kinds/customer-key", "once");
    write(&target, "kinds/stages", "once");
    write(&target, "kinds/stages", "twice");
    write(&target, TAKEN, "there");
    write(&source, "kinds/default-key", "at home");
    world.clock().advance(SignedDuration::from_hours(1).unsigned_abs());
    Moved { world, plan, journal }
}

fn kinds_moved() -> &'static Moved {
    static MOVED: OnceLock<Moved> = OnceLock::new();
    MOVED.get_or_init(|| moved(kinds()))
}

fn large_moved() -> &'static Moved {
    static MOVED: OnceLock<Moved> = OnceLock::new();
    MOVED.get_or_init(|| moved(large()))
}

fn brought_back(moved: &'static Moved, world: fn() -> World, most: usize) -> Survived {
    let back = move |access: &Access| {
        let secrets = Secrets::new(access).mode(Mode::ReplicateAndPromote);
        let forward = Migration::new(route(), access).with(Kms::new(access)).with(secrets);
        now(forward.fail_back(&moved.plan, &moved.journal)).unwrap()
    };
    survives(world, back, &sampled(most))
}

#[test]
fn values_are_written_back_once_whatever_dies() {
    let survived = brought_back(kinds_moved(), || kinds_moved().world.fork(), 6);
    println!("shown: kill_secrets_back {survived}");
}

#[test]
fn a_large_account_is_brought_back_once_whatever_dies() {
    let survived = brought_back(large_moved(), || large_moved().world.fork(), 2);
    println!("shown: kill_secrets_back_large {survived}");
}
