//! Any service, with its types erased, so that many can be held together. Private: callers only
//! ever need the [`Migrate`] bound.

use std::collections::BTreeSet;
use std::fmt;

use async_trait::async_trait;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;
use tracing::Instrument;

use crate::check::Check;
use crate::context::{RunContext, StepContext};
use crate::error::{Error, ErrorReport};
use crate::event::Event;
use crate::finding::Finding;
use crate::ids::{IdMap, ResourceId};
use crate::knowledge::{Gap, Snapshot};
use crate::plan::Draught;
use crate::receipt::Receipt;
use crate::route::{Route, Side};
use crate::schema::{read, read_step, unwritten, write};
use crate::service::{Applied, Lane, Migrate, Probe, Reversal, Service};
use crate::step::{Permission, Spec, Step};
use crate::survey::{Capture, Purpose, Survey};

/// What a service found at one end, as it is stored.
#[derive(Clone, Debug, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct StoredCapture {
    pub(crate) at: Timestamp,
    /// What the snapshot says that it does not know, for those who cannot read it.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(crate) gaps: Vec<Gap>,
    pub(crate) value: Box<RawValue>,
}

/// What a service found at both ends, as it is stored.
#[derive(Clone, Debug, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct StoredSurvey {
    pub(crate) source: StoredCapture,
    pub(crate) target: StoredCapture,
}

/// What all services of a survey have in common.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Frame {
    pub(crate) route: Route,
    #[serde(default)]
    pub(crate) purpose: Purpose,
    #[serde(default)]
    pub(crate) ids: IdMap,
}

/// One service's draft, with its types erased and without its steps.
#[derive(Debug)]
pub(crate) struct ErasedDraft {
    pub(crate) findings: Vec<Finding>,
    pub(crate) ids: IdMap,
    pub(crate) known: BTreeSet<ResourceId>,
}

#[async_trait]
pub(crate) trait Erased: fmt::Debug + Send + Sync {
    fn lanes(&self) -> Vec<Lane>;
    fn permissions(&self) -> Vec<Permission>;
    /// Reads a step, once for all that is asked of it in one look.
    fn step(&self, json: &str) -> Result<Box<dyn ErasedStep + '_>, Error>;
    /// Reads a step of a plan that was admitted: that nothing in it is overlooked has been seen then.
    fn admitted_step(&self, json: &str) -> Result<Box<dyn ErasedStep + '_>, Error>;
    fn plan(&self, frame: &Frame, survey: &StoredSurvey, draught: &mut Draught) -> Result<ErasedDraft, Error>;
    fn fill(&self, own: &mut StoredCapture, later: &StoredCapture) -> Result<(), Error>;
    fn backfill(&self, own: &mut StoredCapture, earlier: &StoredCapture) -> Result<(), Error>;
    async fn survey(&self, side: Side, cx: &RunContext) -> Result<StoredCapture, Error>;
    async fn verify(&self, frame: &Frame, survey: &StoredSurvey, cx: &RunContext) -> Result<Vec<Check>, Error>;
}

#[async_trait]
impl<S: Migrate> Erased for S {
    fn lanes(&self) -> Vec<Lane> {
        Service::lanes(self)
    }

    fn permissions(&self) -> Vec<Permission> {
        Service::permissions(self)
    }

    fn step(&self, json: &str) -> Result<Box<dyn ErasedStep + '_>, Error> {
        Ok(Box::new(Own { service: self, step: read_step(self, json)? }))
    }

    fn admitted_step(&self, json: &str) -> Result<Box<dyn ErasedStep + '_>, Error> {
        match serde_json::from_str(json) {
            Ok(step) => Ok(Box::new(Own { service: self, step })),
            Err(_) => self.step(json),
        }
    }

    fn plan(&self, frame: &Frame, survey: &StoredSurvey, draught: &mut Draught) -> Result<ErasedDraft, Error> {
        let survey = typed(self, frame, survey)?;
        let draft = self.plan(&survey);
        draught.reserve(draft.steps.len());
        // Each is written and gone before the next, so that not all are held twice.
        for step in draft.steps {
            draught.push(self.name(), step.spec(), &step).map_err(|error| unwritten(self.name(), "step", error))?;
        }
        Ok(ErasedDraft {
            findings: survey.findings(self.name()).into_iter().chain(draft.findings).collect(),
            ids: draft.ids,
            known: draft.known,
        })
    }

    fn fill(&self, own: &mut StoredCapture, later: &StoredCapture) -> Result<(), Error> {
        let mut filled: S::Snapshot = read(self.name(), "snapshot", own.value.get())?;
        filled.fill(read(self.name(), "snapshot", later.value.get())?);
        *own = store(self, &Capture::new(own.at, filled))?;
        Ok(())
    }

    fn backfill(&self, own: &mut StoredCapture, earlier: &StoredCapture) -> Result<(), Error> {
        let mut filled: S::Snapshot = read(self.name(), "snapshot", own.value.get())?;
        filled.backfill(read(self.name(), "snapshot", earlier.value.get())?, earlier.at);
        *own = store(self, &Capture::new(own.at, filled))?;
        Ok(())
    }

    async fn survey(&self, side: Side, cx: &RunContext) -> Result<StoredCapture, Error> {
        let span = tracing::info_span!("survey", service = self.name(), %side);
        store(self, &capture(self, side, cx).instrument(span).await)
    }

    async fn verify(&self, frame: &Frame, survey: &StoredSurvey, cx: &RunContext) -> Result<Vec<Check>, Error> {
        self.verify(&typed(self, frame, survey)?, cx).await.map_err(|error| failed(self, "verify", error))
    }
}

/// One step, with its type erased, and its service.
#[async_trait]
pub(crate) trait ErasedStep: Send + Sync {
    fn spec(&self) -> Spec;
    async fn probe(&self, cx: &StepContext<'_>) -> Result<Probe, Error>;
    async fn apply(&self, cx: &StepContext<'_>) -> Result<Applied, Error>;
    async fn preflight(&self, cx: &StepContext<'_>) -> Result<Vec<Finding>, Error>;
    async fn revert(&self, receipt: &Receipt, cx: &StepContext<'_>) -> Result<Reversal, Error>;
}

struct Own<'a, S: Service> {
    service: &'a S,
    step: S::Step,
}

#[async_trait]
impl<S: Migrate> ErasedStep for Own<'_, S> {
    fn spec(&self) -> Spec {
        self.step.spec()
    }

    async fn probe(&self, cx: &StepContext<'_>) -> Result<Probe, Error> {
        self.service.probe(&self.step, cx).await.map_err(|error| failed(self.service, "probe", error))
    }

    async fn apply(&self, cx: &StepContext<'_>) -> Result<Applied, Error> {
        self.service.apply(&self.step, cx).await.map_err(|error| failed(self.service, "apply", error))
    }

    async fn preflight(&self, cx: &StepContext<'_>) -> Result<Vec<Finding>, Error> {
        self.service.preflight(&self.step, cx).await.map_err(|error| failed(self.service, "preflight", error))
    }

    async fn revert(&self, receipt: &Receipt, cx: &StepContext<'_>) -> Result<Reversal, Error> {
        self.service.revert(&self.step, receipt, cx).await.map_err(|error| failed(self.service, "revert", error))
    }
}

/// Has a service find out what there is at one end. Never fails: what could not be read, all of it
/// if need be, is a gap.
async fn capture<S: Migrate>(service: &S, side: Side, cx: &RunContext) -> Capture<S::Snapshot> {
    let name = || service.name().to_owned();
    cx.emit(&Event::SurveyBegan { service: name(), side });
    let at = cx.clock().now();
    let value = service.inventory(side, cx).await;
    let value = value.unwrap_or_else(|error| S::Snapshot::unread(&Gap::new("inventory", &error)));
    let gaps = u64::try_from(value.gaps().len()).unwrap_or(u64::MAX);
    cx.emit(&Event::SurveyDone { service: name(), side, gaps });
    Capture::new(at, value)
}

fn failed<S: Service>(service: &S, operation: &'static str, error: S::Error) -> Error {
    Error::Service {
        service: service.name().to_owned(),
        operation,
        report: Box::new(ErrorReport::new(&error)),
        source: error.into(),
    }
}

pub(crate) fn store<S: Service>(service: &S, capture: &Capture<S::Snapshot>) -> Result<StoredCapture, Error> {
    let gaps = capture.gaps().into_iter().cloned().collect();
    Ok(StoredCapture { at: capture.at, gaps, value: write(service.name(), "snapshot", &capture.value)? })
}

pub(crate) fn typed<S: Service>(
    service: &S,
    frame: &Frame,
    survey: &StoredSurvey,
) -> Result<Survey<S::Snapshot>, Error> {
    let capture = |stored: &StoredCapture| {
        Ok::<_, Error>(Capture::new(stored.at, read(service.name(), "snapshot", stored.value.get())?))
    };
    Ok(Survey {
        route: frame.route.clone(),
        purpose: frame.purpose,
        ids: frame.ids.clone(),
        source: capture(&survey.source)?,
        target: capture(&survey.target)?,
    })
}
