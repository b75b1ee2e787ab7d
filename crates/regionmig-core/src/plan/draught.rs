//! A plan that is being put together: steps as numbers, and the order that they give.
// REQ: E-3

use std::collections::hash_map::Entry;
use std::collections::{BTreeSet, HashMap};
use std::ops::Range;
use std::sync::Arc;

use foldhash::fast::RandomState;
use serde::Serialize;

use crate::digest::Digest;
use crate::ids::ResourceId;
use crate::plan::error::PlanError;
use crate::plan::graph::number;
use crate::plan::held::held;
use crate::plan::shape::Shape;
use crate::plan::stored::{StepOut, pieces, written};
use crate::plan::{Head, Indexed, MigrationPlan, Sealed, Traits};
use crate::step::{Spec, StepId};

/// Resources as numbers, so that each is kept once.
#[derive(Debug, Default)]
pub(super) struct Interner {
    numbers: HashMap<ResourceId, u32, RandomState>,
    ids: Vec<ResourceId>,
}

impl Interner {
    fn number(&mut self, id: ResourceId) -> u32 {
        match self.numbers.entry(id) {
            Entry::Occupied(known) => *known.get(),
            Entry::Vacant(new) => {
                self.ids.push(new.key().clone());
                *new.insert(number(self.ids.len() - 1))
            }
        }
    }

    pub(super) fn get(&self, number: u32) -> &ResourceId {
        &self.ids[number as usize]
    }

    /// How many there are: each number is smaller.
    pub(super) fn len(&self) -> usize {
        self.ids.len()
    }
}

/// What of a step order and holds depend on.
#[derive(Debug)]
pub(super) struct Node {
    pub(super) id: StepId,
    pub(super) subject: u32,
    requires: Range<u32>,
    produces: Range<u32>,
    owns: Range<u32>,
    pub(super) after: Box<[StepId]>,
    at: Range<usize>,
    own: Range<u32>,
    traits: Traits,
}

/// The steps of a plan, and what they say of resources.
#[derive(Debug, Default)]
pub(super) struct Nodes {
    interner: Interner,
    all: Vec<Node>,
    /// The resources that the steps require, produce and own, one after another.
    said: Vec<u32>,
}

impl Nodes {
    /// Makes room for so many more steps.
    pub(super) fn reserve(&mut self, steps: usize) {
        self.all.reserve(steps);
        self.interner.numbers.reserve(steps);
        self.interner.ids.reserve(steps);
    }

    /// Adds a step whose JSON stands `at` its place in the text, and what its service wrote at its `own` in that JSON.
    pub(super) fn push(&mut self, service: &str, spec: Spec, at: Range<usize>, own: Range<u32>) {
        let (id, traits) = (StepId::new(service, &spec), Traits::of(&spec));
        let its = self.interner.number(spec.subject.clone());
        let subject = (spec.subject, its);
        let node = Node {
            id,
            subject: its,
            requires: self.say(spec.requires, &subject),
            produces: self.say(spec.produces, &subject),
            owns: self.say(spec.owns, &subject),
            after: spec.after.iter().map(|rest| StepId::sibling(service, rest)).collect(),
            at,
            own,
            traits,
        };
        self.all.push(node);
    }

    /// Takes note of resources: often enough it is the subject alone, whose number is known.
    fn say(&mut self, ids: BTreeSet<ResourceId>, (subject, its): &(ResourceId, u32)) -> Range<u32> {
        let start = number(self.said.len());
        for id in ids {
            let number = if id == *subject { *its } else { self.interner.number(id) };
            self.said.push(number);
        }
        start..number(self.said.len())
    }

    pub(super) fn interner(&self) -> &Interner {
        &self.interner
    }

    pub(super) fn len(&self) -> usize {
        self.all.len()
    }

    pub(super) fn get(&self, index: u32) -> &Node {
        &self.all[index as usize]
    }

    pub(super) fn iter(&self) -> impl Iterator<Item = &Node> {
        self.all.iter()
    }

    pub(super) fn requires(&self, node: &Node) -> &[u32] {
        self.said(&node.requires)
    }

    pub(super) fn produces(&self, node: &Node) -> &[u32] {
        self.said(&node.produces)
    }

    pub(super) fn owns(&self, node: &Node) -> &[u32] {
        self.said(&node.owns)
    }

    fn said(&self, range: &Range<u32>) -> &[u32] {
        &self.said[range.start as usize..range.end as usize]
    }

    /// Puts the steps in `order`, where they are: each place takes the step that belongs there from the place where that is, until
    /// it comes round.
    fn sort(&mut self, order: &[u32]) {
        let mut order = order.to_vec();
        for start in 0..order.len() {
            let mut place = start;
            while order[place] as usize != start {
                let from = std::mem::replace(&mut order[place], number(place)) as usize;
                self.all.swap(place, from);
                place = from;
            }
            order[place] = number(place);
        }
    }

    /// Returns what is kept of the steps.
    pub(super) fn into_steps(self) -> Vec<Indexed> {
        self.all.into_iter().map(|Node { id, at, own, traits, .. }| Indexed { id, at, own, traits }).collect()
    }
}

/// So much room is made at least for the next steps.
const ROOM: usize = 1 << 16;

/// A plan that is being put together: its steps, written as they come.
#[derive(Debug, Default)]
pub(crate) struct Draught {
    nodes: Nodes,
    text: Vec<u8>,
}

impl Draught {
    /// Makes room for so many more steps.
    pub(crate) fn reserve(&mut self, steps: usize) {
        self.nodes.reserve(steps);
    }

    /// Writes a step.
    ///
    /// # Errors
    ///
    /// Fails if it has no JSON. What there is of it makes the draught useless then.
    pub(crate) fn push<S: Serialize + ?Sized>(
        &mut self,
        service: &str,
        spec: Spec,
        step: &S,
    ) -> Result<(), serde_json::Error> {
        let start = self.text.len();
        if self.text.capacity() - start < ROOM / 2 {
            // By an eighth: doubled, the text of very many steps would be the most of what a plan takes.
            self.text.reserve_exact(ROOM + start / 8);
        }
        serde_json::to_writer(&mut self.text, &StepOut { service, spec: &spec })?;
        self.text.pop();
        self.text.extend_from_slice(b",\"step\":");
        let begin = self.text.len() - start;
        serde_json::to_writer(&mut self.text, step)?;
        let own = number(begin)..number(self.text.len() - start);
        self.text.push(b'}');
        self.nodes.push(service, spec, start..self.text.len(), own);
        Ok(())
    }

    /// Checks the steps and puts them in order, under `head`.
    ///
    /// A step that cannot run, since something it needs is not to be had, is held, and the others
    /// are none the worse for it.
    ///
    /// # Errors
    ///
    /// Fails on what only a bug can cause: two steps of one name, product or document, or in a
    /// circle.
    pub(crate) fn seal(mut self, mut head: Head) -> Result<MigrationPlan, PlanError> {
        // What is to be made again, as after a loss, may become something else than it was.
        for node in &self.nodes.all {
            self.nodes.produces(node).iter().for_each(|&id| head.ids.forget(self.nodes.interner.get(id)));
        }
        head.findings.sort_by(|a, b| (&a.code, &a.subject, a).cmp(&(&b.code, &b.subject, b)));
        head.findings.dedup();
        let shape = Shape::of(&self.nodes)?;
        let order = shape.order(&self.nodes)?;
        self.nodes.sort(&order);
        let front = written(&head)?;
        self.text.shrink_to_fit();
        let text = String::from_utf8(self.text).map_err(|error| PlanError::unreadable(&error))?;
        let shape = shape.moved(&order);
        let held = held(&head, &self.nodes, &shape.edges, &(0..number(order.len())).collect::<Vec<_>>());
        let steps = self.nodes.into_steps();
        let digest = Digest::of_all(pieces(Some(&front), &text, &steps));
        let Shape { by_name, edges } = shape;
        Ok(MigrationPlan(Arc::new(Sealed { head, digest, front: Some(front), text, steps, by_name, edges, held })))
    }
}
