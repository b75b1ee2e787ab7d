//! Draws scenarios from seeds.

use rand::rngs::Xoshiro256PlusPlus;
use rand::{RngExt, SeedableRng};

use crate::invariants::Expected;
use crate::ordeal::mishap::{Lost, Mishap};
use crate::ordeal::scenario::{Mode, Scenario, Setting, Trouble};

/// AWS refuses a request that reaches it more than five minutes after it was signed.
const LATEST: u64 = 290;
/// What AWS documents as the longest that a change may not show.
const STALE: u64 = 300;

const LOST: [Lost; 5] = [Lost::Reset, Lost::Timeout, Lost::Truncated, Lost::Unreadable, Lost::WrongType];

/// How one kind of trouble is drawn.
type Kind<'a> = fn(&mut Dice<'a>) -> Trouble;

/// Draws what befalls the runs of a seed.
pub(super) fn scenario<'a>(expected: &'a Expected, meddlings: impl Iterator<Item = &'a String>, seed: u64) -> Scenario {
    let mut dice = Dice { rng: Xoshiro256PlusPlus::seed_from_u64(seed), expected, meddlings: meddlings.collect() };
    let mode = if dice.percent(25) { Mode::Safety } else { Mode::Liveness };
    let setting = Setting {
        mode,
        lives: if mode == Mode::Safety { 6 } else { dice.from(1, 4) },
        concurrency: dice.pick(&[1, 2, 3, 8]),
        patience: dice.pick(&[30, 300, 900, 3600, 10_800]),
        cautious: dice.percent(25),
        pause: dice.pick(&[0, 1, 30, 400, 1_300]),
    };
    let most = if mode == Mode::Safety { 10 } else { 6 };
    let troubles = (0..dice.from(1, most)).map(|_| dice.trouble(setting.lives)).collect();
    Scenario { seed, setting, troubles }
}

/// Draws how two operators run the same plan.
pub(super) fn two_operators(seed: u64) -> Scenario {
    let mut rng = Xoshiro256PlusPlus::seed_from_u64(seed);
    let (concurrency, after) = ([1, 2, 3, 8][rng.random_range(0..4)], rng.random_range(0..=90));
    let setting = Setting { mode: Mode::Liveness, lives: 1, concurrency, patience: 10_800, cautious: false, pause: 0 };
    let second = Trouble::SecondOperator { life: 0, after, share: rng.random_range(5..=95) };
    Scenario { seed, setting, troubles: vec![second] }
}

struct Dice<'a> {
    rng: Xoshiro256PlusPlus,
    expected: &'a Expected,
    meddlings: Vec<&'a String>,
}

impl<'a> Dice<'a> {
    fn trouble(&mut self, lives: u64) -> Trouble {
        let kinds: [(u64, Kind<'a>); 10] = [
            (14, Self::lost_or_failed),
            (8, Self::misread),
            (8, Self::stale),
            (8, Self::late),
            (14, Self::killed),
            (8, Self::broken),
            (8, Self::spell),
            (6, Self::credentials_or_quota),
            (6, Self::clock_or_slow),
            (5, Self::somebody_else),
        ];
        // What hangs on the number of lives comes first.
        match self.from(1, 100) {
            1..=9 => Trouble::Dropped { life: self.below(lives), poll: self.from(1, 40 * self.expected.requests) },
            10..=15 => {
                let copy_of = if self.percent(60) { None } else { Some(self.below(lives)) };
                Trouble::JournalIsLost { life: self.from(1, lives), copy_of }
            }
            16..=24 => self.disk(lives),
            _ => {
                let mut place = self.below(kinds.iter().map(|(weight, _)| weight).sum());
                for (weight, kind) in kinds {
                    match place.checked_sub(weight) {
                        Some(rest) => place = rest,
                        None => return kind(self),
                    }
                }
                self.killed()
            }
        }
    }

    fn lost_or_failed(&mut self) -> Trouble {
        let lost = self.pick(&LOST);
        let status = self.pick(&[500, 503]);
        let executed = self.percent(60);
        let slow = self.pick(&[1, 30, 70, 150]);
        let throttled = self.pick(&[400, 429, 503]);
        let mishap = self.pick(&[
            Mishap::LostAnswer(lost),
            Mishap::LostAnswer(lost),
            Mishap::LostRequest,
            Mishap::Failed { status, executed },
            Mishap::Slow(slow),
            Mishap::Throttled { status: throttled },
        ]);
        let (action, nth) = if self.percent(60) { self.write() } else { ("*".to_owned(), self.request()) };
        Trouble::Requests { action, region: None, nth, times: self.pick(&[1, 1, 2, 5]), mishap }
    }

    fn misread(&mut self) -> Trouble {
        let lost = self.pick(&LOST);
        let mishap = self.pick(&[
            Mishap::Denied,
            Mishap::EmptyPage,
            Mishap::EndlessPages,
            Mishap::RepeatedPage,
            Mishap::LostAnswer(lost),
            Mishap::Failed { status: 500, executed: false },
            Mishap::Unreachable,
        ]);
        let (action, region) = self.read();
        Trouble::Requests { action, region, nth: self.from(1, 12), times: self.pick(&[1, 3, 9, 40]), mishap }
    }

    fn stale(&mut self) -> Trouble {
        let (seconds, percent) = (self.pick(&[5, 20, 60, STALE]), self.pick(&[30, 70, 100, 100]));
        let (action, region) = if self.percent(30) { ("*".to_owned(), None) } else { self.read() };
        let mishap = Mishap::Stale { seconds, percent };
        Trouble::Requests { action, region, nth: 1, times: u64::MAX, mishap }
    }

    fn late(&mut self) -> Trouble {
        let mishap = Mishap::Late(self.pick(&[1, 20, 60, 200, LATEST]));
        let (action, nth) = self.write();
        Trouble::Requests { action, region: None, nth, times: self.pick(&[1, 1, 2]), mishap }
    }

    fn killed(&mut self) -> Trouble {
        let (append, stored) = (self.append(), self.percent(50));
        let executed_after = self.pick(&[None, None, Some(0), Some(0), Some(1), Some(60), Some(LATEST)]);
        match self.percent(50) {
            true => Trouble::KilledAtAppend { nth: append, stored },
            false => Trouble::KilledAtRequest { nth: self.request(), executed_after },
        }
    }

    fn broken(&mut self) -> Trouble {
        match self.below(4) {
            0 => Trouble::ObserverPanics { nth: self.append() },
            1 => Trouble::Stopped { nth: self.append() },
            _ => Trouble::AppendFails { nth: self.append(), stored: self.percent(50) },
        }
    }

    fn disk(&mut self, lives: u64) -> Trouble {
        let (life, nth) = (self.below(lives), self.from(1, self.expected.records));
        match self.below(4) {
            0 => Trouble::DiskIsFull { life, nth },
            1 => Trouble::SyncFails { life, nth },
            2 => Trouble::MachineDies { life, nth: 2 * nth, written: None },
            _ => Trouble::MachineDies { life, nth, written: Some(self.rng.random_range(0..400)) },
        }
    }

    fn spell(&mut self) -> Trouble {
        let status = self.pick(&[400, 429, 503]);
        let mishap = self.pick(&[
            Mishap::Throttled { status },
            Mishap::Throttled { status },
            Mishap::Unreachable,
            Mishap::LostRequest,
            Mishap::Denied,
            Mishap::Failed { status: 503, executed: false },
            Mishap::LostAnswer(Lost::Timeout),
        ]);
        let route = self.expected.plan.route();
        let regions = [&route.source, &route.target].map(|end| Some(end.region.as_str().to_owned()));
        let region = self.pick(&[None, regions[0].clone(), regions[1].clone()]);
        let (read, _) = self.read();
        let (write, _) = self.write();
        let action = self.pick(&["*".to_owned(), read, write]);
        let (seconds, percent) = (self.pick(&[10, 60, 400, 2_000]), self.pick(&[10, 50, 100]));
        Trouble::Spell { nth: self.request(), seconds, action, region, percent, mishap }
    }

    fn credentials_or_quota(&mut self) -> Trouble {
        let (action, nth) = self.write();
        let times = self.pick(&[1, 3, 10]);
        match self.percent(50) {
            true => {
                let nth = self.request();
                Trouble::Requests { action: "*".to_owned(), region: None, nth, times, mishap: Mishap::Expired }
            }
            false => Trouble::Requests { action, region: None, nth, times, mishap: Mishap::Quota },
        }
    }

    fn clock_or_slow(&mut self) -> Trouble {
        match self.percent(70) {
            true => Trouble::ClockIsSet { nth: self.request(), by: self.pick(&[-1200, -240, -1, 0, 240, 1200]) },
            false => Trouble::SlowKeys { seconds: self.pick(&[5, 20, 200]) },
        }
    }

    fn somebody_else(&mut self) -> Trouble {
        match (self.meddlings.is_empty(), self.percent(60)) {
            (false, true) => {
                let what = self.pick(&self.meddlings.clone()).clone();
                Trouble::Meddling { nth: self.request(), what }
            }
            _ => Trouble::SecondOperator { life: 0, after: self.from(0, 90), share: self.from(5, 95) },
        }
    }

    /// An action that changes something, and one of its requests.
    fn write(&mut self) -> (String, u64) {
        let writes: Vec<(String, u64)> = (self.expected.kinds.iter())
            .map(|((_, action), count)| (action.clone(), u64::try_from(*count).unwrap_or(1)))
            .collect();
        let (action, count) = self.pick(&writes);
        (action, self.from(1, count + 1))
    }

    /// An action that reads, and where.
    fn read(&mut self) -> (String, Option<String>) {
        let reads = &self.expected.reads;
        let place = self.rng.random_range(0..reads.len().max(1));
        match reads.get(place) {
            Some((end, action)) => (action.clone(), Some(end.region.as_str().to_owned())),
            None => ("*".to_owned(), None),
        }
    }

    fn request(&mut self) -> u64 {
        self.from(1, self.expected.requests * 3 / 2)
    }

    fn append(&mut self) -> u64 {
        self.from(1, self.expected.records * 3 / 2)
    }

    fn pick<T: Clone>(&mut self, of: &[T]) -> T {
        of[self.rng.random_range(0..of.len())].clone()
    }

    fn percent(&mut self, percent: u64) -> bool {
        self.below(100) < percent
    }

    fn below(&mut self, limit: u64) -> u64 {
        self.rng.random_range(0..limit.max(1))
    }

    fn from(&mut self, least: u64, most: u64) -> u64 {
        self.rng.random_range(least..=most.max(least))
    }
}
