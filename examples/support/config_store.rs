//! A service of one's own: entries of a configuration table, each under a KMS key.
//!
//! Its identifier is its own too; that an entry waits for its key follows from the binding.

use aws_sdk_dynamodb::{Client, types::AttributeValue};
use regionmig::aws::{self, Access, Clients, pages};
use regionmig::{KeyArn, identifier, prelude::*};
use serde::{Deserialize, Serialize};
use std::{collections::HashMap, str::FromStr};
const TABLE: &str = "config";
identifier!(pub EntryName, "config.entry");
#[derive(Clone, Debug)]
pub struct ConfigStore(Clients<Client>);
impl ConfigStore {
    pub fn new(access: &Access) -> Self {
        Self(access.clients(Client::new))
    }
}
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
pub struct Entry {
    value: String,
    key: KeyArn,
}
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
pub struct CopyEntry {
    name: EntryName,
    value: String,
    key: Binding<KeyArn>,
}
impl Step for CopyEntry {
    fn spec(&self) -> Spec {
        Spec::new(Effect::Additive, "copy", &self.name)
            .summary(format!("copy config entry {}", self.name))
            .needs(&self.key)
            .permission(Side::Target, "dynamodb:PutItem", TABLE)
    }
}
impl Service for ConfigStore {
    type Snapshot = Listing<EntryName, Entry>;
    type Step = CopyEntry;
    type Error = aws::Error;
    fn name(&self) -> &str {
        "config"
    }
}
impl Inventory for ConfigStore {
    async fn inventory(&self, side: Side, cx: &RunContext) -> Result<Self::Snapshot, aws::Error> {
        let client = self.0.reader(cx.end(side));
        let scan = |start| client.scan().table_name(TABLE).set_exclusive_start_key(start).send();
        let pages = pages("dynamodb:Scan", scan, |page| page.last_evaluated_key.clone());
        let entries = pages.list(|page, entries| {
            for item in page.items() {
                let entry = || Ok::<_, aws::Error>(Entry { value: text(item, "value")?, key: text(item, "key")? });
                entries.insert(text(item, "name")?, entry().map_err(Gap::from)); // what does not parse is a gap
            }
            Ok(())
        });
        Ok(entries.await) // where the pages broke off is part of it
    }
}
impl Plan for ConfigStore {
    fn plan(&self, survey: &Survey<Self::Snapshot>) -> Draft<CopyEntry> {
        let mut draft = Draft::default();
        for pairing in survey.source.against(&survey.target) {
            match pairing {
                Pairing::Both(..) => {} // left as it is
                Pairing::Missing(name, Entry { value, key }) => {
                    draft.push(CopyEntry { name: name.clone(), value: value.clone(), key: Binding::target_of(key) });
                }
                Pairing::Unclear(name, gap) => draft.unclear(name, gap),
            }
        }
        draft
    }
}
impl Apply for ConfigStore {
    async fn probe(&self, step: &CopyEntry, cx: &StepContext<'_>) -> Result<Probe, aws::Error> {
        let get = self.0.reader(cx.end(Side::Target)).get_item().table_name(TABLE).key("name", s(&step.name));
        let got = get.consistent_read(true).send().await.map_err(aws::Error::of("dynamodb:GetItem"))?;
        let Some(item) = got.item else { return Ok(Probe::Absent) };
        let (value, key): (String, KeyArn) = (text(&item, "value")?, text(&item, "key")?);
        let same = value == step.value && key == cx.resolve(&step.key)?;
        if same { Ok(Probe::Present(Receipt::default())) } else { Err(aws::Error::conflict(&step.name)) }
    }
    async fn apply(&self, step: &CopyEntry, cx: &StepContext<'_>) -> Result<Applied, aws::Error> {
        let put = self.0.writer(cx.end(Side::Target)).put_item().table_name(TABLE); // sends once, never again
        let put = put.item("name", s(&step.name)).item("value", s(&step.value)).item("key", s(cx.resolve(&step.key)?));
        let put = put.condition_expression("attribute_not_exists(#n)").expression_attribute_names("#n", "name");
        put.send().await.map_err(aws::Error::of("dynamodb:PutItem"))?;
        Ok(Applied::Done(Receipt::default()))
    }
}
impl Verify for ConfigStore {} // that nothing is left to do, the engine checks itself
fn s(text: impl ToString) -> AttributeValue {
    AttributeValue::S(text.to_string())
}
fn text<T: FromStr>(item: &HashMap<String, AttributeValue>, field: &str) -> Result<T, aws::Error> {
    let text = item.get(field).and_then(|value| value.as_s().ok()?.parse().ok());
    text.ok_or_else(|| aws::Error::malformed("dynamodb:Scan", field))
}
