//! GetRandomPassword.

use serde_json::{Value, json};

use super::ask::{Ask, invalid};
use crate::call::Refusal;

const LOWER: &str = "abcdefghijklmnopqrstuvwxyz";
const UPPER: &str = "ABCDEFGHIJKLMNOPQRSTUVWXYZ";
const NUMBERS: &str = "0123456789";
const PUNCTUATION: &str = "!\"#$%&'()*+,-./:;<=>?@[\\]^_`{|}~";

/// Answers GetRandomPassword: 32 characters, at least one of each kind that is not excluded, unless told otherwise.
pub(super) fn random(ask: &mut Ask<'_, '_, '_>) -> Result<Value, Refusal> {
    let length = ask.number("PasswordLength").and_then(|length| usize::try_from(length).ok()).unwrap_or(32);
    let each = ask.call.body.get("RequireEachIncludedType").and_then(Value::as_bool).unwrap_or(true);
    let excluded = ask.text("ExcludeCharacters").unwrap_or_default();
    let kinds = [
        (LOWER, !ask.flag("ExcludeLowercase")),
        (UPPER, !ask.flag("ExcludeUppercase")),
        (NUMBERS, !ask.flag("ExcludeNumbers")),
        (PUNCTUATION, !ask.flag("ExcludePunctuation")),
        (" ", ask.flag("IncludeSpace")),
    ];
    let left = |kind: &str| -> String { kind.chars().filter(|c| !excluded.contains(*c)).collect() };
    let kinds = kinds.into_iter().filter(|(_, is_wanted)| *is_wanted).map(|(kind, _)| left(kind));
    let kinds: Vec<String> = kinds.filter(|kind| !kind.is_empty()).collect();
    if kinds.is_empty() {
        return Err(invalid("The password would have no characters to be made of."));
    }
    if each && kinds.len() > length {
        return Err(invalid("The password is too short to hold one character of each kind."));
    }
    let all = kinds.concat();
    loop {
        let password = ask.cx.ids.word(length, all.as_bytes());
        if !each || kinds.iter().all(|kind| password.contains(|c| kind.contains(c))) {
            return Ok(json!({ "RandomPassword": password }));
        }
    }
}
