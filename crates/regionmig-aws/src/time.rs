//! The SDK's times in ours.

use aws_smithy_types::DateTime;
use regionmig_core::Timestamp;

/// Returns a time of the SDK's; nothing, if it is beyond the years of a [`Timestamp`].
pub fn timestamp(at: &DateTime) -> Option<Timestamp> {
    Timestamp::new(at.secs(), i32::try_from(at.subsec_nanos()).ok()?).ok()
}
