//! One queue: who is next, and when.

use std::collections::VecDeque;
use std::time::Duration;

use regionmig_core::Timestamp;

/// The least part of its full rate that a queue slows down to.
const LEAST: f64 = 0.01;
/// Many requests are throttled together: they count as one.
const TOGETHER: Duration = Duration::from_secs(1);
/// A queue of which more is throttled than answered shuts for longer and longer, and so long at most.
const LONGEST: Duration = Duration::from_secs(30);
/// How often more it was throttled than answered, as far as that counts.
const MOST_IN_VAIN: u32 = 6;
/// So many requests may be out at once, as long as none is answered: one that counts in two regions takes two turns in one.
const UNANSWERED: u32 = 2;
/// In how many seconds of answered requests a queue regains its full rate, from none.
const RECOVERY: f64 = 30.0;
/// The seconds whose worth may leave at once.
const BURST: f64 = 0.05;
/// Less time than this is none: what the arithmetic leaves over.
const INSTANT: f64 = 1e-6;

/// Requests that wait, and how many may leave by now.
///
/// A request's rank is how many came before it and were not given up. Its turn has come when as many turns are
/// due: so those behind move up when one is given up, and all move back when the rate falls.
#[derive(Debug)]
pub(super) struct Queue {
    full: f64,
    rate: f64,
    /// Up to when turns have been counted; a time to come, as long as the queue is shut.
    at: Timestamp,
    due: f64,
    passed: f64,
    next: u64,
    waiting: VecDeque<u64>,
    throttled: Option<Timestamp>,
    /// How often more it was throttled than answered.
    in_vain: u32,
    /// How many have left since anything was heard.
    out: u32,
}

impl Queue {
    /// Makes a queue that lets `full` requests a second pass.
    pub(super) fn new(full: f64, now: Timestamp) -> Self {
        let waiting = VecDeque::new();
        Self { full, rate: full, at: now, due: 0.0, passed: 0.0, next: 0, waiting, throttled: None, in_vain: 0, out: 0 }
    }

    /// Takes the last place.
    pub(super) fn join(&mut self, now: Timestamp) -> u64 {
        self.settle(now);
        let ticket = self.next;
        self.next += 1;
        self.waiting.push_back(ticket);
        ticket
    }

    /// Returns how long it still is; if nothing, the ticket is used up.
    pub(super) fn left(&mut self, ticket: u64, now: Timestamp) -> Option<Duration> {
        self.settle(now);
        let place = self.waiting.binary_search(&ticket).ok()?;
        let seconds = since(now, self.at).as_secs_f64() + (self.passed + count(place) - self.due) / self.rate;
        if seconds > INSTANT {
            return Some(Duration::try_from_secs_f64(seconds).unwrap_or(Duration::MAX));
        }
        self.waiting.remove(place);
        self.passed += 1.0;
        self.out += 1;
        if self.in_vain > 0 && self.out >= UNANSWERED {
            // What AWS has just refused needs no third opinion.
            self.shut(LONGEST, now);
        }
        None
    }

    /// Gives a place up.
    pub(super) fn leave(&mut self, ticket: u64) {
        if let Ok(place) = self.waiting.binary_search(&ticket) {
            self.waiting.remove(place);
        }
    }

    /// Halves the rate, and lets nothing pass for one interval, and then two requests at a time until one is answered; if it was
    /// slowed down before, and not answered as often, not before 2, 4, 8, .. 30 seconds are over.
    pub(super) fn slow_down(&mut self, now: Timestamp) {
        self.settle(now);
        self.out = 0;
        if self.throttled.is_some_and(|before| since(before, now) < TOGETHER) {
            return;
        }
        self.throttled = Some(now);
        self.rate = (self.rate / 2.0).max(self.full * LEAST);
        self.due = self.due.min(self.passed - 1.0);
        self.in_vain = (self.in_vain + 1).min(MOST_IN_VAIN);
        self.shut(self.pause(), now);
    }

    /// Regains a little of the full rate, and opens a little more.
    pub(super) fn speed_up(&mut self, now: Timestamp) {
        self.settle(now);
        self.out = 0;
        self.rate = self.full.min(self.rate + self.full / (RECOVERY * self.rate));
        if self.in_vain > 0 {
            self.in_vain -= 1;
            self.shut(self.pause(), now);
        }
    }

    /// How long nothing passes after something was heard: nothing was in vain, or one thing, and it goes on.
    fn pause(&self) -> Duration {
        match self.in_vain.checked_sub(1) {
            None | Some(0) => Duration::ZERO,
            Some(times) => LONGEST.min(Duration::from_secs(1 << times)),
        }
    }

    /// Lets nothing pass for so long, unless something is heard before.
    fn shut(&mut self, time: Duration, now: Timestamp) {
        self.due = self.due.min(self.passed);
        self.at = now.saturating_add(time).unwrap_or(now);
    }

    /// Counts the turns that came due since it was last asked. What nobody took is forgotten, but for a burst.
    fn settle(&mut self, now: Timestamp) {
        if now < self.at {
            return;
        }
        let most = self.passed + count(self.waiting.len()) + (self.rate * BURST - 1.0).max(0.0);
        self.due = (self.due + since(self.at, now).as_secs_f64() * self.rate).min(most);
        self.at = now;
    }
}

fn since(earlier: Timestamp, later: Timestamp) -> Duration {
    Duration::try_from(later.duration_since(earlier)).unwrap_or_default()
}

fn count(number: usize) -> f64 {
    number as f64
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(seconds: f64) -> Timestamp {
        Timestamp::UNIX_EPOCH + Duration::from_secs_f64(seconds)
    }

    fn seconds(left: Option<Duration>) -> f64 {
        left.map_or(0.0, |left| (left.as_secs_f64() * 1e6).round() / 1e6)
    }

    #[test]
    fn turns_come_in_order_and_evenly() {
        let mut queue = Queue::new(2.0, at(0.0));
        let tickets: Vec<u64> = (0..4).map(|_| queue.join(at(0.0))).collect();
        // The last asks first, and gains nothing by it.
        let left: Vec<f64> = tickets.iter().rev().map(|ticket| seconds(queue.left(*ticket, at(0.0)))).collect();
        assert_eq!(left, [1.5, 1.0, 0.5, 0.0]);
        assert_eq!(seconds(queue.left(tickets[3], at(1.25))), 0.25);
        assert_eq!(queue.left(tickets[3], at(1.5)), None);
    }

    #[test]
    fn who_leaves_lets_the_others_move_up() {
        let mut queue = Queue::new(1.0, at(0.0));
        let tickets: Vec<u64> = (0..4).map(|_| queue.join(at(0.0))).collect();
        assert_eq!(queue.left(tickets[0], at(0.0)), None);
        queue.leave(tickets[1]);
        assert_eq!(seconds(queue.left(tickets[2], at(0.0))), 1.0);
        assert_eq!(seconds(queue.left(tickets[3], at(0.0))), 2.0);
    }

    #[test]
    fn a_long_rest_earns_one_burst_and_no_more() {
        let mut queue = Queue::new(100.0, at(0.0));
        let now = at(3600.0);
        let free = (0..50)
            .take_while(|_| {
                let ticket = queue.join(now);
                queue.left(ticket, now).is_none()
            })
            .count();
        assert_eq!(free, 5);
        let mut slow = Queue::new(2.5, at(0.0));
        let (first, second) = (slow.join(now), slow.join(now));
        assert_eq!((queue_left(&mut slow, first, now), queue_left(&mut slow, second, now)), (0.0, 0.4));
    }

    fn queue_left(queue: &mut Queue, ticket: u64, now: Timestamp) -> f64 {
        seconds(queue.left(ticket, now))
    }

    #[test]
    fn a_throttle_halves_the_rate_for_those_who_wait_too() {
        let mut queue = Queue::new(4.0, at(0.0));
        let (first, second) = (queue.join(at(0.0)), queue.join(at(0.0)));
        assert_eq!(queue.left(first, at(0.0)), None);
        assert_eq!(seconds(queue.left(second, at(0.0))), 0.25);
        queue.slow_down(at(0.0));
        queue.slow_down(at(0.5));
        assert_eq!(queue.rate, 2.0, "two within a second are one");
        queue.slow_down(at(1.0));
        assert_eq!(queue.rate, 1.0);
        assert_eq!(
            seconds(queue.left(second, at(1.0))),
            3.0,
            "one interval, and two seconds since nothing was answered"
        );
        (2..40).for_each(|second| queue.slow_down(at(f64::from(second))));
        assert_eq!(queue.rate, 0.04);
    }

    #[test]
    fn who_is_refused_all_the_time_asks_less_and_less() {
        let mut queue = Queue::new(1000.0, at(0.0));
        let ticket = queue.join(at(0.0));
        let (mut now, mut waits) = (0.0, Vec::new());
        for _ in 0..7 {
            queue.slow_down(at(now));
            let left = seconds(queue.left(ticket, at(now)));
            waits.push(left.floor());
            now += left.max(1.0);
        }
        assert_eq!(waits, [0.0, 2.0, 4.0, 8.0, 16.0, 30.0, 30.0]);
        let opens: Vec<f64> = (0..6)
            .map(|_| {
                queue.speed_up(at(now));
                seconds(queue.left(ticket, at(now))).floor()
            })
            .collect();
        assert_eq!(opens[..5], [16.0, 8.0, 4.0, 2.0, 0.0], "each answer opens it a little more");
    }

    #[test]
    fn after_a_throttle_two_requests_at_a_time_ask_how_it_is() {
        let mut queue = Queue::new(1000.0, at(0.0));
        let [first, second, third] = [0, 1, 2].map(|_| queue.join(at(0.0)));
        queue.slow_down(at(0.0));
        assert_eq!((queue.left(first, at(1.0)), queue.left(second, at(1.1))), (None, None));
        assert_eq!(seconds(queue.left(third, at(1.1))).floor(), 30.0, "neither is answered yet");
        queue.speed_up(at(2.0));
        assert!(seconds(queue.left(third, at(2.0))) < 1.0);
    }

    #[test]
    fn answers_bring_the_rate_back_in_half_a_minute() {
        let mut queue = Queue::new(100.0, at(0.0));
        (0..20).for_each(|second| queue.slow_down(at(f64::from(second))));
        assert_eq!(queue.rate, 1.0);
        queue.in_vain = 0;
        let mut now = 20.0;
        queue.at = at(now);
        while queue.rate < 100.0 {
            let ticket = queue.join(at(now));
            while let Some(left) = queue.left(ticket, at(now)) {
                now += left.as_secs_f64();
            }
            queue.speed_up(at(now));
        }
        assert!((45.0..55.0).contains(&now), "{now}");
        queue.speed_up(at(now));
        assert_eq!(queue.rate, 100.0);
    }
}
