//! Requests that hit, or just miss, what a policy says.

use std::collections::BTreeMap;

use serde_json::Value;

use super::evaluator::{Principal, Request};
use super::generate::{ACTIONS, KEYS, Kind, PEOPLE, PROVIDERS, REGIONAL, SERVICES, values_of};
use super::mapping::{RESOURCE, World};
use super::widening::several;

/// As many requests as asked for, the same for the same seed.
pub(crate) fn requests(world: &World, policy: &Value, seed: u64, count: usize) -> Vec<Request> {
    let mut aim = Aim { random: fastrand::Rng::with_seed(seed), world: *world, is_exact: false };
    let statements: Vec<&Value> = several(&policy["Statement"]).iter().collect();
    (0..count).map(|_| aim.request(&statements)).collect()
}

/// Draws requests that hit, or just miss, what a statement says.
struct Aim {
    random: fastrand::Rng,
    world: World,
    /// Whether each part of the request is to be just what the statement says: else few requests would meet them all.
    is_exact: bool,
}

impl Aim {
    fn request(&mut self, statements: &[&Value]) -> Request {
        let statement = statements[self.random.usize(..statements.len())];
        self.is_exact = self.random.u8(..10) < 6;
        let request = Request {
            principal: self.principal(said(statement, "Principal", "NotPrincipal")),
            action: self.action(said(statement, "Action", "NotAction")),
            resource: self.value(RESOURCE, said(statement, "Resource", "NotResource")),
            context: self.context(statements, statement),
        };
        // As a whole it is then of one end, where its parts may be of both.
        match self.random.u8(..10) {
            0..2 => self.world.carried(&request),
            2..4 => self.world.reversed().carried(&request),
            4 => self.renamed(request),
            _ => request,
        }
    }

    /// With the region's and the account's names in place of the source's, and the ids as they were.
    fn renamed(&self, mut request: Request) -> Request {
        let (source, target) = (self.world.source, self.world.target);
        let rename = |text: &mut String| {
            *text = text.replace(source.region, target.region).replace(source.account, target.account);
        };
        rename(&mut request.resource);
        request.context.values_mut().flatten().for_each(rename);
        request
    }

    fn principal(&mut self, named: &Value) -> Principal {
        let kinds = named.as_object().filter(|kinds| !kinds.is_empty() && (self.is_exact || self.random.u8(..4) > 0));
        let kind = kinds.map_or("AWS", |kinds| kinds.keys().nth(self.random.usize(..kinds.len())).unwrap());
        let id = |aim: &mut Self, ids: &[&'static str]| match aim.one(&named[kind]) {
            Some(id) if aim.is_exact || aim.random.u8(..4) > 0 => id,
            _ => aim.any(ids).to_owned(),
        };
        match kind {
            "Service" => Principal::Service(id(self, SERVICES)),
            "Federated" => Principal::Federated(id(self, PROVIDERS)),
            _ => Principal::Aws(id(self, PEOPLE)).settled(self.any(PEOPLE)),
        }
    }

    fn action(&mut self, named: &Value) -> String {
        match self.one(named) {
            Some(action) if self.is_exact || self.random.u8(..5) > 0 => match &*action {
                "*" | "kms:*" | "KMS:decrypt" | "kms:De*" => "kms:Decrypt".into(),
                "s?s:Publish" => "sns:Publish".into(),
                action => action.trim_end_matches('*').into(),
            },
            _ => self.any(ACTIONS).to_owned(),
        }
    }

    /// Mostly all keys of the statement, and some of the others.
    fn context(&mut self, all: &[&Value], aimed: &Value) -> BTreeMap<String, Vec<String>> {
        let mut context = BTreeMap::new();
        for statement in all {
            let is_aimed = std::ptr::eq(*statement, aimed);
            for (operator, keys) in statement["Condition"].as_object().into_iter().flatten() {
                for (key, values) in keys.as_object().unwrap() {
                    let is_there = if is_aimed { self.is_exact || self.random.u8(..8) < 7 } else { self.random.bool() };
                    let is_there = if operator == "Null" { self.random.bool() } else { is_there };
                    if is_there && !context.contains_key(&key.to_ascii_lowercase()) {
                        let count = if key.eq_ignore_ascii_case("aws:TagKeys") { self.random.usize(..3) } else { 1 };
                        let is_other = operator == "Null" || operator.contains("Not") && self.random.u8(..3) > 0;
                        let values = if is_other { &Value::Null } else { values };
                        let drawn = (0..count).map(|_| self.value(key, values)).collect();
                        context.insert(key.to_ascii_lowercase(), drawn);
                    }
                }
            }
        }
        context
    }

    /// A value that a policy's value matches, mostly, or its counterpart, or nearly one of these.
    fn value(&mut self, key: &str, named: &Value) -> String {
        let small = key.to_ascii_lowercase();
        let drawn = match self.one(named) {
            // No request comes from a range.
            Some(range) if small == "aws:sourceip" && range.contains('/') => self.drawn(key),
            Some(pattern) if self.is_exact || self.random.u8(..6) > 0 => self.filled(&pattern),
            _ => self.drawn(key),
        };
        match self.random.u8(..12) {
            _ if self.is_exact => drawn,
            0..2 => self.world.carried_value(&small, &drawn),
            2 => self.world.reversed().carried_value(&small, &drawn),
            3 => drawn.replace(self.world.source.region, self.world.target.region),
            4 => drawn.replace("111122223333", self.any(&["444455556666", "999999999999"])),
            _ => drawn,
        }
    }

    fn drawn(&mut self, key: &str) -> String {
        let known = KEYS.iter().find(|(_, name, _)| name.eq_ignore_ascii_case(key));
        match known {
            Some((_, name, kind)) if *kind != Kind::Arn || *name == "aws:PrincipalArn" => {
                self.any(values_of(name)).to_owned()
            }
            _ => {
                let (service, resource) = REGIONAL[self.random.usize(..REGIONAL.len())];
                self.filled(&format!("arn:aws:{service}:*:*:{resource}"))
            }
        }
    }

    /// A text that a pattern matches: in place of a wildcard stands what makes a difference there.
    fn filled(&mut self, pattern: &str) -> String {
        if pattern == "*" {
            return self.drawn(RESOURCE);
        }
        let mut parts: Vec<String> = pattern.splitn(6, ':').map(str::to_owned).collect();
        if parts.len() == 6 && parts[3].contains(['*', '?']) {
            parts[3] = self.any(&["me-central-1", "me-central-1", "eu-central-1", "me-south-1"]).to_owned();
        }
        if parts.len() == 6 && parts[4].contains(['*', '?']) {
            parts[4] = self.any(&["111122223333", "111122223333", "444455556666", "999999999999"]).to_owned();
        }
        let filled = parts.join(":");
        let region = self.any(&["me-central-1", "eu-central-1"]);
        // A host or a region as a whole.
        let filled = filled
            .replace(".*.", &format!(".{region}."))
            .replace("me-*", "me-central-1")
            .replace("eu-*", "eu-central-1");
        filled.replace("*", self.any(&["", "x", "34abcd"])).replace('?', "1")
    }

    fn one(&mut self, values: &Value) -> Option<String> {
        let value = match values {
            Value::Array(several) => several.get(self.random.usize(..several.len()))?,
            Value::Null => return None,
            one => one,
        };
        Some(value.as_str().map_or_else(|| value.to_string(), str::to_owned))
    }

    fn any<'v>(&mut self, values: &[&'v str]) -> &'v str {
        values[self.random.usize(..values.len())]
    }
}

/// What a statement says of an element, in one form or the other: it may be missed by what is near it, too.
fn said<'p>(statement: &'p Value, one: &str, opposite: &str) -> &'p Value {
    statement.get(one).unwrap_or_else(|| &statement[opposite])
}

impl Principal {
    /// Somebody, where a policy says everybody or a whole account.
    fn settled(self, somebody: &str) -> Self {
        match self {
            Self::Aws(id) if !id.starts_with("arn:") => Self::Aws(somebody.to_owned()),
            other => other,
        }
    }
}
