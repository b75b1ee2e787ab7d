//! What of a scenario concerns one life.

use crate::ordeal::scenario::{Scenario, Trouble};

/// When the second operator begins, and how often the first one gets on.
#[derive(Clone, Copy, Debug)]
pub(super) struct Second {
    /// So many seconds after the life began.
    pub(super) after: u64,
    /// How often of a hundred.
    pub(super) share: u64,
}

impl Scenario {
    /// Returns the second operator of a life, if it has one.
    pub(super) fn second(&self, of: u64) -> Option<Second> {
        self.troubles.iter().find_map(|trouble| match trouble {
            Trouble::SecondOperator { life, after, share } if *life == of => {
                Some(Second { after: *after, share: *share })
            }
            _ => None,
        })
    }

    /// Returns at which poll a life is dropped, if it is.
    pub(super) fn dropped(&self, of: u64) -> Option<u64> {
        self.troubles.iter().find_map(|trouble| match trouble {
            Trouble::Dropped { life, poll } if *life == of => Some(*poll),
            _ => None,
        })
    }

    /// Returns what is there of the journal when a life begins, if it is lost then: the copy of another life's beginning, or
    /// nothing.
    pub(super) fn lost_journal(&self, of: u64) -> Option<Option<u64>> {
        self.troubles.iter().find_map(|trouble| match trouble {
            Trouble::JournalIsLost { life, copy_of } if *life == of => Some(*copy_of),
            _ => None,
        })
    }
}
