//! Whose credentials and which settings requests are made with.
// REQ: E-33

use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use aws_smithy_async::rt::sleep::TokioSleep;
use aws_smithy_runtime_api::client::behavior_version::BehaviorVersion;
use aws_smithy_runtime_api::client::stalled_stream_protection::StalledStreamProtectionConfig;
use aws_smithy_types::retry::RetryConfig;
use aws_smithy_types::timeout::{TimeoutConfig, TimeoutConfigBuilder};
use aws_types::SdkConfig;
use aws_types::region::Region;
use regionmig_core::{AccountId, Clock, End, SystemClock};

use crate::clients::Clients;
use crate::pace::Pace;

/// What a client is for.
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
pub(crate) enum Role {
    /// To read: may ask again.
    Reader,
    /// To change: asks once.
    Writer,
}

/// Access to AWS: the caller's settings, by account, for any region. Cheap to clone.
///
/// Profiles, assumed roles and credentials are the caller's: this takes ready [`SdkConfig`]s, and of each
/// all but the region and what [`Clients`] says.
///
/// ```
/// use aws_types::SdkConfig;
/// use regionmig_aws::Access;
///
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let config = SdkConfig::builder().build(); // in earnest: aws_config::load_defaults(..).await
/// let recovery = SdkConfig::builder().endpoint_url("https://kms.example.com").build();
/// let access = Access::new(&config).with_account("444455556666".parse()?, &recovery);
/// assert_eq!(access.endpoint(&"111122223333/eu-central-1".parse()?), None);
/// assert_eq!(access.endpoint(&"444455556666/eu-central-1".parse()?), Some("https://kms.example.com"));
/// # Ok(()) }
/// ```
#[derive(Clone)]
pub struct Access {
    config: Arc<SdkConfig>,
    accounts: Arc<BTreeMap<AccountId, SdkConfig>>,
    clock: Arc<dyn Clock>,
    pace: Pace,
}

impl Access {
    /// Makes requests to all accounts with `config`.
    pub fn new(config: &SdkConfig) -> Self {
        let clock: Arc<dyn Clock> = Arc::new(SystemClock::default());
        let pace = Pace::new(Arc::clone(&clock));
        Self { config: Arc::new(config.clone()), accounts: Arc::default(), clock, pace }
    }

    /// Makes requests to `account` with `config`, such as one with an assumed role.
    ///
    /// Counts for clients made from then on.
    #[must_use]
    pub fn with_account(mut self, account: AccountId, config: &SdkConfig) -> Self {
        Arc::make_mut(&mut self.accounts).insert(account, config.clone());
        self
    }

    /// Takes the time from `clock`; the machine's is the default.
    ///
    /// Counts for clients made from then on.
    #[must_use]
    pub fn with_clock(mut self, clock: impl Clock + 'static) -> Self {
        self.clock = Arc::new(clock);
        self.pace = self.pace.by(Arc::clone(&self.clock));
        self
    }

    /// Uses `share` of each request quota, between 0.01 and 1; half of it is the default.
    ///
    /// Counts for clients made from then on.
    #[must_use]
    pub fn with_share(mut self, share: f64) -> Self {
        self.pace = self.pace.with_share(share);
        self
    }

    /// Makes the clients of one service, each when it is first needed: `access.clients(aws_sdk_kms::Client::new)`.
    pub fn clients<C>(&self, make: impl Fn(&SdkConfig) -> C + Send + Sync + 'static) -> Clients<C> {
        Clients::new(self.clone(), Arc::new(make))
    }

    /// Returns where requests to `end` go, if the settings say so; otherwise they go to AWS's own endpoints.
    ///
    /// An endpoint that is set may be anything, so a person should see it. Plain `http` to anything but
    /// this machine is refused at the first request, before anything is sent.
    pub fn endpoint(&self, end: &End) -> Option<&str> {
        self.settings(&end.account).endpoint_url()
    }

    /// Returns the pace at which [`Clients`] send, for what sends by itself.
    pub fn pace(&self) -> &Pace {
        &self.pace
    }

    /// Returns the clock by which everything here waits.
    pub fn clock(&self) -> &Arc<dyn Clock> {
        &self.clock
    }

    /// Returns the settings for a client.
    pub(crate) fn config(&self, end: &End, role: Role) -> SdkConfig {
        let own = self.settings(&end.account);
        let mut config = own
            .to_builder()
            .region(Region::new(end.region.as_str().to_owned()))
            .retry_config(retries(own, role))
            .timeout_config(timeouts(own, role))
            // Requests and answers are small: the deadlines do better what this is for.
            .stalled_stream_protection(StalledStreamProtectionConfig::disabled());
        if own.sleep_impl().is_none() {
            config = config.sleep_impl(TokioSleep::new());
        }
        if own.behavior_version().is_none() {
            config = config.behavior_version(BehaviorVersion::latest());
        }
        config.build()
    }

    fn settings(&self, account: &AccountId) -> &SdkConfig {
        self.accounts.get(account).unwrap_or(&self.config)
    }
}

impl fmt::Debug for Access {
    /// Shows no more of the settings than the endpoints: the rest may lead to credentials.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let accounts: BTreeMap<_, _> =
            self.accounts.iter().map(|(id, own)| (id.as_str(), own.endpoint_url())).collect();
        f.debug_struct("Access")
            .field("endpoint", &self.config.endpoint_url())
            .field("accounts", &accounts)
            .finish_non_exhaustive()
    }
}

fn retries(own: &SdkConfig, role: Role) -> RetryConfig {
    match role {
        Role::Reader => own.retry_config().cloned().unwrap_or_else(RetryConfig::standard),
        // The error of a second attempt would hide that the first was executed.
        Role::Writer => RetryConfig::disabled(),
    }
}

/// How long a request that changes something is waited for at least: a shorter wait would make doubt
/// where there is none.
const LEAST: Duration = Duration::from_secs(60);

/// The SDK's own defaults have no deadline but for connecting: a lost answer would hang.
fn timeouts(own: &SdkConfig, role: Role) -> TimeoutConfig {
    let own = own.timeout_config().map_or_else(TimeoutConfigBuilder::new, TimeoutConfig::to_builder);
    match role {
        Role::Reader => {
            let defaults = TimeoutConfig::builder()
                .operation_attempt_timeout(Duration::from_secs(30))
                .operation_timeout(Duration::from_secs(120));
            own.take_unset_from(defaults).build()
        }
        Role::Writer => {
            let own = own.take_unset_from(TimeoutConfig::builder().operation_attempt_timeout(LEAST)).build();
            let patient = |time: Option<Duration>| time.map(|time| time.max(LEAST));
            // One attempt is the whole operation, and its answer may begin as late as it may end. What is
            // switched off stays so: what is `None` here changes nothing.
            let mut patiently = TimeoutConfig::builder();
            patiently.set_operation_attempt_timeout(patient(own.operation_attempt_timeout()));
            patiently.set_operation_timeout(patient(own.operation_timeout()));
            patiently.set_read_timeout(patient(own.read_timeout()));
            patiently.take_unset_from(own.into_builder()).build()
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(own: TimeoutConfig, role: Role) -> [Option<u64>; 3] {
        let timeouts = timeouts(&SdkConfig::builder().timeout_config(own).build(), role);
        let all = [timeouts.operation_attempt_timeout(), timeouts.operation_timeout(), timeouts.read_timeout()];
        all.map(|time| time.map(|time| time.as_secs()))
    }

    fn all(seconds: u64) -> TimeoutConfig {
        let time = Duration::from_secs(seconds);
        TimeoutConfig::builder().operation_attempt_timeout(time).operation_timeout(time).read_timeout(time).build()
    }

    #[test]
    fn a_writer_waits_a_minute_at_least_and_longer_if_told_to() {
        assert_eq!(of(TimeoutConfig::builder().build(), Role::Writer), [Some(60), None, None]);
        assert_eq!(of(all(5), Role::Writer), [Some(60); 3]);
        assert_eq!(of(all(90), Role::Writer), [Some(90); 3]);
        assert_eq!(of(TimeoutConfig::disabled(), Role::Writer), [None; 3]);
    }

    #[test]
    fn a_reader_waits_as_long_as_it_is_told() {
        assert_eq!(of(TimeoutConfig::builder().build(), Role::Reader), [Some(30), Some(120), None]);
        assert_eq!(of(all(5), Role::Reader), [Some(5); 3]);
    }

    #[test]
    fn connecting_takes_no_longer_than_the_settings_say() {
        let own = TimeoutConfig::builder().connect_timeout(Duration::from_secs(1)).build();
        let config = SdkConfig::builder().timeout_config(own).build();
        assert_eq!(timeouts(&config, Role::Writer).connect_timeout(), Some(Duration::from_secs(1)));
    }
}
