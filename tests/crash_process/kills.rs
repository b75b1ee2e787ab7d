//! Killed at every kind of point, and run again until it is done.

use regionmig_testkit::{Fault, World};
use tempfile::tempdir;

use crate::account::{Done, Wrong, account, done, judge};
use crate::child::DONE;
use crate::life::{Life, Lives, Start};

/// How many runs are killed, each at least once.
const RUNS: usize = 50;

/// When a process is killed.
#[derive(Clone, Copy, Debug)]
enum Point {
    /// When its n-th request arrives, which is executed all the same: nobody hears of it.
    Executed(u64),
    /// When its n-th request is on its way, which never arrives.
    Lost(u64),
    /// As soon as it has said that it writes its n-th record: before, while or after it does.
    Writes(usize),
    /// As soon as it has said that its n-th record is safe.
    Wrote(usize),
}

/// What a run in which nothing goes wrong does.
struct Whole {
    world: World,
    requests: u64,
    records: usize,
    done: Done,
}

impl Whole {
    fn new() -> Self {
        let (world, folder, lives) = (account(), tempdir().unwrap(), Lives::default());
        let (fork, journal) = (world.fork(), folder.path().join("x.journal"));
        let face = fork.serve().unwrap();
        let mut records = 0;
        let ended = lives
            .begin(&face, &journal, Start::default())
            .end(|said| records += usize::from(said.starts_with("wrote")));
        assert_eq!(ended.code(), Some(DONE));
        let (done, requests) = (done(&fork), fork.ledger().requests().count());
        assert!(done.values().sum::<usize>() >= 9, "{done:?}");
        assert_eq!(judge(&fork, &journal, &done), Wrong::default());
        Self { world, requests: requests.try_into().unwrap(), records, done }
    }

    /// Returns the points at which one run is killed, one life after the other: spread over all requests and records in turn.
    fn points(&self, run: usize) -> Vec<Point> {
        let (nth, of) = (run / 4, RUNS.div_ceil(4));
        let request = 1 + self.requests * (nth as u64) / (of as u64);
        let record = 1 + self.records * nth / of;
        // Later ones count on from the first, over the lives.
        let again = request + 7 + (run as u64 * 29) % self.requests;
        match run % 4 {
            0 => vec![Point::Executed(request), Point::Lost(again)],
            1 => vec![Point::Lost(request)],
            2 => vec![Point::Writes(record), Point::Executed(again)],
            _ => vec![Point::Wrote(record)],
        }
    }

    /// Kills a run at these points, and has it run until it is done. Returns what is wrong then, and how often it was killed.
    fn run(&self, points: &[Point]) -> (Wrong, usize) {
        let (world, folder, lives) = (self.world.fork(), tempdir().unwrap(), Lives::default());
        let (face, journal) = (world.serve().unwrap(), folder.path().join("x.journal"));
        for point in points {
            let killed = lives.clone();
            let kill = Fault::meanwhile("*", move |_| killed.kill());
            match *point {
                Point::Executed(n) => world.fault(kill.nth(n)),
                Point::Lost(n) => {
                    world.fault(kill.nth(n));
                    world.fault(Fault::lost_request("*").nth(n));
                }
                Point::Writes(_) | Point::Wrote(_) => {}
            }
        }
        let mut kills = 0;
        for _ in 0..=points.len() {
            let life = lives.begin(&face, &journal, Start::default());
            let ended = watch(life, &lives, points.first().filter(|_| kills == 0));
            face.drained().unwrap();
            match ended.code() {
                None => kills += 1,
                Some(code) => {
                    assert_eq!(code, DONE, "{points:?}");
                    return (judge(&world, &journal, &self.done), kills);
                }
            }
        }
        (Wrong { lost: 1, ..Wrong::default() }, kills)
    }
}

/// Waits for a life to end, and ends it itself if it comes to a record where it should.
fn watch(life: Life, lives: &Lives, point: Option<&Point>) -> std::process::ExitStatus {
    let last = match point {
        Some(Point::Writes(n)) => format!("writes {n}"),
        Some(Point::Wrote(n)) => format!("wrote {n}"),
        _ => String::new(),
    };
    life.end(|said| {
        if said == last {
            lives.kill();
        }
    })
}

#[test]
fn a_process_that_is_killed_anywhere_loses_nothing_and_doubles_nothing() {
    let whole = Whole::new();
    let (mut resumed, mut doubled, mut lost, mut kills) = (0, 0, 0, 0);
    for points in (0..RUNS).map(|run| whole.points(run)) {
        let (wrong, killed) = whole.run(&points);
        match wrong == Wrong::default() {
            true => resumed += 1,
            false => println!("{points:?}: {wrong:?}"),
        }
        (doubled, lost, kills) = (doubled + wrong.doubled, lost + wrong.lost, kills + killed);
    }
    println!("shown: crash_process {resumed}/{RUNS} resumed, {doubled} doubled, {lost} lost, {kills} kills");
    assert_eq!((resumed, doubled, lost), (RUNS, 0, 0));
    assert!(kills >= RUNS, "{kills} kills");
}
