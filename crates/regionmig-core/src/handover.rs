//! What became what, for the applications that name it: JSON, and files of environment variables.
// REQ: SM-14

use std::collections::BTreeMap;
use std::fmt::Write;

use serde_json::{Value, json};

use crate::ids::{IdMap, Identifier};

/// What the identifiers of one kind became, each under a name by which an application asks for it.
///
/// ```
/// use regionmig_core::{HandOver, IdMap, SecretArn};
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let mut ids = IdMap::default();
/// let source: SecretArn = "arn:aws:secretsmanager:me-central-1:111122223333:secret:app/db-AbCdEf".parse()?;
/// ids.bind(&source, &source.in_region(&"eu-central-1".parse()?)?)?;
/// let secrets = HandOver::of(&ids, |secret: &SecretArn| format!("secret {}", secret.name()))?;
/// assert_eq!(
///     secrets.to_env(),
///     "SECRET_APP_DB=arn:aws:secretsmanager:eu-central-1:111122223333:secret:app/db-AbCdEf\n"
/// );
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct HandOver {
    kind: &'static str,
    /// By variable: what it was, and what it is now.
    entries: BTreeMap<String, (String, String)>,
}

impl HandOver {
    /// Collects what `ids` says of one kind. `name` names each by its source; what no variable's name may hold becomes `_`, and
    /// letters become capitals.
    ///
    /// # Errors
    ///
    /// Fails if two would get the same name, or one none: an application would be handed the wrong one.
    pub fn of<I: Identifier>(ids: &IdMap, name: impl Fn(&I) -> String) -> Result<Self, HandOverError> {
        let mut entries: BTreeMap<String, (String, String)> = BTreeMap::new();
        for (source, target) in ids.pairs::<I>() {
            let variable = variable(&name(&source));
            if variable.is_empty() {
                return Err(HandOverError::NoName { id: source.to_string() });
            }
            let entry = (source.to_string(), target.to_string());
            if let Some((other, _)) = entries.insert(variable.clone(), entry) {
                return Err(HandOverError::OneName { name: variable, first: other, second: source.to_string() });
            }
        }
        Ok(Self { kind: I::KIND, entries })
    }

    /// Writes an object by kind, with a member for each: what it was, and what it is.
    pub fn to_json(&self) -> String {
        let pairs = self.entries.values().map(|(source, target)| (source.clone(), json!(target)));
        let mut pairs: Vec<(String, Value)> = pairs.collect();
        pairs.sort_by(|a, b| a.0.cmp(&b.0));
        format!("{:#}\n", json!({ self.kind: Value::Object(pairs.into_iter().collect()) }))
    }

    /// Writes a line `NAME=value` for each, as container engines and systemd read them: what is there is the value, quotes too.
    pub fn to_env(&self) -> String {
        let mut text = String::new();
        for (name, (_, target)) in &self.entries {
            writeln!(text, "{name}={target}").unwrap_or_default();
        }
        text
    }

    /// Writes a line `NAME='value'` for each, under a comment with what it was, as shells and dotenv libraries read them.
    pub fn to_dotenv(&self) -> String {
        let mut text = String::new();
        for (name, (source, target)) in &self.entries {
            // In single quotes nothing is expanded, and nothing that an identifier may hold ends them.
            writeln!(text, "# {source}\n{name}='{target}'").unwrap_or_default();
        }
        text
    }
}

/// Returns a name as a variable may have it (POSIX, "Environment Variable Definition").
fn variable(name: &str) -> String {
    let mut variable: String =
        name.chars().map(|c| if c.is_ascii_alphanumeric() { c.to_ascii_uppercase() } else { '_' }).collect();
    if variable.starts_with(|c: char| c.is_ascii_digit()) {
        variable.insert(0, '_');
    }
    variable
}

/// Why there is no file for applications.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum HandOverError {
    /// One gets no name.
    #[error("{id} gets no name by which an application could ask for it: name it otherwise")]
    NoName {
        /// What it is.
        id: String,
    },
    /// Two get the same name.
    #[error("{first} and {second} both get the name {name}: name one of them otherwise")]
    OneName {
        /// The name.
        name: String,
        /// What has it.
        first: String,
        /// What would have it, too.
        second: String,
    },
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ids::SecretArn;

    fn ids(names: &[&str]) -> IdMap {
        let mut ids = IdMap::default();
        for name in names {
            let arn = |region| format!("arn:aws:secretsmanager:{region}:111122223333:secret:{name}-AbCdEf");
            let (source, target): (SecretArn, SecretArn) =
                (arn("me-central-1").parse().unwrap(), arn("eu-central-1").parse().unwrap());
            ids.bind(&source, &target).unwrap();
        }
        ids
    }

    fn named(names: &[&str]) -> Result<HandOver, HandOverError> {
        HandOver::of(&ids(names), |secret: &SecretArn| secret.name().to_owned())
    }

    #[test]
    // REQ: SM-14
    fn each_is_written_once_in_every_form() {
        let all = named(&["app/db", "9+x"]).unwrap();
        let arn = |region, name| format!("arn:aws:secretsmanager:{region}:111122223333:secret:{name}-AbCdEf");
        let (db, x) = (arn("eu-central-1", "app/db"), arn("eu-central-1", "9+x"));
        assert_eq!(all.to_env(), format!("APP_DB={db}\n_9_X={x}\n"));
        let (was_db, was_x) = (arn("me-central-1", "app/db"), arn("me-central-1", "9+x"));
        assert_eq!(all.to_dotenv(), format!("# {was_db}\nAPP_DB='{db}'\n# {was_x}\n_9_X='{x}'\n"));
        let json: Value = serde_json::from_str(&all.to_json()).unwrap();
        assert_eq!(json, json!({ "secrets.secret": { was_db: db, was_x: x } }));
    }

    #[test]
    fn two_that_would_get_one_name_are_refused_by_both_their_names() {
        let error = named(&["app/db", "app.db"]).unwrap_err().to_string();
        assert!(
            error.contains("app/db-AbCdEf") && error.contains("app.db-AbCdEf") && error.contains("APP_DB"),
            "{error}"
        );
        let nameless = HandOver::of(&ids(&["a"]), |_: &SecretArn| String::new()).unwrap_err();
        assert!(nameless.to_string().contains("a-AbCdEf"), "{nameless}");
    }
}
