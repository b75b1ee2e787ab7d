//! All that the world's services know, and which of them a call is for.

mod account;
mod iam;
mod sts;
mod tagging;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use jiff::Timestamp;
use regionmig_core::End;
use serde_json::Value;

use crate::call::{Call, Refusal};
use crate::kms::{self, Kms};
use crate::plug::Plug;
use crate::secrets::{self, Denied, Secrets};
use crate::state::Cx;

pub(crate) use iam::Iam;
pub use iam::PrincipalSeed;
pub(crate) use sts::Sts;

/// The state of every service in every account and region. A clone costs little until one of the two changes.
#[derive(Clone, Default)]
pub(crate) struct State {
    pub(crate) iam: Arc<Iam>,
    pub(crate) kms: Arc<Kms>,
    pub(crate) plugs: BTreeMap<String, Box<dyn Plug>>,
    pub(crate) secrets: Arc<Secrets>,
    pub(crate) sts: Arc<Sts>,
}

impl State {
    /// Answers a call. What was plugged in comes before what the world carries itself.
    pub(crate) fn answer(&mut self, call: &Call, cx: &mut Cx<'_>) -> Result<Value, Refusal> {
        self.settle(cx.now, cx.denied);
        let answer = match (self.plugs.get_mut(&call.service), call.service.as_str()) {
            (Some(plug), _) => plug.answer(call),
            (None, "account") => account::answer(call, cx),
            (None, "iam") => iam::answer(call, &self.iam, cx),
            (None, "kms") => kms::answer(call, Arc::make_mut(&mut self.kms), cx),
            (None, "secretsmanager") => secrets::answer(call, Arc::make_mut(&mut self.secrets), &self.kms, cx),
            (None, "sts") => sts::answer(call, Arc::make_mut(&mut self.sts), cx),
            (None, "tagging") => tagging::answer(call, &self.kms, cx.now),
            (None, _) => Err(Refusal::unknown(&call.operation)),
        };
        answer.map_err(|refusal| refusal.named(call))
    }

    /// Lets happen what services do by themselves by `now`.
    pub(crate) fn settle(&mut self, now: Timestamp, denied: &mut Denied<'_>) {
        if self.secrets.is_due(now) {
            Arc::make_mut(&mut self.secrets).settle(now, &self.kms, denied);
        }
    }

    /// Returns the actions that a call must be allowed, each with where.
    pub(crate) fn needs(&self, call: &Call) -> BTreeSet<(End, String)> {
        match (self.plugs.contains_key(&call.service), call.service.as_str()) {
            (false, "kms") => kms::needs(call),
            (false, "secretsmanager") => secrets::needs(call, &self.secrets, &self.kms),
            _ => BTreeSet::from([(call.end.clone(), call.action())]),
        }
    }

    /// Tells whether a call changes what later calls see.
    pub(crate) fn mutates(&self, call: &Call) -> bool {
        match (self.plugs.contains_key(&call.service), call.service.as_str()) {
            (false, "kms") => kms::mutates(&call.operation),
            (false, "secretsmanager") => secrets::mutates(&call.operation),
            (false, "account" | "iam" | "sts" | "tagging") => false,
            _ => !is_read(&call.operation),
        }
    }
}

/// Tells by its name whether an operation only reads.
fn is_read(operation: &str) -> bool {
    const READS: [&str; 8] = ["BatchGet", "Describe", "GET ", "Get", "Head", "List", "Query", "Scan"];
    READS.iter().any(|verb| operation.starts_with(verb))
}
