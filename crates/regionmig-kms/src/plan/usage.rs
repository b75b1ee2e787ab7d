//! What is known of who uses a key.
// REQ: KMS-25

use regionmig_core::{KeyArn, Lookup};

use super::Planner;
use crate::finding;

impl Planner<'_> {
    /// Says when a key of the source was last used, if that was asked.
    pub(super) fn last_use(&mut self, arn: &KeyArn) {
        match self.survey.source.value.last_uses.lookup(arn) {
            Lookup::Present(last) => self.draft.find(finding::last_use(arn, last)),
            Lookup::Unknown(gap) => self.draft.find(finding::last_use_unread(arn, gap)),
            Lookup::Absent => {}
        }
    }
}
