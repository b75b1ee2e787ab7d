//! One request under way: the call, what its service knows, and what surrounds the call.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use jiff::Timestamp;
use serde_json::{Map, Value, json};

use crate::call::Call;
use crate::state::Cx;

/// One request under way. Its input has been checked against the service's model.
pub(crate) struct Ask<'a, 'c, S> {
    pub(crate) call: &'a Call,
    pub(crate) cx: &'a mut Cx<'c>,
    pub(crate) state: &'a mut S,
}

impl<'a, S> Ask<'a, '_, S> {
    pub(crate) fn text(&self, member: &str) -> Option<&'a str> {
        self.call.text(member)
    }

    pub(crate) fn flag(&self, member: &str) -> bool {
        self.call.body.get(member).and_then(Value::as_bool).unwrap_or_default()
    }

    pub(crate) fn number(&self, member: &str) -> Option<i64> {
        self.call.body.get(member)?.as_i64()
    }

    /// Reads a time, in seconds since 1970.
    pub(crate) fn time(&self, member: &str) -> Option<Timestamp> {
        let seconds = self.call.body.get(member)?.as_f64()?;
        jiff::SignedDuration::try_from_secs_f64(seconds).ok().and_then(|since| Timestamp::from_duration(since).ok())
    }

    pub(crate) fn blob(&self, member: &str) -> Option<Vec<u8>> {
        STANDARD.decode(self.text(member)?).ok()
    }

    pub(crate) fn list(&self, member: &str) -> &'a [Value] {
        self.call.body.get(member).and_then(Value::as_array).map_or(&[], Vec::as_slice)
    }

    pub(crate) fn map(&self, member: &str) -> Option<&'a Map<String, Value>> {
        self.call.body.get(member)?.as_object()
    }

    /// Returns a quota: what the test has set, or AWS's default.
    pub(crate) fn quota(&self, name: &str, default: usize) -> usize {
        let set = self.cx.quotas.get(name).map(|quota| usize::try_from(*quota).unwrap_or(usize::MAX));
        set.unwrap_or(default)
    }
}

/// Writes a time as awsJson does: seconds since 1970, to the millisecond.
pub(crate) fn seconds(at: Timestamp) -> Value {
    #[expect(clippy::cast_precision_loss, reason = "milliseconds of any real date are exact in 53 bits")]
    let millis = at.as_millisecond() as f64;
    json!(millis / 1000.0)
}

/// Writes bytes as awsJson does.
pub(crate) fn base64(bytes: impl AsRef<[u8]>) -> Value {
    json!(STANDARD.encode(bytes))
}
