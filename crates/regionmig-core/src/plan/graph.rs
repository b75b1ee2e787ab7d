//! Which step waits for which, and in which order they can run.
//!
//! Steps are numbers here and edges two flat arrays: a million steps must fit.
// REQ: E-12

use std::cmp::Reverse;
use std::collections::{BTreeSet, BinaryHeap};

/// For each step, which it waits for.
#[derive(Debug, Default)]
pub(super) struct Edges {
    /// Where the edges of each step begin, and where the last one's end.
    starts: Vec<u32>,
    ends: Vec<u32>,
}

impl Edges {
    /// Takes each step's list of those it waits for.
    pub(super) fn new<L: IntoIterator<Item = u32>>(lists: impl IntoIterator<Item = L>) -> Self {
        let (mut edges, mut own) = (Self { starts: vec![0], ends: Vec::new() }, Vec::new());
        for list in lists {
            own.clear();
            own.extend(list);
            own.sort_unstable();
            own.dedup();
            edges.ends.extend_from_slice(&own);
            edges.starts.push(number(edges.ends.len()));
        }
        edges
    }

    pub(super) fn waits_for(&self, index: usize) -> impl Iterator<Item = usize> {
        let range = self.starts[index] as usize..self.starts[index + 1] as usize;
        self.ends[range].iter().map(|&end| end as usize)
    }

    fn len(&self) -> usize {
        self.starts.len().saturating_sub(1)
    }

    /// Turns the edges round: for each step, which wait for it.
    fn reversed(&self) -> Self {
        let mut starts = vec![0_u32; self.len() + 1];
        self.ends.iter().for_each(|&end| starts[end as usize + 1] += 1);
        (0..self.len()).for_each(|index| starts[index + 1] += starts[index]);
        let mut next = starts.clone();
        let mut ends = vec![0_u32; self.ends.len()];
        for index in 0..self.len() {
            for earlier in self.waits_for(index) {
                ends[next[earlier] as usize] = number(index);
                next[earlier] += 1;
            }
        }
        Self { starts, ends }
    }

    /// Returns whether each step comes after those it waits for as they stand, as in a stored plan.
    pub(super) fn is_in_order(&self) -> bool {
        (0..self.len()).all(|index| self.waits_for(index).all(|earlier| earlier < index))
    }

    /// Orders the steps so that each comes after those it waits for, and otherwise as in `preferred`, which has each once.
    ///
    /// # Errors
    ///
    /// Returns a step that waits for itself by way of others.
    pub(super) fn order(&self, preferred: &[u32]) -> Result<Vec<u32>, u32> {
        let feeds = self.reversed();
        let mut rank = vec![0; self.len()];
        preferred.iter().zip(0..).for_each(|(&index, place)| rank[index as usize] = place);
        let mut left: Vec<u32> = (0..self.len()).map(|index| number(self.waits_for(index).count())).collect();
        let free = (0..self.len()).filter(|&index| left[index] == 0);
        let mut ready: BinaryHeap<Reverse<u32>> = free.map(|index| Reverse(rank[index])).collect();
        let mut order = Vec::with_capacity(self.len());
        while let Some(Reverse(place)) = ready.pop() {
            let index = preferred[place as usize];
            order.push(index);
            for later in feeds.waits_for(index as usize) {
                left[later] -= 1;
                if left[later] == 0 {
                    ready.push(Reverse(rank[later]));
                }
            }
        }
        match left.iter().position(|&left| left > 0) {
            Some(index) => Err(number(index)),
            None => Ok(order),
        }
    }
}

/// Steps are counted in 32 bits: four thousand million of them would not fit anyway.
pub(super) fn number(index: usize) -> u32 {
    u32::try_from(index).unwrap_or(u32::MAX)
}

/// Which steps may run next, given which are done.
#[derive(Debug)]
pub(crate) struct Frontier {
    /// For each step, which wait for it.
    feeds: Edges,
    /// For each step, how many it still waits for.
    left: Vec<u32>,
    ready: BTreeSet<u32>,
}

impl Frontier {
    pub(super) fn new(edges: &Edges) -> Self {
        let left: Vec<u32> = (0..edges.len()).map(|index| number(edges.waits_for(index).count())).collect();
        let ready = (0..edges.len()).filter(|&index| left[index] == 0).map(number).collect();
        Self { feeds: edges.reversed(), left, ready }
    }

    /// Takes the first step that may run.
    pub(crate) fn pop(&mut self) -> Option<usize> {
        self.ready.pop_first().map(|index| index as usize)
    }

    /// Gives back a step that was taken and not run.
    pub(crate) fn put_back(&mut self, index: usize) {
        self.ready.insert(number(index));
    }

    /// Takes note that a step is done.
    pub(crate) fn done(&mut self, index: usize) {
        for later in self.feeds.waits_for(index) {
            self.left[later] -= 1;
            if self.left[later] == 0 {
                self.ready.insert(number(later));
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::{Strategy, any, prop_assert, prop_assert_eq, proptest};

    use super::*;

    #[test]
    fn a_circle_is_found() {
        let edges = Edges::new([vec![], vec![2], vec![1]]);
        assert!(edges.order(&[0, 1, 2]).is_err_and(|index| index == 1 || index == 2));
    }

    /// Edges that lead to smaller numbers only, and a renumbering that hides it.
    fn acyclic() -> impl Strategy<Value = Vec<Vec<u32>>> {
        proptest::collection::vec(proptest::collection::vec(any::<u32>(), 0..4), 0..40).prop_map(|lists| {
            let n = number(lists.len());
            let rename = |i: u32| n - 1 - i;
            let mut renamed = vec![Vec::new(); lists.len()];
            for (index, list) in lists.into_iter().enumerate() {
                let index = number(index);
                let earlier = list.into_iter().filter(|_| index > 0).map(|end| rename(end % index.max(1)));
                renamed[rename(index) as usize] = earlier.collect();
            }
            renamed
        })
    }

    proptest! {
        #[test]
        fn each_step_comes_after_those_it_waits_for(lists in acyclic()) {
            let edges = Edges::new(lists.clone());
            let by_name: Vec<u32> = (0..number(lists.len())).collect();
            let order = edges.order(&by_name).expect("no circle");
            prop_assert_eq!(order.len(), lists.len());
            let mut rank = vec![0; order.len()];
            order.iter().enumerate().for_each(|(place, &index)| rank[index as usize] = place);
            for (index, list) in lists.iter().enumerate() {
                prop_assert!(list.iter().all(|&earlier| rank[earlier as usize] < rank[index]));
            }
        }

        #[test]
        fn the_frontier_opens_all_and_nothing_too_early(lists in acyclic()) {
            let edges = Edges::new(lists.clone());
            let mut frontier = Frontier::new(&edges);
            let mut done = BTreeSet::new();
            while let Some(index) = frontier.pop() {
                prop_assert!(lists[index].iter().all(|earlier| done.contains(earlier)));
                done.insert(number(index));
                frontier.done(index);
            }
            prop_assert_eq!(done.len(), lists.len());
        }
    }

    #[test]
    fn what_is_put_back_comes_again() {
        let mut frontier = Frontier::new(&Edges::new([vec![], vec![]]));
        assert_eq!(frontier.pop(), Some(0));
        frontier.put_back(0);
        assert_eq!((frontier.pop(), frontier.pop(), frontier.pop()), (Some(0), Some(1), None));
    }
}
