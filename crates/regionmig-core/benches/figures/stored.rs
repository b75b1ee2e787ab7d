//! What the core is held against: serde_json alone, on the same values.

use std::borrow::Cow;

use regionmig_core::{Digest, Record, Route, Spec, Step, Timestamp};
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;

use crate::inputs::{Case, Make};

/// One step as a plan stores it.
#[derive(Debug, Serialize)]
pub(crate) struct Line<'a> {
    service: &'a str,
    spec: Spec,
    step: &'a Make,
}

/// The steps of a case with their specs, all made beforehand.
pub(crate) fn lines(case: &Case) -> Vec<Line<'_>> {
    case.things.0.iter().map(|step| Line { service: "things", spec: step.spec(), step }).collect()
}

/// Writes all steps one after another.
pub(crate) fn write(lines: &[Line<'_>]) -> Vec<u8> {
    let mut text = Vec::new();
    for line in lines {
        serde_json::to_writer(&mut text, line).unwrap();
        text.push(b'\n');
    }
    text
}

/// Writes each record by itself, as each is appended by itself.
pub(crate) fn write_each(records: &[Record]) -> usize {
    records.iter().map(|record| serde_json::to_vec(record).unwrap().len()).sum()
}

/// A stored plan, as far as these steps use it. A step's own JSON is left as it is, as the core leaves it.
#[derive(Debug, Deserialize)]
#[expect(dead_code, reason = "only read")]
pub(crate) struct File<'a> {
    format: u32,
    digest: Digest,
    #[serde(borrow)]
    plan: Body<'a>,
}

#[derive(Debug, Deserialize)]
#[expect(dead_code, reason = "only read")]
struct Body<'a> {
    route: Route,
    surveyed_at: Timestamp,
    #[serde(borrow)]
    steps: Vec<Planned<'a>>,
}

#[derive(Debug, Deserialize)]
#[expect(dead_code, reason = "only read")]
struct Planned<'a> {
    #[serde(borrow)]
    service: Cow<'a, str>,
    spec: Spec,
    #[serde(borrow)]
    step: &'a RawValue,
}

/// Parses a stored plan, in one pass.
pub(crate) fn parse(bytes: &[u8]) -> File<'_> {
    serde_json::from_slice(bytes).unwrap()
}
