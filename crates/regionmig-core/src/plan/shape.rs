//! How the steps of a plan hang together.

use crate::ids::ResourceId;
use crate::plan::draught::{Node, Nodes};
use crate::plan::error::PlanError;
use crate::plan::graph::{Edges, number};
use crate::plan::names::in_order;
use crate::step::StepId;

/// How the steps of a plan hang together; by their places in it.
#[derive(Debug)]
pub(super) struct Shape {
    /// The steps, ordered by name.
    pub(super) by_name: Vec<u32>,
    pub(super) edges: Edges,
}

impl Shape {
    pub(super) fn of(nodes: &Nodes) -> Result<Self, PlanError> {
        let by_name = in_order(number(nodes.len()), |index| nodes.get(index).id.as_str())
            .map_err(|index| PlanError::DuplicateStep { step: nodes.get(index).id.clone() })?;
        let edges = edges_of(nodes, &by_name)?;
        Ok(Self { by_name, edges })
    }

    /// Returns the steps so that each comes after those it waits for, and else by name.
    pub(super) fn order(&self, nodes: &Nodes) -> Result<Vec<u32>, PlanError> {
        let order = self.edges.order(&self.by_name);
        order.map_err(|index| PlanError::Cycle { step: nodes.get(index).id.clone() })
    }

    /// Returns the shape of the same steps, put in `order`.
    pub(super) fn moved(self, order: &[u32]) -> Self {
        let mut place = vec![0; order.len()];
        order.iter().zip(0..).for_each(|(&index, at)| place[index as usize] = at);
        let moved = |index: usize| place[index];
        let edges = Edges::new(order.iter().map(|&index| self.edges.waits_for(index as usize).map(moved)));
        Self { by_name: self.by_name.iter().map(|&index| moved(index as usize)).collect(), edges }
    }
}

/// For each step, which it waits for: the makers of what it needs, and those it comes after.
fn edges_of(nodes: &Nodes, by_name: &[u32]) -> Result<Edges, PlanError> {
    let producer = once(nodes, by_name, |node| nodes.produces(node))
        .map_err(|(resource, first, second)| PlanError::DuplicateProducer { resource, first, second })?;
    once(nodes, by_name, |node| nodes.owns(node)).map_err(|(resource, first, second)| PlanError::DuplicateOwner {
        resource,
        first,
        second,
    })?;
    let named = |id: &StepId| {
        let found = by_name.binary_search_by(|&index| nodes.get(index).id.cmp(id)).ok()?;
        Some(by_name[found])
    };
    Ok(Edges::new(nodes.iter().map(|node| {
        let makers = nodes.requires(node).iter().filter_map(|&id| producer[id as usize]);
        makers.chain(node.after.iter().filter_map(named))
    })))
}

/// For each resource, which step it belongs to.
///
/// # Errors
///
/// Returns a resource that two steps claim, and both of them, ordered by name.
fn once<'a>(
    nodes: &'a Nodes,
    by_name: &[u32],
    of: impl Fn(&'a Node) -> &'a [u32],
) -> Result<Vec<Option<u32>>, (ResourceId, StepId, StepId)> {
    let claimed = |steps: &mut dyn Iterator<Item = u32>| {
        let mut found: Vec<Option<u32>> = vec![None; nodes.interner().len()];
        let mut claims = steps.flat_map(|index| of(nodes.get(index)).iter().map(move |&id| (id, index)));
        match claims.find_map(|(id, index)| Some((id, found[id as usize].replace(index)?, index))) {
            None => Ok(found),
            Some(twice) => Err(twice),
        }
    };
    // As they lie, which is quicker; by name only to say which.
    claimed(&mut (0..number(nodes.len()))).or_else(|_| claimed(&mut by_name.iter().copied())).map_err(
        |(id, first, second)| {
            let name = |index: u32| nodes.get(index).id.clone();
            (nodes.interner().get(id).clone(), name(first), name(second))
        },
    )
}
