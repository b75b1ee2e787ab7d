//! A scenario that breaks an invariant, and no more of it than needed.

use std::fmt;

use crate::invariants::Breach;
use crate::ordeal::Ordeal;
use crate::ordeal::scenario::Scenario;

/// A scenario that breaks an invariant, and no more of it than needed.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Failure {
    /// The scenario. Shown, it is JSON that [`Scenario::from_json`] reads.
    pub scenario: Scenario,
    /// What does not hold.
    pub breach: Breach,
    /// How many troubles there were to begin with.
    pub drawn: usize,
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { scenario, breach, drawn } = self;
        let (seed, needed) = (scenario.seed, scenario.troubles.len());
        write!(f, "seed {seed}, {needed} of {drawn} troubles: {breach}\n{scenario}")
    }
}

/// Leaves out one trouble after the other, as long as the rest still breaks an invariant; and then makes the runs simpler.
pub(super) async fn minimal(ordeal: &Ordeal, mut scenario: Scenario, mut breach: Breach) -> Failure {
    let drawn = scenario.troubles.len();
    loop {
        let before = scenario.clone();
        for place in (0..scenario.troubles.len()).rev() {
            let mut fewer = scenario.clone();
            fewer.troubles.remove(place);
            keep_if_it_fails(ordeal, fewer, &mut scenario, &mut breach).await;
        }
        let mut simpler = scenario.clone();
        (simpler.setting.concurrency, simpler.setting.pause) = (1, 0);
        keep_if_it_fails(ordeal, simpler, &mut scenario, &mut breach).await;
        let mut shorter = scenario.clone();
        shorter.setting.lives = shorter.setting.lives.saturating_sub(1).max(1);
        keep_if_it_fails(ordeal, shorter, &mut scenario, &mut breach).await;
        if scenario == before {
            return Failure { scenario, breach, drawn };
        }
    }
}

async fn keep_if_it_fails(ordeal: &Ordeal, tried: Scenario, kept: &mut Scenario, breach: &mut Breach) {
    if tried != *kept
        && let Err(found) = ordeal.undergo(&tried).await
    {
        (*kept, *breach) = (tried, found);
    }
}
