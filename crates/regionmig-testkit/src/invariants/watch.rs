//! Holds the runs on one world to the invariants, as they go.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use async_trait::async_trait;
use regionmig_core::{
    Entry as Written, Event, Header, Journal, JournalError, Outcome, Receipt, Record, ResourceId, Run, StepId,
};

use crate::conforms::deeds::Kind;
use crate::invariants::{Allowance, Breach, Expected, Invariant};
use crate::ledger::Entry;
use crate::world::World;

/// So many lines of the ledger say what a breach is about.
const LINES: usize = 40;

/// Holds the runs on one world, with a journal or more, to the invariants: at each record, each event, and whenever asked.
pub(crate) struct Watch {
    pub(crate) expected: Arc<Expected>,
    pub(crate) world: World,
    pub(crate) allowance: Allowance,
    seen: Mutex<Seen>,
}

/// What was seen so far.
#[derive(Default)]
struct Seen {
    breach: Option<Breach>,
    /// Lines of the ledger that were looked at.
    place: usize,
    /// Requests of which it is not known whether they are executed some day.
    open: Vec<usize>,
    sent: BTreeMap<Kind, usize>,
    begun: BTreeMap<Kind, usize>,
    executed: BTreeMap<Kind, usize>,
    on_lasting: BTreeMap<(Kind, String), usize>,
    /// What was made, as far as AWS names it anew each time.
    made: BTreeSet<String>,
    books: Vec<Book>,
}

/// What one journal holds.
#[derive(Default)]
struct Book {
    /// What must outlast whatever happens to the process.
    durable: Vec<Record>,
    done: BTreeSet<StepId>,
    mapped: BTreeSet<ResourceId>,
}

impl Watch {
    /// Watches a world with so many journals.
    pub(crate) fn new(world: &World, expected: &Arc<Expected>, allowance: Allowance, journals: usize) -> Self {
        let books = (0..journals).map(|_| Book::new(expected)).collect();
        let seen = Mutex::new(Seen { books, ..Seen::default() });
        Self { expected: Arc::clone(expected), world: world.clone(), allowance, seen }
    }

    /// Returns a journal of whose records this takes note once they are durable.
    pub(crate) fn journal<'a>(&'a self, which: usize, inner: &'a dyn Journal) -> WatchedJournal<'a> {
        WatchedJournal { watch: self, which, inner }
    }

    /// Takes note that a journal was lost.
    pub(crate) fn lost(&self, which: usize) {
        self.found(which, &[], false);
    }

    /// Takes note of what a journal holds when it is opened again: if it is `whole`, all that was durable.
    pub(crate) fn found(&self, which: usize, records: &[Record], whole: bool) {
        let mut seen = self.lock();
        let before = seen.books.get(which).map(|book| book.durable.as_slice()).unwrap_or_default();
        if let Some(gone) = before.iter().find(|record| whole && !records.contains(record)) {
            let breach = Breach::new(Invariant::WrittenFirst, "a record is gone that was durable").of(&gone.step);
            seen.find(breach);
        }
        let mut book = Book::new(&self.expected);
        records.iter().for_each(|record| book.take(record));
        if let Some(old) = seen.books.get_mut(which) {
            *old = book;
        }
    }

    /// Takes note of what a run tells.
    pub(crate) fn told(&self, which: usize, event: &Event) {
        let mut seen = self.lock();
        self.look_into(&mut seen);
        if let Event::StepDone { step, .. } = event
            && seen.books.get(which).is_some_and(|book| !book.done.contains(step))
        {
            seen.find(Breach::new(Invariant::WrittenFirst, "told to be done before that is durable").of(step));
        }
    }

    /// Holds what a run says at its end to what is durable.
    pub(crate) fn ended(&self, which: usize, outcome: &Outcome) {
        let mut seen = self.lock();
        self.look_into(&mut seen);
        for (step, _) in outcome.standings().iter().filter(|(_, standing)| standing.is_done()) {
            if seen.books.get(which).is_some_and(|book| !book.done.contains(step)) {
                seen.find(Breach::new(Invariant::WrittenFirst, "done without a durable receipt").of(step));
            }
        }
    }

    /// Looks at what the ledger says by now, and returns the first breach there was.
    pub(crate) fn breach(&self) -> Option<Breach> {
        let mut seen = self.lock();
        self.look_into(&mut seen);
        seen.breach.clone()
    }

    /// Returns what was made that has another name in each run.
    pub(crate) fn made(&self) -> BTreeSet<String> {
        let mut seen = self.lock();
        self.look_into(&mut seen);
        seen.made.clone()
    }

    fn durable(&self, which: usize, record: &Record) {
        let mut seen = self.lock();
        self.look_into(&mut seen);
        let step = &record.step;
        match &record.entry {
            Written::Started { .. } => {
                if let Some(duty) = self.expected.duties.get(step) {
                    let book = seen.books.get(which);
                    let unmet = duty.requires.iter().find(|id| book.is_some_and(|book| !book.mapped.contains(*id)));
                    let earlier = duty.after.iter().find(|id| book.is_some_and(|book| !book.done.contains(*id)));
                    let unmet = unmet.map(ToString::to_string).or_else(|| earlier.map(ToString::to_string));
                    if let Some(unmet) = unmet {
                        seen.find(Breach::new(Invariant::InOrder, format!("begun before {unmet}")).of(step));
                    }
                    if let Some(kind) = &duty.kind {
                        *seen.begun.entry(kind.clone()).or_default() += 1;
                    }
                }
            }
            Written::Done(receipt) => self.bound(&mut seen, step, receipt),
            _ => {}
        }
        if let Some(book) = seen.books.get_mut(which) {
            book.take(record);
        }
    }

    /// What a receipt names was made by a run, or was there.
    fn bound(&self, seen: &mut Seen, step: &StepId, receipt: &Receipt) {
        let is_ours = |target: &str| {
            let expected = &self.expected;
            seen.made.contains(target) || expected.naming.lasts(target) || expected.counterparts.contains(target)
        };
        if let Some((_, target)) = receipt.ids.iter().find(|(_, target)| !is_ours(target)) {
            let breach = Breach::new(Invariant::OnlyOurs, format!("bound to {target}, which no run has made"));
            seen.find(breach.of(step).by(self.lines(|entry| entry.resource.as_deref() == Some(target))));
        }
    }

    /// Takes note of what the ledger says that it did not say before.
    fn look_into(&self, seen: &mut Seen) {
        for entry in self.world.ledger_from(seen.place) {
            let place = seen.place;
            seen.place += 1;
            if entry.mutating {
                self.sent(seen, &entry);
                match entry.executed {
                    Some(_) => self.executed(seen, &entry),
                    None if entry.code.is_none() => seen.open.push(place),
                    None => {}
                }
            }
        }
        for place in std::mem::take(&mut seen.open) {
            match self.world.ledger_from(place).first() {
                Some(entry) if entry.executed.is_some() => self.executed(seen, entry),
                Some(entry) if entry.code.is_none() => seen.open.push(place),
                _ => {}
            }
        }
    }

    fn sent(&self, seen: &mut Seen, entry: &Entry) {
        let kind = kind_of(entry);
        if !self.expected.kinds.contains_key(&kind) {
            let route = self.expected.plan.route();
            let invariant = if entry.end == route.source { Invariant::SourceKept } else { Invariant::OnlyOurs };
            seen.find(Breach::new(invariant, format!("no step sends {entry}")).by(self.lines_of(&kind)));
        }
        let sent = *seen.sent.entry(kind.clone()).and_modify(|sent| *sent += 1).or_insert(1);
        let begun = seen.begun.get(&kind).copied().unwrap_or_default();
        if sent > begun {
            let message = format!("{} at {} was sent {sent} times, and begun {begun} times", kind.1, kind.0);
            seen.find(Breach::new(Invariant::WrittenFirst, message).by(self.lines_of(&kind)));
        }
    }

    fn executed(&self, seen: &mut Seen, entry: &Entry) {
        let kind = kind_of(entry);
        let mints = self.expected.minting.contains(&kind);
        let most = match (mints, self.allowance.doubles) {
            (true, false) => 1,
            (true, true) => 2,
            (false, _) => self.allowance.repeats.max(1),
        };
        let count = *seen.executed.entry(kind.clone()).and_modify(|count| *count += 1).or_insert(1);
        let should_be = self.expected.kinds.get(&kind).copied().unwrap_or_default();
        if count > most * should_be {
            let message = format!("{} at {}: {count} times, where {should_be} are enough", kind.1, kind.0);
            seen.find(Breach::new(Invariant::DoneOnce, message).by(self.lines_of(&kind)));
        }
        let Some(resource) = &entry.resource else { return };
        if self.expected.naming.lasts(resource) {
            let deed = (kind.clone(), resource.clone());
            let count = *seen.on_lasting.entry(deed).and_modify(|count| *count += 1).or_insert(1);
            let should_be = self.expected.done.on_lasting(&kind, resource);
            if count > most * should_be {
                let invariant = if should_be == 0 { Invariant::OnlyOurs } else { Invariant::DoneOnce };
                let message = format!("{} on {resource}: {count} times, not {should_be}", kind.1);
                seen.find(Breach::new(invariant, message).by(self.lines_of(&kind)));
            }
        } else if mints {
            seen.made.insert(resource.clone());
        } else if !seen.made.contains(resource) && !self.expected.counterparts.contains(resource) {
            let message = format!("{} on {resource}, which no run has made", kind.1);
            seen.find(Breach::new(Invariant::OnlyOurs, message).by(self.lines_of(&kind)));
        }
    }

    fn lines_of(&self, kind: &Kind) -> Vec<String> {
        self.lines(|entry| kind_of(entry) == *kind)
    }

    pub(crate) fn lines(&self, is_about: impl Fn(&Entry) -> bool) -> Vec<String> {
        let ledger = self.world.ledger_from(0);
        let lines: Vec<String> = ledger.iter().filter(|entry| is_about(entry)).map(ToString::to_string).collect();
        lines[lines.len().saturating_sub(LINES)..].to_vec()
    }

    fn lock(&self) -> MutexGuard<'_, Seen> {
        self.seen.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl fmt::Debug for Watch {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Watch").field("world", &self.world).finish_non_exhaustive()
    }
}

impl Seen {
    /// Keeps the first breach: what comes after may be its consequence.
    fn find(&mut self, breach: Breach) {
        self.breach.get_or_insert(breach);
    }
}

impl Book {
    fn new(expected: &Expected) -> Self {
        Self { durable: Vec::new(), done: BTreeSet::new(), mapped: expected.plan.ids().sources().cloned().collect() }
    }

    fn take(&mut self, record: &Record) {
        self.durable.push(record.clone());
        if let Written::Done(receipt) = &record.entry {
            self.done.insert(record.step.clone());
            self.mapped.extend(receipt.ids.sources().cloned());
        }
    }
}

fn kind_of(entry: &Entry) -> Kind {
    (entry.end.to_string(), entry.action.clone())
}

/// A journal of whose records a [`Watch`] takes note once they are durable.
#[derive(Debug)]
pub(crate) struct WatchedJournal<'a> {
    watch: &'a Watch,
    which: usize,
    inner: &'a dyn Journal,
}

#[async_trait]
impl Journal for WatchedJournal<'_> {
    async fn replay(&self, header: &Header, each: &mut (dyn FnMut(Record) + Send)) -> Result<(), JournalError> {
        self.inner.replay(header, each).await
    }

    async fn append(&self, record: &Record) -> Result<(), JournalError> {
        self.inner.append(record).await?;
        self.watch.durable(self.which, record);
        Ok(())
    }

    async fn begin(&self, run: &Run) -> Result<(), JournalError> {
        self.inner.begin(run).await
    }
}

#[cfg(test)]
mod tests;
