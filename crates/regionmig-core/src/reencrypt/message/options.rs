//! How messages are read and written.

use super::limits::Limits;
use super::suite::Suite;
use crate::reencrypt::EncryptionContext;

/// How messages are read and written.
///
/// ```
/// use regionmig_core::reencrypt::message::{Limits, MessageOptions};
/// let options = MessageOptions::new().with_frame_length(1 << 16).with_limits(Limits::default().with_block(64 << 20)).comparing();
/// # let _ = options;
/// ```
#[derive(Clone, Debug, Default)]
pub struct MessageOptions {
    pub(super) context: EncryptionContext,
    pub(super) frame_length: Option<u32>,
    pub(super) limits: Limits,
    pub(super) suite: Option<Suite>,
    pub(super) compares: bool,
    pub(super) takes_net_400: bool,
    pub(super) wants_commitment: bool,
}

impl MessageOptions {
    /// The defaults: a committing suite, signed if the message was; its frame length, or 4,096 if it has no frames.
    pub fn new() -> Self {
        Self::default()
    }

    /// Gives pairs of the encryption context. Those that the message stores must be the same there, as a check; those that it does not
    /// store, because whoever wrote it required its readers to know them, are not stored in the new one either.
    #[must_use]
    pub fn with_context(mut self, context: EncryptionContext) -> Self {
        self.context = context;
        self
    }

    /// Writes frames of so many bytes; 0 is taken for 1.
    #[must_use]
    pub fn with_frame_length(mut self, bytes: u32) -> Self {
        self.frame_length = Some(bytes.max(1));
        self
    }

    /// Reads no more than these limits allow.
    #[must_use]
    pub const fn with_limits(mut self, limits: Limits) -> Self {
        self.limits = limits;
        self
    }

    /// Writes with another suite than the default. Of the suites, only those that commit to their key are advised: choose another one for
    /// readers that know no other.
    #[must_use]
    pub const fn with_suite(mut self, suite: Suite) -> Self {
        self.suite = Some(suite);
        self
    }

    /// Opens what is written again, as it is written, with the target's keyring, and compares it with what was read, before it is
    /// committed. For one request and half of the work more.
    #[must_use]
    pub const fn comparing(mut self) -> Self {
        self.compares = true;
        self
    }

    /// Takes only messages that commit to their key, and refuses others before any key is asked: what the Encryption SDK calls "require
    /// encrypt, require decrypt". Old messages do not commit, so by default they are taken, and what is written commits.
    // REQ: KMS-16
    #[must_use]
    pub const fn requiring_commitment(mut self) -> Self {
        self.wants_commitment = true;
        self
    }

    /// Takes messages of ESDK-NET 4.0.0 whose headers authenticate something else than the format says. The frames are checked as ever.
    #[must_use]
    pub const fn accepting_net_4_0_0(mut self) -> Self {
        self.takes_net_400 = true;
        self
    }
}
