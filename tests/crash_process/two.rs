//! Two processes and one journal.
// REQ: E-14

use std::process::Command;
use std::sync::mpsc;

use regionmig_testkit::{Fault, World};
use tempfile::tempdir;

use crate::account::{Done, Wrong, account, done, judge};
use crate::child::{DONE, REFUSED};
use crate::life::{Lives, Start, signal};

#[test]
fn the_second_process_is_told_who_has_the_journal_and_the_lock_ends_with_the_first() {
    let (whole, world, folder) = (account(), account(), tempdir().unwrap());
    let (face, journal) = (world.serve().unwrap(), folder.path().join("x.journal"));
    let (first, (tell, told)) = (Lives::default(), mpsc::channel());
    let stopped = first.clone();
    // It stays where it is, in the middle of a run.
    world.fault(
        Fault::meanwhile("kms:CreateKey", move |_| {
            stop(stopped.pid());
            tell.send(()).unwrap();
        })
        .once(),
    );
    let life = first.begin(&face, &journal, Start::default());
    let holder = life.pid;
    told.recv().unwrap();
    let before = std::fs::read(&journal).unwrap();
    for acknowledge in [None, Some("kms/create-key/111122223333/me-central-1/x")] {
        let mut said = Vec::new();
        let second = Lives::default().begin(&face, &journal, Start { acknowledge, ..Start::default() });
        let ended = second.end(|text| said.push(text.to_owned()));
        assert_eq!(ended.code(), Some(REFUSED), "{said:?}");
        assert!(said[0].contains(&format!("in use; process {holder} began")), "{said:?}");
    }
    assert!(std::fs::read(&journal).unwrap() == before, "nothing was touched");
    first.kill();
    assert_eq!(life.end(|_| {}).code(), None, "it was killed, stopped as it was");
    face.drained().unwrap();

    let third = Lives::default().begin(&face, &journal, Start::default());
    assert_eq!(third.end(|_| {}).code(), Some(DONE));
    face.drained().unwrap();
    let expected = expected(&whole);
    assert_eq!(judge(&world, &journal, &expected), Wrong::default());
    println!("shown: two_processes 2/2 refused by process, 1/1 opened after its death");
}

/// Returns once a process stands still.
fn stop(pid: u32) {
    signal("STOP", pid);
    let state = || Command::new("ps").args(["-o", "stat=", "-p", &pid.to_string()]).output().unwrap().stdout;
    while state().first() != Some(&b'T') {}
}

/// What a run in which nothing goes wrong does.
pub(crate) fn expected(whole: &World) -> Done {
    let (fork, folder) = (whole.fork(), tempdir().unwrap());
    let face = fork.serve().unwrap();
    let life = Lives::default().begin(&face, &folder.path().join("x.journal"), Start::default());
    assert_eq!(life.end(|_| {}).code(), Some(DONE));
    done(&fork)
}
