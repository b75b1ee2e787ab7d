//! How a key is named in a request.

use regionmig_aws::Error;
use regionmig_core::StepContext;

use crate::step::EncryptedUnder;

impl EncryptedUnder {
    /// Returns the key as a request names it; nothing, for the region's `aws/secretsmanager`.
    pub(super) fn resolved(&self, cx: &StepContext<'_>) -> Result<Option<String>, Error> {
        Ok(match self {
            Self::Alias(alias) => Some(cx.resolve(alias)?.as_str().to_owned()),
            Self::Default => None,
            Self::Key(key) => Some(cx.resolve(key)?.as_str().to_owned()),
        })
    }
}
