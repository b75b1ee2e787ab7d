//! The lives of one scenario, from the first to the one in which all is done.

use std::sync::Arc;
use std::time::Duration;

use rand::rngs::Xoshiro256PlusPlus;
use rand::{RngExt, SeedableRng};
use regionmig_core::{ApplyOptions, CancellationToken, Error, Migration, Outcome, Timestamp, chain};

use crate::clock::after;
use crate::disk::SimulatedDisk;
use crate::invariants::{Allowance, Breach, Expected, Invariant, Settled, Watch};
use crate::ordeal::Ordeal;
use crate::ordeal::drive::{Between, End, Ride, drive};
use crate::ordeal::install::install;
use crate::ordeal::journal::{Pen, PennedJournal};
use crate::ordeal::lives::Second;
use crate::ordeal::machine::Machine;
use crate::ordeal::scenario::{Scenario, Trouble};
use crate::ordeal::shelf::{Shelf, open};
use crate::ordeal::told::Told;
use crate::world::World;

/// By so much may a run outlast its patience: a look that was begun is waited for, and it waits for its turn.
const SLACK: Duration = Duration::from_secs(45 * 60);
/// So long stays whoever goes on when nothing goes wrong any more.
const PATIENCE: Duration = Duration::from_secs(3 * 3600);
/// So many runs must do what is left.
const RUNS: u64 = 3;

/// How a scenario went that broke no invariant.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
#[non_exhaustive]
pub struct Undergone {
    /// How many lives there were while troubles struck.
    pub lives: u64,
    /// How many runs did the rest.
    pub runs_after: u64,
    /// How many things are there twice, each of them reported.
    pub doubles: usize,
    /// How many requests there were.
    pub requests: usize,
}

/// Has a scenario happen.
pub(super) async fn undergo(ordeal: &Ordeal, scenario: &Scenario) -> Result<Undergone, Breach> {
    // The SDK draws its pauses from this, for each thread.
    fastrand::seed(scenario.seed);
    let mut trial = Trial::new(ordeal, scenario);
    install(ordeal, scenario, &trial.world, &trial.machine);
    let lives = trial.suffer().await?;
    trial.rest();
    let (first, runs_after) = trial.finish(0).await?;
    let mut ends = vec![first];
    if trial.has_second {
        ends.push(trial.finish(1).await?.0);
    }
    let settled: Vec<Settled<'_>> = ends.iter().map(|(migration, outcome)| Settled { migration, outcome }).collect();
    let strangers = scenario.troubles.iter().any(|trouble| matches!(trouble, Trouble::Meddling { .. }));
    let doubles = trial.watch.settle(&settled, strangers).await?;
    let requests = trial.world.ledger().requests().count();
    Ok(Undergone { lives, runs_after, doubles, requests })
}

struct Trial<'a> {
    expected: &'a Arc<Expected>,
    scenario: &'a Scenario,
    world: World,
    machine: Machine,
    /// The second operator's.
    other_machine: Machine,
    pen: Pen,
    told: Arc<Told>,
    watch: Arc<Watch>,
    shelves: [Shelf; 2],
    has_second: bool,
    dice: Xoshiro256PlusPlus,
}

impl<'a> Trial<'a> {
    fn new(ordeal: &'a Ordeal, scenario: &'a Scenario) -> Self {
        let expected = &ordeal.expected;
        let world = expected.world.fork();
        world.reseed(scenario.seed);
        world.ledger().clear();
        let (machine, other_machine) = (Machine::new(&world), Machine::new(&world));
        Self {
            expected,
            scenario,
            pen: Pen::new(scenario, &machine),
            told: Arc::new(Told::new(scenario)),
            watch: Arc::new(Watch::new(&world, expected, Allowance::of(scenario), 2)),
            shelves: [scenario.seed, !scenario.seed].map(Shelf::seeded),
            has_second: false,
            dice: Xoshiro256PlusPlus::seed_from_u64(scenario.seed),
            world,
            machine,
            other_machine,
        }
    }

    /// Lives while troubles strike, until all is done, and returns how many lives that took.
    async fn suffer(&mut self) -> Result<u64, Breach> {
        let setting = &self.scenario.setting;
        for life in 0..setting.lives {
            if let Some(copy_of) = self.scenario.lost_journal(life) {
                self.shelves[0].restore(copy_of);
                self.watch.lost(0);
            }
            self.pen.begin();
            let second = self.scenario.second(life);
            self.has_second |= second.is_some();
            let end = self.life(life, second).await?;
            if let End::Ended(outcome) = end
                && outcome.as_ref().as_ref().is_ok_and(|outcome| self.expected.is_all_done(outcome))
            {
                return Ok(life + 1);
            }
            self.world.clock().advance(Duration::from_secs(setting.pause));
        }
        Ok(setting.lives)
    }

    /// Lets no more troubles strike. What is on its way still arrives.
    fn rest(&self) {
        self.world.clear_faults();
        self.machine.set_clock(0);
        self.pen.begin();
        self.pen.rest();
        self.told.rest();
    }

    /// Lets one life of the first operator pass, and what the second does meanwhile.
    async fn life(&mut self, life: u64, second: Option<Second>) -> Result<End, Breach> {
        let patience = Duration::from_secs(self.scenario.setting.patience);
        let (disk, other_disk) = (self.shelves[0].next(self.scenario, life), self.shelves[1].mended());
        let run = Box::pin(self.run_of(0, patience, disk.clone()));
        let mut rides = vec![Ride::new(run, self.scenario.dropped(life))];
        if let Some(second) = second {
            let (clock, after) = (self.world.clock(), Duration::from_secs(second.after));
            let run = self.run_of(1, PATIENCE, other_disk);
            let later = async move {
                clock.sleep(after).await;
                run.await
            };
            rides.push(Ride::new(Box::pin(later), None));
        }
        let share = second.map_or(100, |second| second.share);
        let mut dice = self.dice.clone();
        let next = |riding: usize| usize::from(riding > 1 && dice.random_range(0..100) >= share);
        let longest = if second.is_some() { PATIENCE } else { patience };
        let latest = after(self.world.clock().now(), longest + SLACK);
        let look = |polls| self.look(Some(&disk), polls, latest);
        drive(&mut rides, next, look).await?;
        let end = rides.swap_remove(0).end;
        drop(rides);
        self.dice = dice;
        self.watch.breach().map_or(Ok(()), Err)?;
        Ok(end.unwrap_or(End::Died))
    }

    /// One run of an operator, from opening the journal on.
    async fn run_of(&self, which: usize, patience: Duration, disk: SimulatedDisk) -> Result<Outcome, Error> {
        let (migration, stop) = self.migration(which);
        let options = self.options(patience).stop(stop);
        let opened = open(&disk, &self.expected.plan, self.world.clock().now()).await?;
        self.watch.found(which, &opened.records, !opened.recovered);
        let watched = self.watch.journal(which, &opened.journal);
        let outcome = match which {
            0 => {
                let journal = PennedJournal { inner: &watched, pen: &self.pen };
                migration.apply(&self.expected.plan, &journal, &options).await?
            }
            _ => migration.apply(&self.expected.plan, &watched, &options).await?,
        };
        self.watch.ended(which, &outcome);
        Ok(outcome)
    }

    /// Has an operator run until all is done, three times at most, and once more.
    async fn finish(&mut self, which: usize) -> Result<((Migration, Outcome), u64), Breach> {
        let mut last = String::new();
        for run in 1..=RUNS {
            match self.run(which).await? {
                Ok(outcome) if self.expected.is_all_done(&outcome) => {
                    self.does_nothing_again(which).await?;
                    return Ok(((self.migration(which).0, outcome), run));
                }
                // Two who have made the same thing each go on with their own, and get in each other's way.
                Ok(outcome) if run == RUNS && self.has_doubles() => {
                    return Ok(((self.migration(which).0, outcome), run));
                }
                Ok(outcome) => last = outcome.to_string(),
                Err(error) => last = chain(&error),
            }
        }
        let message = format!("{RUNS} runs after the last trouble, not all is done: {last}");
        Err(Breach::new(Invariant::Ends, message).by(self.watch.lines(|entry| entry.mutating)))
    }

    async fn does_nothing_again(&mut self, which: usize) -> Result<(), Breach> {
        let before = self.world.ledger().mutations().count();
        let outcome = self.run(which).await?;
        let complete = outcome.as_ref().is_ok_and(|outcome| self.expected.is_all_done(outcome));
        if complete && before == self.world.ledger().mutations().count() {
            return Ok(());
        }
        let message = "a run after all was done changed something, or did not find all done";
        Err(Breach::new(Invariant::DoneOnce, message).by(self.watch.lines(|entry| entry.mutating)))
    }

    /// Runs one operator's migration with nothing going wrong.
    async fn run(&mut self, which: usize) -> Result<Result<Outcome, Error>, Breach> {
        let disk = self.shelves[which].mended();
        let mut rides = [Ride::new(Box::pin(self.run_of(which, PATIENCE, disk)), None)];
        let latest = after(self.world.clock().now(), PATIENCE + SLACK);
        drive(&mut rides, |_| 0, |polls| self.look(None, polls, latest)).await?;
        let [ride] = rides;
        self.watch.breach().map_or(Ok(()), Err)?;
        match ride.end {
            Some(End::Ended(outcome)) => Ok(*outcome),
            _ => Err(Breach::new(Invariant::Ends, "a run in which nothing goes wrong died")),
        }
    }

    /// Makes the migration of a process that begins now.
    fn migration(&self, which: usize) -> (Migration, CancellationToken) {
        let machine = if which == 0 { &self.machine } else { &self.other_machine };
        let (watch, told, stop) = (Arc::clone(&self.watch), Arc::clone(&self.told), CancellationToken::new());
        let token = stop.clone();
        let migration = (self.expected.make)(&machine.access(&self.world)).observe(move |event| {
            watch.told(which, event);
            if which == 0 {
                told.count(&token);
            }
        });
        (migration, stop)
    }

    fn options(&self, patience: Duration) -> ApplyOptions {
        let setting = &self.scenario.setting;
        let options = self.expected.options().concurrency(setting.concurrency).patience(patience);
        if setting.cautious { options.cautious() } else { options }
    }

    /// Returns whether more was made than there should be.
    fn has_doubles(&self) -> bool {
        let minting = self.expected.minting.iter();
        let should_be: usize = minting.filter_map(|kind| self.expected.kinds.get(kind)).sum();
        self.watch.allowance.doubles && self.watch.made().len() > should_be
    }

    /// Looks at what has become of runs between two polls. Whoever is dead writes nothing more to `disk`.
    fn look(&self, disk: Option<&SimulatedDisk>, polls: Option<u64>, latest: Timestamp) -> Between {
        if let Some(breach) = self.watch.breach() {
            Between::Breach(breach)
        } else if polls.is_none() {
            Between::Breach(Breach::new(Invariant::Ends, "a run goes round in circles"))
        } else if self.world.clock().now() > latest {
            Between::Breach(Breach::new(Invariant::Ends, format!("a run goes on after {latest}")))
        } else if let Some(disk) = disk.filter(|disk| self.machine.is_killed() || disk.is_crashed()) {
            let _next = disk.reboot();
            Between::Killed
        } else {
            Between::Nothing
        }
    }
}
