//! A service of one's own, with an identifier of its own, whose entries name another service's keys.
//! That it compiles is the test: what users write must stay as short as this.

use aws_sdk_dynamodb::{Client, types::AttributeValue};
use regionmig_aws::{self as aws, Access, Clients, pages};
use regionmig_core::prelude::*;
use regionmig_core::{KeyArn, identifier};
use serde::{Deserialize, Serialize};
use std::collections::HashMap;
use std::str::FromStr;

const TABLE: &str = "config";
identifier!(pub(crate) EntryName, "config.entry");
#[derive(Clone, Debug)]
pub(crate) struct ConfigStore(Clients<Client>);
impl ConfigStore {
    pub(crate) fn new(access: &Access) -> Self {
        Self(access.clients(Client::new))
    }
}
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
pub(crate) struct Entry {
    value: String,
    key: KeyArn,
}
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
pub(crate) struct CopyEntry {
    name: EntryName,
    value: String,
    key: Binding<KeyArn>,
} // lies in the plan: no secrets
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

#[tokio::test]
async fn a_service_of_ones_own_moves_what_its_tests_say() {
    use regionmig_core::{Caller, Migration, Route};

    #[derive(Clone, Debug)]
    struct Owner;
    #[async_trait::async_trait]
    impl Caller for Owner {
        async fn account(
            &self,
            end: &regionmig_core::End,
        ) -> Result<regionmig_core::AccountId, regionmig_core::CallerError> {
            Ok(end.account.clone())
        }
    }

    let entry = r#"{"Items":[{"name":{"S":"db"},"value":{"S":"v"},
        "key":{"S":"arn:aws:kms:me-central-1:111122223333:key/1"}},{"name":{"S":"bad"},"value":{"S":"v"}}]}"#;
    // Both ends are surveyed at once: one entry, and one that does not parse, at each.
    let peer = crate::peer::Peer::new([(200, entry), (200, entry)]);
    let store = ConfigStore::new(&Access::new(&peer.config()));
    let route = Route::new("111122223333/me-central-1".parse().unwrap(), "111122223333/eu-central-1".parse().unwrap());
    let migration = Migration::new(route.unwrap(), &Owner).with(store.clone());
    let survey = migration.survey().await.unwrap();
    let found = survey.of(&store).unwrap();
    assert_eq!(found.source.known().map(|(name, _)| name.as_str()).collect::<Vec<_>>(), ["db"]);
    let gap = found.target.gaps().next().unwrap().to_string();
    assert_eq!(gap, "dynamodb:Scan: the answer has no readable `key`");
}
