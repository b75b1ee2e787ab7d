//! What may pass is tried again.

use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;
use tokio_util::sync::CancellationToken;

use super::gate::Gate;
use super::options::ItemOptions;
use crate::error::Classify;
use crate::time::{Clock, between};

/// The first pause, which doubles with each try.
const FIRST_PAUSE: Duration = Duration::from_millis(250);
/// No pause is longer: what has passed should be seen before long.
const LONGEST_PAUSE: Duration = Duration::from_secs(20);

/// How often and how long something is tried.
pub(in crate::reencrypt) struct Retry {
    patience: Duration,
    seed: u64,
    clock: Arc<dyn Clock>,
    stop: CancellationToken,
    gate: Gate,
}

impl Retry {
    pub(in crate::reencrypt) fn new(options: &ItemOptions) -> Arc<Self> {
        Arc::new(Self {
            patience: options.patience,
            seed: options.seed,
            clock: Arc::clone(&options.clock),
            stop: options.stop.clone(),
            gate: options.gate.clone(),
        })
    }

    /// Returns once the gate is open, or it is to stop.
    pub(in crate::reencrypt) async fn is_open(&self) {
        self.stop.run_until_cancelled(self.gate.clone().passed()).await;
    }

    /// Tries until it does not fail, or not in a way that passes, or for too long; nothing, if it was to stop before the first try.
    pub(in crate::reencrypt) async fn run<T, E, F>(
        &self,
        number: u64,
        attempt: impl FnMut() -> F + Send,
    ) -> Option<Result<T, E>>
    where
        F: Future<Output = Result<T, E>> + Send,
        T: Send,
        E: Classify,
    {
        match self.stop.is_cancelled() {
            true => None,
            false => Some(self.finish(number, attempt).await),
        }
    }

    /// As [`run`](Self::run), for what must have its first try whether it is to stop or not.
    pub(in crate::reencrypt) async fn finish<T, E, F>(
        &self,
        number: u64,
        mut attempt: impl FnMut() -> F + Send,
    ) -> Result<T, E>
    where
        F: Future<Output = Result<T, E>> + Send,
        T: Send,
        E: Classify,
    {
        let mut tries = Tries::default();
        loop {
            match attempt().await {
                Err(error) if error.kind().is_passing() && self.waits(number, &mut tries).await => {}
                result => return result,
            }
        }
    }

    /// Waits for the time of the next try; false, if there is none.
    async fn waits(&self, number: u64, tries: &mut Tries) -> bool {
        let now = self.clock.now();
        let began = *tries.began.get_or_insert(now);
        let pause = self.pause(number, tries.count);
        tries.count = tries.count.saturating_add(1);
        // Time in which it was paused does not count.
        let spent = between(began, now).saturating_sub(tries.paused);
        if spent.saturating_add(pause) > self.patience {
            return false;
        }
        let again = async {
            self.clock.sleep(pause).await;
            if self.gate.is_closed() {
                let closed = self.clock.now();
                self.gate.clone().passed().await;
                tries.paused = tries.paused.saturating_add(between(closed, self.clock.now()));
            }
        };
        self.stop.run_until_cancelled(again).await.is_some()
    }

    /// Returns how long to wait before a try: a quarter of a second, twice as long each time, up to 20 seconds, each shortened by up to
    /// half, so that not all come at once.
    fn pause(&self, number: u64, tries: u32) -> Duration {
        let pause = FIRST_PAUSE.saturating_mul(1 << tries.min(16)).min(LONGEST_PAUSE);
        let chance = scrambled(self.seed ^ scrambled(number ^ (u64::from(tries) << 48)));
        // 0 to 1023, in parts of 2048.
        let jitter = u32::try_from(chance >> 54).unwrap_or_default();
        pause - pause * jitter / 2048
    }
}

/// What was tried of one thing.
#[derive(Default)]
struct Tries {
    began: Option<Timestamp>,
    count: u32,
    paused: Duration,
}

/// Returns a number that has nothing to do with `number`, and is always the same: the last step of SplitMix64 (Steele, Lea, Flood:
/// "Fast splittable pseudorandom number generators", 2014).
const fn scrambled(number: u64) -> u64 {
    let number = number.wrapping_add(0x9e37_79b9_7f4a_7c15);
    let number = (number ^ (number >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    let number = (number ^ (number >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    number ^ (number >> 31)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pauses_grow_to_twenty_seconds_and_differ_by_item_try_and_seed() {
        let retry = |seed| Retry::new(&ItemOptions::default().seed(seed));
        let pauses: Vec<f64> = (0..20).map(|count| retry(1).pause(7, count).as_secs_f64()).collect();
        let full = [0.25, 0.5, 1.0, 2.0, 4.0, 8.0, 16.0].into_iter().chain([20.0; 13]);
        for (pause, most) in pauses.iter().zip(full) {
            assert!(*pause <= most && *pause >= most / 2.0, "{pause} of {most}");
        }
        assert_eq!(retry(1).pause(7, 19), retry(1).pause(7, 19));
        let parts = [retry(1).pause(7, 19), retry(2).pause(7, 19), retry(1).pause(8, 19), retry(1).pause(7, 18)];
        assert!((1..4).all(|index| !parts[..index].contains(&parts[index])), "{parts:?}");
        assert_eq!(retry(1).pause(u64::MAX, u32::MAX).min(LONGEST_PAUSE / 2), LONGEST_PAUSE / 2);
    }
}
