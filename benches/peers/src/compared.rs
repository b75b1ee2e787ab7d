//! A figure of ours against others'.

use std::time::Duration;

use crate::measure::Target::AtLeast;
use crate::measure::{figure, ratio};

/// Prints a figure, and the times that it was made of: the median of each.
pub(crate) fn compared(
    name: &str,
    peer: &str,
    target: f64,
    mut own: impl FnMut() -> Duration,
    mut theirs: impl FnMut() -> Duration,
) -> bool {
    let (mut mine, mut others) = (Vec::new(), Vec::new());
    let met = figure(name, AtLeast(target), || {
        let other = || kept(&mut others, theirs());
        let own = || kept(&mut mine, own());
        ratio(7, other, own)
    });
    let (mine, others) = (median(mine), median(others));
    println!("times: {name}: {mine:.1?} ours, {others:.1?} of {peer}");
    met
}

fn kept(times: &mut Vec<Duration>, time: Duration) -> Duration {
    times.push(time);
    time
}

fn median(mut times: Vec<Duration>) -> Duration {
    times.sort();
    times[times.len() / 2]
}
