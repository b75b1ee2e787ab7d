//! A service that answers as a test tells it to, and notes when it was asked what.

use std::collections::{BTreeMap, VecDeque};
use std::sync::{Arc, Mutex, MutexGuard};
use std::time::Duration;

use regionmig_core::{
    Applied, Apply, Binding, Check, Draft, Effect, ErrorKind, Finding, Inventory, Lane, Listing, Migration,
    MigrationPlan, Plan, Probe, Receipt, ResourceId, Reversal, RunContext, Service, Severity, Side, Spec, Step,
    StepContext, StepId, Survey, Task, Timestamp, Verdict, Verify, Wait, identifier,
};
use serde::{Deserialize, Serialize};
use tokio::time::Instant;

use crate::common::{FakeError, Seat, TestClock, failed, route};

identifier!(pub(crate) ActName, "fake.act");

pub(crate) fn name(text: &str) -> ActName {
    text.parse().unwrap()
}

/// One step; what does not matter to a test has its default.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
pub(crate) struct Act {
    pub(crate) name: ActName,
    pub(crate) verb: String,
    pub(crate) effect: Effect,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(crate) needs: Vec<ActName>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(crate) produces: Vec<ActName>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(crate) after: Vec<ActName>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) owns: Option<ActName>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) lane: Option<String>,
    #[serde(default)]
    pub(crate) mints: bool,
    /// Seconds, and reads that agree.
    #[serde(default)]
    pub(crate) settle: (u64, u32),
    #[serde(default)]
    pub(crate) bulk: bool,
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub(crate) summary: String,
}

/// An additive step that needs nothing and produces nothing.
pub(crate) fn act(text: &str) -> Act {
    Act {
        name: name(text),
        verb: "do".to_owned(),
        effect: Effect::Additive,
        needs: Vec::new(),
        produces: Vec::new(),
        after: Vec::new(),
        owns: None,
        lane: None,
        mints: false,
        settle: (0, 0),
        bulk: false,
        summary: String::new(),
    }
}

impl Act {
    pub(crate) fn needs(mut self, others: &[&str]) -> Self {
        self.needs.extend(others.iter().map(|other| name(other)));
        self
    }

    pub(crate) fn makes_itself(mut self) -> Self {
        self.produces.push(self.name.clone());
        self
    }

    pub(crate) fn after(mut self, other: &str) -> Self {
        self.after.push(name(other));
        self
    }

    pub(crate) fn effect(mut self, effect: Effect) -> Self {
        self.effect = effect;
        self
    }

    pub(crate) fn verb(mut self, verb: &str) -> Self {
        self.verb = verb.to_owned();
        self
    }

    pub(crate) fn lane(mut self, lane: &str) -> Self {
        self.lane = Some(lane.to_owned());
        self
    }

    pub(crate) fn mints(mut self) -> Self {
        self.mints = true;
        self
    }

    pub(crate) fn settle(mut self, seconds: u64, agreeing: u32) -> Self {
        self.settle = (seconds, agreeing);
        self
    }

    pub(crate) fn bulk(mut self) -> Self {
        self.bulk = true;
        self
    }
}

impl Step for Act {
    fn spec(&self) -> Spec {
        let (window, agreeing) = self.settle;
        let mut spec = Spec::new(self.effect, &self.verb, &self.name).summary(self.summary.clone());
        spec = self.needs.iter().fold(spec, |spec, id| spec.needs(&Binding::target_of(id)));
        spec = self.produces.iter().fold(spec, |spec, id| spec.produces(id));
        spec = self.after.iter().fold(spec, |spec, id| spec.after("do", id));
        spec = self.owns.iter().fold(spec, |spec, id| spec.owns(id));
        spec = self.lane.iter().fold(spec, |spec, lane| spec.lane(lane));
        spec = if self.mints { spec.mints() } else { spec };
        spec = if self.bulk { spec.bulk() } else { spec };
        spec.settle(Duration::from_secs(window), agreeing)
    }
}

/// What the next probe of a step says, instead of the truth.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Look {
    Absent,
    Fail(ErrorKind),
    /// Fails after so many seconds, as a read does that is never answered.
    FailLate(u64, ErrorKind),
    Panic,
    Present,
    /// Present, and binds what the step does not produce.
    PresentOther,
    /// Present, and worth a remark.
    Remarkable(&'static str),
    Spent,
    Task(&'static str),
    Wait(u64),
}

/// What the next request of a step does, instead of working.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Do {
    /// Carried out, and begun only: it runs.
    Begin,
    /// Carried out, and the receipt binds what the step does not produce.
    DoneOther,
    /// Carried out, and the answer is lost.
    LoseAnswer,
    /// Not carried out, and nobody can tell.
    LoseRequest,
    Panic,
    /// Not carried out: it asks for what this has become, whether or not the step said that it needs it.
    Reach(&'static str),
    Refuse(ErrorKind),
    /// Carried out after so many seconds, in which nothing else of it happens.
    Slow(u64),
}

/// What a request to take a step back does, instead of working.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Undo {
    Panic,
    Refuse(ErrorKind),
    Unsupported,
}

#[derive(Debug, Default)]
pub(crate) struct World {
    pub(crate) acts: Vec<Act>,
    pub(crate) findings: Vec<Finding>,
    pub(crate) looks: BTreeMap<String, VecDeque<Look>>,
    pub(crate) does: BTreeMap<String, VecDeque<Do>>,
    pub(crate) undoes: BTreeMap<String, VecDeque<Undo>>,
    /// How long what is carried out stays invisible.
    pub(crate) lag: Duration,
    /// What is in the target, and from when on it shows.
    pub(crate) there: BTreeMap<String, Instant>,
    /// How often each was carried out.
    pub(crate) made: BTreeMap<String, u32>,
    /// What was asked when, in seconds: `(0, "probe", "a")`.
    pub(crate) calls: Vec<(u64, &'static str, String)>,
    /// The same, in a list shared with a journal.
    pub(crate) notes: Arc<Mutex<Vec<String>>>,
    pub(crate) tokens: Vec<String>,
    /// What each probe was told: which step, from when on a reading counts, and since when it is in doubt.
    pub(crate) told: Vec<(String, Timestamp, Option<Timestamp>)>,
    /// At each look or taking back: of which step, and which acts some step has bound by then.
    pub(crate) bound: Vec<(String, Vec<String>)>,
    pub(crate) under_way: usize,
    pub(crate) most: usize,
    pub(crate) preflight: Option<Result<Finding, ErrorKind>>,
    pub(crate) verdicts: Option<Result<Verdict, ErrorKind>>,
}

/// A handle on the world.
#[derive(Clone, Debug)]
pub(crate) struct Script {
    pub(crate) name: &'static str,
    pub(crate) seat: Seat,
    world: Arc<Mutex<World>>,
}

impl Script {
    pub(crate) fn new(acts: impl IntoIterator<Item = Act>) -> Self {
        let world = World { acts: acts.into_iter().collect(), ..World::default() };
        Self { name: "script", seat: Seat::new(), world: Arc::new(Mutex::new(world)) }
    }

    pub(crate) fn named(mut self, name: &'static str) -> Self {
        self.name = name;
        self
    }

    pub(crate) fn world(&self) -> MutexGuard<'_, World> {
        self.world.lock().unwrap()
    }

    pub(crate) fn migration(&self) -> Migration {
        Migration::new(route(), &self.seat).with(self.clone())
    }

    /// Surveys and plans.
    pub(crate) async fn plan(&self) -> MigrationPlan {
        let migration = self.migration();
        migration.plan(&migration.survey().await.unwrap()).unwrap()
    }

    pub(crate) fn looks(&self, step: &str, looks: impl IntoIterator<Item = Look>) {
        self.world().looks.insert(step.to_owned(), looks.into_iter().collect());
    }

    pub(crate) fn does(&self, step: &str, does: impl IntoIterator<Item = Do>) {
        self.world().does.insert(step.to_owned(), does.into_iter().collect());
    }

    pub(crate) fn undoes(&self, step: &str, undoes: impl IntoIterator<Item = Undo>) {
        self.world().undoes.insert(step.to_owned(), undoes.into_iter().collect());
    }

    /// What was asked of one step, and in which second.
    pub(crate) fn calls(&self, step: &str) -> Vec<(u64, &'static str)> {
        let world = self.world();
        world.calls.iter().filter(|call| call.2 == step).map(|call| (call.0, call.1)).collect()
    }

    /// The steps that were carried out, in order.
    pub(crate) fn applied(&self) -> Vec<String> {
        let world = self.world();
        world.calls.iter().filter(|call| call.1 == "apply").map(|call| call.2.clone()).collect()
    }

    /// How often `step` was carried out.
    pub(crate) fn made(&self, step: &str) -> u32 {
        self.world().made.get(step).copied().unwrap_or_default()
    }

    /// How many calls there were in all.
    pub(crate) fn count(&self) -> usize {
        self.world().calls.len()
    }

    fn note(&self, what: &'static str, step: &str) {
        let seconds = self.seat.clock.elapsed().as_secs();
        let mut world = self.world();
        world.calls.push((seconds, what, step.to_owned()));
        world.notes.lock().unwrap().push(format!("{what} {step}"));
    }

    fn note_bound(&self, act: &Act, cx: &StepContext<'_>) {
        let mut world = self.world();
        let acts = world.acts.iter().map(|act| act.name.to_string());
        let bound = acts.filter(|act| cx.is_bound(&name(&format!("new-{act}")))).collect();
        world.bound.push((act.name.to_string(), bound));
    }

    fn carry_out(&self, act: &Act) {
        let mut world = self.world();
        let shows = TestClock::instant() + world.lag;
        *world.made.entry(act.name.to_string()).or_default() += 1;
        world.there.insert(act.name.to_string(), shows);
    }
}

/// The step of one name.
pub(crate) fn id(step: &str) -> StepId {
    format!("script/do/fake.act:{step}").parse().unwrap()
}

/// What a step leaves: everything becomes `new-` what it was.
pub(crate) fn receipt(act: &Act) -> Result<Receipt, FakeError> {
    let bind = |receipt: Receipt, id: &ActName| receipt.bind(id, &name(&format!("new-{id}")));
    Ok(act.produces.iter().try_fold(Receipt::new(), bind)?)
}

fn other_receipt() -> Result<Receipt, FakeError> {
    Ok(Receipt::new().bind(&name("stranger"), &name("strange"))?)
}

impl Service for Script {
    type Snapshot = Listing<ActName, Act>;
    type Step = Act;
    type Error = FakeError;

    fn name(&self) -> &str {
        self.name
    }

    fn lanes(&self) -> Vec<Lane> {
        vec![Lane::new("one", 1), Lane::new("two", 2)]
    }
}

impl Inventory for Script {
    async fn inventory(&self, side: Side, _: &RunContext) -> Result<Listing<ActName, Act>, FakeError> {
        let acts = if side == Side::Source { self.world().acts.clone() } else { Vec::new() };
        // A step's verb may be another's with the same subject.
        let key = |act: &Act| name(&format!("{} {}", act.name, act.verb));
        Ok(acts.into_iter().map(|act| (key(&act), Ok(act))).collect())
    }
}

impl Plan for Script {
    fn plan(&self, survey: &Survey<Listing<ActName, Act>>) -> Draft<Act> {
        let mut draft = Draft::default();
        survey.source.known().for_each(|(_, act)| draft.push(act.clone()));
        self.world().findings.iter().for_each(|finding| draft.find(finding.clone()));
        draft
    }
}

impl Apply for Script {
    async fn probe(&self, act: &Act, cx: &StepContext<'_>) -> Result<Probe, FakeError> {
        tokio::task::yield_now().await;
        self.note("probe", act.name.as_str());
        self.note_bound(act, cx);
        let doubt = cx.doubt().map(|doubt| doubt.since);
        self.world().told.push((act.name.to_string(), cx.not_before(), doubt));
        let told = self.world().looks.get_mut(act.name.as_str()).and_then(VecDeque::pop_front);
        let there = self.world().there.get(act.name.as_str()).is_some_and(|shows| *shows <= TestClock::instant());
        let waits = |reason: &str| Wait::new(reason).check_after(Duration::from_secs(60));
        Ok(match told {
            Some(Look::Absent) => Probe::Absent,
            Some(Look::Fail(kind)) => return Err(failed(kind)),
            Some(Look::FailLate(seconds, kind)) => {
                cx.run().clock().sleep(Duration::from_secs(seconds)).await;
                return Err(failed(kind));
            }
            Some(Look::Panic) => panic!("what it says may be a secret"),
            Some(Look::Present) => Probe::Present(receipt(act)?),
            Some(Look::Remarkable(remark)) => {
                Probe::Present(receipt(act)?.with(Finding::new(Severity::Action, "fake.remark", remark)))
            }
            Some(Look::PresentOther) => Probe::Present(other_receipt()?),
            Some(Look::Spent) => Probe::Spent { reason: "it was not validated in time".to_owned() },
            Some(Look::Task(code)) => match cx.acknowledgement() {
                Some((by, note)) => Probe::Present(receipt(act)?.artifact(format!("{by}: {note}"))),
                None => Probe::Waiting(waits("somebody").task(Task::new(code, "do it").value("where", "there"))),
            },
            Some(Look::Wait(seconds)) => Probe::Waiting(Wait::new("it runs").check_after(Duration::from_secs(seconds))),
            None if act.bulk && cx.saved::<u64>() == Some(PARTS) => Probe::Present(receipt(act)?),
            None if there && !act.bulk => Probe::Present(receipt(act)?),
            None => Probe::Absent,
        })
    }

    async fn apply(&self, act: &Act, cx: &StepContext<'_>) -> Result<Applied, FakeError> {
        self.note("apply", act.name.as_str());
        let _open = Open::new(&self.world);
        tokio::task::yield_now().await;
        let token = cx.token("request", 32);
        self.world().tokens.push(token);
        let told = self.world().does.get_mut(act.name.as_str()).and_then(VecDeque::pop_front);
        match told {
            Some(Do::LoseRequest) => return Err(failed(ErrorKind::OutcomeUnknown)),
            Some(Do::Panic) => panic!("what it says may be a secret"),
            Some(Do::Reach(other)) => {
                cx.resolve(&Binding::target_of(&name(other)))?;
                return Err(failed(ErrorKind::Conflict));
            }
            Some(Do::Refuse(kind)) => return Err(failed(kind)),
            Some(Do::Slow(seconds)) => cx.run().clock().sleep(Duration::from_secs(seconds)).await,
            _ if act.bulk => return self.in_parts(act, cx).await,
            _ => {}
        }
        act.needs.iter().try_for_each(|id| cx.resolve(&Binding::target_of(id)).map(drop))?;
        self.carry_out(act);
        tokio::task::yield_now().await;
        match told {
            Some(Do::Begin) => Ok(Applied::Waiting(Wait::new("it runs").check_after(Duration::from_secs(60)))),
            Some(Do::DoneOther) => Ok(Applied::Done(other_receipt()?)),
            Some(Do::LoseAnswer) => Err(failed(ErrorKind::OutcomeUnknown)),
            _ => Ok(Applied::Done(receipt(act)?)),
        }
    }

    async fn preflight(&self, act: &Act, cx: &StepContext<'_>) -> Result<Vec<Finding>, FakeError> {
        self.note("preflight", act.name.as_str());
        act.needs.iter().try_for_each(|id| cx.resolve(&Binding::target_of(id)).map(drop))?;
        match self.world().preflight.clone() {
            None => Ok(Vec::new()),
            Some(Ok(finding)) => Ok(vec![finding.about(&act.name)]),
            Some(Err(kind)) => Err(failed(kind)),
        }
    }

    async fn revert(&self, act: &Act, left: &Receipt, cx: &StepContext<'_>) -> Result<Reversal, FakeError> {
        tokio::task::yield_now().await;
        self.note("revert", act.name.as_str());
        self.note_bound(act, cx);
        assert_eq!(*left, receipt(act)?, "it gets what the step left");
        let told = self.world().undoes.get_mut(act.name.as_str()).and_then(VecDeque::pop_front);
        match told {
            Some(Undo::Panic) => panic!("what it says may be a secret"),
            Some(Undo::Refuse(kind)) => return Err(failed(kind)),
            Some(Undo::Unsupported) => return Ok(Reversal::Unsupported),
            None => {}
        }
        self.world().there.remove(act.name.as_str());
        Ok(Reversal::Done)
    }
}

pub(crate) const PARTS: u64 = 4;

impl Script {
    /// A million users, in four parts.
    async fn in_parts(&self, act: &Act, cx: &StepContext<'_>) -> Result<Applied, FakeError> {
        for part in cx.saved::<u64>().unwrap_or_default()..PARTS {
            let stored = cx.run().archive().put("users", part, vec![u8::try_from(part).unwrap()]).await;
            stored.map_err(|_| failed(ErrorKind::Unexpected))?;
            *self.world().made.entry(format!("part {part}")).or_default() += 1;
            cx.save(&(part + 1)).await?;
            assert_eq!(cx.saved::<u64>(), Some(part + 1));
            cx.progress(part + 1, Some(PARTS));
        }
        Ok(Applied::Done(receipt(act)?))
    }
}

impl Verify for Script {
    async fn verify(&self, survey: &Survey<Listing<ActName, Act>>, _: &RunContext) -> Result<Vec<Check>, FakeError> {
        self.note("verify", "all");
        let verdict = match self.world().verdicts {
            None => return Ok(Vec::new()),
            Some(Err(kind)) => return Err(failed(kind)),
            Some(Ok(verdict)) => verdict,
        };
        let subject = |name: &ActName| ResourceId::of(name);
        Ok(survey.source.known().map(|(name, _)| Check::new("script.same", subject(name), verdict)).collect())
    }
}

/// Counts how many requests are under way at once.
struct Open(Arc<Mutex<World>>);

impl Open {
    fn new(world: &Arc<Mutex<World>>) -> Self {
        let mut inner = world.lock().unwrap();
        inner.under_way += 1;
        inner.most = inner.most.max(inner.under_way);
        drop(inner);
        Self(Arc::clone(world))
    }
}

impl Drop for Open {
    fn drop(&mut self) {
        // A panicking service poisons nothing that matters here.
        self.0.lock().unwrap_or_else(std::sync::PoisonError::into_inner).under_way -= 1;
    }
}
