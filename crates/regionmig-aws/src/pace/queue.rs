//! One queue: who is next, and when.

use std::collections::VecDeque;
use std::time::Duration;

use regionmig_core::Timestamp;

/// The least part of its full rate that a queue slows down to.
const LEAST: f64 = 0.01;
/// Many requests are throttled together: they count as one.
const TOGETHER: Duration = Duration::from_secs(1);
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
    at: Timestamp,
    due: f64,
    passed: f64,
    next: u64,
    waiting: VecDeque<u64>,
    throttled: Option<Timestamp>,
}

impl Queue {
    /// Makes a queue that lets `full` requests a second pass.
    pub(super) fn new(full: f64, now: Timestamp) -> Self {
        let waiting = VecDeque::new();
        Self { full, rate: full, at: now, due: 0.0, passed: 0.0, next: 0, waiting, throttled: None }
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
        let seconds = (self.passed + count(place) - self.due) / self.rate;
        if seconds > INSTANT {
            return Some(Duration::try_from_secs_f64(seconds).unwrap_or(Duration::MAX));
        }
        self.waiting.remove(place);
        self.passed += 1.0;
        None
    }

    /// Gives a place up.
    pub(super) fn leave(&mut self, ticket: u64) {
        if let Ok(place) = self.waiting.binary_search(&ticket) {
            self.waiting.remove(place);
        }
    }

    /// Halves the rate, and lets nothing pass for one interval.
    pub(super) fn slow_down(&mut self, now: Timestamp) {
        self.settle(now);
        if self.throttled.is_some_and(|before| since(before, now) < TOGETHER) {
            return;
        }
        self.throttled = Some(now);
        self.rate = (self.rate / 2.0).max(self.full * LEAST);
        self.due = self.due.min(self.passed - 1.0);
    }

    /// Regains a little of the full rate.
    pub(super) fn speed_up(&mut self, now: Timestamp) {
        self.settle(now);
        self.rate = self.full.min(self.rate + self.full / (RECOVERY * self.rate));
    }

    /// Counts the turns that came due since it was last asked. What nobody took is forgotten, but for a burst.
    fn settle(&mut self, now: Timestamp) {
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
        assert_eq!(seconds(queue.left(second, at(1.0))), 1.0);
        (2..40).for_each(|second| queue.slow_down(at(f64::from(second))));
        assert_eq!(queue.rate, 0.04);
    }

    #[test]
    fn answers_bring_the_rate_back_in_half_a_minute() {
        let mut queue = Queue::new(100.0, at(0.0));
        (0..20).for_each(|second| queue.slow_down(at(f64::from(second))));
        assert_eq!(queue.rate, 1.0);
        let mut now = 20.0;
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
