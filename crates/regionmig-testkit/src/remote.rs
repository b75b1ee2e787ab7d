//! A world that another process serves, as programs see it that live by its clock.

mod link;
mod loopback;

pub(crate) use link::Link;

use std::fmt;
use std::io;
use std::sync::atomic::{AtomicU64, Ordering};

use aws_types::SdkConfig;
use regionmig_aws::Access;
use regionmig_core::AccountId;

use crate::clock::VirtualClock;
use crate::world::{ACCOUNT, config, operator};

/// A [`World`](crate::World) in another process, reached by its [`Face`](crate::Face).
///
/// It gives what the world itself gives: access, configurations, and the clock. The program shares its time with the world and
/// with all others that are connected: while one of them does anything but wait, time stands still, and it jumps when all that is
/// left is waiting. Between two answers the program's clock shows what the last one said. So hours pass at once here,
/// too, and no window is shorter than it says; a program that is killed waits no more, and keeps nobody waiting.
///
/// What of a program waits is known on a current-thread runtime only; see [`VirtualClock`]. Once the world is gone, time
/// passes by itself, so that the program comes to an end.
///
/// ```
/// use std::time::Duration;
///
/// use regionmig_testkit::{RemoteWorld, World};
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let world = World::new();
/// let face = world.serve()?;
///
/// // In another process, which was told the URL:
/// let remote = RemoteWorld::connect(&face.url)?;
/// let sts = aws_sdk_sts::Client::new(&remote.sdk_config());
/// sts.get_caller_identity().send().await?;
/// let before = world.clock().now();
/// remote.clock().sleep(Duration::from_secs(3600)).await;
/// assert_eq!(world.clock().now(), before + Duration::from_secs(3600));
/// # Ok(()) }
/// ```
#[derive(Clone)]
pub struct RemoteWorld {
    clock: VirtualClock,
    name: String,
    url: String,
}

impl RemoteWorld {
    /// Connects to the world behind a [`Face::url`](crate::Face::url).
    ///
    /// # Errors
    ///
    /// Fails if no world answers there.
    pub fn connect(url: &str) -> io::Result<Self> {
        static PROGRAMS: AtomicU64 = AtomicU64::new(0);
        let name = format!("{}-{}", std::process::id(), PROGRAMS.fetch_add(1, Ordering::Relaxed));
        let clock = link::connect(url, &name)?;
        Ok(Self { clock, name, url: url.to_owned() })
    }

    /// Returns the world's clock.
    pub fn clock(&self) -> VirtualClock {
        self.clock.clone()
    }

    /// Returns the configuration of the account 111122223333 for any SDK client: as
    /// [`World::sdk_config`](crate::World::sdk_config), by HTTP.
    pub fn sdk_config(&self) -> SdkConfig {
        self.config(ACCOUNT)
    }

    /// Returns the configuration of an account. Every account exists.
    pub fn sdk_config_of(&self, account: &AccountId) -> SdkConfig {
        self.config(account.as_str())
    }

    /// Returns what services and migrations take: access as the account 111122223333, by the world's clock.
    pub fn access(&self) -> Access {
        Access::new(&self.sdk_config()).with_clock(self.clock())
    }

    fn config(&self, account: &str) -> SdkConfig {
        let client = loopback::client(&self.url, &self.name, &self.clock);
        config(operator(account), &self.clock, client).to_builder().endpoint_url(&self.url).build()
    }
}

impl fmt::Debug for RemoteWorld {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RemoteWorld").field("url", &self.url).field("clock", &self.clock).finish_non_exhaustive()
    }
}
