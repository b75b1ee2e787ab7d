//! UpdateSecretVersionStage: labels that move from version to version.

use serde_json::Value;

use super::ask::{Ask, invalid, not_found};
use super::life::brief;
use super::secret::CURRENT;
use super::value::too_many;
use crate::call::Refusal;

const MOST: usize = 20;

/// Answers UpdateSecretVersionStage. Whoever takes a label away must name the version that bears it.
pub(super) fn update(ask: &mut Ask<'_, '_, '_>) -> Result<Value, Refusal> {
    let name = ask.customers()?;
    let stage = ask.text("VersionStage").unwrap_or_default();
    let (from, to) = (ask.text("RemoveFromVersionId"), ask.text("MoveToVersionId"));
    let secret = ask.held(&name)?;
    if from.into_iter().chain(to).any(|id| secret.version(id).is_none()) {
        return Err(not_found());
    }
    match (secret.holder(stage), from, to) {
        (_, None, None) => {
            return Err(invalid("You must provide either RemoveFromVersionId or MoveToVersionId or both."));
        }
        (Some(holder), None, Some(to)) if holder.id != to => {
            return Err(invalid(format!(
                "The parameter RemoveFromVersionId can't be empty. Staging label {stage} is currently attached to version \
                 {}, so you must explicitly reference that version in RemoveFromVersionId.",
                holder.id
            )));
        }
        (holder, Some(from), _) if holder.is_none_or(|holder| holder.id != from) => {
            return Err(invalid(format!("Staging label {stage} is not attached to version {from}.")));
        }
        (_, Some(_), None) if stage == CURRENT => {
            return Err(invalid(format!(
                "You can only move staging label {CURRENT} to a different secret version. It can't be completely removed."
            )));
        }
        _ => {}
    }
    let is_full = |id: &str| {
        let stages = secret.version(id).map(|version| &version.stages);
        stages.is_some_and(|stages| stages.len() >= MOST && !stages.contains(stage))
    };
    if to.is_some_and(is_full) {
        return Err(too_many("staging labels on a version"));
    }
    ask.change(&name, |secret, _| match to {
        Some(to) => secret.attach(stage, to),
        None => secret.detach(stage),
    })?;
    brief(ask, &name)
}
