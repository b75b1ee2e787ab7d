//! The lines of a journal's file: how they are written, checked and read.
//!
//! `{"sum":"0f3a..","prev":"77c1..","seq":12,"at":..,"step":..,"entry":..}`: `sum` is a checksum over all that follows
//! it in the line, `prev` the sum of the line before. So each line can be checked by itself, and none can be missing, doubled or
//! out of its place without the next one telling.

use serde::{Deserialize, Serialize};

use crate::digest::Digest;
use crate::journal::{Header, Record, Run};
use crate::route::Route;

/// The form of the file that this version writes, and the latest that it reads.
pub(super) const FORMAT: u32 = 1;

/// A line is no longer: what claims to be is no line of ours.
pub(super) const LONGEST: usize = 64 << 20;

/// Before the sum, and after it.
const OPENING: &str = "{\"sum\":\"";
const CLOSING: &str = "\",";
const DIGITS: usize = 16;

/// The sum of a line: the first 16 hexadecimal digits of a SHA-256.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(super) struct Sum(String);

impl Sum {
    fn of(rest: &str) -> Self {
        Self(Digest::of(rest).as_str()[..DIGITS].to_owned())
    }
}

/// What the next line goes on from: how many there are after the first, and the sum of the last.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(super) struct Chain {
    pub(super) lines: u64,
    pub(super) last: Sum,
}

/// The first line.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Heading {
    pub(super) format: u32,
    /// The version of this crate that made the file.
    pub(super) version: String,
    pub(super) plan: Digest,
    pub(super) route: Route,
    /// How many bytes the plan has, which follow this line.
    pub(super) bytes: u64,
}

impl Heading {
    /// What the file is the journal of.
    pub(super) fn header(&self) -> Header {
        Header { format: self.format, plan: self.plan.clone(), route: self.route.clone() }
    }
}

/// Read first: a later format may have other members.
#[derive(Deserialize)]
struct Format {
    format: u32,
}

/// A line that tells of a run.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
#[serde(deny_unknown_fields)]
pub(super) struct RunLine {
    pub(super) run: Run,
    /// The operating system's number of the process.
    pub(super) process: u32,
    pub(super) version: String,
}

/// What a line after the plan says.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Body {
    Run(RunLine),
    Step(Record),
}

impl Body {
    fn to_json(&self) -> serde_json::Result<String> {
        match self {
            Self::Run(run) => serde_json::to_string(run),
            Self::Step(record) => serde_json::to_string(record),
        }
    }

    fn parse(json: &str) -> serde_json::Result<Self> {
        if json.starts_with("{\"run\":") {
            serde_json::from_str(json).map(Self::Run)
        } else {
            serde_json::from_str(json).map(Self::Step)
        }
    }
}

/// Why a line is none of ours.
#[derive(Debug, thiserror::Error)]
pub(super) enum LineError {
    #[error("it is of format {found}, this version reads up to {FORMAT}")]
    Format { found: u32 },
    #[error("it does not fit the line before it: a line is missing, doubled or out of its place")]
    OutOfPlace,
    #[error("its checksum does not fit")]
    Sum,
    #[error("it cannot be understood: was it written by a later version?")]
    Unreadable(#[source] serde_json::Error),
}

/// Writes the first line.
pub(super) fn write_heading(heading: &Heading) -> serde_json::Result<(Vec<u8>, Chain)> {
    let (line, last) = summed(&serde_json::to_string(heading)?[1..]);
    Ok((line, Chain { lines: 0, last }))
}

/// Reads the first line, without its end.
pub(super) fn read_heading(line: &[u8]) -> Result<(Heading, Chain), LineError> {
    let rest = checked(line)?;
    let json = format!("{{{rest}");
    let Format { format: found } = serde_json::from_str(&json).map_err(LineError::Unreadable)?;
    if found != FORMAT {
        return Err(LineError::Format { found });
    }
    let heading = serde_json::from_str(&json).map_err(LineError::Unreadable)?;
    Ok((heading, Chain { lines: 0, last: Sum::of(rest) }))
}

impl Chain {
    /// Writes a line that follows, and goes on from it.
    pub(super) fn write(&mut self, body: &Body) -> serde_json::Result<Vec<u8>> {
        let json = body.to_json()?;
        let (line, last) = summed(&format!("{}{}", self.opening(), &json[1..]));
        *self = Self { lines: self.lines + 1, last };
        Ok(line)
    }

    /// Checks that a line, without its end, follows, and goes on from it. Returns what it says, to be [parsed](parse).
    pub(super) fn check<'a>(&mut self, line: &'a [u8]) -> Result<&'a str, LineError> {
        let rest = checked(line)?;
        let body = rest.strip_prefix(&self.opening()).ok_or(LineError::OutOfPlace)?;
        *self = Self { lines: self.lines + 1, last: Sum::of(rest) };
        Ok(body)
    }

    /// What the next line has after its sum.
    fn opening(&self) -> String {
        format!("\"prev\":\"{}\",\"seq\":{},", self.last.0, self.lines + 1)
    }
}

/// Parses what a line says that was checked.
pub(super) fn parse(body: &str) -> Result<Body, LineError> {
    Body::parse(&format!("{{{body}")).map_err(LineError::Unreadable)
}

/// Tells whether a line is whole, wherever it belongs.
pub(super) fn is_whole(line: &[u8]) -> bool {
    checked(line).is_ok()
}

/// Returns a line with its sum before it and its end, and the sum.
fn summed(rest: &str) -> (Vec<u8>, Sum) {
    let sum = Sum::of(rest);
    (format!("{OPENING}{}{CLOSING}{rest}\n", sum.0).into_bytes(), sum)
}

/// Returns what follows the sum in a line, if the sum is right.
fn checked(line: &[u8]) -> Result<&str, LineError> {
    let text = str::from_utf8(line).map_err(|_| LineError::Sum)?;
    let sum_and_rest = text.strip_prefix(OPENING).ok_or(LineError::Sum)?;
    let (sum, rest) = sum_and_rest.split_at_checked(DIGITS).ok_or(LineError::Sum)?;
    let rest = rest.strip_prefix(CLOSING).ok_or(LineError::Sum)?;
    if Sum::of(rest).0 == sum { Ok(rest) } else { Err(LineError::Sum) }
}
