//! What must be allowed, as a policy that can be attached to a role.
// REQ: E-23

use std::collections::{BTreeMap, BTreeSet};

use serde_json::json;

use crate::route::{Place, Route};
use crate::step::Permission;

/// Writes an IAM policy that allows just `permissions`, each in its own region.
///
/// One for what surveying and verifying need ([`Migration::permissions`](crate::Migration::permissions)), one for what a
/// plan does ([`MigrationPlan::permissions`](crate::MigrationPlan::permissions)). Where the two ends are in two accounts,
/// each gets the part that is about its own regions: split them by [`Permission::place`].
///
/// The condition key is `aws:RequestedRegion` (IAM user guide, "AWS global condition context keys"). A permission whose
/// resource names any region, `arn:aws:kms:*:..`, is allowed in all of them. A managed policy has 6,144 characters at
/// most, not counting white space (IAM user guide, "IAM and AWS STS quotas").
///
/// ```
/// use regionmig_core::{Permission, Route, Side, policy_document};
/// let route = Route::new("111122223333/me-central-1".parse()?, "111122223333/eu-central-1".parse()?)?;
/// let needed = [Permission::new(Side::Target, "kms:CreateKey", "*"), Permission::new(Side::Target, "kms:TagResource", "*")];
/// let policy = policy_document(&route, &needed);
/// assert!(policy.contains(r#""aws:RequestedRegion": "eu-central-1""#));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub fn policy_document<'a>(route: &Route, permissions: impl IntoIterator<Item = &'a Permission>) -> String {
    let mut allowed: BTreeMap<(Option<String>, String), BTreeSet<&str>> = BTreeMap::new();
    for permission in permissions {
        let is_anywhere = permission.place == Place::Global || permission.resource.split(':').nth(3) == Some("*");
        let region = (!is_anywhere).then(|| route.place(&permission.place).region.to_string());
        let resource = permission.resource_in(route.target.partition);
        allowed.entry((region, resource)).or_default().insert(&permission.action);
    }
    // What may be done alike with several resources takes one statement, since a policy may be so long only.
    let mut alike: BTreeMap<(Option<String>, BTreeSet<&str>), BTreeSet<String>> = BTreeMap::new();
    for ((region, resource), actions) in allowed {
        alike.entry((region, actions)).or_default().insert(resource);
    }
    let statement = |((region, actions), resources): (&(Option<String>, BTreeSet<&str>), &BTreeSet<String>)| {
        let mut statement = json!({ "Effect": "Allow", "Action": actions, "Resource": resources });
        if let Some(region) = region {
            statement["Condition"] = json!({ "StringEquals": { "aws:RequestedRegion": region } });
        }
        statement
    };
    let statements: Vec<_> = alike.iter().map(statement).collect();
    format!("{:#}", json!({ "Version": "2012-10-17", "Statement": statements }))
}

#[cfg(test)]
mod tests {
    use serde_json::Value;

    use super::*;
    use crate::route::Side;

    fn route() -> Route {
        Route::new("111122223333/me-central-1".parse().unwrap(), "111122223333/eu-central-1".parse().unwrap()).unwrap()
    }

    #[test]
    fn each_is_allowed_where_it_is_needed_and_nowhere_else() {
        let third = Place::Region("us-west-2".parse().unwrap());
        let needed = [
            Permission::new(Side::Target, "kms:TagResource", "*"),
            Permission::new(Side::Target, "kms:CreateKey", "*"),
            Permission::new(Side::Source, "kms:ListKeys", "*"),
            Permission::new(third.clone(), "kms:ReplicateKey", "arn:aws:kms:us-west-2:111122223333:key/mrk-1"),
            Permission::new(third, "kms:ReplicateKey", "arn:aws:kms:us-west-2:111122223333:key/mrk-2"),
            Permission::new(Side::Source, "kms:DescribeKey", "arn:*:kms:*:*:key/mrk-*"),
            Permission::new(Place::Global, "iam:GetRole", "*"),
        ];
        let policy: Value = serde_json::from_str(&policy_document(&route(), &needed)).unwrap();
        let allow = |region: &str, actions: &[&str], resource: &[&str]| {
            json!({ "Effect": "Allow", "Action": actions, "Resource": resource,
                "Condition": { "StringEquals": { "aws:RequestedRegion": region } } })
        };
        let anywhere =
            json!({ "Effect": "Allow", "Action": ["kms:DescribeKey"], "Resource": ["arn:aws:kms:*:*:key/mrk-*"] });
        let global = json!({ "Effect": "Allow", "Action": ["iam:GetRole"], "Resource": ["*"] });
        let both = ["arn:aws:kms:us-west-2:111122223333:key/mrk-1", "arn:aws:kms:us-west-2:111122223333:key/mrk-2"];
        let expected = [
            global,
            anywhere,
            allow("eu-central-1", &["kms:CreateKey", "kms:TagResource"], &["*"]),
            allow("me-central-1", &["kms:ListKeys"], &["*"]),
            // What is alike is said once.
            allow("us-west-2", &["kms:ReplicateKey"], &both),
        ];
        assert_eq!(policy, json!({ "Version": "2012-10-17", "Statement": expected }));
    }

    #[test]
    fn nothing_needed_is_nothing_allowed() {
        let policy: Value = serde_json::from_str(&policy_document(&route(), &[])).unwrap();
        assert_eq!(policy["Statement"], json!([]));
    }
}
