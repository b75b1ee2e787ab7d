//! The world: one AWS in process.

use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use aws_credential_types::Credentials;
use aws_credential_types::provider::SharedCredentialsProvider;
use aws_smithy_async::rt::sleep::SharedAsyncSleep;
use aws_smithy_async::time::SharedTimeSource;
use aws_smithy_runtime_api::client::behavior_version::BehaviorVersion;
use aws_smithy_runtime_api::client::http::SharedHttpClient;
use aws_smithy_types::retry::RetryConfig;
use aws_types::SdkConfig;
use jiff::Timestamp;
use regionmig_aws::Access;
use regionmig_core::{AccountId, End, Partition};
use serde_json::{Value, json};

use crate::call::{Call, Refusal};
use crate::clock::VirtualClock;
use crate::connector;
use crate::exchange::Core;
use crate::fault::Fault;
use crate::ledger::{Entry, Ledger};
use crate::plug::{self, Plug, Plugged};

/// The account whose credentials are used unless another is named.
pub(crate) const ACCOUNT: &str = "111122223333";
/// The region of configurations, until a client is made for another.
const REGION: &str = "us-east-1";
/// 2026-03-01T00:00:00Z: the time at which every world begins.
const BEGINNING: i64 = 1_772_323_200;

/// All accounts and regions of one AWS, in process, deterministic, with a clock and faults of its own.
///
/// It answers the real SDK's requests, taken in place of its HTTP client, for exactly the operations that `regionmig` calls;
/// anything else is refused by name with status 501. A clone is a handle of the same world, a [`fork`](Self::fork)
/// another world that begins as this one is.
///
/// ```
/// # use regionmig_testkit::World;
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let world = World::new();
/// let sts = aws_sdk_sts::Client::new(&world.sdk_config());
/// let identity = sts.get_caller_identity().send().await?;
/// assert_eq!(identity.account(), Some("111122223333"));
/// assert_eq!(world.ledger().count("sts:GetCallerIdentity"), 1);
/// # Ok(())
/// # }
/// ```
#[derive(Clone)]
pub struct World {
    clock: VirtualClock,
    core: Arc<Mutex<Core>>,
}

impl World {
    /// Makes an empty world, always the same.
    pub fn new() -> Self {
        Self::seeded(0)
    }

    /// Makes an empty world whose ids, keys and chances come from `seed`.
    pub fn seeded(seed: u64) -> Self {
        let beginning = Timestamp::from_second(BEGINNING).unwrap_or(Timestamp::UNIX_EPOCH);
        Self { clock: VirtualClock::starting(beginning), core: Arc::new(Mutex::new(Core::seeded(seed))) }
    }

    /// Returns another world that begins as this one is: state, time, seed, ledger, faults and what is still on its way. Cheap.
    #[must_use]
    pub fn fork(&self) -> Self {
        let core = self.lock().clone();
        Self { clock: self.clock.fork(), core: Arc::new(Mutex::new(core)) }
    }

    /// Returns the world's clock.
    pub fn clock(&self) -> VirtualClock {
        self.clock.clone()
    }

    /// Returns the configuration of the account 111122223333 for any SDK client. Its credentials never expire.
    pub fn sdk_config(&self) -> SdkConfig {
        self.config(ACCOUNT)
    }

    /// Returns the configuration of an account: the world as HTTP client, its clock as time source and sleep,
    /// standard retries, region us-east-1. Every account exists.
    pub fn sdk_config_of(&self, account: &AccountId) -> SdkConfig {
        self.config(account.as_str())
    }

    /// Returns the configuration of a session of a role, for twelve hours; the ARN is the role's, path and all. Any role can
    /// be assumed, whether [`iam`](Self::iam) made it or not.
    ///
    /// # Errors
    ///
    /// Fails if there can be no such role or session.
    pub fn sdk_config_as(&self, role: &str, session: &str) -> Result<SdkConfig, Refusal> {
        let partition = role.split(':').nth(1).and_then(|name| name.parse().ok()).unwrap_or(Partition::Aws);
        let end = format!("{ACCOUNT}/{}", partition.global_region()).parse();
        let end: End = end.map_err(|error| Refusal::new("ValidationError").message(format!("{error}")))?;
        let input = json!({ "DurationSeconds": "43200", "RoleArn": role, "RoleSessionName": session });
        let given = self.ask(&end, "sts:AssumeRole", input)?;
        let part = |name: &str| given["Credentials"][name].as_str().unwrap_or_default().to_owned();
        let token = Some(part("SessionToken"));
        let credentials = Credentials::new(part("AccessKeyId"), part("SecretAccessKey"), token, None, "world");
        Ok(self.config_with(credentials))
    }

    /// Returns what services and migrations take: access as the account 111122223333, by the world's clock.
    pub fn access(&self) -> Access {
        Access::new(&self.sdk_config()).with_clock(self.clock())
    }

    /// Installs a fault.
    pub fn fault(&self, fault: Fault) {
        let now = self.clock.now();
        self.lock().install(fault, now);
    }

    /// Removes every fault, used up or not. What is still on its way is executed all the same.
    pub fn clear_faults(&self) {
        self.lock().clear_faults();
    }

    /// Returns what has been asked and done so far.
    pub fn ledger(&self) -> Ledger {
        let entries = self.lock().ledger();
        Ledger::new(self.clone(), entries)
    }

    /// Sets a quota, such as `kms:keys`, for every account and region. The names are listed with the services that keep them.
    pub fn quota(&self, name: &str, most: u64) {
        self.lock().quotas.insert(name.to_owned(), most);
    }

    /// Takes a region away from an account: what is asked there is refused as by a region that was never enabled.
    /// At the beginning every region is enabled.
    pub fn disable_region(&self, end: &End) {
        self.lock().disabled.insert((end.account.clone(), end.region.clone()));
    }

    /// Gives a region back to an account.
    pub fn enable_region(&self, end: &End) {
        self.lock().disabled.remove(&(end.account.clone(), end.region.clone()));
    }

    /// Plugs a service in, or another in its place: `answer` sees every call that is signed for `service`, with the state of
    /// the call's account and region. Operations that begin with BatchGet, Describe, Get, Head, List, Query or
    /// Scan count as reads, all others as mutations. Services that speak awsJson, awsQuery or restJson can be plugged; with the last,
    /// the operation is method and path.
    pub fn plug<T: Default + Clone + Send + 'static>(
        &self,
        service: &str,
        answer: impl Fn(&Call, &mut T) -> Result<Value, Refusal> + Send + Sync + 'static,
    ) -> Plugged<T> {
        self.lock().plug(service, plug::plug(answer));
        self.plugged(service)
    }

    /// Returns the handle of a service that was plugged in here, or in the world that this one was forked from. A
    /// handle of another type than the service's own changes nothing and reads defaults.
    pub fn plugged<T: Default + Clone + Send + 'static>(&self, service: &str) -> Plugged<T> {
        Plugged::new(self.clone(), service)
    }

    /// Does one thing at once, by AWS's own hand: no request, no fault, no line in the ledger. For preparing a world
    /// and for looking into it. `action` is written `kms:CreateKey`, the input and the answer as the service's JSON.
    ///
    /// # Errors
    ///
    /// Fails as the service refuses.
    pub fn ask(&self, end: &End, action: &str, input: Value) -> Result<Value, Refusal> {
        let now = self.clock.now();
        self.lock().ask(end, action, input, now)
    }

    /// Draws ids and chances from `seed` from here on.
    pub(crate) fn reseed(&self, seed: u64) {
        self.lock().reseed(seed);
    }

    /// Returns the lines of the ledger from the `place`-th on, counted from 0.
    pub(crate) fn ledger_from(&self, place: usize) -> Vec<Arc<Entry>> {
        self.lock().ledger_from(place)
    }

    /// Returns how many requests there were since the ledger was last cleared.
    pub(crate) fn requests_so_far(&self) -> u64 {
        self.lock().requests()
    }

    pub(crate) fn clear_ledger(&self) {
        self.lock().clear_ledger();
    }

    pub(crate) fn with_plug(&self, service: &str, act: impl FnOnce(&mut dyn Plug)) {
        let now = self.clock.now();
        self.lock().with_plug(service, now, act);
    }

    /// Returns the state, in which everything has happened that was due.
    pub(crate) fn lock(&self) -> MutexGuard<'_, Core> {
        let mut core = self.core.lock().unwrap_or_else(PoisonError::into_inner);
        core.settle(self.clock.now());
        core
    }

    fn config(&self, account: &str) -> SdkConfig {
        self.config_with(operator(account))
    }

    fn config_with(&self, credentials: Credentials) -> SdkConfig {
        config(credentials, &self.clock, connector::client(self))
    }
}

/// Returns the credentials of an account's operator.
pub(crate) fn operator(account: &str) -> Credentials {
    Credentials::new(format!("AKIA{account}WRLD"), "the world does not check it", None, None, "world")
}

/// Returns the configuration of whoever lives by a world's clock.
pub(crate) fn config(credentials: Credentials, clock: &VirtualClock, client: SharedHttpClient) -> SdkConfig {
    SdkConfig::builder()
        .behavior_version(BehaviorVersion::latest())
        .credentials_provider(SharedCredentialsProvider::new(credentials))
        .http_client(client)
        .region(aws_types::region::Region::from_static(REGION))
        .retry_config(RetryConfig::standard())
        .sleep_impl(SharedAsyncSleep::new(clock.clone()))
        .time_source(SharedTimeSource::new(clock.clone()))
        .build()
}

impl Default for World {
    fn default() -> Self {
        Self::new()
    }
}

impl fmt::Debug for World {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("World").field("clock", &self.clock).finish_non_exhaustive()
    }
}
