//! UpdatePrimaryRegion: a replica becomes the primary, the primary a replica.

use jiff::Timestamp;
use regionmig_core::Region;
use serde_json::Value;

use super::ask::Ask;
use super::name::not_found;
use super::state::admits;
use super::store::{Family, KeyName, Kms, after};
use crate::call::Refusal;
use crate::model::invalid;

/// That the primary of a family is on its way to another region.
#[derive(Clone, Debug)]
pub(super) struct Move {
    to: Region,
    from: Region,
    until: Timestamp,
}

impl Move {
    /// Tells whether a key is the old or the new primary, and the move is not over.
    pub(super) fn concerns(&self, name: &KeyName, now: Timestamp) -> bool {
        now < self.until && [&self.to, &self.from].contains(&&name.end.region)
    }
}

impl Family {
    /// Tells whether the primary is being moved: both ends of the move are shown as replicas then (API reference).
    pub(super) fn is_moving(&self, now: Timestamp) -> bool {
        self.moving.as_ref().is_some_and(|to| now < to.until)
    }
}

impl Kms {
    /// Ends the move of a primary that was to be over by `now`.
    pub(super) fn arrive(&mut self, name: &KeyName, now: Timestamp) {
        let is_over = |family: &Family| family.moving.as_ref().is_some_and(|to| to.until <= now);
        if !self.family(name).is_some_and(is_over) {
            return;
        }
        let Some(family) = self.family_mut(name) else { return };
        if let Some(to) = family.moving.take() {
            family.primary = to.to;
        }
    }
}

/// Answers UpdatePrimaryRegion, which is asked of the primary, in its region.
pub(super) fn update(ask: &mut Ask<'_, '_>) -> Result<Value, Refusal> {
    let now = ask.cx.now;
    let from = super::replica::primary(ask)?;
    let region: Region = ask
        .text("PrimaryRegion")
        .unwrap_or_default()
        .parse()
        .map_err(|error| invalid(format!("PrimaryRegion is no region: {error}")))?;
    let to = from.in_region(&region);
    if region == from.end.region {
        let message = format!("{} is already the primary key.", from.arn());
        return Err(Refusal::new("UnsupportedOperationException").message(message));
    }
    if ask.state.is_gone(&to, now) {
        return Err(not_found(&to));
    }
    // Both ends must admit it: the replica that is to be the primary, too.
    let state = ask.state(&to)?;
    match state {
        super::state::KeyState::Disabled | super::state::KeyState::PendingImport => {}
        state => admits(&ask.call.operation, state, &to.arn())?,
    }
    let until = after(now, ask.state.timing.promotion);
    let family = ask.state.family_mut(&from).ok_or_else(|| not_found(&from))?;
    family.moving = Some(Move { from: from.end.region.clone(), to: region, until });
    ask.state.arrive(&from, now);
    ask.cx.touched(to.arn());
    Ok(Value::Null)
}
