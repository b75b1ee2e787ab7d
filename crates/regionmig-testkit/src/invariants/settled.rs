//! What must hold once all is done and nothing is under way any more.

use std::collections::BTreeSet;
use std::time::Duration;

use regionmig_core::{Error, IdMap, Migration, Outcome, StepId, Verification, chain};

use crate::conforms::deeds::Rule;
use crate::invariants::expected::extent;
use crate::invariants::portrait::Portrait;
use crate::invariants::{Breach, Invariant, Watch};

/// By then all that was sent has been executed, and nobody takes it for young any more.
const LONG_AFTER: Duration = Duration::from_secs(3600);

/// Whoever has come to the end with one journal.
pub(crate) struct Settled<'a> {
    pub(crate) migration: &'a Migration,
    pub(crate) outcome: &'a Outcome,
}

impl Watch {
    /// Holds the end to that of the run in which nothing goes wrong. Returns how many things are there twice, each
    /// of which has been reported by each of those who came to the end. If there were `strangers`, what is there besides is
    /// theirs.
    pub(crate) async fn settle(&self, ends: &[Settled<'_>], strangers: bool) -> Result<usize, Breach> {
        self.world.clock().advance(LONG_AFTER);
        self.breach().map_or(Ok(()), Err)?;
        let Some(first) = ends.first() else { return Ok(0) };
        let made = self.made();
        let is_named = |ids: &IdMap, name: &String| ids.iter().any(|(_, target)| target == name);
        // What one has by its receipts is a double to the other, who has another.
        let besides = |end: &Settled<'_>| -> BTreeSet<String> {
            made.iter().filter(|name| !is_named(end.outcome.ids(), name)).cloned().collect()
        };
        let mut doubles = BTreeSet::new();
        for end in ends {
            let others = besides(end);
            self.are_reported(end, &others).await?;
            doubles.extend(others);
        }
        if !doubles.is_empty() && !self.allowance.doubles {
            let message = format!("made, and named by no receipt: {doubles:?}");
            let lines = self.lines(|entry| entry.resource.as_ref().is_some_and(|name| doubles.contains(name)));
            return Err(Breach::new(Invariant::DoneOnce, message).by(lines));
        }
        if ends.iter().all(|end| self.expected.is_all_done(end.outcome)) {
            self.is_as_expected(first, &besides(first), strangers).await?;
        }
        self.breach().map_or(Ok(doubles.len()), Err)
    }

    /// Each thing that is there twice is named by a verification, or by what a step found.
    async fn are_reported(&self, end: &Settled<'_>, others: &BTreeSet<String>) -> Result<(), Breach> {
        if others.is_empty() {
            return Ok(());
        }
        let verification = end.migration.verify(end.outcome.ids()).await;
        let said =
            verification.map(|verification| all_said(&verification)).map_err(|error| failed("verifying", &error))?;
        let found: Vec<String> = end.outcome.findings().map(|(_, finding)| finding.to_string()).collect();
        let is_said =
            |name: &&String| !said.contains(name.as_str()) && !found.iter().any(|text| text.contains(name.as_str()));
        match others.iter().find(is_said) {
            None => Ok(()),
            Some(name) => {
                let lines = self.lines(|entry| entry.resource.as_ref() == Some(name));
                Err(Breach::new(Invariant::Named, format!("{name} was made, and nobody says so")).by(lines))
            }
        }
    }

    async fn is_as_expected(
        &self,
        end: &Settled<'_>,
        doubles: &BTreeSet<String>,
        strangers: bool,
    ) -> Result<(), Breach> {
        let (expected, ids) = (&self.expected, end.outcome.ids());
        let done = expected.naming.done_but_to(&self.world, ids, doubles);
        let rule = match self.allowance.repeats {
            0 | 1 => Rule::once(),
            most => Rule::but_for_repeats(expected.minting.clone()).up_to(most),
        };
        let wrong = rule.breaches(&done, &expected.done);
        if !wrong.is_empty() {
            return Err(Breach::new(Invariant::DoneOnce, wrong).by(self.lines(|entry| entry.mutating)));
        }
        let made = self.made();
        let is_ours = |name: &str| (made.contains(name) || !strangers) && !doubles.contains(name);
        let portrait = Portrait::of(&self.world, expected.plan.route(), ids);
        let differences = portrait.differences(&expected.portrait, is_ours);
        if !differences.is_empty() {
            let lines = self.lines(|entry| entry.mutating);
            return Err(Breach::new(Invariant::SameEnd, differences.join("; ")).by(lines));
        }
        let (left, values) = extent(&self.world, end.migration).await;
        let left: BTreeSet<StepId> = left.steps().map(|step| step.id.clone()).collect();
        let held: BTreeSet<StepId> = expected.plan.held().keys().cloned().collect();
        // Of two copies, a new plan takes the older one for the counterpart, whichever the journal says.
        if left != held && doubles.is_empty() {
            let message = format!("still to be done: {left:?}, where only {held:?} was held");
            return Err(Breach::new(Invariant::SameEnd, message));
        }
        if !strangers && doubles.is_empty() && values != expected.extent {
            let message = format!("AWS answers {values} values to a survey, not {}", expected.extent);
            return Err(Breach::new(Invariant::SameEnd, message).by(self.lines(|entry| entry.mutating)));
        }
        Ok(())
    }
}

fn all_said(verification: &Verification) -> String {
    let checks = verification.not_passed().map(ToString::to_string);
    let findings = verification.left.findings().iter().map(ToString::to_string);
    checks.chain(findings).collect::<Vec<_>>().join("\n")
}

fn failed(what: &str, error: &Error) -> Breach {
    Breach::new(Invariant::SameEnd, format!("{what} failed: {}", chain(error)))
}

#[cfg(test)]
mod tests;
