//! What IAM answers, and what a person should know of it.

use std::collections::{BTreeMap, BTreeSet};

use aws_sdk_iam::types::{EvaluationResult, PolicyEvaluationDecisionType as Decision};
use regionmig_core::{End, Finding, Severity};

use super::principal::Principal;
use crate::caller::code;

/// Actions of KMS that are not about one key, or about its alias as well: no key's policy allows these by itself (KMS
/// developer guide, "AWS KMS permissions").
const BEYOND_KEYS: [&str; 14] = [
    "kms:ConnectCustomKeyStore",
    "kms:CreateAlias",
    "kms:CreateCustomKeyStore",
    "kms:CreateKey",
    "kms:DeleteAlias",
    "kms:DeleteCustomKeyStore",
    "kms:DescribeCustomKeyStores",
    "kms:DisconnectCustomKeyStore",
    "kms:GenerateRandom",
    "kms:ListAliases",
    "kms:ListKeys",
    "kms:ListRetirableGrants",
    "kms:UpdateAlias",
    "kms:UpdateCustomKeyStore",
];

/// What one request asks about.
pub(super) struct Asked<'a> {
    pub(super) end: &'a End,
    pub(super) resource: &'a str,
    pub(super) actions: &'a [&'a String],
}

/// Why something is not allowed.
#[derive(Clone, Copy, Debug, Eq, Ord, PartialEq, PartialOrd)]
enum Cause {
    /// The organisation's policies do not allow it; whether a statement, theirs or another, denies it.
    Organization { is_denied: bool },
    /// The permissions boundary does not allow it; whether a statement, its or another, denies it.
    Boundary { is_denied: bool },
    /// The permissions boundary does not allow it; the policy of a key may all the same.
    BoundaryOrKeyPolicy,
    /// One of the principal's own policies denies it.
    Denied,
    /// No policy allows it.
    Missing,
    /// No policy that was looked at allows it; the key's may.
    LeftToKeyPolicy,
}

/// All that was answered. What differs in nothing but the resource is one finding.
#[derive(Debug, Default)]
pub(super) struct Verdicts {
    /// By end, action, principal and cause.
    refused: BTreeMap<(End, String, String, Cause), Refused>,
    /// By end and the keys that are not known: of which actions.
    conditional: BTreeMap<(End, BTreeSet<String>), BTreeSet<String>>,
    /// The ends at which an organisation's policies were judged.
    organized: BTreeSet<End>,
    /// By end and reason: which actions.
    unanswered: BTreeMap<(End, String), BTreeSet<String>>,
}

/// Of what is refused in one way: on which resources, and which keys policies look at that are not known.
#[derive(Debug, Default)]
struct Refused {
    resources: BTreeSet<String>,
    unknown: BTreeSet<String>,
}

impl Verdicts {
    /// Takes in what was answered. What was asked and not answered is noted, too.
    pub(super) fn take(&mut self, principal: &Principal, asked: &Asked<'_>, results: &[EvaluationResult]) {
        for action in asked.actions {
            let mut own =
                results.iter().filter(|result| result.eval_action_name().eq_ignore_ascii_case(action)).peekable();
            if own.peek().is_none() {
                self.not_answered(asked.end, action, "IAM's answer does not name it");
            }
            own.for_each(|result| self.judge(principal, asked, action, result));
        }
    }

    /// Notes that nothing of this was answered.
    pub(super) fn unanswered(&mut self, asked: &Asked<'_>, why: &str) {
        asked.actions.iter().for_each(|action| self.not_answered(asked.end, action, why));
    }

    pub(super) fn into_findings(self) -> Vec<Finding> {
        let refused = self.refused.iter().map(|((end, action, principal, cause), refused)| {
            let what = format!("{action} on {} at {end}", some(&refused.resources));
            let mut finding = cause.finding(&what, principal, end);
            let is_of_all = refused.resources.iter().any(|resource| resource.contains('*'));
            if is_of_all && matches!(cause, Cause::LeftToKeyPolicy | Cause::Missing) {
                finding.message.push_str(
                    "; it was asked of all such resources, and a policy that allows only some is found wanting",
                );
            }
            if !refused.unknown.is_empty() {
                finding.message.push_str(&format!(" (of {} the value is not known)", some(&refused.unknown)));
            }
            finding
        });
        let conditional = self.conditional.iter().map(|((end, keys), actions)| conditional(end, keys, actions));
        let unanswered = self.unanswered.iter().map(|((end, why), actions)| not_asked(end, why, actions));
        refused.chain(conditional).chain(self.organized.iter().map(organized)).chain(unanswered).collect()
    }

    fn judge(&mut self, principal: &Principal, asked: &Asked<'_>, action: &str, result: &EvaluationResult) {
        if result.organizations_decision_detail().is_some() {
            self.organized.insert(asked.end.clone());
        }
        let (unknown, is_left) = (missing_context(result), is_left_to_key(action, asked.resource));
        let limits = limits(result, is_left);
        let causes = match &result.eval_decision {
            _ if !limits.is_empty() => limits,
            Decision::ExplicitDeny => vec![Cause::Denied],
            Decision::ImplicitDeny if is_left => vec![Cause::LeftToKeyPolicy],
            Decision::ImplicitDeny => vec![Cause::Missing],
            Decision::Allowed if unknown.is_empty() => return,
            Decision::Allowed => {
                self.conditional.entry((asked.end.clone(), unknown)).or_default().insert(action.to_owned());
                return;
            }
            other => {
                return self.not_answered(asked.end, action, &format!("the decision `{}` is new", other.as_str()));
            }
        };
        for cause in causes {
            let key = (asked.end.clone(), action.to_owned(), principal.arn().to_owned(), cause);
            let refused = self.refused.entry(key).or_default();
            refused.resources.insert(asked.resource.to_owned());
            refused.unknown.extend(unknown.iter().cloned());
        }
    }

    fn not_answered(&mut self, end: &End, action: &str, why: &str) {
        self.unanswered.entry((end.clone(), why.to_owned())).or_default().insert(action.to_owned());
    }
}

impl Cause {
    fn finding(self, what: &str, principal: &str, end: &End) -> Finding {
        const OUTRIGHT: &str = "; a statement denies it outright, there or in a policy of its own";
        const LOOK: &str = "; look for the statement in the principal's own policies, too";
        let outright = |is_denied: bool| if is_denied { (OUTRIGHT, LOOK) } else { ("", "") };
        let (code, why, remedy) = match self {
            Self::Organization { is_denied } => {
                let (denied, look) = outright(is_denied);
                let by = "the organisation's service control policies";
                (
                    code::PERMISSION_DENIED,
                    format!("{what} is not allowed to {principal} by {by}{denied}"),
                    format!("have whoever manages the organisation allow it in {}{look}", end.region),
                )
            }
            Self::Boundary { is_denied } => {
                let (denied, look) = outright(is_denied);
                (
                    code::PERMISSION_DENIED,
                    format!("{what} is not allowed to {principal} by its permissions boundary{denied}"),
                    format!("have the boundary allow it{look}"),
                )
            }
            Self::BoundaryOrKeyPolicy => (
                code::PERMISSION_DENIED,
                format!(
                    "{what} is not allowed to {principal} by its permissions boundary; the policy of a key may still allow it \
                     to a user, or to a session by its own ARN, of which IAM knows nothing"
                ),
                "have the boundary allow it, or make sure that the key's policy does".to_owned(),
            ),
            Self::Denied => (
                code::PERMISSION_DENIED,
                format!("{what} is denied to {principal} by a policy of its own"),
                "find the statement that denies it, and have it changed".to_owned(),
            ),
            Self::Missing => (
                code::PERMISSION_MISSING,
                format!("{what} is not allowed to {principal}: no policy of its own allows it"),
                "allow it; `regionmig_core::policy_document` writes the policy".to_owned(),
            ),
            Self::LeftToKeyPolicy => (
                code::PERMISSION_LEFT_TO_KEY_POLICY,
                format!(
                    "{what} is not allowed to {principal} by a policy of its own; the policy of a key that is there, or a \
                     grant, may allow it, of which IAM knows nothing"
                ),
                "allow it to the principal, or make sure that the key's policy does".to_owned(),
            ),
        };
        Finding::new(Severity::Action, code, why).remedy(remedy)
    }
}

/// Returns what keeps an action from being allowed, whatever the principal's own policies say. A boundary that denies
/// nothing does not limit what the policy of a key gives to a user, or to a session by its own ARN (IAM user guide,
/// "Permissions boundaries for IAM entities"). Of a denial IAM does not say whose it is.
fn limits(result: &EvaluationResult, is_left_to_key: bool) -> Vec<Cause> {
    let is_denied = result.eval_decision == Decision::ExplicitDeny;
    let boundaries = result.resource_specific_results().iter().map(|one| one.permissions_boundary_decision_detail());
    let mut boundaries = boundaries.chain([result.permissions_boundary_decision_detail()]).flatten();
    let in_organization = result.organizations_decision_detail().is_none_or(|detail| detail.allowed_by_organizations);
    let in_boundary = boundaries.all(|detail| detail.allowed_by_permissions_boundary);
    let boundary = match is_left_to_key && !is_denied && in_organization {
        true => Cause::BoundaryOrKeyPolicy,
        false => Cause::Boundary { is_denied },
    };
    let organization = (!in_organization).then_some(Cause::Organization { is_denied });
    organization.into_iter().chain((!in_boundary).then_some(boundary)).collect()
}

/// Which of the two places has them depends on whether a resource was named (API reference, EvaluationResult).
fn missing_context(result: &EvaluationResult) -> BTreeSet<String> {
    let specific = result.resource_specific_results().iter().flat_map(|one| one.missing_context_values());
    result.missing_context_values().iter().chain(specific).cloned().collect()
}

/// Returns whether the policy of a key may allow what no policy of the principal does.
fn is_left_to_key(action: &str, resource: &str) -> bool {
    let is_about_keys = resource == "*" || resource.split(':').nth(5).is_some_and(|part| part.starts_with("key/"));
    action.starts_with("kms:") && !BEYOND_KEYS.contains(&action) && is_about_keys
}

fn conditional(end: &End, keys: &BTreeSet<String>, actions: &BTreeSet<String>) -> Finding {
    let message = format!(
        "{} at {end}: allowed as far as can be told, but policies look at {}, known only when the request is made",
        some(actions),
        some(keys)
    );
    Finding::new(Severity::Note, code::PERMISSION_CONDITIONAL, message)
        .remedy("read the conditions on these keys in the policies of the principal")
}

/// Of an organisation's policies IAM does not say which keys they look at.
fn organized(end: &End) -> Finding {
    let message = format!(
        "the organisation's service control policies were judged at {end} with the region alone: conditions of theirs on other \
         keys, known only when the request is made, were judged without values"
    );
    Finding::new(Severity::Note, code::ORGANIZATION_CONDITIONS, message)
        .remedy("have whoever manages the organisation read the conditions in those policies")
}

fn not_asked(end: &End, why: &str, actions: &BTreeSet<String>) -> Finding {
    let message = format!("whether {} is allowed at {end} is not known: {why}", some(actions));
    Finding::new(Severity::Note, code::PERMISSION_NOT_ASKED, message)
        .remedy("allow iam:SimulatePrincipalPolicy and iam:GetRole to a user or role, or make sure of it by hand")
}

/// Names some of them, and counts the rest.
fn some(names: &BTreeSet<String>) -> String {
    let first: Vec<&str> = names.iter().take(5).map(String::as_str).collect();
    match names.len().saturating_sub(first.len()) {
        0 => first.join(", "),
        rest => format!("{} and {rest} more", first.join(", ")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_about_a_key_may_be_left_to_its_policy() {
        let key = "arn:aws:kms:eu-central-1:111122223333:key/1";
        assert!(is_left_to_key("kms:DescribeKey", key));
        assert!(is_left_to_key("kms:TagResource", "*"));
        for (action, resource) in [
            ("kms:CreateKey", "*"),
            ("kms:ListKeys", "*"),
            ("kms:CreateAlias", key),
            ("kms:TagResource", "arn:aws:kms:eu-central-1:111122223333:alias/a"),
            ("sts:TagSession", "*"),
            ("dynamodb:Scan", key),
        ] {
            assert!(!is_left_to_key(action, resource), "{action} {resource}");
        }
    }

    #[test]
    fn many_are_counted() {
        let names = |count: usize| (0..count).map(|n| n.to_string()).collect();
        assert_eq!(some(&names(5)), "0, 1, 2, 3, 4");
        assert_eq!(some(&names(7)), "0, 1, 2, 3, 4 and 2 more");
    }
}
