//! What was recorded of one session: answers in the order in which they were given.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::Path;

use regionmig_core::{End, ErrorKind, Region, Timestamp};
use serde_json::{Map, Value, json};

/// What is asked of one key, besides what it is.
pub(crate) const OF_A_KEY: [&str; 7] = [
    "GetKeyLastUsage",
    "GetKeyPolicy",
    "GetKeyRotationStatus",
    "ListGrants",
    "ListKeyPolicies",
    "ListKeyRotations",
    "ListResourceTags",
];

/// What an answer of DescribeKey tells of a key, by who recorded it.
#[derive(Clone, Copy, Debug, Eq, Ord, PartialEq, PartialOrd)]
pub(crate) enum Kind {
    AwsManaged,
    Customers,
    Refused,
    Trimmed,
}

/// One answer.
#[derive(Clone, Debug)]
pub(crate) struct Answer {
    /// As AWS sent it.
    pub(crate) body: Value,
    pub(crate) file: String,
    pub(crate) status: u16,
}

impl Answer {
    fn of(path: &Path) -> Self {
        let recorded: Value = serde_json::from_str(&fs::read_to_string(path).unwrap()).unwrap();
        let status = u16::try_from(recorded["status_code"].as_u64().unwrap()).unwrap();
        let mut body = as_sent(recorded["data"].clone());
        body.as_object_mut().unwrap().remove("ResponseMetadata");
        if status != 200 {
            body = json!({ "__type": body["Error"]["Code"], "message": body["Error"]["Message"] });
        }
        let file = path.file_name().unwrap().to_str().unwrap().to_owned();
        Self { body, file, status }
    }

    pub(crate) fn kind(&self) -> Kind {
        match self.metadata("KeyManager").and_then(Value::as_str) {
            _ if self.status != 200 => Kind::Refused,
            _ if self.metadata("KeyState").is_none() => Kind::Trimmed,
            Some("AWS") => Kind::AwsManaged,
            Some("CUSTOMER") => Kind::Customers,
            _ => Kind::Trimmed,
        }
    }

    /// Returns whether it says what every key has.
    pub(crate) fn is_whole(&self) -> bool {
        let has_all = ["CreationDate", "KeyManager", "KeyState", "KeyUsage", "Origin"]
            .iter()
            .all(|member| self.metadata(member).is_some());
        let account = self.text("Arn").split(':').nth(4).unwrap_or_default();
        has_all && account.len() == 12 && self.text("Arn").contains(":key/")
    }

    /// Returns what kind of error it is; none, if only that it is one counts.
    pub(crate) fn error_kind(&self) -> Option<ErrorKind> {
        match self.body["__type"].as_str().unwrap_or_default() {
            "AccessDeniedException" => Some(ErrorKind::AccessDenied),
            "NotFoundException" => Some(ErrorKind::NotFound),
            "UnsupportedOperationException" => Some(ErrorKind::Unsupported),
            _ => None,
        }
    }

    /// Returns when the key was made, in milliseconds.
    pub(crate) fn created(&self) -> i64 {
        let seconds = self.metadata("CreationDate").unwrap().as_f64().unwrap();
        format!("{:.0}", seconds * 1000.0).parse().unwrap()
    }

    pub(crate) fn text(&self, member: &str) -> &str {
        self.metadata(member).and_then(Value::as_str).unwrap_or_default()
    }

    fn metadata(&self, member: &str) -> Option<&Value> {
        self.body["KeyMetadata"].get(member)
    }
}

/// One of the times that a session is played.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Take {
    /// Which of several answers about one thing is given.
    n: usize,
    /// Whether the keys that were listed are there, or those that were described.
    is_as_listed: bool,
}

/// The answers of one folder.
#[derive(Debug)]
pub(crate) struct Recording {
    pub(crate) name: String,
    pub(crate) end: End,
    answers: BTreeMap<String, Vec<Answer>>,
    /// The answers about one key, by operation and id.
    of_keys: BTreeMap<(String, String), Vec<Answer>>,
    /// The keys that were described.
    keys: Vec<String>,
}

impl Recording {
    /// Reads a folder; none, if nothing of KMS is in it.
    pub(crate) fn of(folder: &Path) -> Option<Self> {
        let mut answers = BTreeMap::<String, Vec<Answer>>::new();
        let mut paths: Vec<_> = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
        paths.sort_by_key(|path| (path.as_os_str().len(), path.clone()));
        for path in paths {
            let name = path.file_name().unwrap().to_str().unwrap();
            let Some(operation) = name.strip_prefix("kms.").and_then(|name| name.rsplit_once('_')) else { continue };
            answers.entry(operation.0.to_owned()).or_default().push(Answer::of(&path));
        }
        let end = end(&answers)?;
        let name = folder.file_name().unwrap().to_str().unwrap().to_owned();
        let mut recording = Self { name, end, answers, of_keys: BTreeMap::new(), keys: Vec::new() };
        recording.assign();
        Some(recording)
    }

    /// Says which key each answer is about. The answers do not always tell; the calls followed the listing's order.
    fn assign(&mut self) {
        let listed = self.listed_ids();
        let described = self.given("DescribeKey").to_vec();
        let named: BTreeSet<&str> = described.iter().map(|answer| answer.text("KeyId")).collect();
        let mut nameless = listed.iter().filter(|id| !named.contains(id.as_str()));
        let mut ids = Vec::new();
        for (n, answer) in described.iter().enumerate() {
            let id = match answer.text("KeyId") {
                "" => nameless.next().cloned().unwrap_or_else(|| format!("00000000-0000-4000-8000-{n:012}")),
                id => id.to_owned(),
            };
            self.of_keys.entry(("DescribeKey".to_owned(), id.clone())).or_default().push(answer.clone());
            ids.push(id);
        }
        self.keys = ids.iter().collect::<BTreeSet<_>>().into_iter().cloned().collect();
        let order = if ids.is_empty() { listed } else { ids };
        for operation in OF_A_KEY {
            for (n, answer) in self.given(operation).to_vec().into_iter().enumerate() {
                let Some(id) = order.get(n).or_else(|| order.last()) else { continue };
                self.of_keys.entry((operation.to_owned(), id.clone())).or_default().push(answer);
            }
        }
    }

    /// Returns as many takes as it needs until all of the session was played.
    pub(crate) fn takes(&self) -> Vec<Take> {
        let of_keys = self.of_keys.values().map(Vec::len).max().unwrap_or_default();
        let listings = ["ListAliases", "ListKeys"].map(|operation| self.listings(operation).len());
        let count = of_keys.max(listings[0]).max(listings[1]);
        let listed: BTreeSet<String> = self.listed_ids().into_iter().collect();
        let has_unlisted = self.keys.iter().any(|id| !listed.contains(id));
        let lists = if listings[1] > 0 { vec![true] } else { Vec::new() };
        let lists = lists.into_iter().chain((has_unlisted || listings[1] == 0).then_some(false));
        lists.flat_map(|is_as_listed| (0..count).map(move |n| Take { n, is_as_listed })).collect()
    }

    pub(crate) fn answer(&self, operation: &str, id: &str, take: Take) -> Option<&Answer> {
        let answers = self.of_keys.get(&(operation.to_owned(), id.to_owned()))?;
        answers.get(take.n).or_else(|| answers.last())
    }

    /// Returns the pages of the take's listing; none, if nothing was listed.
    pub(crate) fn pages(&self, operation: &str, take: Take) -> Vec<&Answer> {
        let listings = self.listings(operation);
        listings.get(take.n).or_else(|| listings.last()).cloned().unwrap_or_default()
    }

    fn listings(&self, operation: &str) -> Vec<Vec<&Answer>> {
        let pages: Vec<&Answer> = self.given(operation).iter().collect();
        let is_last = |page: &&Answer| page.body["Truncated"] != true;
        pages.split_inclusive(is_last).map(<[&Answer]>::to_vec).collect()
    }

    fn listed_ids(&self) -> Vec<String> {
        self.given("ListKeys").iter().flat_map(ids).collect()
    }

    /// Returns the ARNs of all keys of a take: those that were listed, or those that were described.
    pub(crate) fn listed(&self, take: Take) -> Vec<String> {
        let ids = match take.is_as_listed {
            true => self.pages("ListKeys", take).into_iter().flat_map(ids).collect(),
            false => self.keys.clone(),
        };
        let (region, account) = (&self.end.region, &self.end.account);
        ids.iter().map(|id| format!("arn:aws:kms:{region}:{account}:key/{id}")).collect()
    }

    /// Returns a take's listing of keys, if it was not recorded.
    pub(crate) fn made_up_list(&self, take: Take) -> Option<Value> {
        let keys = || self.listed(take).iter().map(|arn| json!({ "KeyArn": arn })).collect::<Vec<_>>();
        (!take.is_as_listed).then(|| json!({ "Keys": keys(), "Truncated": false }))
    }

    pub(crate) fn described(&self) -> &[Answer] {
        self.given("DescribeKey")
    }

    pub(crate) fn files(&self) -> BTreeSet<String> {
        self.answers.values().flatten().map(|answer| answer.file.clone()).collect()
    }

    /// Returns a region in which nothing was recorded.
    pub(crate) fn elsewhere(&self) -> Region {
        let region = if self.end.region.as_str() == "eu-central-1" { "eu-west-1" } else { "eu-central-1" };
        region.parse().unwrap()
    }

    fn given(&self, operation: &str) -> &[Answer] {
        self.answers.get(operation).map(Vec::as_slice).unwrap_or_default()
    }
}

fn ids(page: &Answer) -> Vec<String> {
    let keys = page.body["Keys"].as_array().map(Vec::as_slice).unwrap_or_default();
    keys.iter().map(|key| key["KeyId"].as_str().unwrap().to_owned()).collect()
}

/// Returns the account and region that the answers' ARNs name.
fn end(answers: &BTreeMap<String, Vec<Answer>>) -> Option<End> {
    let texts: Vec<String> = answers.values().flatten().map(|answer| answer.body.to_string()).collect();
    let arns = texts.iter().flat_map(|text| text.split("arn:aws:kms:").skip(1));
    let ends = arns.filter_map(|rest| {
        let mut parts = rest.split(':');
        let (region, account) = (parts.next()?, parts.next()?);
        let account = if account.parse::<u64>().is_ok() && account.len() != 12 { "111122223333" } else { account };
        format!("{account}/{region}").parse().ok()
    });
    let nowhere = || (!answers.is_empty()).then(|| "111122223333/us-east-1".parse().unwrap());
    ends.fold(None, |first, end| first.or(Some(end))).or_else(nowhere)
}

/// Turns dates back into what AWS sends: seconds.
fn as_sent(value: Value) -> Value {
    match value {
        Value::Object(members) if members.contains_key("__class__") => json!(seconds(&members)),
        Value::Object(members) => members.into_iter().map(|(name, value)| (name, as_sent(value))).collect(),
        Value::Array(items) => items.into_iter().map(as_sent).collect(),
        other => other,
    }
}

fn seconds(date: &Map<String, Value>) -> f64 {
    let part = |name: &str| date.get(name).and_then(Value::as_i64).unwrap_or_default();
    let (day, time) = (["year", "month", "day"].map(part), ["hour", "minute", "second"].map(part));
    let text = format!("{:04}-{:02}-{:02}T{:02}:{:02}:{:02}Z", day[0], day[1], day[2], time[0], time[1], time[2]);
    let whole: Timestamp = text.parse().unwrap();
    let (whole, micros) = (i32::try_from(whole.as_second()).unwrap(), i32::try_from(part("microsecond")).unwrap());
    f64::from(whole) + f64::from(micros) / 1e6
}
