#![doc = include_str!("../README.md")]

mod archive;
mod check;
mod context;
mod digest;
mod draft;
mod engine;
mod erased;
mod error;
mod event;
mod finding;
mod handover;
mod ids;
mod journal;
mod knowledge;
mod migration;
mod plan;
mod policy;
pub mod prelude;
mod receipt;
pub mod reencrypt;
mod region;
pub mod rewrite;
mod route;
mod schema;
mod secret;
mod service;
mod standings;
mod step;
mod storage;
mod survey;
mod tags;
mod time;
mod wait;
mod word;

pub use archive::{Archive, FileArchive, MemoryArchive};
pub use check::{Check, Flaw, Verdict};
pub use context::{Count, Doubt, RunContext, StepContext};
pub use digest::Digest;
pub use draft::Draft;
pub use engine::{ApplyOptions, Outcome, Stop};
pub use error::{BoxError, Classify, Error, ErrorKind, ErrorReport, chain};
pub use event::Event;
pub use finding::{Finding, Severity, code};
pub use handover::{HandOver, HandOverError};
pub use ids::{
    AliasName, AppClientId, Arn, Binding, CertificateArn, CertificateAuthorityArn, DetectorId, IdMap, Identifier,
    IdentityPoolId, KeyArn, RebindError, ResourceId, SecretArn, Template, UnresolvedError, UserPoolId,
};
pub use jiff::Timestamp;
pub use journal::{
    Act, Entry, FileJournal, FileJournalError, Header, Journal, JournalError, JournalLine, JournalReader,
    MemoryJournal, Noted, Record, Run,
};
pub use knowledge::{Gap, Item, Listing, Lookup, Pairing, Snapshot, Stale};
pub use migration::{Migration, MigrationSurvey, Unread, Verification};
pub use plan::{FullPlan, Hold, MigrationPlan, PlanDiff, PlanError, PlannedStep};
pub use policy::policy_document;
pub use receipt::Receipt;
pub use region::{
    HostVariant, NameError, OptIn, Partition, Region, Resolver, SamlProviderUuid, SignInEndpoint, StsEndpoint,
};
pub use route::{AccountId, Caller, CallerError, End, Place, Route, RouteError, Side};
pub use secret::Secret;
pub use service::{Applied, Apply, Inventory, Lane, Migrate, Plan, Probe, Reversal, Service, Verify};
pub use standings::{ReplayError, Standing, Standings, Status};
pub use step::{Effect, Permission, Settle, Spec, Step, StepId};
pub use storage::{Disk, Exposure, Storage, StoredFile};
pub use survey::{Capture, Purpose, Survey};
pub use tags::{SOURCE_MARK, STEP_MARK, is_reserved_tag, marks, source_mark, tags_digest};
pub use time::{Clock, SystemClock};
pub use tokio_util::sync::CancellationToken;
pub use wait::{Perform, Task, Wait};

/// What the macros of this crate expand to. Not for direct use.
#[doc(hidden)]
pub mod private {
    pub use serde::{Deserialize, Deserializer, Serialize, Serializer};

    pub use crate::schema::read_text;

    /// Makes the error of an identifier's macro.
    pub fn name_error(kind: &'static str, text: &str, why: &'static str) -> crate::NameError {
        crate::NameError::new(kind, text, why)
    }
}
