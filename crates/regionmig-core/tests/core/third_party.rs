//! A service that somebody else wrote: parameters with names of their own, and all of it but the AWS calls.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};

use regionmig_core::prelude::*;
use regionmig_core::{ApplyOptions, Classify, End, ErrorKind, MemoryJournal, Migration, ResourceId};
use serde::{Deserialize, Serialize};

use crate::common::{Seat, route};

type Store = Arc<Mutex<BTreeMap<End, BTreeMap<String, String>>>>;

// --- from here: what its author writes ---
#[derive(Clone, Debug)]
struct Parameters(Store);

#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
struct Copy {
    name: String,
    value: String,
}

impl Step for Copy {
    fn spec(&self) -> Spec {
        let subject = ResourceId::new("ssm.parameter", &self.name);
        Spec::new(Effect::Additive, "copy", subject).permission(Side::Target, "ssm:PutParameter", "*")
    }
}

#[derive(Debug, thiserror::Error)]
#[error("SSM failed")]
struct Failure(ErrorKind);

impl Classify for Failure {
    fn kind(&self) -> ErrorKind {
        self.0
    }
}

impl Service for Parameters {
    type Snapshot = Listing<String, String>;
    type Step = Copy;
    type Error = Failure;

    fn name(&self) -> &str {
        "ssm"
    }
}

impl Inventory for Parameters {
    async fn inventory(&self, side: Side, cx: &RunContext) -> Result<Listing<String, String>, Failure> {
        let listed = self.0.lock().unwrap().get(cx.end(side)).cloned().unwrap_or_default();
        Ok(listed.into_iter().map(|(name, value)| (name, Ok(value))).collect())
    }
}

impl Plan for Parameters {
    fn plan(&self, survey: &Survey<Listing<String, String>>) -> Draft<Copy> {
        let mut draft = Draft::default();
        for pairing in survey.source.against(&survey.target) {
            match pairing {
                Pairing::Both(..) => {}
                Pairing::Missing(name, value) => draft.push(Copy { name: name.clone(), value: value.clone() }),
                Pairing::Unclear(name, gap) => draft.unclear(ResourceId::new("ssm.parameter", name), gap),
            }
        }
        draft
    }
}

impl Apply for Parameters {
    async fn probe(&self, step: &Copy, cx: &StepContext<'_>) -> Result<Probe, Failure> {
        match self.0.lock().unwrap().entry(cx.end(Side::Target).clone()).or_default().get(&step.name) {
            Some(value) if *value == step.value => Ok(Probe::Present(Receipt::new())),
            Some(_) => Err(Failure(ErrorKind::Conflict)),
            None => Ok(Probe::Absent),
        }
    }

    async fn apply(&self, step: &Copy, cx: &StepContext<'_>) -> Result<Applied, Failure> {
        let mut store = self.0.lock().unwrap();
        store.entry(cx.end(Side::Target).clone()).or_default().insert(step.name.clone(), step.value.clone());
        Ok(Applied::Done(Receipt::new()))
    }
}

impl Verify for Parameters {}
// --- to here ---

#[tokio::test(start_paused = true)]
async fn it_migrates() {
    let own = BTreeMap::from([("a".to_owned(), "1".to_owned()), ("b".to_owned(), "2".to_owned())]);
    let store = Store::new(BTreeMap::from([(route().source, own.clone())]).into());
    let migration = Migration::new(route(), &Seat::new()).with(Parameters(Arc::clone(&store)));
    let plan = migration.plan(&migration.survey().await.unwrap()).unwrap();
    // Somebody was quicker, and meant something else.
    store.lock().unwrap().insert(route().target, BTreeMap::from([("b".to_owned(), "3".to_owned())]));
    let journal = MemoryJournal::default();
    let outcome = migration.apply(&plan, &journal, &ApplyOptions::default()).await.unwrap();
    assert_eq!(outcome.failed().map(|(_, error)| error.kind).collect::<Vec<_>>(), [ErrorKind::Conflict]);
    store.lock().unwrap().entry(route().target).or_default().remove("b");
    assert!(migration.apply(&plan, &journal, &ApplyOptions::default()).await.unwrap().is_complete());
    assert_eq!(store.lock().unwrap()[&route().target], own);
    assert!(migration.verify(outcome.ids()).await.unwrap().is_clean());
}
