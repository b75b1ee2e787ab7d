//! What the accounts share that a test finds as years of use have left them.

use jiff::{SignedDuration, Timestamp};
use regionmig_core::{End, Region};

/// 2021-05-04T09:30:00Z: when the first thing was made.
const FOUNDED: i64 = 1_620_120_600;
/// Regions in which relatives of the account's things may be, after those that its services prefer.
const THIRD: [&str; 10] = [
    "us-west-2",
    "ap-southeast-2",
    "sa-east-1",
    "cn-north-1",
    "cn-northwest-1",
    "us-gov-west-1",
    "us-gov-east-1",
    "us-iso-east-1",
    "us-isob-east-1",
    "eusc-de-east-1",
];
/// What the account is used for.
pub(crate) const APPS: [&str; 8] =
    ["payments", "ledger", "archive", "billing", "search", "mail", "reports", "identity"];

/// Returns when the `n`th thing was made.
pub(crate) fn made(n: usize) -> Timestamp {
    let hours = i64::try_from(n).unwrap_or_default().saturating_mul(431);
    let founded = Timestamp::from_second(FOUNDED).unwrap_or(Timestamp::UNIX_EPOCH);
    founded.saturating_add(SignedDuration::from_hours(hours)).unwrap_or(founded)
}

/// Returns two regions of the same partition other than this one. There may be one only, or, in theory, none.
pub(crate) fn third(end: &End, preferred: &[&str]) -> [Region; 2] {
    let regions = preferred.iter().chain(&THIRD).filter_map(|name| name.parse::<Region>().ok());
    let others = regions.filter(|region| region.partition() == end.partition && *region != end.region);
    let mut others = others.take(2);
    let third = others.next().unwrap_or_else(|| end.region.clone());
    let fourth = others.next().unwrap_or_else(|| third.clone());
    [third, fourth]
}
