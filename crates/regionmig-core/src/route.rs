//! Where a migration runs: accounts, ends, routes, and who is asked whose credentials are in use.

use std::fmt;
use std::str::FromStr;
use std::sync::Arc;

use async_trait::async_trait;
use serde::{Deserialize, Deserializer, Serialize, Serializer, de};

use crate::error::{BoxError, ErrorKind};
use crate::finding::Finding;
use crate::region::{NameError, Partition, Region};
use crate::time::{Clock, SystemClock};

/// An AWS account: twelve digits.
#[derive(Clone, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub struct AccountId(Arc<str>);

impl AccountId {
    /// Returns the digits.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for AccountId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl FromStr for AccountId {
    type Err = NameError;

    fn from_str(text: &str) -> Result<Self, NameError> {
        match text.len() == 12 && text.bytes().all(|b| b.is_ascii_digit()) {
            true => Ok(Self(text.into())),
            false => Err(NameError::new("account", text, "an account has twelve digits")),
        }
    }
}

impl Serialize for AccountId {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&self.0)
    }
}

impl<'de> Deserialize<'de> for AccountId {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer)?.parse().map_err(de::Error::custom)
    }
}

/// One of the two ends of a migration.
#[derive(Clone, Copy, Debug, Deserialize, Eq, Hash, Ord, PartialEq, PartialOrd, Serialize)]
#[serde(rename_all = "snake_case")]
#[expect(clippy::exhaustive_enums, reason = "a migration has two ends")]
pub enum Side {
    /// Where things are.
    Source,
    /// Where they should come to be.
    Target,
}

impl fmt::Display for Side {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Source => "source",
            Self::Target => "target",
        })
    }
}

/// An account in a region: where a client is made for, and where things are.
///
/// Written `111122223333/eu-central-1`; the partition is told from the region.
///
/// ```
/// # use regionmig_core::End;
/// let end: End = "111122223333/cn-north-1".parse()?;
/// assert_eq!(end.partition.to_string(), "aws-cn");
/// assert_eq!(end.to_string(), "111122223333/cn-north-1");
/// # Ok::<(), regionmig_core::NameError>(())
/// ```
#[derive(Clone, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
#[non_exhaustive]
pub struct End {
    /// The partition of the region.
    pub partition: Partition,
    /// The account.
    pub account: AccountId,
    /// The region.
    pub region: Region,
}

impl End {
    /// Joins an account and a region.
    pub fn new(account: AccountId, region: Region) -> Self {
        Self { partition: region.partition(), account, region }
    }

    /// Returns the same account in `region`.
    #[must_use]
    pub fn in_region(&self, region: Region) -> Self {
        Self::new(self.account.clone(), region)
    }
}

impl fmt::Display for End {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.account, self.region)
    }
}

impl FromStr for End {
    type Err = NameError;

    fn from_str(text: &str) -> Result<Self, NameError> {
        let Some((account, region)) = text.split_once('/') else {
            return Err(NameError::new("end", text, "an end is written `account/region`"));
        };
        Ok(Self::new(account.parse()?, region.parse()?))
    }
}

impl Serialize for End {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for End {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer)?.parse().map_err(de::Error::custom)
    }
}

/// Where a request goes. Most go to one end; some, as for a multi-Region key whose primary is
/// elsewhere, go to a third region.
#[derive(Clone, Debug, Default, Deserialize, Eq, Hash, Ord, PartialEq, PartialOrd, Serialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum Place {
    /// To a service that has no regions.
    Global,
    /// To a third region, in the source's account.
    Region(Region),
    /// To the source.
    Source,
    /// To the target.
    #[default]
    Target,
}

impl Place {
    pub(crate) fn is_target(&self) -> bool {
        *self == Self::Target
    }
}

impl From<Side> for Place {
    fn from(side: Side) -> Self {
        match side {
            Side::Source => Self::Source,
            Side::Target => Self::Target,
        }
    }
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Global => f.write_str("global"),
            Self::Region(region) => region.fmt(f),
            Self::Source => Side::Source.fmt(f),
            Self::Target => Side::Target.fmt(f),
        }
    }
}

/// From where to where.
#[derive(Clone, Debug, Deserialize, Eq, Hash, PartialEq, Serialize)]
#[serde(deny_unknown_fields)]
#[non_exhaustive]
pub struct Route {
    /// Where things are.
    pub source: End,
    /// Where they should come to be.
    pub target: End,
}

impl Route {
    /// Makes a route.
    ///
    /// # Errors
    ///
    /// Fails if both ends are one.
    pub fn new(source: End, target: End) -> Result<Self, RouteError> {
        match source == target {
            true => Err(RouteError { end: source }),
            false => Ok(Self { source, target }),
        }
    }

    /// Returns one end.
    pub fn end(&self, side: Side) -> &End {
        match side {
            Side::Source => &self.source,
            Side::Target => &self.target,
        }
    }

    /// Returns where a request to `place` goes.
    pub fn place(&self, place: &Place) -> End {
        match place {
            Place::Source => self.source.clone(),
            Place::Target => self.target.clone(),
            Place::Region(region) => self.source.in_region(region.clone()),
            // Global services answer for the whole account; the target is what must be reached.
            Place::Global => self.target.clone(),
        }
    }

    /// Returns the way back.
    #[must_use]
    pub fn reversed(&self) -> Self {
        Self { source: self.target.clone(), target: self.source.clone() }
    }
}

impl fmt::Display for Route {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} -> {}", self.source, self.target)
    }
}

/// A route leads nowhere.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
#[error("`{end}` is both source and target: name two ends")]
#[non_exhaustive]
pub struct RouteError {
    /// The end.
    pub end: End,
}

/// Says whose credentials are in use, what the time is, and whether an end can be used at all.
///
/// `regionmig_aws::Access` is one; a test may have its own.
#[async_trait]
pub trait Caller: fmt::Debug + Send + Sync {
    /// Returns the account that calls made at `end` belong to.
    ///
    /// # Errors
    ///
    /// Fails if that cannot be found out. Nothing is applied then.
    async fn account(&self, end: &End) -> Result<AccountId, CallerError>;

    /// Returns who makes calls at `end`, such as the ARN of a role's session: for the record only. Nobody, if that is not known.
    async fn identity(&self, _end: &End) -> Option<String> {
        None
    }

    /// Returns the clock.
    fn clock(&self) -> Arc<dyn Clock> {
        Arc::new(SystemClock::default())
    }

    /// Returns what a person should know before `end` is made the target: a region that is not
    /// enabled is a [`Blocker`](crate::Severity::Blocker) without a subject.
    async fn readiness(&self, _end: &End) -> Vec<Finding> {
        Vec::new()
    }
}

/// Whose credentials are in use could not be found out.
#[derive(Debug, thiserror::Error)]
#[error("the caller's identity could not be read")]
#[non_exhaustive]
pub struct CallerError {
    /// What kind of failure.
    pub kind: ErrorKind,
    /// Why not.
    pub source: BoxError,
}

impl CallerError {
    /// Wraps what the service that was asked said.
    pub fn new(kind: ErrorKind, source: impl Into<BoxError>) -> Self {
        Self { kind, source: source.into() }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_end_reads_back_and_a_bad_one_is_named() {
        let end: Result<End, _> = "111122223333/eu-central-1".parse();
        assert_eq!(end.map(|end| end.to_string()), Ok("111122223333/eu-central-1".to_owned()));
        for text in ["111122223333", "1111/eu-central-1", "111122223333/", "11112222333x/eu-central-1"] {
            assert!(text.parse::<End>().is_err(), "{text}");
        }
    }

    #[test]
    fn a_route_needs_two_ends_and_leads_back() -> Result<(), Box<dyn std::error::Error>> {
        let (a, b): (End, End) = ("111122223333/me-central-1".parse()?, "111122223333/eu-central-1".parse()?);
        assert!(Route::new(a.clone(), a.clone()).is_err());
        let route = Route::new(a.clone(), b.clone())?;
        assert_eq!(route.reversed(), Route::new(b.clone(), a.clone())?);
        assert_eq!(route.to_string(), "111122223333/me-central-1 -> 111122223333/eu-central-1");
        assert_eq!(route.place(&Place::Region("us-west-2".parse()?)).to_string(), "111122223333/us-west-2");
        assert_eq!((route.place(&Side::Source.into()), route.place(&Place::default())), (a, b));
        Ok(())
    }
}
