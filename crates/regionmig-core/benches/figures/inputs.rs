//! What the figures and the benches are measured on: a service whose steps resemble those that make and configure keys.

use std::sync::Arc;

use async_trait::async_trait;
use regionmig_core::{
    AccountId, Applied, Apply, Binding, Caller, CallerError, Classify, Draft, Effect, End, ErrorKind, Inventory,
    Listing, Migration, MigrationSurvey, Plan, Probe, Receipt, Route, RunContext, Service, Side, Spec, Step,
    StepContext, Survey, Verify, identifier,
};
use serde::{Deserialize, Serialize};

identifier!(
    /// The ARN of a thing.
    pub(crate) ThingArn,
    "fake.thing"
);

/// One step: makes a thing that needs up to two others.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
pub(crate) struct Make {
    pub(crate) thing: ThingArn,
    needs: Arc<[ThingArn]>,
    description: Arc<str>,
}

impl Step for Make {
    fn spec(&self) -> Spec {
        let spec = Spec::new(Effect::Additive, "make", &self.thing)
            .summary(format!("make a thing in place of {}", self.thing))
            .produces(&self.thing)
            .permission(Side::Target, "fake:MakeThing", "*");
        self.needs.iter().fold(spec, |spec, id| spec.needs(&Binding::target_of(id)))
    }
}

/// So many steps, drafted in no order.
#[derive(Clone, Debug)]
pub(crate) struct Things(pub(crate) Arc<Vec<Make>>);

impl Things {
    pub(crate) fn new(count: usize) -> Self {
        let arns: Vec<ThingArn> = (0..count).map(|number| arn(number, count)).collect();
        let description: Arc<str> = "what somebody wrote of it ".repeat(3).into();
        // Each needs two of smaller numbers, which are anywhere in the draft.
        let make = |number: usize| {
            let needs = [number / 2, number / 3].map(|earlier| arns[earlier].clone());
            let needs: Arc<[ThingArn]> = if number == 0 { [].into() } else { needs.into() };
            Make { thing: arns[number].clone(), needs, description: Arc::clone(&description) }
        };
        Self(Arc::new((0..count).map(|place| make(shuffled(place, count))).collect()))
    }
}

/// The ARN of one number. Its id tells nothing of the number's place in any order, as with AWS's own.
fn arn(number: usize, count: usize) -> ThingArn {
    let mixed = |salt: u64| mixed(number as u64 + salt * count as u64);
    format!("arn:aws:fake:me-central-1:111122223333:thing/{:016x}{:016x}", mixed(1), mixed(2)).parse().unwrap()
}

/// Spreads numbers over all 64 bits, two never to the same (the finaliser of SplitMix64).
fn mixed(number: u64) -> u64 {
    let number = (number ^ (number >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    let number = (number ^ (number >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    number ^ (number >> 31)
}

/// The number at one place of a draft: all of them come, in no order. The factor is a prime, and no count's divisor.
fn shuffled(place: usize, count: usize) -> usize {
    place.wrapping_mul(7_368_787) % count
}

#[derive(Debug, thiserror::Error)]
#[error("never")]
pub(crate) struct Never;

impl Classify for Never {
    fn kind(&self) -> ErrorKind {
        ErrorKind::Unexpected
    }
}

impl Service for Things {
    type Snapshot = Listing<u8, u8>;
    type Step = Make;
    type Error = Never;

    fn name(&self) -> &str {
        "things"
    }
}

impl Inventory for Things {
    async fn inventory(&self, _: Side, _: &RunContext) -> Result<Listing<u8, u8>, Never> {
        Ok(Listing::default())
    }
}

impl Plan for Things {
    fn plan(&self, _: &Survey<Listing<u8, u8>>) -> Draft<Make> {
        let mut draft = Draft::default();
        self.0.iter().cloned().for_each(|step| draft.push(step));
        draft
    }
}

impl Apply for Things {
    async fn probe(&self, _: &Make, _: &StepContext<'_>) -> Result<Probe, Never> {
        Ok(Probe::Absent)
    }

    async fn apply(&self, step: &Make, cx: &StepContext<'_>) -> Result<Applied, Never> {
        for id in &*step.needs {
            cx.resolve(&Binding::target_of(id)).map_err(|_| Never)?;
        }
        let made = step.thing.as_str().replacen("me-central-1", "eu-central-1", 1).parse().map_err(|_| Never)?;
        Receipt::new().bind(&step.thing, &made).map(Applied::Done).map_err(|_| Never)
    }
}

impl Verify for Things {}

/// Answers for both ends.
#[derive(Clone, Debug)]
pub(crate) struct Seat;

#[async_trait]
impl Caller for Seat {
    async fn account(&self, end: &End) -> Result<AccountId, CallerError> {
        Ok(end.account.clone())
    }
}

/// A migration of so many steps, and its survey.
#[derive(Debug)]
pub(crate) struct Case {
    pub(crate) things: Things,
    pub(crate) migration: Migration,
    pub(crate) survey: MigrationSurvey,
}

impl Case {
    pub(crate) fn new(count: usize) -> Self {
        let ends = ["111122223333/me-central-1", "111122223333/eu-central-1"].map(|end| end.parse().unwrap());
        let [source, target] = ends;
        let things = Things::new(count);
        let migration = Migration::new(Route::new(source, target).unwrap(), &Seat).with(things.clone());
        let survey = runtime().block_on(migration.survey()).unwrap();
        Self { things, migration, survey }
    }
}

/// One thread, so that its time is all there is.
pub(crate) fn runtime() -> tokio::runtime::Runtime {
    tokio::runtime::Builder::new_current_thread().enable_time().build().unwrap()
}
