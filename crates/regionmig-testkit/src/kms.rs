//! KMS in the world: a placeholder that knows no operation.

use std::collections::BTreeMap;

use regionmig_core::End;
use serde_json::Value;

use crate::call::{Call, Refusal};
use crate::state::Cx;

/// The keys of all accounts and regions.
#[derive(Clone, Debug, Default)]
pub(crate) struct Kms;

impl Kms {
    /// Returns the ARN and the tags of every tagged key of `end`, by ARN.
    pub(crate) fn tagged(&self, _end: &End) -> Vec<(String, BTreeMap<String, String>)> {
        Vec::new()
    }
}

/// Answers one call.
pub(crate) fn answer(call: &Call, _state: &mut Kms, _cx: &mut Cx<'_>) -> Result<Value, Refusal> {
    Err(Refusal::unknown(&call.action()))
}

/// Tells whether an operation changes what later calls see.
pub(crate) fn mutates(_operation: &str) -> bool {
    false
}
