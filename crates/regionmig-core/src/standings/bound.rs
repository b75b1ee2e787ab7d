//! What steps have become, asked for by its name in the target.

use std::collections::HashSet;
use std::sync::OnceLock;

use crate::ids::ResourceId;
use crate::receipt::Receipt;

/// What the receipts of the steps that are done bind in the target. Gathered when first asked for: most services never ask.
#[derive(Clone, Debug, Default)]
pub(super) struct Bound(OnceLock<HashSet<ResourceId>>);

impl Bound {
    /// Adds what one more step has become.
    pub(super) fn add(&mut self, receipt: &Receipt) {
        if let Some(targets) = self.0.get_mut() {
            targets.extend(targets_of(receipt));
        }
    }

    /// Has all be gathered anew when it is next asked for, since a step is done no more, or is again.
    pub(super) fn clear(&mut self) {
        self.0.take();
    }

    /// Returns whether one of `receipts`, which are those of all steps that are done, binds `target`.
    pub(super) fn contains<'a>(&self, target: &ResourceId, receipts: impl Iterator<Item = &'a Receipt>) -> bool {
        self.0.get_or_init(|| receipts.flat_map(targets_of).collect()).contains(target)
    }
}

fn targets_of(receipt: &Receipt) -> impl Iterator<Item = ResourceId> {
    receipt.ids.iter().map(|(source, target)| ResourceId::new(source.kind(), target))
}
