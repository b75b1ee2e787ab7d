//! What a plan of very many steps takes: counted by the allocator, in a program of its own.

#![expect(clippy::unwrap_used, reason = "tests")]

use async_trait::async_trait;
use peak_alloc::PeakAlloc;
use regionmig_core::{
    AccountId, Applied, Apply, Caller, CallerError, Classify, Draft, Effect, End, ErrorKind, Inventory, Listing,
    Migration, MigrationPlan, Plan, Probe, Receipt, Route, RunContext, Service, Side, Spec, Step, StepContext, Survey,
    Verify, identifier,
};
use serde::{Deserialize, Serialize};

#[global_allocator]
static ALLOCATOR: PeakAlloc = PeakAlloc;

identifier!(ThingName, "fake.thing");

#[derive(Clone, Debug)]
struct Things(usize);

#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
struct Copy {
    thing: ThingName,
    needs: Option<ThingName>,
    description: String,
}

impl Step for Copy {
    fn spec(&self) -> Spec {
        let spec = Spec::new(Effect::Additive, "copy", &self.thing)
            .summary(format!("copy {} to the target", self.thing))
            .produces(&self.thing)
            .permission(Side::Target, "fake:CreateThing", "*");
        self.needs.iter().fold(spec, |spec, id| spec.needs(&regionmig_core::Binding::target_of(id)))
    }
}

#[derive(Debug, thiserror::Error)]
#[error("no")]
struct Never;

impl Classify for Never {
    fn kind(&self) -> ErrorKind {
        ErrorKind::Unexpected
    }
}

impl Service for Things {
    type Snapshot = Listing<u8, u8>;
    type Step = Copy;
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
    /// As many steps as asked for, each needing the one of half its number.
    fn plan(&self, _: &Survey<Listing<u8, u8>>) -> Draft<Copy> {
        let name = |i: usize| format!("arn:aws:fake:me-central-1:111122223333:thing/{i:036}").parse().unwrap();
        let mut draft = Draft::default();
        for i in 0..self.0 {
            let needs = (i > 0).then(|| name(i / 2));
            draft.push(Copy { thing: name(i), needs, description: "what a description holds".repeat(4) });
        }
        draft
    }
}

impl Apply for Things {
    async fn probe(&self, _: &Copy, _: &StepContext<'_>) -> Result<Probe, Never> {
        Ok(Probe::Absent)
    }

    async fn apply(&self, _: &Copy, _: &StepContext<'_>) -> Result<Applied, Never> {
        Ok(Applied::Done(Receipt::new()))
    }
}

impl Verify for Things {}

#[derive(Clone, Debug)]
struct Seat;

#[async_trait]
impl Caller for Seat {
    async fn account(&self, end: &End) -> Result<AccountId, CallerError> {
        Ok(end.account.clone())
    }
}

fn held() -> usize {
    ALLOCATOR.current_usage()
}

#[tokio::test]
async fn a_plan_of_very_many_steps_fits() {
    #[expect(clippy::disallowed_methods, reason = "a test may be asked for more")]
    let is_large = std::env::var("REGIONMIG_LARGE").is_ok();
    let count = if is_large { 1_000_000 } else { 100_000 };
    let route = Route::new("111122223333/me-central-1".parse().unwrap(), "111122223333/eu-central-1".parse().unwrap());
    let migration = Migration::new(route.unwrap(), &Seat).with(Things(count));
    let survey = migration.survey().await.unwrap();
    let before = held();
    ALLOCATOR.reset_peak_usage();
    let plan = migration.plan(&survey).unwrap();
    let (made, peak) = ((held() - before) / count, (ALLOCATOR.peak_usage() - before) / count);
    let bytes = plan.to_bytes();
    let stored = bytes.len() / count;
    let before = held();
    let read = MigrationPlan::from_bytes(&bytes).unwrap();
    let kept = (held() - before) / count;
    println!(
        "shown: plan_memory {count} steps: {made} bytes a step made, {peak} at most while planning, {kept} read, {stored} \
         stored"
    );
    assert!(made < 1500 && kept < 1500 && peak < 3000, "{made}, {kept}, {peak}");
    assert_eq!((read.len(), &read), (count, &plan));
    assert!(read.held().is_empty());
    // In an order in which each can run.
    let mut done = std::collections::HashSet::with_capacity(count);
    for step in read.steps() {
        assert!(step.spec.requires.iter().all(|id| done.contains(id)), "{}", step.id);
        done.insert(step.spec.subject);
    }
    assert_eq!(done.len(), count);
}
