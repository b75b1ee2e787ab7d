//! What a change replaced, kept for the way back.

use std::collections::BTreeMap;

use regionmig_core::{Receipt, StepContext};
use serde::{Deserialize, Serialize};

/// What a change replaced, where the step itself holds no more than its digest.
///
/// Saved before the request is sent, since the answer may be lost, and put into the receipt. None of it is secret.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum Replaced {
    Description(String),
    Policy(String),
    /// The values that those of the step's tags had which were there.
    Tags(BTreeMap<String, String>),
}

impl Replaced {
    /// Reads what was kept. Journals of earlier versions have none, or a text of another form.
    pub(super) fn of(receipt: &Receipt, cx: &StepContext<'_>) -> Option<Self> {
        receipt.artifacts.iter().find_map(|text| serde_json::from_str(text).ok()).or_else(|| cx.saved())
    }

    /// Begins the receipt of a change with what was saved before its request was sent.
    pub(super) fn receipt(cx: &StepContext<'_>) -> Receipt {
        let saved = cx.saved::<Self>().and_then(|replaced| serde_json::to_string(&replaced).ok());
        saved.into_iter().fold(Receipt::new(), Receipt::artifact)
    }
}
