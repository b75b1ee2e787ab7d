//! What holds when the process dies, or the machine, or a request does.

use std::collections::BTreeSet;

use regionmig_core::Act;
use serde_json::Value;

use crate::call::Refusal;
use crate::conforms::case::{Case, Family, Journal};
use crate::conforms::fork::JOURNAL;
use crate::conforms::trial::Trial;
use crate::disk::{DiskCall, DiskFault, Remains, SimulatedDisk};
use crate::fault::{Fault, Loss};

/// What a crash may leave of what was not synced.
const REMAINS: [Remains; 4] = [Remains::Kept, Remains::Dropped, Remains::Garbage, Remains::Chance];

/// What is appended to the journal by a run that takes one step after the other.
struct Append {
    nth: u64,
    bytes: usize,
    /// What the line says: the name of the entry, or `run`.
    kind: String,
}

/// The machine dies before, inside and after each append, or the disk is full, or broken.
pub(super) async fn at_each_append(trial: &Trial<'_>) -> Vec<Case> {
    let mut kinds = BTreeSet::new();
    let mut cases = Vec::new();
    for append in appends(trial).await {
        let Append { nth, bytes, kind } = append;
        let case = |how: String| Case::new(Family::Append, format!("append {nth} ({kind}): {how}")).one_by_one();
        let (before, after) = (DiskFault::crash_before(DiskCall::Append), DiskFault::crash_after(DiskCall::Append));
        cases.push(case("killed before".to_owned()).disk(before.nth(nth)));
        // Each length of the first line of its kind, and three of the others.
        let is_first = kinds.insert(kind.clone());
        let some: BTreeSet<usize> = [1, bytes / 2, bytes - 1].into();
        for written in (1..bytes).filter(|written| is_first || some.contains(written)) {
            let torn = DiskFault::crash_inside(written).nth(nth).leaving(Remains::Kept);
            cases.push(case(format!("torn after {written} of {bytes} bytes")).disk(torn));
        }
        for remains in REMAINS {
            let died = after.clone().nth(nth).leaving(remains);
            cases.push(case(format!("written, and not synced: {remains:?}")).disk(died));
        }
        cases.push(case("killed after".to_owned()).disk(DiskFault::crash_after(DiskCall::Sync).nth(nth)));
        cases.push(case("no room".to_owned()).disk(DiskFault::full(DiskCall::Append).from_nth(nth)));
        let broken = DiskFault::failing(DiskCall::Append).having_written(bytes / 2).nth(nth);
        cases.push(case("half of it written, then an error".to_owned()).disk(broken));
        let unsynced = DiskFault::failing(DiskCall::Sync).nth(nth);
        cases.push(case("its sync fails".to_owned()).disk(unsynced.clone()));
        // What the failed sync has forgotten is a hole before what comes next, and the journal damaged. Then a run must first have
        // looked where all stands before anything is taken back.
        if trial.act() == Act::Apply {
            let later = DiskFault::crash_after(DiskCall::Sync).leaving(Remains::Dropped);
            cases.push(case("its sync fails, and later the machine dies".to_owned()).disk(unsynced).disk_again(later));
        }
        for again in 1..=3 {
            let later = DiskFault::crash_inside(40).nth(again).leaving(Remains::Kept);
            let died = after.clone().nth(nth).leaving(Remains::Garbage);
            cases.push(case(format!("killed, and then at append {again}")).disk(died).disk_again(later));
        }
    }
    cases.extend(while_it_is_made(trial).await);
    cases
}

/// The machine dies at each call of the disk by which the journal is made, or the disk is full, or broken.
async fn while_it_is_made(trial: &Trial<'_>) -> Vec<Case> {
    let mut fork = trial.fork();
    if trial.act() != Act::Apply {
        return Vec::new();
    }
    fork.disk = SimulatedDisk::new();
    drop(fork.journal().await);
    let mut cases = Vec::new();
    for (nth, entry) in (1..).zip(fork.disk.log()) {
        let call = entry.call;
        let case = |how: String| {
            Case::new(Family::Append, format!("call {nth} ({call:?}) of making the journal: {how}")).new_journal()
        };
        for remains in REMAINS {
            let (before, after) = (DiskFault::crash_before(None), DiskFault::crash_after(None));
            cases.push(case(format!("killed before, {remains:?}")).disk(before.nth(nth).leaving(remains)));
            cases.push(case(format!("killed after, {remains:?}")).disk(after.nth(nth).leaving(remains)));
        }
        cases.push(case("no room".to_owned()).disk(DiskFault::full(None).nth(nth)));
        cases.push(case("an error".to_owned()).disk(DiskFault::failing(None).nth(nth)));
    }
    cases
}

async fn appends(trial: &Trial<'_>) -> Vec<Append> {
    let mut fork = trial.fork();
    let mut end = fork.now().0;
    let before = fork.disk.log().len();
    let outcome = fork.live_with(&trial.patient().concurrency(1), None).await;
    assert!(outcome.is_ok(), "the run failed");
    let content = fork.disk.content(JOURNAL).unwrap_or_default();
    let log = fork.disk.log().into_iter().skip(before).filter(|entry| entry.call == DiskCall::Append);
    (1..)
        .zip(log)
        .map(|(nth, entry)| {
            let line = content.get(end..).and_then(|rest| rest.split(|byte| *byte == b'\n').next());
            end += entry.bytes;
            Append { nth, bytes: entry.bytes, kind: kind(line.unwrap_or_default()) }
        })
        .collect()
}

fn kind(line: &[u8]) -> String {
    let json: Value = serde_json::from_slice(line).unwrap_or_default();
    match &json["entry"] {
        Value::String(name) => name.clone(),
        Value::Object(entry) => entry.keys().next().cloned().unwrap_or_default(),
        _ => "run".to_owned(),
    }
}

/// The run is killed after each append, and the journal lost, or an older copy of it put in its place.
pub(super) async fn without_its_journal(trial: &Trial<'_>) -> Vec<Case> {
    let mut cases = Vec::new();
    for (done, Append { nth, kind, .. }) in (1..).zip(appends(trial).await) {
        let case = |how: String| {
            let killed = DiskFault::crash_after(DiskCall::Sync).nth(nth);
            let trouble = format!("killed after append {nth} ({kind}), and the journal {how}");
            Case::new(Family::Journal, trouble).disk(killed).one_by_one()
        };
        cases.push(case("lost".to_owned()).journal(Journal::Lost));
        for lines in BTreeSet::from([0, done / 2, done - 1]) {
            cases.push(case(format!("as it was with {lines} lines")).journal(Journal::Older(lines)));
        }
    }
    cases
}

/// Each request is lost in each way, or refused, one after the other.
pub(super) async fn with_each_request(trial: &Trial<'_>) -> Vec<Case> {
    let mut fork = trial.fork();
    let _outcome = fork.live().await;
    let mut cases = Vec::new();
    for (n, entry) in (1..).zip(fork.world.ledger().requests()) {
        for (what, fault) in losses() {
            // Who may not read what decides how a thing is taken back takes it back in another way.
            let decides = trial.act() == Act::Revert && !entry.mutating && REFUSED.contains(&what);
            if !decides {
                let trouble = format!("request {n}, {}, {what}", entry.action);
                cases.push(Case::new(Family::Request, trouble).request(fault.nth(n)));
            }
        }
    }
    cases
}

/// Refusals that no retry gets past.
const REFUSED: [&str; 2] = ["denied", "over a quota"];

fn losses() -> Vec<(&'static str, Fault)> {
    let lost = |loss| Fault::lost_answer("*").by(loss);
    vec![
        ("lost on its way", Fault::lost_request("*")),
        ("done, its answer lost", lost(Loss::Reset)),
        ("done, its answer cut short", lost(Loss::TruncatedBody)),
        ("failed with 500 before", Fault::server_error("*", 500)),
        ("failed with 500 after", Fault::server_error("*", 500).after_execution()),
        ("throttled", Fault::throttle("*")),
        ("met nobody", Fault::unreachable("*")),
        ("done, its answer never there", lost(Loss::Timeout)),
        ("done, its answer unreadable", lost(Loss::UnreadableBody)),
        ("done, its answer from a proxy", lost(Loss::WrongContentType)),
        ("failed with 503 before", Fault::server_error("*", 503)),
        ("failed with 503 after", Fault::server_error("*", 503).after_execution()),
        ("throttled with 429", Fault::throttle("*").status(429)),
        (REFUSED[0], Fault::access_denied("*")),
        ("sent with credentials that had expired", Fault::expired_credentials("*")),
        (REFUSED[1], Fault::refused("*", Refusal::new("LimitExceededException"))),
    ]
}
