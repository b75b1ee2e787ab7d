//! What a run remembers of a step between two looks at it, and when "nothing there" is believed.

use std::collections::BTreeSet;
use std::time::Duration;

use jiff::Timestamp;

use crate::digest::Digest;
use crate::step::{Settle, StepId};
use crate::time::{after, between};
use crate::wait::Task;

/// Two looks at a step in doubt are so far apart, at most.
const LOOK_EVERY: Duration = Duration::from_secs(5);
/// By so much may the clocks of two runs differ.
const SKEW: Duration = Duration::from_secs(15 * 60);
/// With a new journal, what would be made twice is looked for so often and so far apart.
const GATE: Settle = Settle { window: Duration::from_secs(30), agreeing: 3 };
/// AWS refuses a request that reaches it more than five minutes after it was signed (IAM user guide, "Elements of an AWS
/// API request signature"): until then, what would be made twice may still be made.
pub(super) const LATEST: Settle = Settle { window: Duration::from_secs(300), agreeing: 3 };
/// No two looks at a step are closer, whatever its service says.
pub(super) const SHORTEST_PAUSE: Duration = Duration::from_secs(1);
/// No pause between two tries is longer.
const LONGEST_PAUSE: Duration = Duration::from_secs(60);

/// What a run remembers of a step between two looks at it.
#[derive(Debug, Default)]
pub(super) struct Memo {
    absent_since: Option<Timestamp>,
    absent: u32,
    /// When something was last seen, or a request sent.
    seen_at: Option<Timestamp>,
    pub(super) tries: u32,
    /// A reading begun before this counts for nothing.
    pub(super) not_before: Timestamp,
    /// The task that a hook of the caller's has done in this run.
    pub(super) performed: Option<Task>,
}

impl Memo {
    /// Forgets what was seen before the request was sent, and from when on it may show.
    pub(super) fn begun(&mut self, now: Timestamp) {
        self.absent_since = None;
        self.absent = 0;
        // By this run's own clock: the one that is on record may be set meanwhile.
        self.seen_at = Some(now);
    }

    /// Takes note that something was seen: looks that find nothing must agree from here on, and as long.
    pub(super) fn seen(&mut self, now: Timestamp) {
        self.begun(now);
        self.tries = 0;
    }

    /// Returns how long to wait before the next try: 1, 2, 4, .. 60 seconds, each shortened by up
    /// to a quarter, by the step's name, so that not all come at once.
    pub(super) fn back_off(&mut self, step: &StepId) -> Duration {
        let pause = LONGEST_PAUSE.min(Duration::from_secs(1 << self.tries.min(6)));
        self.tries += 1;
        let digits = &Digest::of(format!("{step}{}", self.tries)).to_string()[..2];
        let jitter = u32::from_str_radix(digits, 16).unwrap_or_default();
        pause - pause * jitter / 1024
    }
}

/// What it takes to believe a probe that found nothing.
#[derive(Debug)]
pub(super) struct Guard {
    settle: Settle,
    every: Duration,
    /// When the request was sent that may have had an effect.
    sent: Option<Timestamp>,
    /// The service whose gate opens once this is passed.
    gate: Option<String>,
    /// Whether only readings made for this look count.
    anew: bool,
}

impl Guard {
    /// One look is enough.
    pub(super) fn none() -> Self {
        Self { settle: Settle::default(), every: Duration::ZERO, sent: None, gate: None, anew: false }
    }

    /// The step was begun, and nobody knows how that ended.
    pub(super) fn doubt(settle: Settle, sent: Timestamp) -> Self {
        Self { sent: Some(sent), ..Self::cautious(settle) }
    }

    /// The step may have been begun by a run whose journal was lost.
    pub(super) fn cautious(settle: Settle) -> Self {
        let every = (settle.window / settle.agreeing.max(1)).clamp(SHORTEST_PAUSE, LOOK_EVERY);
        Self { settle, every, anew: true, ..Self::none() }
    }

    /// The journal is new, so it may follow a lost one.
    pub(super) fn gate(service: &str) -> Self {
        let every = GATE.window / (GATE.agreeing - 1);
        Self { settle: GATE, every, gate: Some(service.to_owned()), ..Self::none() }
    }

    /// Returns from when on a reading counts: any of this run for the first look, for later ones
    /// what was begun after the last look, and for the deciding one only a reading of its own.
    pub(super) fn not_before(&self, memo: &Memo, run_began: Timestamp, now: Timestamp) -> Timestamp {
        let decides = self.anew && memo.absent_since.is_some_and(|since| self.is_over(memo, since, now));
        let since = run_began.max(memo.not_before);
        if decides { now } else { since }
    }

    /// Takes note of a probe that found nothing, and says after how long to look again before that
    /// is believed.
    pub(super) fn again_after(&self, memo: &mut Memo, now: Timestamp) -> Option<Duration> {
        let since = *memo.absent_since.get_or_insert(now);
        memo.absent += 1;
        let believed = memo.absent >= self.settle.agreeing && self.is_over(memo, since, now);
        // The last look comes at the end of the window, not before.
        let left = between(now, after(since, self.settle.window));
        let pause = if left.is_zero() { self.every } else { self.every.min(left) };
        (!believed).then_some(pause.max(Duration::from_millis(1)))
    }

    /// Returns how long a run must look, at least.
    pub(super) fn window(&self) -> Duration {
        self.settle.window
    }

    /// Takes note that it was believed.
    pub(super) fn passed(self, gates: &mut Gates) {
        gates.0.extend(self.gate);
    }

    fn is_over(&self, memo: &Memo, since: Timestamp, now: Timestamp) -> bool {
        // What was seen since was there all the longer.
        let last = self.sent.map(|sent| memo.seen_at.map_or(sent, |seen| seen.max(sent)));
        let long_ago = last.is_some_and(|last| between(last, now) >= self.settle.window + SKEW);
        long_ago || between(since, now) >= self.settle.window
    }
}

/// The services of which it is known that no lost journal's run has just made something.
#[derive(Debug, Default)]
pub(super) struct Gates(BTreeSet<String>);

impl Gates {
    /// Takes note of services whose gates an earlier run with this journal has passed.
    pub(super) fn passed_before(services: impl IntoIterator<Item = String>) -> Self {
        Self(services.into_iter().collect())
    }

    pub(super) fn is_open(&self, service: &str) -> bool {
        self.0.contains(service)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(seconds: u64) -> Timestamp {
        after(Timestamp::UNIX_EPOCH, Duration::from_secs(seconds))
    }

    /// Looks as often as the guard says, and returns the seconds at which it looked.
    fn looks(guard: &Guard, begin: u64) -> Vec<u64> {
        let (mut memo, mut now, mut looks) = (Memo::default(), at(begin), Vec::new());
        loop {
            looks.push(between(at(0), now).as_secs());
            match guard.again_after(&mut memo, now) {
                Some(pause) => now = after(now, pause),
                None => return looks,
            }
        }
    }

    fn settle(seconds: u64, agreeing: u32) -> Settle {
        Settle { window: Duration::from_secs(seconds), agreeing }
    }

    #[test]
    fn outside_doubt_one_look_is_enough() {
        assert_eq!(looks(&Guard::none(), 0), [0]);
        assert_eq!(looks(&Guard::doubt(settle(0, 0), at(0)), 0), [0]);
    }

    #[test]
    fn in_doubt_the_whole_window_is_waited_out() {
        assert_eq!(looks(&Guard::doubt(settle(17, 3), at(0)), 0), [0, 5, 10, 15, 17]);
        assert_eq!(looks(&Guard::cautious(settle(6, 3)), 0), [0, 2, 4, 6]);
    }

    #[test]
    fn after_window_and_skew_only_the_agreement_is_wanted() {
        let long_ago = 600 + 15 * 60;
        assert_eq!(looks(&Guard::doubt(settle(600, 3), at(0)), long_ago).len(), 3);
        assert!(looks(&Guard::doubt(settle(600, 3), at(0)), long_ago - 60).len() > 3);
    }

    #[test]
    fn a_new_journal_wants_three_looks_over_thirty_seconds() {
        assert_eq!(looks(&Guard::gate("kms"), 0), [0, 15, 30]);
        let mut gates = Gates::default();
        assert!(!gates.is_open("kms"));
        Guard::gate("kms").passed(&mut gates);
        assert!(gates.is_open("kms") && !gates.is_open("acm"));
        let mut none = Gates::default();
        Guard::none().passed(&mut none);
        assert!(!none.is_open("kms"));
    }

    #[test]
    fn the_deciding_look_takes_no_older_reading() {
        let guard = Guard::doubt(settle(10, 2), at(0));
        let mut memo = Memo::default();
        assert_eq!(guard.not_before(&memo, at(3), at(5)), at(3));
        guard.again_after(&mut memo, at(5));
        memo.not_before = at(6);
        assert_eq!(guard.not_before(&memo, at(3), at(10)), at(6));
        assert_eq!(guard.not_before(&memo, at(3), at(15)), at(15));
        // The gate shares its listings.
        let gate = Guard::gate("kms");
        gate.again_after(&mut memo, at(5));
        assert_eq!(gate.not_before(&memo, at(3), at(60)), at(6));
    }

    #[test]
    fn pauses_grow_to_a_minute_and_differ_by_step() {
        let step = StepId::sibling("kms", "create/kms.key:a");
        let mut memo = Memo::default();
        let pauses: Vec<f64> = (0..9).map(|_| memo.back_off(&step).as_secs_f64()).collect();
        for (pause, most) in pauses.iter().zip([1.0, 2.0, 4.0, 8.0, 16.0, 32.0, 60.0, 60.0, 60.0]) {
            assert!(*pause <= most && *pause >= most * 0.75, "{pause} of {most}");
        }
        // By up to a quarter, and not all by the same.
        let full = [1.0, 2.0, 4.0, 8.0, 16.0, 32.0, 60.0, 60.0, 60.0];
        let parts: Vec<f64> = pauses.iter().zip(full).map(|(pause, most)| pause / most).collect();
        assert!(
            parts.iter().any(|part| *part < 0.9) && parts.windows(2).any(|pair| (pair[0] - pair[1]).abs() > 0.05),
            "{parts:?}"
        );
        let other = Memo::default().back_off(&StepId::sibling("kms", "create/kms.key:b"));
        assert_ne!(Memo::default().back_off(&step), other);
    }

    #[test]
    fn a_request_makes_what_was_seen_before_it_count_for_nothing() {
        let guard = Guard::cautious(settle(10, 2));
        let mut memo = Memo::default();
        guard.again_after(&mut memo, at(0));
        memo.begun(at(50));
        assert!(guard.again_after(&mut memo, at(100)).is_some());
    }
}
