//! The position below which all is done.

use std::collections::BTreeMap;

use super::checkpoints::Checkpoint;
use super::partition::Position;
use super::sink::Delivered;

/// Knows which items are done, and below which position all are. Items are numbered from nought as they were begun, and are done in any
/// order.
#[derive(Debug)]
pub(super) struct LowWater {
    /// The lowest that is not done.
    next: u64,
    /// Those that are done above it.
    above: BTreeMap<u64, (Option<Position>, Delivered)>,
    /// What counts by now.
    checkpoint: Checkpoint,
    /// Those done below `next` since the last position: reading may begin with them again.
    since: Checkpoint,
}

impl LowWater {
    pub(super) fn new(earlier: Checkpoint) -> Self {
        Self { next: 0, above: BTreeMap::new(), checkpoint: earlier, since: Checkpoint::default() }
    }

    /// Takes note that an item is done.
    pub(super) fn done(&mut self, number: u64, position: Option<Position>, delivered: Delivered) {
        self.above.insert(number, (position, delivered));
        while let Some((position, delivered)) = self.above.remove(&self.next) {
            self.next += 1;
            self.since.count(delivered);
            if position.is_some() {
                self.checkpoint.position = position;
                self.settle();
            }
        }
    }

    /// Takes note that there are no more items. Returns whether all were done.
    pub(super) fn end(&mut self, begun: u64) -> bool {
        let is_all = self.next == begun;
        if is_all {
            self.checkpoint.is_complete = true;
            if self.since != Checkpoint::default() {
                // Items without a position of their own came last: reading cannot go on behind them.
                self.checkpoint.position = None;
            }
            self.settle();
        }
        is_all
    }

    /// Returns the number of the lowest item that is not done.
    pub(super) fn next(&self) -> u64 {
        self.next
    }

    pub(super) fn checkpoint(&self) -> &Checkpoint {
        &self.checkpoint
    }

    fn settle(&mut self) {
        let since = std::mem::take(&mut self.since);
        self.checkpoint.add(&since);
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// Items as a source gives them: every so many have a position; and an order in which they get done.
    fn items() -> impl Strategy<Value = (Vec<bool>, Vec<usize>)> {
        prop::collection::vec(any::<bool>(), 0..40).prop_flat_map(|positions| {
            let order: Vec<usize> = (0..positions.len()).collect();
            (Just(positions), Just(order).prop_shuffle())
        })
    }

    proptest! {
        #[test]
        fn the_position_is_the_highest_below_which_all_is_done((positions, order) in items()) {
            let mut low = LowWater::new(Checkpoint::default());
            let mut done = vec![false; positions.len()];
            for index in order {
                let position = positions[index].then(|| Position::from(index as u64));
                low.done(index as u64, position, Delivered::Written);
                done[index] = true;
                let whole = done.iter().take_while(|done| **done).count();
                let expected = (0..whole).rev().find(|&index| positions[index]);
                prop_assert_eq!(low.next(), whole as u64);
                prop_assert_eq!(&low.checkpoint().position, &expected.map(|index| Position::from(index as u64)));
                prop_assert_eq!(low.checkpoint().written, expected.map_or(0, |index| index as u64 + 1));
            }
            prop_assert!(low.end(positions.len() as u64));
            prop_assert_eq!(low.checkpoint().written, positions.len() as u64);
        }
    }

    #[test]
    fn it_does_not_end_before_all_is_done() {
        let mut low = LowWater::new(Checkpoint::default());
        low.done(1, None, Delivered::SetAside);
        assert!(!low.end(2) && !low.checkpoint().is_complete);
        low.done(0, None, Delivered::Superseded);
        assert!(low.end(2) && low.checkpoint().is_complete);
        assert_eq!((low.checkpoint().set_aside, low.checkpoint().superseded), (1, 1));
    }
}
