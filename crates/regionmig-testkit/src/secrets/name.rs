//! Names of secrets, which are checked before anything else.

use crate::call::{Call, Refusal};

/// Refuses a name, or what names a secret, that holds other characters than a name or an ARN does.
pub(super) fn check(call: &Call) -> Result<(), Refusal> {
    let is_allowed = |c: char| c.is_ascii_alphanumeric() || "-/_+=.@!".contains(c);
    let in_arn = |c: char| is_allowed(c) || c == ':';
    let is_name = |text: &str| match text.starts_with("arn:") {
        true => text.chars().all(in_arn),
        false => text.chars().all(is_allowed),
    };
    match ["Name", "SecretId"].iter().filter_map(|member| call.text(member)).all(is_name) {
        true => Ok(()),
        false => Err(Refusal::new("ValidationException").message(
            "Invalid name. Must be a valid name containing alphanumeric characters, or any of the following: -/_+=.@!",
        )),
    }
}
