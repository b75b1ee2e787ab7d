//! Users, roles and organisations that are there before a test begins.

use std::sync::Arc;

use regionmig_core::AccountId;

use super::judge::Policy;
use super::{Iam, Principal};
use crate::world::World;

/// A user or role that a test wants to be there, with what its policies allow.
///
/// Nothing in the world is refused by these policies: they are judged when IAM is asked to simulate them.
///
/// ```
/// # use regionmig_testkit::World;
/// let world = World::new();
/// let policy = r#"{"Version": "2012-10-17", "Statement": {"Effect": "Allow", "Action": "kms:*", "Resource": "*"}}"#;
/// world.iam("arn:aws:iam::111122223333:role/teams/rescue").policy(policy).make();
/// let config = world.sdk_config_as("arn:aws:iam::111122223333:role/teams/rescue", "me")?;
/// # let _ = config; Ok::<(), regionmig_testkit::Refusal>(())
/// ```
#[derive(Debug)]
#[must_use = "nobody is there before `make`"]
pub struct PrincipalSeed {
    world: World,
    arn: String,
    boundary: Option<String>,
    policies: Vec<String>,
}

impl PrincipalSeed {
    /// Sets the permissions boundary.
    pub fn boundary(self, policy: &str) -> Self {
        Self { boundary: Some(policy.to_owned()), ..self }
    }

    /// Adds a policy.
    pub fn policy(mut self, policy: &str) -> Self {
        self.policies.push(policy.to_owned());
        self
    }

    /// Makes the user or role, or puts it in the place of the one that has that ARN.
    ///
    /// # Panics
    ///
    /// Panics if one of the policies is none.
    pub fn make(self) {
        let Self { world, arn, boundary, policies } = self;
        let policies = policies.iter().enumerate().map(|(n, text)| read(&format!("policy-{}", n + 1), text)).collect();
        let boundary = boundary.map(|text| read("boundary", &text));
        world.with_iam(|iam| iam.principals.insert(arn, Principal { boundary, policies }));
    }
}

fn read(id: &str, text: &str) -> Arc<Policy> {
    #[expect(clippy::panic, reason = "a mistake in the test, which must not go on")]
    Policy::read(id.to_owned(), text).map_or_else(|why| panic!("{id}: {why}"), Arc::new)
}

impl World {
    /// Begins a user or role, by its ARN: `arn:aws:iam::111122223333:role/teams/rescue`.
    ///
    /// The user whose credentials [`sdk_config`](Self::sdk_config) has is `user/operator`; those of a role come by
    /// [`sdk_config_as`](Self::sdk_config_as). How many results IAM puts on a page, the quota `iam:results-per-page` says.
    pub fn iam(&self, arn: &str) -> PrincipalSeed {
        PrincipalSeed { world: self.clone(), arn: arn.to_owned(), boundary: None, policies: Vec::new() }
    }

    /// Adds a service control policy that limits an account, which is in an organisation from then on: what one of them
    /// allows and none denies is left to the account's own policies.
    ///
    /// # Panics
    ///
    /// Panics if it is no policy.
    pub fn organization_policy(&self, account: &AccountId, policy: &str) {
        let policy = read("organization", policy);
        self.with_iam(|iam| iam.organizations.entry(account.clone()).or_default().push(policy));
    }

    fn with_iam<T>(&self, act: impl FnOnce(&mut Iam) -> T) -> T {
        let now = self.clock().now();
        self.lock().with_iam(now, act)
    }
}
