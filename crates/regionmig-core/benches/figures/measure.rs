//! How a figure is measured: the same in each, so that they can be compared.

use std::fs;
use std::time::Duration;

use tokio::time::Instant;

/// By so much may a figure miss its target: these are measured on machines that do other work meanwhile.
const TOLERANCE: f64 = 1.2;

/// What is promised of a ratio.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Target {
    AtLeast(f64),
    AtMost(f64),
}

impl Target {
    /// Tells whether a value is right, or misses the target by no more than such a factor.
    fn is_met_by(self, value: f64, tolerance: f64) -> bool {
        match self {
            Self::AtLeast(least) => value * tolerance >= least,
            Self::AtMost(most) => value <= most * tolerance,
        }
    }
}

impl std::fmt::Display for Target {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::AtLeast(least) => write!(f, ">={least}"),
            Self::AtMost(most) => write!(f, "<={most}"),
        }
    }
}

/// Measures up to three times, until the target is met or nearly so, and prints the last figure. Returns whether it was nearly
/// met.
pub(crate) fn figure(name: &str, target: Target, mut measured: impl FnMut() -> f64) -> bool {
    let mut value = f64::NAN;
    for _ in 0..3 {
        value = measured();
        if target.is_met_by(value, TOLERANCE) {
            break;
        }
    }
    let verdict = if target.is_met_by(value, 1.0) { "ok" } else { "short" };
    println!("figure: {name} {value:.2} {target} {verdict}");
    target.is_met_by(value, TOLERANCE)
}

/// Returns the median, over so many rounds, of how much longer the first takes than the second. Each round runs both, so that
/// what disturbs one disturbs the other.
pub(crate) fn ratio(rounds: usize, mut one: impl FnMut() -> Duration, mut other: impl FnMut() -> Duration) -> f64 {
    let mut ratios: Vec<f64> = (0..rounds).map(|_| one().as_secs_f64() / other().as_secs_f64()).collect();
    ratios.sort_by(f64::total_cmp);
    ratios[rounds / 2]
}

/// Returns how long this thread has been on a processor while it did something; where that cannot be told, how long it took.
/// What it made is dropped afterwards.
pub(crate) fn time_of<T>(act: impl FnOnce() -> T) -> Duration {
    let (began, on_processor) = (now(), on_processor());
    let _made = std::hint::black_box(act());
    match (on_processor, self::on_processor()) {
        (Some(before), Some(after)) => after.saturating_sub(before),
        _ => began.elapsed(),
    }
}

/// Returns how long something took, waiting included.
pub(crate) fn wall_time_of<T>(act: impl FnOnce() -> T) -> Duration {
    let began = now();
    let _made = std::hint::black_box(act());
    began.elapsed()
}

/// Linux says it of each thread.
pub(crate) fn on_processor() -> Option<Duration> {
    // Counted anew whenever the scheduler looks: which this has it do.
    std::thread::yield_now();
    let text = fs::read_to_string("/proc/thread-self/schedstat").ok()?;
    text.split(' ').next()?.parse().ok().map(Duration::from_nanos)
}

/// Returns the most memory that this process has had, in bytes, where Linux says so.
pub(crate) fn peak_memory() -> Option<u64> {
    let text = fs::read_to_string("/proc/self/status").ok()?;
    let kilobytes = text.lines().find_map(|line| line.strip_prefix("VmHWM:"))?.trim().strip_suffix(" kB")?;
    kilobytes.parse::<u64>().ok().map(|kilobytes| kilobytes * 1024)
}

#[expect(clippy::disallowed_methods, reason = "what is measured is time")]
fn now() -> Instant {
    Instant::now()
}
