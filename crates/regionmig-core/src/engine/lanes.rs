//! How many steps are under way in each lane, and which stand before a full one.

use std::collections::{BTreeMap, BTreeSet};

type Name = (String, String);

/// How many steps are under way in each lane, and which stand before a full one.
#[derive(Debug, Default)]
pub(super) struct Lanes {
    widths: BTreeMap<Name, usize>,
    inside: BTreeMap<Name, BTreeSet<usize>>,
    before: BTreeMap<Name, BTreeSet<usize>>,
    /// The lane of each step that is inside or before one.
    of: BTreeMap<usize, Name>,
}

impl Lanes {
    pub(super) fn new(widths: impl IntoIterator<Item = (Name, usize)>) -> Self {
        Self { widths: widths.into_iter().collect(), ..Self::default() }
    }

    /// Lets a step in, if there is room or it is inside already; else it stands before the lane.
    pub(super) fn enter(&mut self, index: usize, lane: Option<Name>) -> bool {
        let Some(lane) = lane else { return true };
        let width = self.widths.get(&lane).map(|&width| width.max(1));
        let inside = self.inside.entry(lane.clone()).or_default();
        let fits = inside.contains(&index) || width.is_none_or(|width| inside.len() < width);
        if fits {
            inside.insert(index);
        } else {
            self.before.entry(lane.clone()).or_default().insert(index);
        }
        self.of.insert(index, lane);
        fits
    }

    /// Takes note that a step which an earlier run began is still under way.
    pub(super) fn is_inside(&mut self, index: usize, lane: Option<Name>) {
        if let Some(lane) = lane {
            self.inside.entry(lane.clone()).or_default().insert(index);
            self.of.insert(index, lane);
        }
    }

    /// Returns a step that keeps this one out.
    pub(super) fn ahead_of(&self, index: usize) -> Option<usize> {
        let lane = self.of.get(&index)?;
        self.before.get(lane)?.get(&index)?;
        self.inside.get(lane)?.first().copied()
    }

    /// Lets a step out, and returns one that may now go in.
    pub(super) fn leave(&mut self, index: usize) -> Option<usize> {
        let lane = self.of.remove(&index)?;
        self.inside.get_mut(&lane)?.remove(&index);
        self.before.get_mut(&lane)?.pop_first()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn lane() -> Option<Name> {
        Some(("acm".to_owned(), "imports".to_owned()))
    }

    #[test]
    fn a_full_lane_keeps_the_next_out_until_one_leaves() {
        let mut lanes = Lanes::new(lane().map(|lane| (lane, 2)));
        assert!(lanes.enter(0, lane()) && lanes.enter(1, lane()));
        assert!(!lanes.enter(2, lane()));
        assert!(lanes.enter(0, lane()), "it is inside");
        assert_eq!(lanes.ahead_of(2), Some(0));
        assert_eq!(lanes.ahead_of(0), None);
        assert_eq!(lanes.leave(0), Some(2));
        assert!(lanes.enter(2, lane()));
        assert_eq!(lanes.leave(2), None);
    }

    #[test]
    fn a_lane_of_no_width_is_one_wide_and_an_undeclared_one_has_no_end() {
        let mut lanes = Lanes::new(lane().map(|lane| (lane, 0)));
        assert!(lanes.enter(0, lane()));
        assert!(!lanes.enter(1, lane()));
        let mut open = Lanes::default();
        assert!((0..9).all(|index| open.enter(index, lane())));
        assert!((0..9).all(|index| open.enter(index, None)));
    }

    #[test]
    fn what_an_earlier_run_began_takes_its_place() {
        let mut lanes = Lanes::new(lane().map(|lane| (lane, 1)));
        lanes.is_inside(7, lane());
        assert!(!lanes.enter(0, lane()));
        assert!(lanes.enter(7, lane()));
    }
}
