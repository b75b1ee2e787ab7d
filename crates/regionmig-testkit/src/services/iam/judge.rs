//! What policies allow (IAM user guide, "Policy evaluation logic").

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use serde_json::{Map, Value};

use crate::policy::{self, Names};

/// A policy of a principal, a boundary or an organisation.
#[derive(Debug)]
pub(super) struct Policy {
    id: String,
    statements: Vec<Statement>,
}

#[derive(Debug)]
struct Statement {
    is_allow: bool,
    actions: Names,
    resources: Names,
    condition: Map<String, Value>,
}

/// What is to be judged.
#[derive(Clone, Copy, Debug)]
pub(super) struct Request<'a> {
    pub(super) action: &'a str,
    pub(super) resource: &'a str,
    /// By key in lower case.
    pub(super) context: &'a BTreeMap<String, String>,
}

/// What is decided, in AWS's words.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Decision {
    Allowed,
    ExplicitDeny,
    ImplicitDeny,
}

impl Decision {
    pub(super) fn as_str(self) -> &'static str {
        match self {
            Self::Allowed => "allowed",
            Self::ExplicitDeny => "explicitDeny",
            Self::ImplicitDeny => "implicitDeny",
        }
    }
}

/// What is decided, and what came to it.
#[derive(Debug)]
pub(super) struct Verdict {
    pub(super) decision: Decision,
    /// Whether the boundary allows it, if there is one.
    pub(super) in_boundary: Option<bool>,
    /// Whether the organisation's policies allow it, if the account is in one.
    pub(super) in_organization: Option<bool>,
    /// The policies of the principal that decided.
    pub(super) matched: BTreeSet<String>,
    /// The keys that policies of the principal look at, and the context lacks.
    pub(super) missing: BTreeSet<String>,
}

impl Policy {
    /// Reads a policy; says why it is none.
    pub(super) fn read(id: String, text: &str) -> Result<Self, String> {
        let document: Map<String, Value> =
            serde_json::from_str(text).map_err(|error| format!("The policy is not valid JSON: {error}"))?;
        let statements = policy::statements(&document)?.into_iter().map(Statement::read).collect::<Result<_, _>>()?;
        Ok(Self { id, statements })
    }
}

impl Statement {
    fn read(statement: &Map<String, Value>) -> Result<Self, String> {
        const MEMBERS: [&str; 7] = ["Sid", "Effect", "Action", "NotAction", "Resource", "NotResource", "Condition"];
        Ok(Self {
            is_allow: policy::allows(statement, &MEMBERS)?,
            actions: Names::actions(statement)?,
            resources: Names::read(statement, "Resource", "NotResource")?,
            condition: policy::condition(statement)?,
        })
    }

    fn is_about(&self, request: &Request<'_>) -> bool {
        self.actions.has_action(request.action) && self.resources.has(request.resource)
    }

    fn applies(&self, request: &Request<'_>) -> bool {
        self.is_about(request)
            && self.conditions().all(|(operator, key, wanted)| {
                policy::holds(operator, wanted, request.context.get(&key.to_ascii_lowercase()).map(String::as_str))
            })
    }

    /// Returns the conditions, each by operator, key and value.
    fn conditions(&self) -> impl Iterator<Item = (&String, &String, &Value)> {
        let keys = self.condition.iter().map(|(operator, keys)| (operator, keys.as_object().into_iter().flatten()));
        keys.flat_map(|(operator, keys)| keys.map(move |(key, wanted)| (operator, key, wanted)))
    }
}

/// Judges by the principal's own policies, by its boundary and by its organisation's policies, each if there is such.
pub(super) fn judge(
    own: &[Arc<Policy>],
    boundary: Option<&[Arc<Policy>]>,
    organization: Option<&[Arc<Policy>]>,
    request: &Request<'_>,
) -> Verdict {
    let all = [Some(own), boundary, organization];
    let decisions: Vec<Decision> = all.into_iter().flatten().map(|policies| decide(policies, request)).collect();
    let decision = if decisions.contains(&Decision::ExplicitDeny) {
        Decision::ExplicitDeny
    } else if decisions.contains(&Decision::ImplicitDeny) {
        Decision::ImplicitDeny
    } else {
        Decision::Allowed
    };
    let allows = |policies| decide(policies, request) == Decision::Allowed;
    Verdict {
        decision,
        in_boundary: boundary.map(allows),
        in_organization: organization.map(allows),
        matched: matched(own, decision, request),
        missing: missing(own, request),
    }
}

fn decide(policies: &[Arc<Policy>], request: &Request<'_>) -> Decision {
    let statements = policies.iter().flat_map(|policy| &policy.statements);
    let applying: Vec<bool> =
        statements.filter(|statement| statement.applies(request)).map(|statement| statement.is_allow).collect();
    match (applying.contains(&false), applying.contains(&true)) {
        (true, _) => Decision::ExplicitDeny,
        (false, true) => Decision::Allowed,
        (false, false) => Decision::ImplicitDeny,
    }
}

fn matched(own: &[Arc<Policy>], decision: Decision, request: &Request<'_>) -> BTreeSet<String> {
    let decides = |statement: &Statement| match decision {
        Decision::Allowed => statement.is_allow,
        Decision::ExplicitDeny => !statement.is_allow,
        Decision::ImplicitDeny => false,
    };
    let has = |policy: &&Arc<Policy>| policy.statements.iter().any(|one| decides(one) && one.applies(request));
    own.iter().filter(has).map(|policy| policy.id.clone()).collect()
}

/// Those of an organisation's policies IAM does not name (API reference, EvaluationResult).
fn missing(own: &[Arc<Policy>], request: &Request<'_>) -> BTreeSet<String> {
    let statements = own.iter().flat_map(|policy| &policy.statements).filter(|statement| statement.is_about(request));
    let keys = statements.flat_map(|statement| statement.conditions().map(|(_, key, _)| key));
    keys.filter(|key| !request.context.contains_key(&key.to_ascii_lowercase())).cloned().collect()
}
