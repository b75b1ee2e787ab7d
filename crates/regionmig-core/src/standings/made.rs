//! What the sources have become so far, looked up at every step.

use std::collections::HashMap;
use std::sync::{Arc, OnceLock};

use foldhash::fast::RandomState;

use crate::ids::{IdMap, RebindError, ResourceId};

/// What the sources have become so far. In no order until one is asked for: to find a name among many that begin alike takes
/// an ordered map longer than all else that is done for a step.
#[derive(Clone, Debug)]
pub(super) struct Made {
    pairs: HashMap<ResourceId, Arc<str>, RandomState>,
    ordered: OnceLock<IdMap>,
}

impl Made {
    /// Begins with what is `known`, and makes room for so many `more`.
    pub(super) fn new(known: &IdMap, more: usize) -> Self {
        let mut pairs = HashMap::with_capacity_and_hasher(more, RandomState::default());
        pairs.extend(known.entries().map(|(source, target)| (source.clone(), Arc::clone(target))));
        Self { pairs, ordered: OnceLock::new() }
    }

    /// Says whether [`merge`](Self::merge) would succeed.
    pub(super) fn admits(&self, ids: &IdMap) -> Result<(), RebindError> {
        ids.entries().try_for_each(|(source, target)| match self.pairs.get(source) {
            Some(bound) if bound != target => {
                Err(RebindError { source_id: source.clone(), bound: bound.to_string(), refused: target.to_string() })
            }
            _ => Ok(()),
        })
    }

    /// Adds every pair, or none.
    pub(super) fn merge(&mut self, ids: &IdMap) -> Result<(), RebindError> {
        self.admits(ids)?;
        self.pairs.extend(ids.entries().map(|(source, target)| (source.clone(), Arc::clone(target))));
        self.ordered.get_mut().map_or(Ok(()), |ordered| ordered.merge(ids))
    }

    /// Removes what is said of `source`.
    pub(super) fn forget(&mut self, source: &ResourceId) {
        self.pairs.remove(source);
        if let Some(ordered) = self.ordered.get_mut() {
            ordered.forget(source);
        }
    }

    /// Returns the part that is about `sources`.
    pub(super) fn subset<'a>(&self, sources: impl IntoIterator<Item = &'a ResourceId>) -> IdMap {
        let mut part = IdMap::default();
        let known = sources.into_iter().filter_map(|source| self.pairs.get_key_value(source));
        known.for_each(|(source, target)| part.insert(source.clone(), Arc::clone(target)));
        part
    }

    /// Returns all of it, in order.
    pub(super) fn ordered(&self) -> &IdMap {
        let all = || self.pairs.iter().map(|(source, target)| (source.clone(), Arc::clone(target))).collect();
        self.ordered.get_or_init(all)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ids(pairs: &[(&str, &str)]) -> IdMap {
        pairs.iter().map(|(source, target)| (ResourceId::new("kind", source), Arc::from(*target))).collect()
    }

    #[test]
    fn what_is_merged_and_forgotten_shows_in_order_before_and_after_it_was_asked_for() {
        let mut made = Made::new(&ids(&[("b", "2")]), 1);
        assert_eq!(made.merge(&ids(&[("a", "1")])), Ok(()));
        assert_eq!(*made.ordered(), ids(&[("a", "1"), ("b", "2")]));
        assert_eq!(made.merge(&ids(&[("c", "3")])), Ok(()));
        made.forget(&ResourceId::new("kind", "b"));
        assert_eq!(*made.ordered(), ids(&[("a", "1"), ("c", "3")]));
        assert_eq!(made.subset(&[ResourceId::new("kind", "b"), ResourceId::new("kind", "c")]), ids(&[("c", "3")]));
    }

    #[test]
    fn what_contradicts_is_refused_whole() {
        let mut made = Made::new(&ids(&[("b", "2")]), 1);
        let refused = made.merge(&ids(&[("a", "1"), ("b", "3")]));
        assert!(refused.is_err_and(|error| error.bound == "2" && error.refused == "3"));
        assert_eq!(made.merge(&ids(&[("b", "2")])), Ok(()));
        assert_eq!(*made.ordered(), ids(&[("b", "2")]));
    }
}
