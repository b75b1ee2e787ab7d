#![doc = include_str!("../README.md")]
// REQ: E-36

#[cfg(feature = "aws")]
pub use regionmig_aws as aws;
#[cfg(feature = "aws")]
pub use regionmig_aws::Access;
pub use regionmig_core::{
    AccountId, Act, AliasName, AppClientId, Applied, Apply, ApplyOptions, Archive, Arn, Binding, BoxError, Caller,
    CallerError, CancellationToken, Capture, CertificateArn, CertificateAuthorityArn, Check, Classify, Clock, Count,
    DetectorId, Digest, Disk, Doubt, Draft, Effect, End, Entry, Error, ErrorKind, ErrorReport, Event, Exposure,
    FileArchive, FileJournal, FileJournalError, Finding, Flaw, FullPlan, Gap, HandOver, HandOverError, Header, Hold,
    HostVariant, IdMap, Identifier, IdentityPoolId, Inventory, Item, Journal, JournalError, JournalLine, JournalReader,
    KeyArn, Lane, Listing, Lookup, MemoryArchive, MemoryJournal, Migrate, Migration, MigrationPlan, MigrationSurvey,
    NameError, Noted, OptIn, Outcome, Pairing, Partition, Perform, Permission, Place, Plan, PlanDiff, PlanError,
    PlannedStep, Probe, Purpose, RebindError, Receipt, Record, Region, ReplayError, Resolver, ResourceId, Reversal,
    Route, RouteError, Run, RunContext, SamlProviderUuid, Secret, SecretArn, Service, Settle, Severity, Side,
    SignInEndpoint, Snapshot, Spec, Stale, Standing, Standings, Status, Step, StepContext, StepId, Stop, Storage,
    StoredFile, StsEndpoint, Survey, SystemClock, Task, Template, Timestamp, Unread, UnresolvedError, UserPoolId,
    Verdict, Verification, Verify, Wait, chain, code, identifier, policy_document, prelude, reencrypt, rewrite,
    snapshot,
};
#[cfg(feature = "kms")]
pub use regionmig_kms as kms;
#[cfg(feature = "secrets")]
pub use regionmig_secrets as secrets;

#[cfg(any(doc, doctest))]
#[doc = include_str!("../docs/when-it-dies.md")]
pub mod when_it_dies {}
