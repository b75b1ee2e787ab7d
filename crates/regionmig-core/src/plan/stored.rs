//! A plan's bytes: how they are written and read.
// REQ: E-3

use std::collections::{BTreeMap, BTreeSet};
use std::ops::Range;
use std::sync::Arc;

use jiff::Timestamp;
use serde::de::IgnoredAny;
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;

use crate::digest::Digest;
use crate::finding::Finding;
use crate::ids::{IdMap, ResourceId};
use crate::plan::draught::Nodes;
use crate::plan::error::PlanError;
use crate::plan::graph::number;
use crate::plan::held::held;
use crate::plan::shape::Shape;
use crate::plan::{Head, Indexed, MigrationPlan, Sealed};
use crate::route::Route;
use crate::step::Spec;
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

    fn checked(self) -> Result<(Digest, &'a str), PlanError> {
        let text = self.plan.get();
        match Digest::of(text) == self.digest {
            true => Ok((self.digest, text)),
            false => Err(PlanError::Altered),
        }
    }
}

/// All that is read of what may be of a later format.
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
struct BodyIn<S> {
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
    steps: Vec<S>,
}

impl<S> BodyIn<S> {
    fn into_parts(self) -> (Head, Vec<S>) {
        let Self { route, purpose, surveyed_at, ids, findings, known, steps } = self;
        (Head { route, purpose, surveyed_at, ids, findings, known }, steps)
    }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct StepIn<'a> {
    #[serde(borrow)]
    service: std::borrow::Cow<'a, str>,
    spec: Spec,
    #[serde(borrow)]
    step: &'a RawValue,
}

/// As a step begins; its own JSON follows as the last member, `step`.
#[derive(Serialize)]
pub(super) struct StepOut<'a> {
    pub(super) service: &'a str,
    pub(super) spec: &'a Spec,
}

pub(super) fn read_planned(json: &str) -> Result<(Spec, &RawValue), PlanError> {
    let StepIn { spec, step, .. } = serde_json::from_str(json).map_err(|error| PlanError::unreadable(&error))?;
    Ok((spec, step))
}

const END: &str = "\n]}";

/// Writes what stands before the steps.
pub(super) fn written(head: &Head) -> Result<String, PlanError> {
    let Head { route, purpose, surveyed_at, ids, findings, known } = head;
    let out = HeadOut { route, purpose: *purpose, surveyed_at: *surveyed_at, ids, findings, known };
    let mut text = serde_json::to_string(&out).map_err(|error| PlanError::unreadable(&error))?;
    // Open again for the steps, each on a line of its own, so that two files can be compared.
    text.pop();
    text.push_str(",\"steps\":[");
    Ok(text)
}

/// Returns the JSON that a plan's digest is of, piece by piece.
pub(super) fn pieces<'a>(
    front: Option<&'a str>,
    text: &'a str,
    steps: &'a [Indexed],
) -> impl Iterator<Item = &'a str> + use<'a> {
    let (all, steps, end) = match front {
        Some(front) => (front, steps, END),
        None => (text, &[][..], ""),
    };
    let first = std::iter::once("\n").chain(std::iter::repeat(",\n"));
    let lines = first.zip(steps).flat_map(|(between, step)| [between, &text[step.at.clone()]]);
    std::iter::once(all).chain(lines).chain([end])
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
        let (digest, text) = match as_written(bytes) {
            Some(written) => written,
            None => File::read(bytes)?.checked()?,
        };
        Self::of_text(digest, text)
    }

    /// Reads a plan of which not even the space around it may differ from what [`to_bytes`](Self::to_bytes) wrote.
    pub(crate) fn from_own_bytes(bytes: &[u8]) -> Result<Self, PlanError> {
        match as_written(bytes) {
            Some((digest, text)) => Self::of_text(digest, text),
            None => Err(File::read(bytes)?.checked().err().unwrap_or(PlanError::Altered)),
        }
    }

    /// Reads the text that a digest speaks for.
    fn of_text(digest: Digest, text: &str) -> Result<Self, PlanError> {
        let (head, nodes) = match line_by_line(text) {
            Some(read) => read,
            None => at_large(text).map_err(|error| PlanError::unreadable(&error))?,
        };
        let shape = Shape::of(&nodes)?;
        let order = match shape.edges.is_in_order() {
            true => (0..number(nodes.len())).collect(),
            false => shape.order(&nodes)?,
        };
        let held = held(&head, &nodes, &shape.edges, &order);
        let (steps, Shape { by_name, edges }) = (nodes.into_steps(), shape);
        Ok(Self(Arc::new(Sealed { head, digest, front: None, text: text.to_owned(), steps, by_name, edges, held })))
    }
}

/// Takes apart what [`MigrationPlan::to_bytes`] writes, without a look at the JSON: the digest speaks for it. None, if it is
/// anything else, which the long way finds out.
fn as_written(bytes: &[u8]) -> Option<(Digest, &str)> {
    let text = std::str::from_utf8(bytes).ok()?;
    let rest = text.strip_prefix("{\"format\":1,\"digest\":\"")?.strip_suffix("}\n")?;
    let (stated, plan) = rest.split_once("\",\"plan\":")?;
    let digest = Digest::of(plan);
    (digest.as_str() == stated).then_some((digest, plan))
}

/// Room is made as if no step had less JSON.
const SHORTEST: usize = 256;

/// Reads a plan that has each step on a line of its own, as [`MigrationPlan::to_bytes`] writes them; none, if it has not. In
/// JSON no text holds the end of a line, so none is cut in two.
fn line_by_line(text: &str) -> Option<(Head, Nodes)> {
    let (front, lines) = text.strip_suffix(END)?.split_once('\n')?;
    let front = front.strip_suffix("\"steps\":[")?;
    let body: BodyIn<IgnoredAny> = serde_json::from_str(&format!("{front}\"steps\":[]}}")).ok()?;
    let mut nodes = Nodes::default();
    // As if all were as long as the first: to make room again and again takes longer than to read.
    nodes.reserve(lines.len() / lines.find('\n').unwrap_or(lines.len()).max(SHORTEST));
    let mut lines = lines.split('\n').peekable();
    while let Some(line) = lines.next() {
        let step = if lines.peek().is_some() { line.strip_suffix(',')? } else { line };
        read_step(step, text, &mut nodes).ok()?;
    }
    Some((body.into_parts().0, nodes))
}

/// Reads any other plan.
fn at_large(text: &str) -> serde_json::Result<(Head, Nodes)> {
    let (head, steps) = serde_json::from_str::<BodyIn<&RawValue>>(text)?.into_parts();
    let mut nodes = Nodes::default();
    steps.iter().try_for_each(|json| read_step(json.get(), text, &mut nodes))?;
    Ok((head, nodes))
}

fn read_step(json: &str, text: &str, nodes: &mut Nodes) -> serde_json::Result<()> {
    let StepIn { service, spec, step } = serde_json::from_str(json)?;
    let (at, own) = (place(json, text), place(step.get(), json));
    nodes.push(&service, spec, at, number(own.start)..number(own.end));
    Ok(())
}
