//! What one service found in one region.

use std::fmt::Debug;

use jiff::Timestamp;
use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::knowledge::Gap;

/// What one service found in one region: made of listings. [`snapshot!`](crate::snapshot)
/// implements it.
pub trait Snapshot: Clone + Debug + PartialEq + Serialize + DeserializeOwned + Send + Sync + 'static {
    /// Makes a snapshot in which nothing is known.
    fn unread(gap: &Gap) -> Self;
    /// Returns everything that could not be read. Each becomes a finding.
    fn gaps(&self) -> Vec<&Gap>;
    /// Takes over what a later snapshot knows better.
    fn fill(&mut self, later: Self);
    /// Takes over what an earlier snapshot, made at `at`, knew of what this one does not know.
    fn backfill(&mut self, earlier: Self, at: Timestamp);
    /// Returns what is known from an earlier snapshot only.
    fn stale(&self) -> Vec<Stale>;
    /// Returns why persons say that nothing else is there.
    fn presumed(&self) -> Vec<&str>;
}

/// Something that is known from an earlier survey only.
#[derive(Clone, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub struct Stale {
    /// Its key in the listing.
    pub what: String,
    /// When it was read.
    pub at: Timestamp,
}

/// Implements [`Snapshot`](trait@crate::Snapshot) for a struct all of whose fields are
/// [`Listing`](crate::Listing)s or snapshots.
#[macro_export]
macro_rules! snapshot {
    ($name:ident { $($field:ident),+ $(,)? }) => {
        impl $crate::Snapshot for $name {
            fn unread(gap: &$crate::Gap) -> Self {
                Self { $($field: $crate::Snapshot::unread(gap)),+ }
            }
            fn gaps(&self) -> ::std::vec::Vec<&$crate::Gap> {
                let mut gaps = ::std::vec::Vec::new();
                $(gaps.extend($crate::Snapshot::gaps(&self.$field));)+
                gaps
            }
            fn fill(&mut self, later: Self) {
                $($crate::Snapshot::fill(&mut self.$field, later.$field);)+
            }
            fn backfill(&mut self, earlier: Self, at: $crate::Timestamp) {
                $($crate::Snapshot::backfill(&mut self.$field, earlier.$field, at);)+
            }
            fn stale(&self) -> ::std::vec::Vec<$crate::Stale> {
                let mut stale = ::std::vec::Vec::new();
                $(stale.extend($crate::Snapshot::stale(&self.$field));)+
                stale
            }
            fn presumed(&self) -> ::std::vec::Vec<&str> {
                let mut presumed = ::std::vec::Vec::new();
                $(presumed.extend($crate::Snapshot::presumed(&self.$field));)+
                presumed
            }
        }
    };
}
