//! What a rewritten policy may not do, as functions of any rewriting: four rules, and a search for what breaks one.
//!
//! - Moved: what is allowed in the target was allowed to a request of the source that is carried there, or was allowed
//!   before; and what was denied to all of these is denied.
//! - Kept: a request that names nothing of the target gets no more than before.
//! - Denied: where values are added, what was denied stays denied, in the target too.
//! - Nothing new: only values of resources and conditions differ, and each is one that stood there or its image.
//!
//! The first holds where the policy is replaced, the first three where it is to serve both regions.

use std::cell::Cell;
use std::fmt;

use proptest::prelude::any;
use proptest::test_runner::{Config, RngAlgorithm, TestCaseError, TestError, TestRng, TestRunner};
use serde_json::{Map, Value};

use super::aim::requests;
use super::evaluator::{Decision, Request, decide};
use super::generate::policies;
use super::mapping::{ACROSS, RESOURCE, WITHIN, World};
use super::written::written;

/// What the rewriting does with a value of the source.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Mode {
    /// It keeps it, and adds the image.
    Add,
    /// It puts the image in its place.
    Replace,
}

/// Which rules a search applies.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Rules {
    All,
    /// Those that decide requests.
    Decisions,
    /// The one that compares the documents.
    Documents,
}

/// A request that gets more than it may, or a place of the document that says what it may not.
#[derive(Debug)]
pub(crate) struct Widened {
    rule: &'static str,
    what: String,
}

impl fmt::Display for Widened {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.rule, self.what)
    }
}

/// How many requests were decided, and how often it mattered.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Count {
    pub(crate) policies: u64,
    pub(crate) requests: u64,
    /// Those of the source that the policy allowed before.
    pub(crate) allowed: u64,
    /// Those of the source that it denied by name.
    pub(crate) denied: u64,
    /// Those allowed in the target after, and not before.
    pub(crate) gained: u64,
}

/// Rewrites generated policies for both routes, and decides for each some requests, until a rule is broken; then it
/// makes the policy smaller, in `shrinks` tries at most.
///
/// The result is the smallest policy found that breaks a rule, with how; the count ends where the first was found.
pub(crate) fn search(
    mode: Mode,
    rules: Rules,
    policies_tried: u32,
    shrinks: u32,
    rewrite: impl Fn(&World, &str) -> String,
) -> (Count, Result<(), String>) {
    let config =
        Config { cases: policies_tried, failure_persistence: None, max_shrink_iters: shrinks, ..Config::default() };
    // The same policies each time, so that a count that is shown is the same too.
    let mut runner = TestRunner::new_with_rng(config, TestRng::deterministic_rng(RngAlgorithm::ChaCha));
    let (count, is_found) = (Cell::new(Count::default()), Cell::new(false));
    let found = runner.run(&(policies(), any::<u64>()), |(policy, seed)| {
        let world = if seed % 3 == 0 { ACROSS } else { WITHIN };
        let text = written(&policy, seed);
        let rewritten = rewrite(&world, &text);
        let mut counted = count.get();
        let checked = check(mode, rules, &world, &policy, &rewritten, seed, &mut counted);
        if !is_found.get() {
            count.set(counted);
        }
        checked.map_err(|widened| {
            is_found.set(true);
            TestCaseError::fail(format!("{widened}\nbefore: {policy}\nafter:  {rewritten}"))
        })
    });
    let found = match found {
        Ok(()) => Ok(()),
        Err(TestError::Fail(reason, _)) if RULES.iter().any(|rule| reason.message().starts_with(rule)) => {
            Err(reason.to_string())
        }
        // A panic is no answer.
        Err(TestError::Fail(reason, _)) => panic!("{reason}"),
        Err(TestError::Abort(reason)) => panic!("{reason}"),
    };
    (count.get(), found)
}

const RULES: [&str; 4] = ["moved", "kept", "denied", "nothing new"];

/// How many requests are decided for each policy.
const REQUESTS: usize = 60;

/// Applies the rules to one policy and what became of it.
pub(crate) fn check(
    mode: Mode,
    rules: Rules,
    world: &World,
    before: &Value,
    rewritten: &str,
    seed: u64,
    count: &mut Count,
) -> Result<(), Widened> {
    let after: Value = serde_json::from_str(rewritten).unwrap();
    count.policies += 1;
    if rules != Rules::Decisions {
        nothing_new(mode, world, before, &after)?;
    }
    if rules == Rules::Documents {
        return Ok(());
    }
    for request in requests(world, before, seed, REQUESTS) {
        let (was, carried) = (decide(before, &request), world.carried(&request));
        count.requests += 1;
        if carried != request {
            count.allowed += u64::from(was == Decision::Allow);
            count.denied += u64::from(was == Decision::ExplicitDeny);
            let is_gained = decide(&after, &carried) == Decision::Allow && decide(before, &carried) != Decision::Allow;
            count.gained += u64::from(is_gained);
        }
        moved(world, before, &after, &carried)?;
        if mode == Mode::Add {
            kept(world, before, &after, &request)?;
            denied(before, &after, &request)?;
            denied(before, &after, &carried)?;
        }
    }
    Ok(())
}

fn moved(world: &World, before: &Value, after: &Value, carried: &Request) -> Result<(), Widened> {
    let is = decide(after, carried);
    let mut origins = world.origins(carried).into_iter();
    let is_covered = is == Decision::ExplicitDeny || origins.any(|origin| is <= decide(before, &origin));
    covered(is_covered, "moved", before, is, carried)
}

fn kept(world: &World, before: &Value, after: &Value, request: &Request) -> Result<(), Widened> {
    let is = decide(after, request);
    covered(world.names_target(request) || is <= decide(before, request), "kept", before, is, request)
}

fn denied(before: &Value, after: &Value, request: &Request) -> Result<(), Widened> {
    let is = decide(after, request);
    let is_covered = is == Decision::ExplicitDeny || decide(before, request) != Decision::ExplicitDeny;
    covered(is_covered, "denied", before, is, request)
}

fn covered(is: bool, rule: &'static str, before: &Value, decision: Decision, request: &Request) -> Result<(), Widened> {
    if is {
        return Ok(());
    }
    let was = decide(before, request);
    Err(Widened { rule, what: format!("{decision:?} after {was:?} to {request:?}") })
}

/// Compares the documents, element by element.
pub(crate) fn nothing_new(mode: Mode, world: &World, before: &Value, after: &Value) -> Result<(), Widened> {
    let (was, is) = (members(before)?, members(after)?);
    same_names("policy", was, is)?;
    for (name, was) in was.iter().filter(|(name, _)| *name != "Statement") {
        same(name, was, &is[name])?;
    }
    let (was, is) = (several(&before["Statement"]), several(&after["Statement"]));
    if was.len() != is.len() {
        return Err(new("Statement", "another number of statements"));
    }
    for (was, is) in was.iter().zip(is) {
        let (was, is) = (members(was)?, members(is)?);
        same_names("statement", was, is)?;
        for (name, was) in was {
            match name.as_str() {
                "Condition" => conditions(mode, world, was, &is[name])?,
                "Resource" | "NotResource" => values(mode, world, RESOURCE, was, &is[name])?,
                _ => same(name, was, &is[name])?,
            }
        }
    }
    Ok(())
}

fn conditions(mode: Mode, world: &World, was: &Value, is: &Value) -> Result<(), Widened> {
    same_names("Condition", members(was)?, members(is)?)?;
    for (operator, was) in members(was)? {
        let (was, is) = (members(was)?, members(&is[operator])?);
        same_names(operator, was, is)?;
        for (key, was) in was {
            values(mode, world, key, was, &is[key])?;
        }
    }
    Ok(())
}

/// Each value after was there or is the image of one that was; each that was is there, or its image is.
fn values(mode: Mode, world: &World, key: &str, was: &Value, is: &Value) -> Result<(), Widened> {
    let (was, is) = (several(was), several(is));
    let image = |value: &Value| Some(Value::from(world.image(key, value.as_str()?)?));
    for value in is {
        if !was.iter().any(|was| was == value || image(was).as_ref() == Some(value)) {
            return Err(new(key, format!("{value} is new")));
        }
    }
    for was in was {
        let is_there =
            is.contains(was) || (mode == Mode::Replace && image(was).is_some_and(|image| is.contains(&image)));
        if !is_there {
            return Err(new(key, format!("{was} is gone")));
        }
    }
    Ok(())
}

fn same(place: &str, was: &Value, is: &Value) -> Result<(), Widened> {
    if was == is { Ok(()) } else { Err(new(place, format!("{was} became {is}"))) }
}

fn same_names(place: &str, was: &Map<String, Value>, is: &Map<String, Value>) -> Result<(), Widened> {
    if was.keys().eq(is.keys()) { Ok(()) } else { Err(new(place, "other members")) }
}

fn members(value: &Value) -> Result<&Map<String, Value>, Widened> {
    value.as_object().ok_or_else(|| new("policy", format!("no object: {value}")))
}

/// One or several, as a policy may have it.
pub(crate) fn several(value: &Value) -> &[Value] {
    value.as_array().map_or_else(|| std::slice::from_ref(value), Vec::as_slice)
}

fn new(place: &str, what: impl fmt::Display) -> Widened {
    Widened { rule: "nothing new", what: format!("{place}: {what}") }
}
