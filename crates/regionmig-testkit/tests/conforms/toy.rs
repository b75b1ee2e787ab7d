//! A service that copies the entries of a table which takes every entry, however often it is put.

use std::collections::HashMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use aws_sdk_dynamodb::Client;
use aws_sdk_dynamodb::types::AttributeValue;
use regionmig_aws::{Access, Clients, Error, pages};
use regionmig_core::prelude::*;
use regionmig_core::{End, ErrorKind, Lookup, identifier};
use regionmig_testkit::{Call, Refusal, World};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

identifier!(pub(crate) EntryName, "toy.entry");

/// How a toy goes about it.
#[derive(Clone, Copy, Debug, Deserialize, PartialEq, Serialize)]
pub(crate) struct Care {
    /// Whether it sends anything at all.
    pub(crate) acts: bool,
    /// Whether a Blocker holds its last entry.
    pub(crate) blocked: bool,
    /// Whether it checks that each entry is there once.
    pub(crate) counts: bool,
    /// How hard it says that what it does is to take back.
    pub(crate) effect: Effect,
    /// Whether it plans to copy another entry, once the first is there, in place of the one that is held.
    pub(crate) fickle: bool,
    /// Whether it fails for good from its third request on.
    pub(crate) gives_up: bool,
    /// Whether it looks for what it may have made.
    pub(crate) looks: bool,
    /// Whether it says that a second request makes a second thing.
    pub(crate) mints: bool,
    /// Whether its plans differ from one time to the next.
    pub(crate) moody: bool,
    /// Whether it takes what it could not read for something that is not there.
    pub(crate) rash: bool,
    /// For how long, as it says, what it makes may not show.
    pub(crate) settles: Duration,
    /// Whether, from its third request on, it makes something at this side that nobody asked for.
    pub(crate) strays: Option<Side>,
    /// Whether its requests write over what an earlier one wrote.
    pub(crate) upserts: bool,
}

impl Care {
    pub(crate) const SAFE: Self = Self {
        acts: true,
        blocked: false,
        counts: true,
        effect: Effect::Additive,
        fickle: false,
        gives_up: false,
        looks: true,
        mints: true,
        moody: false,
        rash: false,
        settles: Duration::from_secs(300),
        strays: None,
        upserts: false,
    };
}

fn table(call: &Call, items: &mut Vec<Value>) -> Result<Value, Refusal> {
    match call.operation.as_str() {
        "Scan" => Ok(json!({ "Items": items })),
        "PutItem" => {
            let item = call.body["Item"].clone();
            if item["upserts"]["BOOL"] == true {
                items.retain(|other| other["name"] != item["name"]);
            }
            items.push(item);
            Ok(json!({}))
        }
        "DeleteItem" => {
            let key = call.body["Key"].clone();
            items.retain(|other| other["name"] != key["name"]);
            Ok(json!({}))
        }
        other => Err(Refusal::unknown(other)),
    }
}

/// A world whose source has two entries.
pub(crate) fn world() -> World {
    world_from("111122223333/me-central-1")
}

/// The same with another source.
pub(crate) fn world_from(source: &str) -> World {
    world_of(&[(source, &["a", "b"])])
}

/// The same, and one of the entries is in the target.
pub(crate) fn world_half_done() -> World {
    world_of(&[("111122223333/me-central-1", &["a", "b"]), ("111122223333/eu-central-1", &["a"])])
}

fn world_of(tables: &[(&str, &[&str])]) -> World {
    let world = World::new();
    let plugged = world.plug("dynamodb", table);
    for (end, names) in tables {
        let entries = names.iter().map(|name| json!({ "name": { "S": name } })).collect();
        plugged.put(&end.parse().unwrap(), entries);
    }
    world
}

pub(crate) fn empty_world() -> World {
    let world = World::new();
    world.plug("dynamodb", table);
    world
}

#[derive(Clone, Debug)]
pub(crate) struct Toy {
    clients: Clients<Client>,
    care: Care,
    /// How often it has planned.
    planned: Arc<AtomicUsize>,
    /// How often it has applied something.
    applied: Arc<AtomicUsize>,
}

impl Toy {
    pub(crate) fn new(access: &Access, care: Care) -> Self {
        Self { clients: access.clients(Client::new), care, planned: Arc::default(), applied: Arc::default() }
    }

    /// Lists the names of a table, each with how often it is there.
    async fn entries(&self, end: &End) -> Listing<EntryName, u32> {
        let send = |start| {
            let scan = move |client: Client| client.scan().table_name("t").set_exclusive_start_key(start).send();
            self.clients.read(end, "dynamodb:Scan", scan)
        };
        let mut counts: HashMap<EntryName, u32> = HashMap::new();
        pages("dynamodb:Scan", send, |page| page.last_evaluated_key.clone())
            .list(|page, entries| {
                for item in page.items() {
                    let name = item.get("name").and_then(|name| name.as_s().ok()?.parse::<EntryName>().ok());
                    let name = name.ok_or_else(|| Error::malformed("dynamodb:Scan", "name"))?;
                    let count = counts.entry(name.clone()).or_default();
                    *count += 1;
                    entries.insert(name, Ok(*count));
                }
                Ok(())
            })
            .await
    }
}

#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
pub(crate) struct Copy {
    name: EntryName,
    care: Care,
}

impl Step for Copy {
    fn spec(&self) -> Spec {
        let spec = Spec::new(self.care.effect, "copy", &self.name);
        let spec = if self.care.mints { spec.mints() } else { spec };
        if self.care.settles.is_zero() { spec } else { spec.settle(self.care.settles, 3) }
    }
}

impl Service for Toy {
    type Snapshot = Listing<EntryName, u32>;
    type Step = Copy;
    type Error = Error;

    fn name(&self) -> &str {
        "toy"
    }
}

impl Inventory for Toy {
    async fn inventory(&self, side: Side, cx: &RunContext) -> Result<Self::Snapshot, Error> {
        Ok(self.entries(cx.end(side)).await)
    }
}

impl Plan for Toy {
    fn plan(&self, survey: &Survey<Self::Snapshot>) -> Draft<Copy> {
        let (mut draft, care) = (Draft::default(), self.care);
        let (Ok(last), Ok(other)) = ("b".parse::<EntryName>(), "c".parse::<EntryName>()) else { return draft };
        let is_held = |name: &EntryName| care.blocked && *name == last;
        let times = self.planned.fetch_add(1, Ordering::Relaxed);
        if care.moody {
            draft.find(Finding::new(Severity::Note, "toy.mood", format!("planned {times} times before")));
        }
        let is_begun = survey.target.known().next().is_some();
        for pairing in survey.source.against(&survey.target) {
            match pairing {
                Pairing::Both(..) => {}
                Pairing::Missing(name, _) => {
                    let name = if is_held(name) && is_begun && care.fickle { &other } else { name };
                    draft.push(Copy { name: name.clone(), care });
                    if is_held(name) {
                        draft.find(Finding::new(Severity::Blocker, "toy.held", "it is held").about(name));
                    }
                }
                Pairing::Unclear(name, _) if care.rash => draft.push(Copy { name: name.clone(), care }),
                Pairing::Unclear(name, gap) => draft.unclear(name, gap),
            }
        }
        draft
    }
}

impl Apply for Toy {
    async fn probe(&self, step: &Copy, cx: &StepContext<'_>) -> Result<Probe, Error> {
        match self.entries(cx.end(Side::Target)).await.lookup(&step.name) {
            _ if !step.care.looks => Ok(Probe::Absent),
            Lookup::Present(_) => Ok(Probe::Present(Receipt::default())),
            Lookup::Absent => Ok(Probe::Absent),
            Lookup::Unknown(gap) => Err(Error::new(ErrorKind::OutcomeUnknown, gap.to_string())),
        }
    }

    async fn apply(&self, step: &Copy, cx: &StepContext<'_>) -> Result<Applied, Error> {
        let times = self.applied.fetch_add(1, Ordering::Relaxed);
        if step.care.gives_up && times >= 2 {
            return Err(Error::new(ErrorKind::Invalid, "it has had enough"));
        }
        if let Some(side) = step.care.strays.filter(|_| times >= 2) {
            let name = AttributeValue::S("stray".to_owned());
            let put = |client: Client| client.put_item().table_name("t").item("name", name).send();
            self.clients.write(cx.end(side), "dynamodb:PutItem", put).await?;
        }
        if step.care.acts {
            let (name, upserts) = (AttributeValue::S(step.name.to_string()), AttributeValue::Bool(step.care.upserts));
            let put =
                |client: Client| client.put_item().table_name("t").item("name", name).item("upserts", upserts).send();
            self.clients.write(cx.end(Side::Target), "dynamodb:PutItem", put).await?;
        }
        Ok(Applied::Done(Receipt::default()))
    }

    async fn revert(&self, step: &Copy, _receipt: &Receipt, cx: &StepContext<'_>) -> Result<Reversal, Error> {
        // What an earlier reversal took away is not taken away a second time.
        let entries = self.entries(cx.end(Side::Target)).await;
        if step.care.looks && matches!(entries.lookup(&step.name), Lookup::Absent) {
            return Ok(Reversal::Done);
        }
        let name = AttributeValue::S(step.name.to_string());
        let delete = |client: Client| client.delete_item().table_name("t").key("name", name).send();
        self.clients.write(cx.end(Side::Target), "dynamodb:DeleteItem", delete).await?;
        Ok(Reversal::Done)
    }
}

impl Verify for Toy {
    async fn verify(&self, survey: &Survey<Self::Snapshot>, _cx: &RunContext) -> Result<Vec<Check>, Error> {
        let check = |(name, count): (&EntryName, &u32)| {
            Check::new("toy.once", name, if *count == 1 { Verdict::Pass } else { Verdict::Fail })
        };
        Ok(survey.target.known().filter(|_| self.care.counts).map(check).collect())
    }
}
