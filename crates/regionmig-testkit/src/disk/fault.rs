//! What may go wrong with a disk.

/// What a process asks of its disk.
#[derive(Clone, Copy, Debug, Eq, Ord, PartialEq, PartialOrd)]
#[non_exhaustive]
pub enum DiskCall {
    /// Bytes are written at the end of a file.
    Append,
    /// A file is made.
    Create,
    /// A folder is made.
    CreateFolder,
    /// A file is opened.
    Open,
    /// A file gets a name that nothing else has.
    Publish,
    /// A name is taken away.
    Remove,
    /// A file gets a name in place of another.
    Replace,
    /// A file is made to outlast a crash.
    Sync,
    /// The names in a folder are made to outlast a crash.
    SyncFolder,
    /// A file is cut off.
    Truncate,
}

/// What a crash leaves of each write and each name that was not synced.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
#[non_exhaustive]
pub enum Remains {
    /// The disk's seed decides, for each by itself.
    #[default]
    Chance,
    /// Nothing of it: as if it had never been asked for.
    Dropped,
    /// Of a write as many bytes, but others; of a name what was asked for.
    Garbage,
    /// All of it.
    Kept,
}

/// One thing that goes wrong with a [`SimulatedDisk`](crate::SimulatedDisk), at one of its calls.
///
/// Calls are counted from when the fault is installed; those that only look at something are none of them. `None` stands
/// for any call.
#[derive(Clone, Debug)]
pub struct DiskFault {
    call: Option<DiskCall>,
    pub(super) effect: Effect,
    skip: u64,
    times: Option<u64>,
    matched: u64,
    struck: u64,
}

/// What a fault does.
#[derive(Clone, Copy, Debug)]
pub(super) enum Effect {
    CrashAfter(Remains),
    CrashBefore(Remains),
    CrashInside(usize, Remains),
    Fail(usize),
    Full,
}

impl DiskFault {
    /// The machine dies before the first such call has had any effect.
    pub fn crash_before(call: impl Into<Option<DiskCall>>) -> Self {
        Self::new(call, Effect::CrashBefore(Remains::default())).once()
    }

    /// The machine dies when so many bytes of the first append are written; all of them, if there are no more.
    pub fn crash_inside(bytes: usize) -> Self {
        Self::new(DiskCall::Append, Effect::CrashInside(bytes, Remains::default())).once()
    }

    /// The machine dies as soon as the first such call has had its effect.
    pub fn crash_after(call: impl Into<Option<DiskCall>>) -> Self {
        Self::new(call, Effect::CrashAfter(Remains::default())).once()
    }

    /// Such calls fail, as on a broken disk. Of a sync that fails, what was to be synced can be read as long as the machine
    /// lives, and a later sync that succeeds does not bring it back (so Linux does it since 4.13).
    pub fn failing(call: impl Into<Option<DiskCall>>) -> Self {
        Self::new(call, Effect::Fail(0))
    }

    /// Such calls find no room on the disk. See [`SimulatedDisk::room`](crate::SimulatedDisk::room) for one that fills up.
    pub fn full(call: impl Into<Option<DiskCall>>) -> Self {
        Self::new(call, Effect::Full)
    }

    /// Says what a crash leaves. Changes nothing but crashes.
    #[must_use]
    pub fn leaving(mut self, remains: Remains) -> Self {
        match &mut self.effect {
            Effect::CrashAfter(is) | Effect::CrashBefore(is) | Effect::CrashInside(_, is) => *is = remains,
            Effect::Fail(_) | Effect::Full => {}
        }
        self
    }

    /// Says how much of an append that fails is written all the same. Changes nothing but [`failing`](Self::failing).
    #[must_use]
    pub fn having_written(mut self, bytes: usize) -> Self {
        if let Effect::Fail(written) = &mut self.effect {
            *written = bytes;
        }
        self
    }

    /// Strikes only at the `n`-th such call, counted from 1.
    #[must_use]
    pub fn nth(self, n: u64) -> Self {
        self.from_nth(n).once()
    }

    /// Strikes from the `n`-th such call on, counted from 1; once, if it is a crash.
    #[must_use]
    pub fn from_nth(self, n: u64) -> Self {
        Self { skip: n.saturating_sub(1), ..self }
    }

    /// Strikes once. A crash does so anyway.
    #[must_use]
    pub fn once(self) -> Self {
        Self { times: Some(1), ..self }
    }

    fn new(call: impl Into<Option<DiskCall>>, effect: Effect) -> Self {
        Self { call: call.into(), effect, skip: 0, times: None, matched: 0, struck: 0 }
    }

    /// Counts a call; true if the fault strikes.
    pub(super) fn strikes(&mut self, call: DiskCall) -> bool {
        if self.call.is_some_and(|own| own != call) {
            return false;
        }
        self.matched += 1;
        let strikes = self.matched > self.skip && self.times.is_none_or(|times| self.struck < times);
        self.struck += u64::from(strikes);
        strikes
    }
}
