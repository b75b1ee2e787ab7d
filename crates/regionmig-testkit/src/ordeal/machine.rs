//! The machine that an operator runs on: its clock, and how it is killed.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicI64, Ordering};
use std::time::{Duration, SystemTime};

use async_trait::async_trait;
use aws_smithy_async::time::{SharedTimeSource, TimeSource};
use jiff::{SignedDuration, Timestamp};
use regionmig_aws::Access;
use regionmig_core::Clock;

use crate::clock::VirtualClock;
use crate::world::World;

/// The machine that an operator runs on. A clone is a handle of the same.
#[derive(Clone, Debug)]
pub(super) struct Machine {
    world: VirtualClock,
    parts: Arc<Parts>,
}

#[derive(Debug, Default)]
struct Parts {
    /// By how many seconds its clock is wrong.
    wrong_by: AtomicI64,
    killed: AtomicBool,
}

impl Machine {
    pub(super) fn new(world: &World) -> Self {
        Self { world: world.clock(), parts: Arc::default() }
    }

    /// Returns the access of a process that begins now: its clock is as wrong as the machine's is now.
    pub(super) fn access(&self, world: &World) -> Access {
        self.parts.killed.store(false, Ordering::Relaxed);
        let clock = ProcessClock { machine: self.clone(), wrong_by: self.wrong_by() };
        let config = world.sdk_config().into_builder().time_source(SharedTimeSource::new(clock.clone())).build();
        Access::new(&config).with_clock(clock)
    }

    /// Kills the process that runs.
    pub(super) fn kill(&self) {
        self.parts.killed.store(true, Ordering::Relaxed);
    }

    pub(super) fn is_killed(&self) -> bool {
        self.parts.killed.load(Ordering::Relaxed)
    }

    /// Sets the clock, so that it is wrong by so many seconds.
    pub(super) fn set_clock(&self, wrong_by: i64) {
        self.parts.wrong_by.store(wrong_by, Ordering::Relaxed);
    }

    fn wrong_by(&self) -> i64 {
        self.parts.wrong_by.load(Ordering::Relaxed)
    }

    fn time(&self, wrong_by: i64) -> Timestamp {
        let now = self.world.now();
        now.saturating_add(SignedDuration::from_secs(wrong_by)).unwrap_or(now)
    }
}

/// The clock as one process has it: what counts within a run never jumps, and the time of day does.
#[derive(Clone, Debug)]
struct ProcessClock {
    machine: Machine,
    wrong_by: i64,
}

#[async_trait]
impl Clock for ProcessClock {
    fn now(&self) -> Timestamp {
        self.machine.time(self.wrong_by)
    }

    fn wall_time(&self) -> Timestamp {
        self.machine.time(self.machine.wrong_by())
    }

    async fn sleep(&self, duration: Duration) {
        self.machine.world.sleep(duration).await;
    }
}

impl TimeSource for ProcessClock {
    fn now(&self) -> SystemTime {
        SystemTime::try_from(self.wall_time()).unwrap_or(SystemTime::UNIX_EPOCH)
    }
}
