//! What becomes of a request: who sends it, what befalls it, what the service answers, what arrives.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use http::request::Parts;
use jiff::Timestamp;
use regionmig_core::{AccountId, End, Region};
use serde_json::Value;

use crate::call::{Call, Refusal};
use crate::clock;
use crate::fault::{Effect, Fate, Fault, Faults, Loss, Refuse};
use crate::history::{self, History};
use crate::ids::Ids;
use crate::kms::Kms;
use crate::ledger::Entry;
use crate::paging;
use crate::plug::Plug;
use crate::protocol::{Asked, Protocol, Reply, Signature, Stamp};
use crate::secrets::Secrets;
use crate::services::{Iam, State};
use crate::state::{Cx, Quotas};
use crate::world::World;

/// A signature may be this old, or from so far ahead (IAM User Guide, signing).
const SKEW: Duration = Duration::from_secs(300);
/// How long a lost answer is waited for by one who has no deadline.
const SILENCE: Duration = Duration::from_secs(60);

/// What reaches the client, and when.
#[derive(Debug)]
pub(crate) struct Delivery {
    pub(crate) after: Duration,
    pub(crate) what: What,
}

/// What reaches the client.
#[derive(Debug)]
pub(crate) enum What {
    Refused,
    Reply(Reply),
    Reset,
    TimedOut,
    Truncated(Reply),
}

/// All that a world knows but the time.
#[derive(Clone)]
pub(crate) struct Core {
    pub(crate) disabled: BTreeSet<(AccountId, Region)>,
    pub(crate) quotas: Quotas,
    faults: Faults,
    history: History,
    ids: Ids,
    /// Requests that were lost to their clients, but will be executed, by the time when.
    late: BTreeMap<(Timestamp, u64), Call>,
    ledger: Vec<Arc<Entry>>,
    lost: u64,
    state: State,
}

/// A request whose sender is known.
struct Known {
    call: Call,
    protocol: Protocol,
    /// Why the service will not even look at it.
    turned_away: Option<Refusal>,
}

/// What a service made of a call.
struct Done {
    answer: Result<Value, Refusal>,
    resource: Option<String>,
}

impl World {
    /// Takes one request, executes it or not, and says what arrives at the client. `dated` says whether the signature's time is
    /// the world's.
    pub(crate) fn receive(&self, parts: &Parts, body: &[u8], dated: bool) -> Delivery {
        self.clock().touch();
        let now = self.clock().now();
        let mut core = self.lock();
        let asked = Asked::read(parts, body);
        let known = asked.and_then(|asked| core.identify(asked, now, dated));
        let mut known = match known {
            Ok(known) => known,
            Err((protocol, refusal)) => {
                let request_id = core.ids.uuid();
                let reply = protocol.reply("", &Err(refusal), &Stamp { request_id: &request_id, at: now });
                return Delivery { after: Duration::ZERO, what: What::Reply(reply) };
            }
        };
        let token = paging::take_token(&mut known.call);
        let core_now = &mut *core;
        let mut fate = core_now.faults.strike(&known.call, &mut core_now.ids);
        let acts = std::mem::take(&mut fate.meanwhile);
        if !acts.is_empty() {
            drop(core);
            acts.iter().for_each(|act| act(self));
            core = self.lock();
        }
        core.conclude(known, fate, token)
    }
}

impl Core {
    pub(crate) fn seeded(seed: u64) -> Self {
        Self {
            disabled: BTreeSet::new(),
            quotas: Quotas::new(),
            faults: Faults::default(),
            history: History::default(),
            ids: Ids::seeded(seed),
            late: BTreeMap::new(),
            ledger: Vec::new(),
            lost: 0,
            state: State::default(),
        }
    }

    pub(crate) fn install(&mut self, fault: Fault, now: Timestamp) {
        self.faults.install(fault, now);
        if self.history.is_empty() {
            self.remember(now);
        }
    }

    pub(crate) fn clear_faults(&mut self) {
        self.faults = Faults::default();
        self.history.clear();
    }

    pub(crate) fn ledger(&self) -> Vec<Arc<Entry>> {
        self.ledger.clone()
    }

    pub(crate) fn ledger_from(&self, place: usize) -> Vec<Arc<Entry>> {
        self.ledger.get(place..).unwrap_or_default().to_vec()
    }

    pub(crate) fn reseed(&mut self, seed: u64) {
        self.ids = Ids::seeded(seed);
    }

    pub(crate) fn requests(&self) -> u64 {
        u64::try_from(self.ledger.len()).unwrap_or(u64::MAX)
    }

    pub(crate) fn clear_ledger(&mut self) {
        self.ledger.clear();
    }

    pub(crate) fn plug(&mut self, service: &str, plug: Box<dyn Plug>) {
        self.state.plugs.insert(service.to_owned(), plug);
    }

    pub(crate) fn with_plug(&mut self, service: &str, now: Timestamp, act: impl FnOnce(&mut dyn Plug)) {
        if let Some(plug) = self.state.plugs.get_mut(service) {
            act(plug.as_mut());
            self.remember(now);
        }
    }

    /// Changes or reads the keys by AWS's own hand.
    pub(crate) fn with_kms<T>(&mut self, now: Timestamp, act: impl FnOnce(&mut Kms, &mut Ids) -> T) -> T {
        let done = act(Arc::make_mut(&mut self.state.kms), &mut self.ids);
        self.remember(now);
        done
    }

    /// Changes the secrets by AWS's own hand.
    pub(crate) fn with_secrets<T>(&mut self, now: Timestamp, act: impl FnOnce(&mut Secrets, &mut Ids) -> T) -> T {
        let done = act(Arc::make_mut(&mut self.state.secrets), &mut self.ids);
        self.remember(now);
        done
    }

    /// Returns the secrets.
    pub(crate) fn secrets(&self) -> &Secrets {
        &self.state.secrets
    }

    /// Changes by AWS's own hand who is there and what is allowed to whom.
    pub(crate) fn with_iam<T>(&mut self, now: Timestamp, act: impl FnOnce(&mut Iam) -> T) -> T {
        let done = act(Arc::make_mut(&mut self.state.iam));
        self.remember(now);
        done
    }

    pub(crate) fn ask(&mut self, end: &End, action: &str, input: Value, now: Timestamp) -> Result<Value, Refusal> {
        let Some((service, operation)) = action.split_once(':') else {
            return Err(Refusal::unknown(action));
        };
        let call = Call {
            service: service.to_owned(),
            operation: operation.to_owned(),
            body: input,
            end: end.clone(),
            caller: format!("arn:{}:iam::{}:root", end.partition, end.account),
            at: now,
            request_id: self.ids.uuid(),
        };
        self.execute(&call, None).answer
    }

    /// Executes what is due by `now`, each at its own time.
    pub(crate) fn settle(&mut self, now: Timestamp) {
        while let Some(due) = self.late.first_entry().filter(|due| due.key().0 <= now) {
            let ((at, _), call) = due.remove_entry();
            let call = Call { at, ..call };
            let done = self.execute(&call, None);
            let entry = self.ledger.iter_mut().rev().find(|entry| entry.request_id == call.request_id);
            if let Some(entry) = entry {
                Arc::make_mut(entry).record(at, &done);
            } else {
                // The ledger was cleared since.
                let mut entry = self.entry(&call);
                entry.record(at, &done);
                self.ledger.push(Arc::new(entry));
            }
        }
        let faults = &mut self.faults;
        self.state.settle(now, &mut |end, action| faults.denies(end, action, now));
    }

    /// Finds out who asks. What is turned away later on is known all the same, so that the ledger can say who it was.
    fn identify(&mut self, asked: Asked, now: Timestamp, dated: bool) -> Result<Known, (Protocol, Refusal)> {
        let Asked { protocol, signature, operation, body } = asked;
        let Some((account, caller, expires)) = self.sender(&signature) else {
            let refusal = protocol.unrecognized();
            return Err((protocol, refusal));
        };
        let end = End::new(account, signature.region);
        let turned_away = if expires.is_some_and(|expires| now >= expires) {
            Some(protocol.expired())
        } else if self.disabled.contains(&(end.account.clone(), end.region.clone())) {
            Some(protocol.unrecognized())
        } else if dated && now.duration_since(signature.at).unsigned_abs() > SKEW {
            let (at, most) = (signature.at, SKEW.as_secs() / 60);
            Some(protocol.skewed(format!("Signature expired: {at} is too far from {now} ({most} min.)")))
        } else {
            None
        };
        let request_id = self.ids.uuid();
        let call = Call { service: signature.service, operation, body, end, caller, at: now, request_id };
        Ok(Known { call, protocol, turned_away })
    }

    /// Returns account, ARN and end of life of whoever an access key belongs to.
    fn sender(&self, signature: &Signature) -> Option<(AccountId, String, Option<Timestamp>)> {
        let key = &signature.access_key;
        if let Some(session) = self.state.sts.session(key) {
            let is_right = signature.token.as_ref() == Some(&session.token);
            return is_right.then(|| (session.account.clone(), session.arn.clone(), Some(session.expires)));
        }
        // A bare account number is taken too: other emulators' clients send that.
        let account = key.strip_prefix("AKIA").and_then(|key| key.get(..12)).unwrap_or(key);
        let account: AccountId = account.parse().ok()?;
        let arn = format!("arn:{}:iam::{account}:user/operator", signature.region.partition());
        Some((account, arn, None))
    }

    /// Executes a request or not, writes the ledger, and says what arrives.
    fn conclude(&mut self, known: Known, fate: Fate, token: Option<u64>) -> Delivery {
        let Known { call, protocol, turned_away } = known;
        let mut entry = self.entry(&call);
        let lost = match &fate.delivery {
            Some(Effect::Lost { refused: true }) => Some(What::Refused),
            Some(Effect::Lost { refused: false } | Effect::Late(_)) => Some(What::Reset),
            _ => None,
        };
        let what = if let Some(what) = lost {
            if let Some(Effect::Late(delay)) = fate.delivery {
                self.lost += 1;
                self.late.insert((clock::after(call.at, delay), self.lost), call);
            }
            what
        } else {
            let reply = self.reply(&call, &protocol, turned_away, &fate, token, &mut entry);
            match fate.delivery {
                Some(Effect::LostAnswer(loss)) => loss.of(reply),
                _ => What::Reply(reply),
            }
        };
        entry.answered = matches!(what, What::Reply(_)) && !matches!(fate.delivery, Some(Effect::LostAnswer(_)));
        self.ledger.push(Arc::new(entry));
        let silence = if matches!(what, What::TimedOut) { SILENCE } else { Duration::ZERO };
        Delivery { after: fate.delay + silence, what }
    }

    /// Returns the service's answer, or whatever stands in its way.
    fn reply(
        &mut self,
        call: &Call,
        protocol: &Protocol,
        turned_away: Option<Refusal>,
        fate: &Fate,
        token: Option<u64>,
        entry: &mut Entry,
    ) -> Reply {
        let (refusal, is_executed, retry_after) = match &fate.delivery {
            _ if turned_away.is_some() => (turned_away, false, None),
            Some(Effect::Refuse { refuse, executed, retry_after }) => {
                (Some(refuse.refusal(protocol, call)), *executed, *retry_after)
            }
            _ => (None, true, None),
        };
        let mut answer = Err(Refusal::unknown(&call.operation));
        if is_executed {
            let mut done = self.execute(call, fate.stale);
            entry.record(call.at, &done);
            if let (Some(paging), Ok(answer)) = (fate.paging, &mut done.answer) {
                paging::spoil(paging, &call.service, token, answer);
            }
            answer = done.answer;
        }
        if let Some(refusal) = refusal {
            entry.code = Some(refusal.code.clone());
            answer = Err(refusal);
        }
        let stamp = Stamp { request_id: &call.request_id, at: call.at };
        let mut reply = protocol.reply(&call.operation, &answer, &stamp);
        if let Some(wait) = retry_after {
            reply.headers.push(("x-amz-retry-after", wait.as_millis().to_string()));
        }
        reply
    }

    fn execute(&mut self, call: &Call, stale: Option<Duration>) -> Done {
        let is_mutation = self.state.mutates(call);
        // A session must not be lost with the copy that it was made in.
        let stale = stale.filter(|_| !is_mutation && call.service != "sts");
        let now = stale.map_or(call.at, |age| history::before(call.at, age));
        let past = stale.and_then(|_| self.history.at(now));
        let disabled = &self.disabled;
        let opted_in = |region: &Region| !disabled.contains(&(call.end.account.clone(), region.clone()));
        let mut resource = None;
        let (faults, ids, quotas) = (&mut self.faults, &mut self.ids, &self.quotas);
        let mut denied = |end: &End, action: &str| faults.denies(end, action, call.at);
        let mut cx = Cx { now, ids, denied: &mut denied, quotas, opted_in: &opted_in, resource: &mut resource };
        let answer = match past {
            Some(mut state) => state.answer(call, &mut cx),
            None => self.state.answer(call, &mut cx),
        };
        if is_mutation && answer.is_ok() {
            self.remember(call.at);
        }
        Done { answer, resource }
    }

    fn remember(&mut self, now: Timestamp) {
        if let Some(memory) = self.faults.memory() {
            self.history.keep(now, &self.state, memory);
        }
    }

    fn entry(&self, call: &Call) -> Entry {
        Entry {
            at: call.at,
            end: call.end.clone(),
            action: call.action(),
            allowed: self.state.needs(call),
            caller: call.caller.clone(),
            request_id: call.request_id.clone(),
            mutating: self.state.mutates(call),
            executed: None,
            code: None,
            answered: false,
            resource: None,
            values: 0,
        }
    }
}

impl Entry {
    fn record(&mut self, at: Timestamp, done: &Done) {
        self.executed = done.answer.is_ok().then_some(at);
        self.code = done.answer.as_ref().err().map(|refusal| refusal.code.clone());
        self.resource.clone_from(&done.resource);
        self.values = done.answer.as_ref().map_or(0, values_in);
    }
}

fn values_in(json: &Value) -> usize {
    match json {
        Value::Array(items) => 1 + items.iter().map(values_in).sum::<usize>(),
        // Who reads leaves a date behind: that somebody looked once more is no difference.
        Value::Object(members) => {
            let members = members.iter().filter(|(name, _)| *name != "LastAccessedDate");
            1 + members.map(|(_, value)| values_in(value)).sum::<usize>()
        }
        _ => 1,
    }
}

impl Refuse {
    fn refusal(&self, protocol: &Protocol, call: &Call) -> Refusal {
        match self {
            Self::Denied => protocol.denied(&call.caller, &call.action()),
            Self::Expired => protocol.expired(),
            Self::Failed(status) => protocol.failed(&call.service, *status),
            Self::Throttled(status) => protocol.throttled(*status),
            Self::With(refusal) => refusal.clone(),
        }
    }
}

impl Loss {
    fn of(self, mut reply: Reply) -> What {
        match self {
            Self::Reset => What::Reset,
            Self::Timeout => What::TimedOut,
            Self::TruncatedBody => What::Truncated(reply),
            // The status stays: nobody says of what was refused that it was done.
            Self::UnreadableBody => {
                reply.body = Bytes::from_static(b"{\"unfinished\": [1, ");
                What::Reply(reply)
            }
            Self::WrongContentType => {
                reply.body = Bytes::from_static(b"<html><body>try again later</body></html>");
                reply.headers.retain(|header| header.0 != "content-type");
                reply.headers.push(("content-type", "text/html".to_owned()));
                What::Reply(reply)
            }
        }
    }
}
