//! What tracing is told: each operation and each step is a span. In a process of its own, since a subscriber is one for
//! all threads.
// REQ: E-28

#![expect(clippy::unwrap_used, reason = "tests")]

use std::sync::{Arc, Mutex};

use regionmig::kms::Kms;
use regionmig::{ApplyOptions, MemoryJournal, Migration, Route};
use regionmig_testkit::World;
use tracing::span::{Attributes, Id, Record};
use tracing::{Event, Metadata, Subscriber};

/// Notes the names of spans.
#[derive(Clone, Debug, Default)]
struct Spans(Arc<Mutex<Vec<&'static str>>>);

impl Subscriber for Spans {
    fn enabled(&self, metadata: &Metadata<'_>) -> bool {
        metadata.target().starts_with("regionmig_core")
    }

    fn new_span(&self, span: &Attributes<'_>) -> Id {
        self.0.lock().unwrap().push(span.metadata().name());
        Id::from_u64(1)
    }

    fn record(&self, _: &Id, _: &Record<'_>) {}
    fn record_follows_from(&self, _: &Id, _: &Id) {}
    fn event(&self, _: &Event<'_>) {}
    fn enter(&self, _: &Id) {}
    fn exit(&self, _: &Id) {}
}

#[tokio::test]
async fn each_operation_and_each_step_is_a_span() {
    let spans = Spans::default();
    tracing::subscriber::set_global_default(spans.clone()).unwrap();
    let told = || std::mem::take(&mut *spans.0.lock().unwrap());
    let route: Route =
        Route::new("111122223333/me-central-1".parse().unwrap(), "111122223333/eu-central-1".parse().unwrap()).unwrap();
    let world = World::new();
    world.kms_key(&route.source);
    let access = world.access();
    let migration = Migration::new(route, &access).with(Kms::new(&access));

    let survey = migration.survey().await.unwrap();
    assert_eq!(told(), ["survey", "survey"], "one an end");
    let plan = migration.plan(&survey).unwrap();
    assert_eq!(told(), ["plan"]);
    let journal = MemoryJournal::default();
    let outcome = migration.apply(&plan, &journal, &ApplyOptions::default().fresh()).await.unwrap();
    assert_eq!(told(), ["apply", "step"], "{outcome}");
    let _verification = migration.verify(outcome.ids()).await.unwrap();
    assert_eq!(told(), ["survey", "survey", "verify", "plan"]);
    let _reverted = migration.revert(&plan, &journal, &ApplyOptions::default()).await.unwrap();
    assert_eq!(told(), ["revert", "step"]);
}
