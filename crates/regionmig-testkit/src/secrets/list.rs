//! Listings: secrets, by filters and in some order, and the versions of one.

mod filter;

use serde_json::{Value, json};

use super::ask::Ask;
use super::secret::Secret;
use super::store::SecretName;
use crate::call::Refusal;
use crate::page::{self, Names};

const NAMES: Names = Names {
    limit: "MaxResults",
    token: "NextToken",
    next: "NextToken",
    flag: None,
    unknown_token: "InvalidNextTokenException",
};

/// Answers ListSecrets: by age, the youngest first, unless asked otherwise.
pub(super) fn secrets(ask: &mut Ask<'_, '_, '_>) -> Result<Value, Refusal> {
    let window = page::window(ask.call, &NAMES, 100)?;
    let include_planned = ask.flag("IncludePlannedDeletion");
    let mut entries = chosen(
        ask,
        |secret| include_planned || secret.deletion.is_none(),
        |name, secret| {
            let mut entry = secret.summary(name);
            if let Some(stages) = secret.stages() {
                entry["SecretVersionsToStages"] = stages;
            }
            entry
        },
    );
    entries.sort_by(|a, b| a.0.cmp(&b.0));
    Ok(page::answer(ask.call, &NAMES, &window, "SecretList", entries.into_iter()))
}

/// Returns the names on one page of what the filters of a request choose, and the token of the next page.
pub(super) fn page_of_names(ask: &Ask<'_, '_, '_>) -> Result<(Vec<String>, Option<Value>), Refusal> {
    let window = page::window(ask.call, &NAMES, 20)?;
    let mut entries = chosen(ask, |secret| secret.deletion.is_none(), |name, _| json!(name.name));
    entries.sort_by(|a, b| a.0.cmp(&b.0));
    let mut page = page::answer(ask.call, &NAMES, &window, "Names", entries.into_iter());
    let names = page["Names"].as_array().into_iter().flatten().filter_map(Value::as_str).map(str::to_owned).collect();
    Ok((names, page.as_object_mut().and_then(|page| page.remove(NAMES.next))))
}

/// Returns what is asked for, each under a text that puts it in its place.
fn chosen(
    ask: &Ask<'_, '_, '_>,
    is_wanted: impl Fn(&Secret) -> bool,
    entry: impl Fn(&SecretName, &Secret) -> Value,
) -> Vec<(String, Value)> {
    let end = &ask.call.end;
    let filters = ask.list("Filters");
    let listed = ask.state.secrets.listed(end, ask.cx.now).filter(|(_, secret)| is_wanted(secret));
    let named = listed.map(|(name, secret)| (SecretName::new(end, name), secret));
    let chosen = named.filter(|(name, secret)| filters.iter().all(|one| filter::holds(one, name, secret)));
    let place = |name: &SecretName, secret: &Secret| place(ask, name, secret);
    chosen.map(|(name, secret)| (place(&name, secret), entry(&name, secret))).collect()
}

/// Writes what a secret is sorted by, so that texts compare as what they stand for, or the other way round.
fn place(ask: &Ask<'_, '_, '_>, name: &SecretName, secret: &Secret) -> String {
    let by = ask.text("SortBy").unwrap_or("created-date");
    let at = match by {
        "last-accessed-date" => secret.accessed,
        "last-changed-date" => Some(secret.changed),
        "name" => None,
        _ => Some(secret.created),
    };
    let millis = at.map(|at| format!("{:020}", at.as_millisecond())).unwrap_or_default();
    let key = format!("{millis}/{}", name.name);
    let is_rising = ask.text("SortOrder").unwrap_or("desc") == "asc";
    let byte = |byte: u8| if is_rising { byte } else { u8::MAX - byte };
    let hex: String = key.bytes().map(|one| format!("{:02x}", byte(one))).collect();
    format!("{hex}{}", if is_rising { "" } else { "g" })
}

/// Answers ListSecretVersionIds: by age, and without those that bear no label unless they are asked for.
pub(super) fn versions(ask: &mut Ask<'_, '_, '_>) -> Result<Value, Refusal> {
    let name = ask.find()?;
    let window = page::window(ask.call, &NAMES, 100)?;
    let secret = ask.held(&name)?;
    let all = ask.flag("IncludeDeprecated");
    let shown = secret.versions.iter().filter(|version| all || !version.stages.is_empty());
    let place = |at: jiff::Timestamp, id: &str| format!("{:020}/{id}", at.as_millisecond());
    let mut entries: Vec<(String, Value)> =
        shown.map(|version| (place(version.created, &version.id), version.entry())).collect();
    entries.sort_by(|a, b| a.0.cmp(&b.0));
    let mut answer = page::answer(ask.call, &NAMES, &window, "Versions", entries.into_iter());
    answer["ARN"] = json!(secret.arn(&name));
    answer["Name"] = json!(name.name);
    Ok(answer)
}
