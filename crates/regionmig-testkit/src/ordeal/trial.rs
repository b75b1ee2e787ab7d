//! The lives of one scenario, from the first to the one in which all is done.

use std::sync::Arc;
use std::time::Duration;

use rand::rngs::Xoshiro256PlusPlus;
use rand::{RngExt, SeedableRng};
use regionmig_core::{
    ApplyOptions, CancellationToken, Error, Header, Journal, MemoryJournal, Migration, Outcome, Timestamp, chain,
};

use crate::clock::after;
use crate::invariants::{Allowance, Breach, Expected, Invariant, Settled, Watch};
use crate::ordeal::Ordeal;
use crate::ordeal::drive::{Between, End, Ride, drive};
use crate::ordeal::install::install;
use crate::ordeal::journal::{Pen, PennedJournal};
use crate::ordeal::lives::Second;
use crate::ordeal::machine::Machine;
use crate::ordeal::scenario::Scenario;
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
    let doubles = trial.watch.settle(&settled, true).await?;
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
    journals: [MemoryJournal; 2],
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
            journals: [MemoryJournal::default(), MemoryJournal::default()],
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
            if let Some(kept) = self.scenario.kept(life) {
                self.lose_journal(kept).await;
            }
            self.pen.begin();
            let second = self.scenario.second(life);
            self.has_second |= second.is_some();
            let end = self.life(Duration::from_secs(setting.patience), self.scenario.dropped(life), second).await?;
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
    async fn life(&mut self, patience: Duration, drop_at: Option<u64>, second: Option<Second>) -> Result<End, Breach> {
        let (migration, stop) = self.migration(0);
        let (other, other_stop) = self.migration(1);
        let options = self.options(patience).stop(stop);
        let other_options = self.options(PATIENCE).stop(other_stop);
        let (watched, other_watched) =
            (self.watch.journal(0, &self.journals[0]), self.watch.journal(1, &self.journals[1]));
        let journal = PennedJournal { inner: &watched, pen: &self.pen };
        let run = Box::pin(migration.apply(&self.expected.plan, &journal, &options));
        let mut rides = vec![Ride::new(run, drop_at)];
        if let Some(second) = second {
            let (clock, after) = (self.world.clock(), Duration::from_secs(second.after));
            let (other, options, journal, plan) = (&other, &other_options, &other_watched, &self.expected.plan);
            let run = async move {
                clock.sleep(after).await;
                other.apply(plan, journal, options).await
            };
            rides.push(Ride::new(Box::pin(run), None));
        }
        let share = second.map_or(100, |second| second.share);
        let dice = &mut self.dice;
        let next = |riding: usize| usize::from(riding > 1 && dice.random_range(0..100) >= share);
        let longest = if second.is_some() { PATIENCE } else { patience };
        let latest = after(self.world.clock().now(), longest + SLACK);
        let (watch, machine, world) = (&self.watch, &self.machine, &self.world);
        drive(&mut rides, next, |polls| look(watch, machine, world, polls, latest)).await?;
        let ends: Vec<Option<End>> = rides.into_iter().map(|ride| ride.end).collect();
        for (which, end) in ends.iter().enumerate() {
            if let Some(End::Ended(outcome)) = end
                && let Ok(outcome) = outcome.as_ref()
            {
                self.watch.ended(which, outcome);
            }
        }
        self.watch.breach().map_or(Ok(()), Err)?;
        Ok(ends.into_iter().next().flatten().unwrap_or(End::Died))
    }

    /// Has an operator run until all is done, three times at most, and once more.
    async fn finish(&mut self, which: usize) -> Result<((Migration, Outcome), u64), Breach> {
        let mut last = String::new();
        for run in 1..=RUNS {
            let (migration, outcome) = self.run(which).await?;
            match outcome {
                Ok(outcome) if self.expected.is_all_done(&outcome) => {
                    self.does_nothing_again(which).await?;
                    return Ok(((migration, outcome), run));
                }
                // Two who have made the same thing each go on with their own, and get in each other's way.
                Ok(outcome) if run == RUNS && self.has_doubles() => return Ok(((migration, outcome), run)),
                Ok(outcome) => last = outcome.to_string(),
                Err(error) => last = chain(&error),
            }
        }
        let message = format!("{RUNS} runs after the last trouble, not all is done: {last}");
        Err(Breach::new(Invariant::Ends, message).by(self.watch.lines(|entry| entry.mutating)))
    }

    async fn does_nothing_again(&self, which: usize) -> Result<(), Breach> {
        let before = self.world.ledger().mutations().count();
        let (_, outcome) = self.run(which).await?;
        let complete = outcome.as_ref().is_ok_and(|outcome| self.expected.is_all_done(outcome));
        if complete && before == self.world.ledger().mutations().count() {
            return Ok(());
        }
        let message = "a run after all was done changed something, or did not find all done";
        Err(Breach::new(Invariant::DoneOnce, message).by(self.watch.lines(|entry| entry.mutating)))
    }

    /// Runs one operator's migration with nothing going wrong.
    async fn run(&self, which: usize) -> Result<(Migration, Result<Outcome, Error>), Breach> {
        let (migration, stop) = self.migration(which);
        let options = self.options(PATIENCE).stop(stop);
        let journal = self.watch.journal(which, &self.journals[which]);
        let end = {
            let run = migration.apply(&self.expected.plan, &journal, &options);
            let mut rides = [Ride::new(Box::pin(run), None)];
            let latest = after(self.world.clock().now(), PATIENCE + SLACK);
            let look = |polls| look(&self.watch, &self.machine, &self.world, polls, latest);
            drive(&mut rides, |_| 0, look).await?;
            let [ride] = rides;
            ride.end
        };
        match end {
            Some(End::Ended(outcome)) => {
                if let Ok(outcome) = outcome.as_ref() {
                    self.watch.ended(which, outcome);
                }
                self.watch.breach().map_or(Ok(()), Err)?;
                Ok((migration, *outcome))
            }
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

    /// Replaces the journal by an older copy of it.
    async fn lose_journal(&mut self, kept: usize) {
        let mut records = self.journals[0].records();
        records.truncate(kept);
        let older = MemoryJournal::default();
        let header = Header::new(&self.expected.plan);
        let is_new = older.replay(&header, &mut |_| {}).await;
        debug_assert!(is_new.is_ok(), "it belongs to nobody yet");
        for record in &records {
            let is_stored = older.append(record).await;
            debug_assert!(is_stored.is_ok(), "memory does not fail");
        }
        self.watch.replaced(0, &records);
        self.journals[0] = older;
    }

    /// Returns whether more was made than there should be.
    fn has_doubles(&self) -> bool {
        let minting = self.expected.minting.iter();
        let should_be: usize = minting.filter_map(|kind| self.expected.kinds.get(kind)).sum();
        self.watch.allowance.doubles && self.watch.made().len() > should_be
    }
}

/// Looks at what has become of runs between two polls.
fn look(watch: &Watch, machine: &Machine, world: &World, polls: Option<u64>, latest: Timestamp) -> Between {
    if let Some(breach) = watch.breach() {
        Between::Breach(breach)
    } else if polls.is_none() {
        Between::Breach(Breach::new(Invariant::Ends, "a run goes round in circles"))
    } else if world.clock().now() > latest {
        Between::Breach(Breach::new(Invariant::Ends, format!("a run goes on after {latest}")))
    } else if machine.is_killed() {
        Between::Killed
    } else {
        Between::Nothing
    }
}
