//! What must hold before a migration looks at anything, or applies a plan.

use crate::error::Error;
use crate::finding::Finding;
use crate::migration::Migration;
use crate::plan::{MigrationPlan, PlanError};
use crate::route::{Route, Side};
use crate::survey::Purpose;

impl Migration {
    pub(super) fn has_good_names(&self) -> Result<(), Error> {
        if let Some(name) = &self.twice {
            return Err(Error::TwoServices { name: name.clone() });
        }
        match self.services.keys().find(|name| name.is_empty() || name.contains('/')) {
            Some(name) => Err(Error::ServiceName { name: name.clone() }),
            None => Ok(()),
        }
    }

    pub(super) fn is_mine(&self, route: &Route, purpose: Purpose) -> Result<(), PlanError> {
        if route != self.route() {
            let (expected, found) = (Box::new(self.route().clone()), Box::new(route.clone()));
            return Err(PlanError::Route { expected, found });
        }
        match purpose == self.purpose() {
            true => Ok(()),
            false => Err(PlanError::Purpose { expected: self.purpose(), found: purpose }),
        }
    }

    /// Refuses a plan that is not for here, not for now, or not what it says it is, before any call
    /// but those that tell whose credentials are in use.
    pub(super) async fn admit(&self, plan: &MigrationPlan) -> Result<(), Error> {
        self.has_good_names()?;
        self.is_mine(plan.route(), plan.purpose())?;
        let findings: Vec<Finding> = plan.blockers().filter(|finding| finding.subject.is_none()).cloned().collect();
        if !findings.is_empty() {
            return Err(PlanError::Blocked { findings }.into());
        }
        for step in plan.steps() {
            if !self.service(step.service())?.step(step.json())?.spec().agrees_with(&step.spec) {
                return Err(PlanError::Disagreement { step: step.id.clone() }.into());
            }
        }
        self.is_in_its_account(Side::Target).await?;
        self.is_in_its_account(Side::Source).await
    }

    /// Refuses to look at another account: what is not there would count as absent. Where nobody can be asked, what
    /// cannot be read says so for itself.
    pub(super) async fn is_in_no_other_account(&self) -> Result<(), Error> {
        for side in [Side::Target, Side::Source] {
            match self.is_in_its_account(side).await {
                Err(Error::Caller { .. }) | Ok(()) => {}
                Err(other) => return Err(other),
            }
        }
        Ok(())
    }

    async fn is_in_its_account(&self, side: Side) -> Result<(), Error> {
        let end = self.route().end(side);
        let found = match self.caller.account(end).await {
            Ok(found) => found,
            // It may be what is failing, and nobody can be asked then.
            Err(error) if side == Side::Source && error.kind.is_passing() => return Ok(()),
            Err(error) => {
                return Err(Error::Caller { side, end: end.clone(), kind: error.kind, source: error.into() });
            }
        };
        match found == end.account {
            true => Ok(()),
            false => Err(Error::Account { side, expected: end.account.clone(), found }),
        }
    }
}
