//! One request under way: the call, what KMS knows, and what surrounds the call.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use jiff::Timestamp;
use serde_json::{Map, Value, json};

use super::store::Kms;
use crate::call::{Call, Refusal};
use crate::state::Cx;

/// One request under way. Its input has been checked against the model.
pub(super) struct Ask<'a, 'c> {
    pub(super) call: &'a Call,
    pub(super) cx: &'a mut Cx<'c>,
    pub(super) kms: &'a mut Kms,
}

impl<'a> Ask<'a, '_> {
    pub(super) fn text(&self, member: &str) -> Option<&'a str> {
        self.call.text(member)
    }

    pub(super) fn flag(&self, member: &str) -> bool {
        self.call.body.get(member).and_then(Value::as_bool).unwrap_or_default()
    }

    pub(super) fn number(&self, member: &str) -> Option<i64> {
        self.call.body.get(member)?.as_i64()
    }

    /// Reads a time, in seconds since 1970.
    pub(super) fn time(&self, member: &str) -> Option<Timestamp> {
        let seconds = self.call.body.get(member)?.as_f64()?;
        jiff::SignedDuration::try_from_secs_f64(seconds).ok().and_then(|since| Timestamp::from_duration(since).ok())
    }

    pub(super) fn blob(&self, member: &str) -> Option<Vec<u8>> {
        STANDARD.decode(self.text(member)?).ok()
    }

    pub(super) fn list(&self, member: &str) -> &'a [Value] {
        self.call.body.get(member).and_then(Value::as_array).map_or(&[], Vec::as_slice)
    }

    pub(super) fn map(&self, member: &str) -> Option<&'a Map<String, Value>> {
        self.call.body.get(member)?.as_object()
    }

    /// Returns a quota: what the test has set, or AWS's default.
    pub(super) fn quota(&self, name: &str, default: usize) -> usize {
        let set = self.cx.quotas.get(name).map(|quota| usize::try_from(*quota).unwrap_or(usize::MAX));
        set.unwrap_or(default)
    }

    /// Refuses the request if it was to be checked only. To be called when nothing else can refuse it any more.
    pub(super) fn dry_run(&self) -> Result<(), Refusal> {
        match self.flag("DryRun") {
            true => Err(Refusal::new("DryRunOperationException")
                .message("The request would have succeeded, but the DryRun option is set.")),
            false => Ok(()),
        }
    }
}

/// Writes a time as this protocol does: seconds since 1970, to the millisecond.
pub(super) fn seconds(at: Timestamp) -> Value {
    #[expect(clippy::cast_precision_loss, reason = "milliseconds of any real date are exact in 53 bits")]
    let millis = at.as_millisecond() as f64;
    json!(millis / 1000.0)
}

/// Writes bytes as this protocol does.
pub(super) fn base64(bytes: impl AsRef<[u8]>) -> Value {
    json!(STANDARD.encode(bytes))
}
