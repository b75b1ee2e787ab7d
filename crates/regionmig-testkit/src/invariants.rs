//! What must hold of every run, whatever goes wrong, by the world's ledger and never by the engine's word.
// REQ: E-41

mod allowance;
#[cfg(test)]
pub(crate) mod by_hand;
mod expected;
mod portrait;
mod settled;
mod watch;

pub(crate) use allowance::Allowance;
pub(crate) use expected::Expected;
pub(crate) use settled::Settled;
pub(crate) use watch::Watch;

use std::fmt;

use regionmig_core::StepId;

/// What must hold of every run.
#[derive(Clone, Copy, Debug, Eq, Ord, PartialEq, PartialOrd)]
#[non_exhaustive]
pub enum Invariant {
    /// I1: each thing is done once.
    DoneOnce,
    /// I2: what a completed run leaves is what a run leaves in which nothing goes wrong.
    SameEnd,
    /// I3: what was made is named by a receipt or a finding.
    Named,
    /// I4: nothing is changed that no step is about.
    OnlyOurs,
    /// I5: no request comes before its step is durably begun, and no step is done without a durable receipt.
    WrittenFirst,
    /// I6: no step begins before what it needs.
    InOrder,
    /// I8: nothing is changed at the source but what the plan says.
    SourceKept,
    /// I9: every run ends in time, and the third run after the last trouble has done all.
    Ends,
}

impl fmt::Display for Invariant {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::DoneOnce => "I1, each thing is done once",
            Self::SameEnd => "I2, the end is that of a run in which nothing goes wrong",
            Self::Named => "I3, what was made is named by a receipt or a finding",
            Self::OnlyOurs => "I4, nothing is changed that no step is about",
            Self::WrittenFirst => "I5, what is about to be done, and what is done, is durably written down first",
            Self::InOrder => "I6, no step begins before what it needs",
            Self::SourceKept => "I8, the source is left as it is but for what the plan says",
            Self::Ends => "I9, runs end in time, and the third after the last trouble has done all",
        })
    }
}

/// An invariant that does not hold.
#[derive(Clone, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub struct Breach {
    /// Which.
    pub invariant: Invariant,
    /// Of which step, if it is of one.
    pub step: Option<StepId>,
    /// What is so.
    pub message: String,
    /// What the world's ledger says about it, a line each.
    pub ledger: Vec<String>,
}

impl Breach {
    pub(crate) fn new(invariant: Invariant, message: impl Into<String>) -> Self {
        Self { invariant, step: None, message: message.into(), ledger: Vec::new() }
    }

    pub(crate) fn of(self, step: &StepId) -> Self {
        Self { step: Some(step.clone()), ..self }
    }

    pub(crate) fn by(self, ledger: Vec<String>) -> Self {
        Self { ledger, ..self }
    }
}

impl fmt::Display for Breach {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: ", self.invariant)?;
        if let Some(step) = &self.step {
            write!(f, "{step}: ")?;
        }
        f.write_str(&self.message)?;
        self.ledger.iter().try_for_each(|line| write!(f, "\n  {line}"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_breach_says_what_does_not_hold_of_which_step_and_by_which_requests() {
        let step: StepId = "toy/copy/toy.entry:a".parse().expect("a step");
        let breach = Breach::new(Invariant::DoneOnce, "twice");
        assert_eq!(breach.to_string(), "I1, each thing is done once: twice");
        let breach = breach.of(&step).by(vec!["one".to_owned(), "two".to_owned()]);
        assert_eq!(breach.to_string(), format!("I1, each thing is done once: {step}: twice\n  one\n  two"));
    }
}
