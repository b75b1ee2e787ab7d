//! What may go wrong between a client and AWS, and inside AWS.
// REQ: E-41

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;
use regionmig_core::{End, Region};

use crate::call::{Call, Refusal};
use crate::clock;
use crate::ids::Ids;
use crate::ledger::matches;
use crate::world::World;

/// How the answer to a request is lost, which may have been executed or refused.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub enum Loss {
    /// The connection is reset.
    Reset,
    /// Nothing comes, for a minute; then the connection counts as timed out, unless the client's own deadline was earlier.
    Timeout,
    /// The body breaks off, and the connection with it.
    TruncatedBody,
    /// The body is not what the protocol says; the status is right.
    UnreadableBody,
    /// A page of HTML, as proxies send it; the status is right.
    WrongContentType,
}

/// How a listing goes wrong.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Paging {
    /// Tokens go round: that many different ones.
    Cycle(u64),
    /// An empty page comes before all others.
    EmptyFirst,
    /// Each token is a fresh one, for ever.
    Endless,
}

/// One thing that goes wrong, whenever a request matches, until it is used up.
///
/// ```
/// # use std::time::Duration;
/// # use regionmig_testkit::{Fault, World};
/// let world = World::new();
/// world.fault(Fault::lost_answer("kms:CreateKey").once());
/// world.fault(Fault::throttle("kms:*").in_region("eu-central-1").lasting(Duration::from_secs(60)));
/// ```
///
/// Actions are written as in policies: `kms:CreateKey`, `kms:*`, `*`. Where several faults match, delays add up, and of
/// those that decide what becomes of a request the one installed first does.
#[derive(Clone)]
pub struct Fault {
    pattern: String,
    effect: Effect,
    end: Option<End>,
    region: Option<String>,
    skip: u64,
    times: Option<u64>,
    lasting: Option<Duration>,
    chance: Option<f64>,
    when: Option<When>,
}

type When = Arc<dyn Fn(&Call) -> bool + Send + Sync>;
type Act = Arc<dyn Fn(&World) + Send + Sync>;

/// What a fault does.
#[derive(Clone)]
pub(crate) enum Effect {
    Late(Duration),
    Latency(Duration),
    Lost { refused: bool },
    LostAnswer(Loss),
    Meanwhile(Act),
    Pages(Paging),
    Refuse { refuse: Refuse, executed: bool, retry_after: Option<Duration> },
    Stale { age: Duration, flapping: Option<f64> },
}

/// An error whose code depends on the protocol of the request.
#[derive(Clone, Debug)]
pub(crate) enum Refuse {
    Denied,
    Expired,
    Failed(u16),
    Throttled(u16),
    With(Refusal),
}

impl Fault {
    /// The request is lost on its way: the connection is reset before AWS has it. Nothing is executed.
    pub fn lost_request(action: &str) -> Self {
        Self::new(action, Effect::Lost { refused: false })
    }

    /// Nobody is there: connections are refused. With `*` and [`in_region`](Self::in_region), a dead region.
    pub fn unreachable(action: &str) -> Self {
        Self::new(action, Effect::Lost { refused: true })
    }

    /// The request is executed, and the answer lost: the connection is reset, unless [`by`](Self::by) says otherwise.
    pub fn lost_answer(action: &str) -> Self {
        Self::new(action, Effect::LostAnswer(Loss::Reset))
    }

    /// The request is lost to the client, but executed `delay` later, even after its signature is too old.
    pub fn late_execution(action: &str, delay: Duration) -> Self {
        Self::new(action, Effect::Late(delay))
    }

    /// The answer comes `delay` later, by the world's clock. The request is executed at once, also when the client
    /// no longer waits for the answer.
    pub fn latency(action: &str, delay: Duration) -> Self {
        Self::new(action, Effect::Latency(delay))
    }

    /// AWS fails with `status`, 500 or 503. Nothing is executed, unless [`after_execution`](Self::after_execution) is said.
    pub fn server_error(action: &str, status: u16) -> Self {
        Self::refuse(action, Refuse::Failed(status))
    }

    /// AWS says that there were too many requests: status 400, unless [`status`](Self::status) says 429 or 503.
    pub fn throttle(action: &str) -> Self {
        Self::refuse(action, Refuse::Throttled(400))
    }

    /// The caller lacks the permission.
    pub fn access_denied(action: &str) -> Self {
        Self::refuse(action, Refuse::Denied)
    }

    /// The credentials have expired.
    pub fn expired_credentials(action: &str) -> Self {
        Self::refuse(action, Refuse::Expired)
    }

    /// AWS refuses with an error of the test's choice, such as a quota.
    pub fn refused(action: &str, refusal: Refusal) -> Self {
        Self::refuse(action, Refuse::With(refusal))
    }

    /// Every page names the same next one, which is the first again.
    pub fn repeats_page_token(action: &str) -> Self {
        Self::new(action, Effect::Pages(Paging::Cycle(1)))
    }

    /// The pages' tokens go round in a circle of `length`; each page is the first again.
    pub fn cycles_page_tokens(action: &str, length: u64) -> Self {
        Self::new(action, Effect::Pages(Paging::Cycle(length.max(1))))
    }

    /// Every page names a next one by a fresh token, for ever; each page is the first again.
    pub fn endless_pages(action: &str) -> Self {
        Self::new(action, Effect::Pages(Paging::Endless))
    }

    /// A page without items, but with a token, comes before the true first one.
    pub fn empty_first_page(action: &str) -> Self {
        Self::new(action, Effect::Pages(Paging::EmptyFirst))
    }

    /// Reads are answered from what was `age` ago; nothing older than this fault is known. Mutations are not touched.
    pub fn stale(action: &str, age: Duration) -> Self {
        Self::new(action, Effect::Stale { age, flapping: None })
    }

    /// Somebody else acts: `act` runs just before each matching request is executed.
    pub fn meanwhile(action: &str, act: impl Fn(&World) + Send + Sync + 'static) -> Self {
        Self::new(action, Effect::Meanwhile(Arc::new(act)))
    }

    /// Matches only what is for this account and region.
    #[must_use]
    pub fn at(self, end: &End) -> Self {
        Self { end: Some(end.clone()), ..self }
    }

    /// Matches only what is for this region, of any account.
    #[must_use]
    pub fn in_region(self, region: &str) -> Self {
        Self { region: Some(region.to_owned()), ..self }
    }

    /// Matches only what `when` says, which sees every request that matches so far.
    #[must_use]
    pub fn when(self, when: impl Fn(&Call) -> bool + Send + Sync + 'static) -> Self {
        Self { when: Some(Arc::new(when)), ..self }
    }

    /// Strikes only at the first match.
    #[must_use]
    pub fn once(self) -> Self {
        self.times(1)
    }

    /// Strikes at that many matches, then never again.
    #[must_use]
    pub fn times(self, times: u64) -> Self {
        Self { times: Some(times), ..self }
    }

    /// Strikes only at the `n`-th match, counted from 1.
    #[must_use]
    pub fn nth(self, n: u64) -> Self {
        self.from_nth(n).once()
    }

    /// Strikes from the `n`-th match on, counted from 1.
    #[must_use]
    pub fn from_nth(self, n: u64) -> Self {
        Self { skip: n.saturating_sub(1), ..self }
    }

    /// Ends that long after it was installed, by the world's clock.
    #[must_use]
    pub fn lasting(self, duration: Duration) -> Self {
        Self { lasting: Some(duration), ..self }
    }

    /// Strikes with this probability, drawn from the world's seed.
    #[must_use]
    pub fn chance(self, probability: f64) -> Self {
        Self { chance: Some(probability), ..self }
    }

    /// Says how an answer is lost. Changes nothing but [`lost_answer`](Self::lost_answer).
    #[must_use]
    pub fn by(mut self, loss: Loss) -> Self {
        if let Effect::LostAnswer(how) = &mut self.effect {
            *how = loss;
        }
        self
    }

    /// Says that the request is executed all the same, and the error a lie. Changes nothing but faults that answer with an error.
    #[must_use]
    pub fn after_execution(mut self) -> Self {
        if let Effect::Refuse { executed, .. } = &mut self.effect {
            *executed = true;
        }
        self
    }

    /// Says with which HTTP status. Changes nothing but throttles and server errors.
    #[must_use]
    pub fn status(mut self, status: u16) -> Self {
        if let Effect::Refuse { refuse: Refuse::Failed(is) | Refuse::Throttled(is), .. } = &mut self.effect {
            *is = status;
        }
        self
    }

    /// Says, in the answer's headers, after how long to try again. Changes nothing but faults that answer with an error.
    #[must_use]
    pub fn retry_after(mut self, wait: Duration) -> Self {
        if let Effect::Refuse { retry_after, .. } = &mut self.effect {
            *retry_after = Some(wait);
        }
        self
    }

    /// Says that each read is stale with this probability only, so that a thing comes and goes. Changes nothing but
    /// [`stale`](Self::stale).
    #[must_use]
    pub fn flapping(mut self, probability: f64) -> Self {
        if let Effect::Stale { flapping, .. } = &mut self.effect {
            *flapping = Some(probability);
        }
        self
    }

    fn new(action: &str, effect: Effect) -> Self {
        let pattern = action.to_owned();
        let (end, region, times, lasting, chance, when) = (None, None, None, None, None, None);
        Self { pattern, effect, end, region, skip: 0, times, lasting, chance, when }
    }

    fn refuse(action: &str, refuse: Refuse) -> Self {
        Self::new(action, Effect::Refuse { refuse, executed: false, retry_after: None })
    }

    fn covers(&self, call: &Call) -> bool {
        matches(&self.pattern, &call.action())
            && self.end.as_ref().is_none_or(|end| *end == call.end)
            && self.region.as_ref().is_none_or(|region| region == Region::as_str(&call.end.region))
            && self.when.as_ref().is_none_or(|when| when(call))
    }
}

impl fmt::Debug for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut debug = f.debug_struct("Fault");
        debug.field("pattern", &self.pattern).field("effect", &self.effect);
        debug.field("end", &self.end).field("region", &self.region).finish_non_exhaustive()
    }
}

impl fmt::Debug for Effect {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Late(delay) => write!(f, "Late({delay:?})"),
            Self::Latency(delay) => write!(f, "Latency({delay:?})"),
            Self::Lost { refused } => write!(f, "Lost {{ refused: {refused} }}"),
            Self::LostAnswer(loss) => write!(f, "LostAnswer({loss:?})"),
            Self::Meanwhile(_) => f.write_str("Meanwhile"),
            Self::Pages(paging) => write!(f, "Pages({paging:?})"),
            Self::Refuse { refuse, executed, .. } => write!(f, "Refuse({refuse:?}, executed: {executed})"),
            Self::Stale { age, flapping } => write!(f, "Stale({age:?}, flapping: {flapping:?})"),
        }
    }
}

/// A fault that has been installed.
#[derive(Clone, Debug)]
struct Installed {
    fault: Fault,
    at: Timestamp,
    matched: u64,
    struck: u64,
}

impl Installed {
    /// Counts a match; true if the fault strikes. One that is not `free` to is not used up by the match.
    fn strikes(&mut self, call: &Call, free: bool, ids: &mut Ids) -> bool {
        let over = self.fault.lasting.is_some_and(|lasting| call.at >= clock::after(self.at, lasting));
        if over || !self.fault.covers(call) {
            return false;
        }
        self.matched += 1;
        let spent = self.fault.times.is_some_and(|times| self.struck >= times);
        let strikes =
            free && self.matched > self.fault.skip && !spent && self.fault.chance.is_none_or(|p| ids.chance(p));
        self.struck += u64::from(strikes);
        strikes
    }
}

/// All faults of a world.
#[derive(Clone, Debug, Default)]
pub(crate) struct Faults(Vec<Installed>);

/// What befalls one request.
#[derive(Clone, Default)]
pub(crate) struct Fate {
    pub(crate) delay: Duration,
    pub(crate) delivery: Option<Effect>,
    pub(crate) meanwhile: Vec<Act>,
    pub(crate) paging: Option<Paging>,
    pub(crate) stale: Option<Duration>,
}

impl Faults {
    pub(crate) fn install(&mut self, fault: Fault, at: Timestamp) {
        self.0.push(Installed { fault, at, matched: 0, struck: 0 });
    }

    /// Returns how long back reads may look; `None` if all are fresh.
    pub(crate) fn memory(&self) -> Option<Duration> {
        self.0.iter().filter_map(|installed| installed.fault.effect.age()).max()
    }

    /// Tells whether the caller is denied what a service does on its behalf somewhere; a fault with a chance denies none of it.
    pub(crate) fn denies(&mut self, end: &End, action: &str, at: Timestamp) -> bool {
        let (service, operation) = action.split_once(':').unwrap_or((action, ""));
        let call = Call {
            service: service.to_owned(),
            operation: operation.to_owned(),
            body: serde_json::Value::Null,
            end: end.clone(),
            caller: format!("arn:{}:iam::{}:root", end.partition, end.account),
            at,
            request_id: String::new(),
        };
        let is_denial = |fault: &Fault| {
            fault.chance.is_none() && matches!(fault.effect, Effect::Refuse { refuse: Refuse::Denied, .. })
        };
        let mut ids = Ids::seeded(0);
        self.0.iter_mut().any(|installed| is_denial(&installed.fault) && installed.strikes(&call, true, &mut ids))
    }

    /// Draws what befalls a request.
    pub(crate) fn strike(&mut self, call: &Call, ids: &mut Ids) -> Fate {
        let mut fate = Fate::default();
        for installed in &mut self.0 {
            let free = fate.is_open_to(&installed.fault.effect);
            if !installed.strikes(call, free, ids) {
                continue;
            }
            match installed.fault.effect.clone() {
                Effect::Latency(delay) => fate.delay += delay,
                Effect::Meanwhile(act) => fate.meanwhile.push(act),
                Effect::Pages(paging) => fate.paging = Some(paging),
                Effect::Stale { age, flapping } => fate.stale = flapping.is_none_or(|p| ids.chance(p)).then_some(age),
                delivery => fate.delivery = Some(delivery),
            }
        }
        fate
    }
}

impl Effect {
    fn age(&self) -> Option<Duration> {
        match self {
            Self::Stale { age, .. } => Some(*age),
            _ => None,
        }
    }
}

impl Fate {
    fn is_open_to(&self, effect: &Effect) -> bool {
        match effect {
            Effect::Latency(_) | Effect::Meanwhile(_) => true,
            Effect::Pages(_) => self.paging.is_none(),
            Effect::Stale { .. } => self.stale.is_none(),
            _ => self.delivery.is_none(),
        }
    }
}
