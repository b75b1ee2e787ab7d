//! Ctrl-C once, and twice.

use std::collections::BTreeSet;
use std::path::Path;
use std::sync::{Mutex, mpsc};

use regionmig::{Entry, JournalReader, Noted, StepId};
use regionmig_testkit::{Face, Fault, World};
use tempfile::tempdir;

use crate::account::{Wrong, account, judge};
use crate::child::{DONE, INTERRUPTED, LEFT};
use crate::life::{Lives, Start, signal};
use crate::two::expected;

/// Interrupts the process when its first key is being made, `times` in all. Returns its exit code.
fn interrupted(world: &World, face: &Face, journal: &Path, times: usize) -> Option<i32> {
    let (lives, (heard, hears)) = (Lives::default(), mpsc::channel());
    let (signalled, hears) = (lives.clone(), Mutex::new(hears));
    let act = move |_: &World| {
        signal("INT", signalled.pid());
        // It has heard of the first before there is an answer, or a second.
        hears.lock().unwrap().recv().unwrap();
        if times > 1 {
            signal("INT", signalled.pid());
            hears.lock().unwrap().recv().unwrap_err();
        }
    };
    world.fault(Fault::meanwhile("kms:CreateKey", act).once());
    let mut heard = Some(heard);
    let mut life = lives.begin(face, journal, Start::default());
    while let Some(said) = life.says() {
        if said == "stopping" {
            heard.as_ref().unwrap().send(()).unwrap();
        }
    }
    drop(heard.take());
    let ended = life.end(|_| {});
    face.drained().unwrap();
    ended.code()
}

/// Returns the steps that were begun, by a journal, and those whose end it tells of.
fn begun_and_ended(journal: &Path) -> (BTreeSet<StepId>, BTreeSet<StepId>) {
    let (mut begun, mut ended) = (BTreeSet::new(), BTreeSet::new());
    for line in JournalReader::open(journal).unwrap() {
        let Noted::Step { step, entry } = line.unwrap().noted else { continue };
        match *entry {
            Entry::Started { .. } => begun.insert(step),
            _ => ended.insert(step),
        };
    }
    (begun, ended)
}

#[test]
fn interrupted_once_it_ends_what_is_under_way_and_begins_nothing_more() {
    let (whole, folder) = (account(), tempdir().unwrap());
    let (world, journal, expected) = (whole.fork(), folder.path().join("x.journal"), expected(&whole));
    let face = world.serve().unwrap();
    assert_eq!(interrupted(&world, &face, &journal, 1), Some(LEFT));
    let (begun, ended) = begun_and_ended(&journal);
    // The two keys were being made by then, and at most a replica and its alias before; what hangs on the keys was not begun.
    assert!((1..=4).contains(&begun.len()), "{begun:?}");
    assert_eq!(begun, ended, "what was begun was awaited and written down");
    assert!(world.ledger().mutations().all(|entry| entry.answered));
    let life = Lives::default().begin(&face, &journal, Start::default());
    assert_eq!(life.end(|_| {}).code(), Some(DONE));
    face.drained().unwrap();
    assert_eq!(judge(&world, &journal, &expected), Wrong::default());
    println!("shown: interrupted once {} begun, {} ended, exit {LEFT}", begun.len(), ended.len());
}

#[test]
fn interrupted_twice_it_stops_at_once_and_the_next_run_finds_what_was_made() {
    let (whole, folder) = (account(), tempdir().unwrap());
    let (world, journal, expected) = (whole.fork(), folder.path().join("x.journal"), expected(&whole));
    let face = world.serve().unwrap();
    assert_eq!(interrupted(&world, &face, &journal, 2), Some(INTERRUPTED));
    let (begun, ended) = begun_and_ended(&journal);
    assert!(begun.len() > ended.len(), "what was under way is in doubt");
    let life = Lives::default().begin(&face, &journal, Start::default());
    assert_eq!(life.end(|_| {}).code(), Some(DONE));
    face.drained().unwrap();
    assert_eq!(judge(&world, &journal, &expected), Wrong::default());
    println!("shown: interrupted twice {} begun, {} ended, exit {INTERRUPTED}", begun.len(), ended.len());
}
