//! Idempotency tokens, as a service remembers them.

use std::collections::BTreeMap;
use std::time::Duration;

use jiff::Timestamp;
use serde_json::Value;

use crate::clock;

/// What a service remembers of the tokens it was given, for a time.
///
/// ```
/// # use std::time::Duration;
/// # use regionmig_testkit::{Recall, TokenMemory};
/// # use serde_json::json;
/// let (mut memory, now) = (TokenMemory::lasting(Duration::from_secs(3600)), jiff::Timestamp::UNIX_EPOCH);
/// memory.remember("token", json!({"Name": "a"}), now, "arn");
/// assert_eq!(memory.recall("token", &json!({"Name": "a"}), now), Recall::Same(&"arn"));
/// assert_eq!(memory.recall("token", &json!({"Name": "b"}), now), Recall::Other);
/// ```
#[derive(Clone, Debug)]
pub struct TokenMemory<T> {
    lasting: Duration,
    seen: BTreeMap<String, (Timestamp, Value, T)>,
}

/// What a service knows of a token.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
#[expect(clippy::exhaustive_enums, reason = "the request was the same, or another, or there was none")]
pub enum Recall<T> {
    /// Nothing: never seen, or forgotten.
    Fresh,
    /// The token came with another request.
    Other,
    /// The token came with the same request, which had this result.
    Same(T),
}

impl<T> TokenMemory<T> {
    /// Remembers nothing yet, and later each token for `lasting`.
    pub fn lasting(lasting: Duration) -> Self {
        Self { lasting, seen: BTreeMap::new() }
    }

    /// Returns what is remembered of `token` at `now`.
    pub fn recall(&self, token: &str, request: &Value, now: Timestamp) -> Recall<&T> {
        match self.seen.get(token) {
            Some((at, ..)) if clock::after(*at, self.lasting) <= now => Recall::Fresh,
            Some((_, seen, result)) if seen == request => Recall::Same(result),
            Some(_) => Recall::Other,
            None => Recall::Fresh,
        }
    }

    /// Remembers that `token` came at `now` with `request`, and what was answered.
    pub fn remember(&mut self, token: impl Into<String>, request: Value, now: Timestamp, result: T) {
        self.seen.insert(token.into(), (now, request, result));
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_token_is_forgotten_when_its_time_is_over() {
        let (now, hour) = (Timestamp::UNIX_EPOCH, Duration::from_secs(3600));
        let mut memory = TokenMemory::lasting(hour);
        memory.remember("t", json!(1), now, "arn");
        let last = clock::after(now, hour - Duration::from_nanos(1));
        assert_eq!(memory.recall("t", &json!(1), last), Recall::Same(&"arn"));
        assert_eq!(memory.recall("t", &json!(2), last), Recall::Other);
        assert_eq!(memory.recall("t", &json!(1), clock::after(now, hour)), Recall::Fresh);
        assert_eq!(memory.recall("u", &json!(1), now), Recall::Fresh);
    }
}
