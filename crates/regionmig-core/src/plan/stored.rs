//! A plan's bytes: how it is put together, written and read.
// REQ: E-3

use std::collections::hash_map::Entry;
use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::ops::Range;
use std::sync::Arc;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;

use crate::digest::Digest;
use crate::finding::Finding;
use crate::ids::{IdMap, ResourceId};
use crate::plan::error::PlanError;
use crate::plan::graph::{Edges, number};
use crate::plan::held::held;
use crate::plan::{Head, Indexed, MigrationPlan, Sealed, Traits};
use crate::route::Route;
use crate::step::{Spec, StepId};
use crate::survey::Purpose;

const FORMAT: u32 = 1;

/// What a file holds. The digest is of the plan's own bytes.
#[derive(Deserialize)]
struct File<'a> {
    format: u32,
    digest: Digest,
    #[serde(borrow)]
    plan: &'a RawValue,
}

impl<'a> File<'a> {
    fn read(bytes: &'a [u8]) -> Result<Self, PlanError> {
        let read = serde_json::from_slice::<Self>(bytes);
        // A later format may have other members.
        let format = match &read {
            Ok(file) => Ok(file.format),
            Err(_) => serde_json::from_slice::<Format>(bytes).map(|Format { format }| format),
        };
        match format {
            Ok(found) if found != FORMAT => Err(PlanError::Format { found, supported: FORMAT }),
            _ => read.map_err(|error| PlanError::unreadable(&error)),
        }
    }
}

#[derive(Deserialize)]
struct Format {
    format: u32,
}

/// Members with their default are not written: so what an older version wrote reads the same. A
/// member that this version does not know is refused.
#[derive(Serialize)]
struct HeadOut<'a> {
    route: &'a Route,
    #[serde(skip_serializing_if = "Purpose::is_migrate")]
    purpose: Purpose,
    surveyed_at: Timestamp,
    #[serde(skip_serializing_if = "IdMap::is_empty")]
    ids: &'a IdMap,
    #[serde(skip_serializing_if = "slice_is_empty")]
    findings: &'a [Finding],
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    known: &'a BTreeMap<String, Arc<BTreeSet<ResourceId>>>,
}

fn slice_is_empty(findings: &[Finding]) -> bool {
    findings.is_empty()
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct BodyIn<'a> {
    route: Route,
    #[serde(default)]
    purpose: Purpose,
    surveyed_at: Timestamp,
    #[serde(default)]
    ids: IdMap,
    #[serde(default)]
    findings: Vec<Finding>,
    #[serde(default)]
    known: BTreeMap<String, Arc<BTreeSet<ResourceId>>>,
    /// In an order in which each could run after those before it.
    #[serde(borrow)]
    steps: Vec<&'a RawValue>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct StepIn<'a> {
    service: std::borrow::Cow<'a, str>,
    spec: Spec,
    #[serde(borrow)]
    step: &'a RawValue,
}

/// As a step begins; its own JSON follows as the last member, `step`.
#[derive(Serialize)]
struct StepOut<'a> {
    service: &'a str,
    spec: &'a Spec,
}

pub(super) fn read_planned(json: &str) -> Result<(Spec, &RawValue), PlanError> {
    let StepIn { spec, step, .. } = serde_json::from_str(json).map_err(|error| PlanError::unreadable(&error))?;
    Ok((spec, step))
}

/// Resources as numbers, so that each is kept once.
#[derive(Debug, Default)]
pub(super) struct Interner {
    numbers: HashMap<ResourceId, u32>,
    ids: Vec<ResourceId>,
}

impl Interner {
    fn number(&mut self, id: &ResourceId) -> u32 {
        match self.numbers.entry(id.clone()) {
            Entry::Occupied(known) => *known.get(),
            Entry::Vacant(new) => {
                self.ids.push(id.clone());
                *new.insert(number(self.ids.len() - 1))
            }
        }
    }

    fn numbers(&mut self, ids: &BTreeSet<ResourceId>) -> Box<[u32]> {
        ids.iter().map(|id| self.number(id)).collect()
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
    pub(super) requires: Box<[u32]>,
    pub(super) produces: Box<[u32]>,
    owns: Box<[u32]>,
    after: Box<[StepId]>,
    at: Range<usize>,
    own: Range<u32>,
    traits: Traits,
}

const END: &str = "\n]}";

/// So much room is made at least for the next steps.
const ROOM: usize = 1 << 16;

/// A plan that is being put together: its steps, written as they come.
#[derive(Debug, Default)]
pub(crate) struct Draught {
    interner: Interner,
    nodes: Vec<Node>,
    text: Vec<u8>,
}

impl Draught {
    /// Makes room for so many more steps.
    pub(crate) fn reserve(&mut self, steps: usize) {
        self.nodes.reserve(steps);
        self.interner.numbers.reserve(steps);
        self.interner.ids.reserve(steps);
    }

    /// Writes a step, with nothing between it and its place in the text.
    ///
    /// # Errors
    ///
    /// Fails if it has no JSON. What there is of it makes the draught useless then.
    pub(crate) fn push<S: Serialize + ?Sized>(
        &mut self,
        service: &str,
        spec: &Spec,
        step: &S,
    ) -> Result<(), serde_json::Error> {
        let start = self.text.len();
        if self.text.capacity() - start < ROOM / 2 {
            // By an eighth: doubled, the text of very many steps would be the most of what a plan takes.
            self.text.reserve_exact(ROOM + start / 8);
        }
        serde_json::to_writer(&mut self.text, &StepOut { service, spec })?;
        self.text.pop();
        self.text.extend_from_slice(b",\"step\":");
        let begin = self.text.len() - start;
        serde_json::to_writer(&mut self.text, step)?;
        let own = number(begin)..number(self.text.len() - start);
        self.text.push(b'}');
        self.node(service, spec, start..self.text.len(), own);
        Ok(())
    }

    fn node(&mut self, service: &str, spec: &Spec, at: Range<usize>, own: Range<u32>) {
        let after = spec.after.iter().map(|rest| StepId::sibling(service, rest)).collect();
        self.nodes.push(Node {
            id: StepId::new(service, spec),
            subject: self.interner.number(&spec.subject),
            requires: self.interner.numbers(&spec.requires),
            produces: self.interner.numbers(&spec.produces),
            owns: self.interner.numbers(&spec.owns),
            after,
            at,
            own,
            traits: Traits::of(spec),
        });
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
        self.nodes.sort_unstable_by(|a, b| a.id.cmp(&b.id));
        // What is to be made again, as after a loss, may become something else than it was.
        for node in &self.nodes {
            node.produces.iter().for_each(|&id| head.ids.forget(self.interner.get(id)));
        }
        head.findings.sort_by(|a, b| (&a.code, &a.subject, a).cmp(&(&b.code, &b.subject, b)));
        head.findings.dedup();
        let shape = Shape::of(&self.nodes, &self.interner)?;
        let mut slots: Vec<Option<Node>> = self.nodes.into_iter().map(Some).collect();
        let nodes = shape.order.iter().filter_map(|&index| slots[index as usize].take()).collect();
        let front = Some(written(&head)?);
        self.text.shrink_to_fit();
        let text = String::from_utf8(self.text).map_err(|error| PlanError::unreadable(&error))?;
        Ok(finish((head, nodes), None, front, text, shape.in_order(), &self.interner))
    }
}

/// Writes what stands before the steps.
fn written(head: &Head) -> Result<String, PlanError> {
    let Head { route, purpose, surveyed_at, ids, findings, known } = head;
    let out = HeadOut { route, purpose: *purpose, surveyed_at: *surveyed_at, ids, findings, known };
    let mut text = serde_json::to_string(&out).map_err(|error| PlanError::unreadable(&error))?;
    // Open again for the steps, each on a line of its own, so that two files can be compared.
    text.pop();
    text.push_str(",\"steps\":[");
    Ok(text)
}

/// How the steps of a plan hang together; by their places in it.
#[derive(Debug)]
struct Shape {
    by_name: Vec<u32>,
    edges: Edges,
    /// Each step after those it waits for.
    order: Vec<u32>,
}

impl Shape {
    fn of(nodes: &[Node], interner: &Interner) -> Result<Self, PlanError> {
        let name = |index: u32| &nodes[index as usize].id;
        let mut by_name: Vec<u32> = (0..number(nodes.len())).collect();
        by_name.sort_by(|&a, &b| name(a).cmp(name(b)));
        if let Some(pair) = by_name.windows(2).find(|pair| name(pair[0]) == name(pair[1])) {
            return Err(PlanError::DuplicateStep { step: name(pair[0]).clone() });
        }
        let edges = edges_of(nodes, &by_name, interner)?;
        let order = edges.order().map_err(|index| PlanError::Cycle { step: name(index).clone() })?;
        Ok(Self { by_name, edges, order })
    }

    /// Returns the shape of the same steps, put in their order.
    fn in_order(self) -> Self {
        let mut rank = vec![0; self.order.len()];
        self.order.iter().zip(0..).for_each(|(&index, place)| rank[index as usize] = place);
        let moved = |index: usize| rank[index];
        let edges = Edges::new(self.order.iter().map(|&index| self.edges.waits_for(index as usize).map(moved)));
        let by_name = self.by_name.iter().map(|&index| moved(index as usize)).collect();
        Self { by_name, edges, order: (0..number(rank.len())).collect() }
    }
}

fn finish(
    (head, nodes): (Head, Vec<Node>),
    digest: Option<Digest>,
    front: Option<String>,
    text: String,
    shape: Shape,
    interner: &Interner,
) -> MigrationPlan {
    let Shape { by_name, edges, order } = shape;
    let held = held(&head, &nodes, interner, &edges, &order);
    let steps: Vec<Indexed> =
        nodes.into_iter().map(|Node { id, at, own, traits, .. }| Indexed { id, at, own, traits }).collect();
    let digest = digest.unwrap_or_else(|| Digest::of_all(pieces(front.as_deref(), &text, &steps)));
    MigrationPlan(Arc::new(Sealed { head, digest, front, text, steps, by_name, edges, held }))
}

/// Returns the JSON that a plan's digest is of, piece by piece.
fn pieces<'a>(front: Option<&'a str>, text: &'a str, steps: &'a [Indexed]) -> impl Iterator<Item = &'a str> + use<'a> {
    let (all, steps, end) = match front {
        Some(front) => (front, steps, END),
        None => (text, &[][..], ""),
    };
    let first = std::iter::once("\n").chain(std::iter::repeat(",\n"));
    let lines = first.zip(steps).flat_map(|(between, step)| [between, &text[step.at.clone()]]);
    std::iter::once(all).chain(lines).chain([end])
}

/// For each step, which it waits for: the makers of what it needs, and those it comes after.
fn edges_of(nodes: &[Node], by_name: &[u32], interner: &Interner) -> Result<Edges, PlanError> {
    let resources = interner.len();
    let duplicate = |(first, second, id): (u32, u32, u32)| {
        let name = |index: u32| nodes[index as usize].id.clone();
        (interner.get(id).clone(), name(first), name(second))
    };
    let producer = once(nodes, resources, |node| &node.produces).map_err(|twice| {
        let (resource, first, second) = duplicate(twice);
        PlanError::DuplicateProducer { resource, first, second }
    })?;
    once(nodes, resources, |node| &node.owns).map_err(|twice| {
        let (resource, first, second) = duplicate(twice);
        PlanError::DuplicateOwner { resource, first, second }
    })?;
    let named = |id: &StepId| {
        let found = by_name.binary_search_by(|&index| nodes[index as usize].id.cmp(id)).ok()?;
        Some(by_name[found])
    };
    Ok(Edges::new(nodes.iter().map(|node| {
        let makers = node.requires.iter().filter_map(|&id| producer[id as usize]);
        makers.chain(node.after.iter().filter_map(named))
    })))
}

/// For each resource, which step it belongs to.
///
/// # Errors
///
/// Returns two steps and the resource that they both claim.
fn once(nodes: &[Node], resources: usize, of: impl Fn(&Node) -> &[u32]) -> Result<Vec<Option<u32>>, (u32, u32, u32)> {
    let mut found = vec![None; resources];
    for (index, node) in nodes.iter().enumerate() {
        for &id in of(node) {
            if let Some(first) = found[id as usize].replace(number(index)) {
                return Err((first, number(index), id));
            }
        }
    }
    Ok(found)
}

/// Where a borrowed piece stands in the text that it was borrowed from.
fn place(piece: &str, text: &str) -> Range<usize> {
    let start = piece.as_ptr() as usize - text.as_ptr() as usize;
    start..start + piece.len()
}

impl MigrationPlan {
    /// Returns the plan as JSON, to be stored: one step a line.
    pub fn to_bytes(&self) -> Vec<u8> {
        let Sealed { digest, front, text, steps, .. } = &*self.0;
        let start = format!("{{\"format\":{FORMAT},\"digest\":\"{digest}\",\"plan\":");
        let most = front.as_ref().map_or(0, |front| front.len() + 2 * steps.len() + END.len());
        let mut bytes = Vec::with_capacity(start.len() + most + text.len() + 2);
        bytes.extend_from_slice(start.as_bytes());
        pieces(front.as_deref(), text, steps).for_each(|piece| bytes.extend_from_slice(piece.as_bytes()));
        bytes.extend_from_slice(b"}\n");
        bytes
    }

    /// Reads a stored plan, checks its bytes against its digest, and its steps against each other.
    ///
    /// # Errors
    ///
    /// Fails if it was altered, is of another format, or says more than this version understands.
    pub fn from_bytes(bytes: &[u8]) -> Result<Self, PlanError> {
        let unreadable = |error: serde_json::Error| PlanError::unreadable(&error);
        let file = File::read(bytes)?;
        let text = file.plan.get();
        if Digest::of(text) != file.digest {
            return Err(PlanError::Altered);
        }
        let body: BodyIn<'_> = serde_json::from_str(text).map_err(unreadable)?;
        let BodyIn { route, purpose, surveyed_at, ids, findings, known, steps } = body;
        let head = Head { route, purpose, surveyed_at, ids, findings, known };
        let mut draught = Draught::default();
        draught.reserve(steps.len());
        for json in steps {
            let step: StepIn<'_> = serde_json::from_str(json.get()).map_err(unreadable)?;
            let (at, own) = (place(json.get(), text), place(step.step.get(), json.get()));
            draught.node(&step.service, &step.spec, at, number(own.start)..number(own.end));
        }
        let Draught { nodes, interner, .. } = draught;
        let shape = Shape::of(&nodes, &interner)?;
        Ok(finish((head, nodes), Some(file.digest), None, text.to_owned(), shape, &interner))
    }
}
