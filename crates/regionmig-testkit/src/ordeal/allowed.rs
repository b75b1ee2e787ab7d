//! What a scenario excuses.

use crate::invariants::Allowance;
use crate::ordeal::scenario::{Scenario, Trouble};

impl Allowance {
    /// Returns what this scenario excuses.
    pub(crate) fn of(scenario: &Scenario) -> Self {
        let count = |is: fn(&Trouble) -> bool| scenario.troubles.iter().filter(|trouble| is(trouble)).count();
        let late = count(is_late);
        let lost = count(|trouble| matches!(trouble, Trouble::JournalIsLost { .. }));
        let second = count(|trouble| matches!(trouble, Trouble::SecondOperator { .. }));
        // Each look at a step in doubt may be too early, in each life.
        let lives = usize::try_from(scenario.setting.lives).unwrap_or(usize::MAX);
        let repeats = if late + second == 0 { 1 } else { 1 + (late + second).saturating_mul(lives.saturating_add(3)) };
        Self { doubles: second > 0 || lost > 0 && late > 0 && !scenario.setting.cautious, repeats }
    }
}

fn is_late(trouble: &Trouble) -> bool {
    match trouble {
        Trouble::KilledAtRequest { executed_after, .. } => executed_after.is_some_and(|seconds| seconds > 0),
        Trouble::Requests { mishap, .. } | Trouble::Spell { mishap, .. } => mishap.is_late(),
        _ => false,
    }
}
