//! What all these tests share: a route, a clock that a test moves, a caller, journals that fail.

pub(crate) mod cloud;
pub(crate) mod journals;
pub(crate) mod keys;
pub(crate) mod script;
pub(crate) mod secrets;

use std::collections::BTreeMap;
use std::pin::pin;
use std::sync::{Arc, Mutex};
use std::task::Poll;
use std::time::Duration;

use async_trait::async_trait;
use regionmig_core::{
    AccountId, ApplyOptions, Caller, CallerError, Classify, Clock, Digest, End, ErrorKind, Finding, MigrationPlan,
    PlanError, Route, StepId, Timestamp,
};
use tokio::time::Instant;

pub(crate) const HOUR: Duration = Duration::from_secs(3600);

/// The account of both ends.
pub(crate) const ACCOUNT: &str = "111122223333";

pub(crate) fn end(region: &str) -> End {
    format!("{ACCOUNT}/{region}").parse().unwrap()
}

/// Always the same: from Bahrain's neighbour to Frankfurt.
pub(crate) fn route() -> Route {
    Route::new(end("me-central-1"), end("eu-central-1")).unwrap()
}

/// Stays for nothing: what cannot be done at once is left.
pub(crate) fn hasty() -> ApplyOptions {
    ApplyOptions::default().patience(Duration::ZERO).fresh()
}

/// Stays for two hours, and takes the journal to be the first.
pub(crate) fn patient() -> ApplyOptions {
    ApplyOptions::default().patience(2 * HOUR).fresh()
}

/// The time at which every test begins.
pub(crate) fn epoch() -> Timestamp {
    "2026-03-01T12:00:00Z".parse().unwrap()
}

/// So many seconds after the test began.
pub(crate) fn at(seconds: i64) -> Timestamp {
    Timestamp::from_second(epoch().as_second() + seconds).unwrap()
}

pub(crate) fn step(name: &str) -> StepId {
    name.parse().unwrap()
}

/// Tokio's paused clock: it moves when everybody sleeps.
#[derive(Clone, Debug)]
pub(crate) struct TestClock(Instant);

impl TestClock {
    #[expect(clippy::disallowed_methods, reason = "the one place that asks tokio's paused clock")]
    pub(crate) fn instant() -> Instant {
        Instant::now()
    }

    pub(crate) fn new() -> Self {
        Self(Self::instant())
    }

    /// How long the test has lasted.
    pub(crate) fn elapsed(&self) -> Duration {
        Self::instant() - self.0
    }
}

#[async_trait]
impl Clock for TestClock {
    fn now(&self) -> Timestamp {
        epoch().checked_add(self.elapsed()).unwrap()
    }

    async fn sleep(&self, duration: Duration) {
        tokio::time::sleep(duration).await;
    }
}

/// A caller that says what it is told to say, and counts how often it is asked.
#[derive(Clone, Debug)]
pub(crate) struct Seat {
    pub(crate) clock: TestClock,
    answers: Arc<Mutex<BTreeMap<End, Result<AccountId, ErrorKind>>>>,
    readiness: Arc<Mutex<Vec<Finding>>>,
    asked: Arc<Mutex<Vec<End>>>,
}

impl Seat {
    pub(crate) fn new() -> Self {
        Self { clock: TestClock::new(), answers: Arc::default(), readiness: Arc::default(), asked: Arc::default() }
    }

    /// From now on, answers so at `end`.
    pub(crate) fn says(&self, end: &End, answer: Result<&str, ErrorKind>) {
        self.answers.lock().unwrap().insert(end.clone(), answer.map(|account| account.parse().unwrap()));
    }

    pub(crate) fn is_not_ready(&self, finding: Finding) {
        self.readiness.lock().unwrap().push(finding);
    }

    pub(crate) fn is_ready(&self) {
        self.readiness.lock().unwrap().clear();
    }

    /// Forgets who was asked so far.
    pub(crate) fn forget(&self) {
        self.asked.lock().unwrap().clear();
    }

    pub(crate) fn asked(&self) -> Vec<End> {
        self.asked.lock().unwrap().clone()
    }
}

#[async_trait]
impl Caller for Seat {
    async fn account(&self, end: &End) -> Result<AccountId, CallerError> {
        self.asked.lock().unwrap().push(end.clone());
        let answer = self.answers.lock().unwrap().get(end).cloned();
        answer.unwrap_or_else(|| Ok(end.account.clone())).map_err(|kind| CallerError::new(kind, "sts does not answer"))
    }

    fn clock(&self) -> Arc<dyn Clock> {
        Arc::new(self.clock.clone())
    }

    async fn readiness(&self, _: &End) -> Vec<Finding> {
        self.readiness.lock().unwrap().clone()
    }
}

/// How all fake services fail.
#[derive(Debug, thiserror::Error)]
#[error("the fake said {kind}")]
pub(crate) struct FakeError {
    pub(crate) kind: ErrorKind,
}

impl Classify for FakeError {
    fn kind(&self) -> ErrorKind {
        self.kind
    }

    fn action(&self) -> Option<&str> {
        Some("fake:Do")
    }
}

pub(crate) fn failed(kind: ErrorKind) -> FakeError {
    FakeError { kind }
}

/// What a service's author writes `?` on; none of it can fail without a bug.
macro_rules! bugs {
    ($($error:ty),+) => { $(impl From<$error> for FakeError {
        fn from(_: $error) -> Self { failed(ErrorKind::Unexpected) }
    })+ };
}
bugs!(regionmig_core::UnresolvedError, regionmig_core::RebindError, regionmig_core::JournalError);

/// Polls `future` at most so many times, then drops it.
pub(crate) async fn polled<F: Future>(future: F, times: usize) -> Option<F::Output> {
    let (mut future, mut left) = (pin!(future), times);
    std::future::poll_fn(|cx| {
        if left == 0 {
            return Poll::Ready(None);
        }
        left -= 1;
        future.as_mut().poll(cx).map(Some)
    })
    .await
}

/// Changes the bytes of a stored plan and gives it the digest that fits.
pub(crate) fn forge(plan: &MigrationPlan, edit: impl FnOnce(&str) -> String) -> Result<MigrationPlan, PlanError> {
    let stored = String::from_utf8(plan.to_bytes()).unwrap();
    let body = stored.split_once("\"plan\":").unwrap().1.trim_end().strip_suffix('}').unwrap();
    let forged = edit(body);
    assert_ne!(forged, body, "nothing was changed");
    let digest = Digest::of(&forged);
    MigrationPlan::from_bytes(format!("{{\"format\":1,\"digest\":\"{digest}\",\"plan\":{forged}}}").as_bytes())
}
