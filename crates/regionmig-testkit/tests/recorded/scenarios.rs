//! What was asked in each case.

#[path = "control.rs"]
mod control;
#[path = "cryptography.rs"]
mod cryptography;
#[path = "imports.rs"]
mod imports;

use crate::case::{Case, Steps};

/// Plays a case, whose name may have parameters in brackets; `None` if nobody knows what was asked in it.
pub(crate) fn play(case: &Case, name: &str) -> Option<Steps> {
    let (base, parameters) = name.split_once('[').unwrap_or((name, ""));
    let parameters = parameters.trim_end_matches(']');
    control::play(case, base, parameters)
        .or_else(|| cryptography::play(case, base, parameters))
        .or_else(|| imports::play(case, base, parameters))
}

/// Splits the parameters of a case that has two: the specs have no hyphens.
pub(crate) fn two(parameters: &str) -> (&str, &str) {
    parameters.split_once('-').unwrap()
}
