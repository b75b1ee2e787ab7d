//! What the core knows of each step: what it needs and makes, how hard it is to take back, what must be allowed.
//!
//! Windows are of `terraform-provider-aws`, which waits two minutes for a secret to show, and chosen with slack where nothing
//! is known. What a late request could do to a secret that has moved on is waited for as long as AWS may carry one out: five
//! minutes (IAM user guide, "Signing AWS API requests").

use std::time::Duration;

use regionmig_core::{Binding, Effect, Place, SecretArn, Side, Spec, marks};

use crate::snapshot::CURRENT;

use super::{
    AddTags, ChangeKey, ChangeTags, Create, EncryptedUnder, ForgetReplica, MoveStage, NAME, Part, Promote,
    PromotedVersion, PutPolicy, PutVersion, Relink, Replaces, Replicate, SetDescription, SetRotation, stage_id,
    version_id,
};

/// How long what was set may not show.
const SETTINGS_SHOW: Duration = Duration::from_secs(30);
/// How long a secret that was made may not show.
const SECRETS_SHOW: Duration = Duration::from_secs(120);
/// How late AWS may still carry out a request.
const LATEST: Duration = Duration::from_secs(300);
const AGREEING: u32 = 3;

/// Begins the spec of a change to the counterpart of `secret`.
fn change(effect: Effect, verb: &str, secret: &SecretArn) -> Spec {
    let spec = Spec::new(effect, verb, secret).needs(&Binding::target_of(secret)).settle(SETTINGS_SHOW, AGREEING);
    target(spec, &["secretsmanager:DescribeSecret"])
}

/// What is set comes after what makes it possible to set it.
fn once_its_own(spec: Spec, secret: &SecretArn) -> Spec {
    spec.after("promote", secret)
}

fn target(spec: Spec, actions: &[&str]) -> Spec {
    actions.iter().fold(spec, |spec, action| spec.permission(Side::Target, action, "*"))
}

/// Adds what is needed for a key, and what is needed to use it.
fn under(spec: Spec, key: &EncryptedUnder) -> Spec {
    let spec = match key {
        EncryptedUnder::Alias(alias) => spec.needs(alias),
        EncryptedUnder::Default => return spec,
        EncryptedUnder::Key(key) => spec.needs(key),
    };
    target(spec, &["kms:Decrypt", "kms:Encrypt", "kms:GenerateDataKey"])
}

/// Returns where a secret is, as seen from the source's.
fn place_of(primary: &SecretArn, secret: &SecretArn) -> Place {
    match primary.region() {
        Some(region) if primary.region() != secret.region() => Place::Region(region),
        _ => Place::Source,
    }
}

impl AddTags {
    pub(crate) fn spec(&self) -> Spec {
        let spec = change(Effect::Additive, "add-tags", &self.secret).summary(format!(
            "add {} tags to the counterpart of {}",
            self.tags.len(),
            self.secret
        ));
        target(once_its_own(spec, &self.secret), &["secretsmanager:TagResource"])
    }
}

impl ChangeKey {
    pub(crate) fn spec(&self) -> Spec {
        let spec = change(Effect::Overwriting, "change-key", &self.secret)
            .summary(format!("encrypt the counterpart of {} under another key", self.secret));
        let spec = under(once_its_own(spec, &self.secret), &self.key);
        target(spec, &["secretsmanager:UpdateSecret"])
    }
}

impl ChangeTags {
    pub(crate) fn spec(&self) -> Spec {
        let spec = change(Effect::Overwriting, "change-tags", &self.secret).summary(format!(
            "change {} tags of the counterpart of {}",
            self.tags.len(),
            self.secret
        ));
        target(once_its_own(spec, &self.secret), &["secretsmanager:TagResource"])
    }
}

impl Create {
    /// Returns the tags that mark the copy.
    pub(crate) fn marks(&self) -> [(&'static str, String); 2] {
        marks(NAME, "create", &(&self.secret).into())
    }

    pub(crate) fn spec(&self) -> Spec {
        let spec = Spec::new(Effect::Additive, "create", &self.secret)
            .produces(&self.secret)
            .settle(SECRETS_SHOW, AGREEING)
            .summary(format!("make a secret equal to {}, and write its value", self.secret));
        let spec = reads_value(under(spec, &self.key), &self.secret);
        // The request carries the mark, if no other tags.
        target(spec, &["secretsmanager:CreateSecret", "secretsmanager:DescribeSecret", "secretsmanager:TagResource"])
    }
}

/// Adds what is needed to read the source's value.
fn reads_value(spec: Spec, secret: &SecretArn) -> Spec {
    spec.permission(Side::Source, "secretsmanager:GetSecretValue", secret.as_str()).permission(
        Side::Source,
        "kms:Decrypt",
        "*",
    )
}

impl ForgetReplica {
    pub(crate) fn place(&self) -> Place {
        place_of(&self.primary, &self.secret)
    }

    pub(crate) fn spec(&self) -> Spec {
        let place = self.place();
        Spec::new(Effect::Additive, "forget-replica", &self.secret)
            .at(place.clone())
            // One that is carried out late would take away the replica that was made since.
            .settle(LATEST, AGREEING)
            .summary(format!(
                "take the replica in {} that could not be made off the list of {}",
                self.region, self.primary
            ))
            .permission(place.clone(), "secretsmanager:DescribeSecret", self.primary.as_str())
            .permission(place, "secretsmanager:RemoveRegionsFromReplication", self.primary.as_str())
    }
}

impl MoveStage {
    pub(crate) fn spec(&self) -> Spec {
        let effect = if self.found { Effect::Overwriting } else { Effect::Additive };
        let spec = Spec::new(effect, "move-stage", stage_id(&self.secret, &self.stage))
            .needs(&Binding::target_of(&self.secret))
            .settle(SETTINGS_SHOW, AGREEING)
            .summary(format!("give {} in the counterpart of {} to version {}", self.stage, self.secret, self.to));
        let spec =
            self.after.iter().fold(spec, |spec, version| spec.after("put-version", version_id(&self.secret, version)));
        // That of the current version takes `AWSPREVIOUS` along.
        let spec = match self.stage == CURRENT {
            true => spec,
            false => spec.after("move-stage", stage_id(&self.secret, CURRENT)),
        };
        target(spec, &["secretsmanager:DescribeSecret", "secretsmanager:UpdateSecretVersionStage"])
    }
}

impl Promote {
    /// Returns under which name its receipt tells the version that was current.
    pub(crate) fn promoted(&self) -> Option<PromotedVersion> {
        PromotedVersion::new(&self.secret, self.version.as_deref()?)
    }

    pub(crate) fn spec(&self) -> Spec {
        let spec = Spec::new(Effect::Irreversible, "promote", &self.secret)
            .needs(&Binding::target_of(&self.secret))
            .settle(LATEST, AGREEING)
            .summary(format!("have the replica of {} stand alone", self.secret));
        let spec = self.primary.iter().fold(spec, |spec, primary| {
            spec.permission(place_of(primary, &self.secret), "secretsmanager:DescribeSecret", primary.as_str())
        });
        let spec = self.promoted().iter().fold(spec, |spec, version| spec.produces(version));
        target(spec, &["secretsmanager:DescribeSecret", "secretsmanager:StopReplicationToReplica"])
    }
}

impl PutPolicy {
    pub(crate) fn spec(&self) -> Spec {
        let (effect, verb) = match self.replaces {
            Replaces::Found(_) => (Effect::Overwriting, "replace"),
            // What came along with the secret is not taken from anybody.
            Replaces::Carried(_) => (Effect::Additive, "adapt"),
            Replaces::Nothing => (Effect::Additive, "set"),
        };
        let spec = change(effect, "put-policy", &self.secret)
            .needs_all(&self.policy)
            .owns(Part::Policy.of(&self.secret))
            .summary(format!("{verb} the resource policy of the counterpart of {}", self.secret));
        target(
            once_its_own(spec, &self.secret),
            &["secretsmanager:GetResourcePolicy", "secretsmanager:PutResourcePolicy"],
        )
    }
}

impl PutVersion {
    pub(crate) fn spec(&self) -> Spec {
        let effect = if self.found { Effect::Overwriting } else { Effect::Additive };
        let stages: Vec<&str> = self.stages.iter().map(String::as_str).collect();
        let spec = Spec::new(effect, "put-version", version_id(&self.secret, &self.version))
            .needs(&Binding::target_of(&self.secret))
            // Nobody reads a value who should not, nor under a key that should not be.
            .after("change-key", &self.secret)
            .after("put-policy", &self.secret)
            .settle(SETTINGS_SHOW, AGREEING)
            .summary(format!(
                "write version {} ({}) of {} to its counterpart",
                self.version,
                stages.join(", "),
                self.secret
            ));
        let spec =
            self.after.iter().fold(spec, |spec, version| spec.after("put-version", version_id(&self.secret, version)));
        let actions = ["kms:GenerateDataKey", "secretsmanager:DescribeSecret", "secretsmanager:PutSecretValue"];
        target(reads_value(spec, &self.secret), &actions)
    }
}

impl Relink {
    pub(crate) fn spec(&self) -> Spec {
        // The promoted secret goes: what it has that its original has not is lost.
        let spec = Spec::new(Effect::Overwriting, "relink", &self.secret)
            .needs(&Binding::target_of(&self.secret))
            .settle(LATEST, AGREEING)
            .summary(format!(
                "replace {} ({}) by a replica of its counterpart",
                self.secret,
                crate::finding::listed(&self.replaces)
            ));
        let spec = self.after.iter().fold(spec, |spec, verb| spec.after(verb, &self.secret));
        let spec = self
            .versions
            .iter()
            .fold(spec, |spec, version| spec.after("put-version", version_id(&self.secret, version)));
        let spec = self.stages.iter().fold(spec, |spec, stage| spec.after("move-stage", stage_id(&self.secret, stage)));
        let spec = spec.after("forget-replica", &self.secret);
        let actions =
            ["secretsmanager:DescribeSecret", "secretsmanager:GetResourcePolicy", "secretsmanager:GetSecretValue"];
        let own = self.secret.as_str();
        let spec = actions.iter().fold(spec, |spec, action| spec.permission(Side::Source, action, own));
        let spec = match self.key {
            Some(_) => ["kms:Decrypt", "kms:Encrypt", "kms:GenerateDataKey"]
                .iter()
                .fold(spec, |spec, action| spec.permission(Side::Source, action, "*")),
            None => spec,
        };
        let spec = if self.decrypts { target(spec, &["kms:Decrypt"]) } else { spec };
        let actions = [
            "secretsmanager:DescribeSecret",
            "secretsmanager:GetSecretValue",
            "secretsmanager:ReplicateSecretToRegions",
        ];
        target(spec, &actions)
    }
}

impl Replicate {
    pub(crate) fn place(&self) -> Place {
        place_of(&self.primary, &self.secret)
    }

    pub(crate) fn spec(&self) -> Spec {
        let place = self.place();
        let (effect, summary) = match &self.overwrites {
            None => (Effect::Additive, format!("replicate {} as {}", self.primary, self.replica)),
            Some(lost) => {
                let versions = crate::finding::listed(&lost.versions);
                let summary = format!("replace {} ({versions}) by a replica of {}", lost.secret, self.primary);
                (Effect::Overwriting, summary)
            }
        };
        let spec = Spec::new(effect, "replicate", &self.secret)
            .at(place.clone())
            .after("forget-replica", &self.secret)
            .produces(&self.secret)
            .settle(LATEST, AGREEING)
            .summary(summary)
            .permission(place.clone(), "secretsmanager:DescribeSecret", self.primary.as_str())
            .permission(place.clone(), "secretsmanager:ReplicateSecretToRegions", self.primary.as_str());
        let spec = if self.decrypts { spec.permission(place, "kms:Decrypt", "*") } else { spec };
        target(under(spec, &self.key), &["secretsmanager:DescribeSecret"])
    }
}

impl SetDescription {
    pub(crate) fn spec(&self) -> Spec {
        let spec = change(Effect::Overwriting, "set-description", &self.secret)
            .summary(format!("replace the description of the counterpart of {}", self.secret));
        target(once_its_own(spec, &self.secret), &["secretsmanager:UpdateSecret"])
    }
}

impl SetRotation {
    pub(crate) fn spec(&self) -> Spec {
        let effect = if self.replaces.is_some() { Effect::Overwriting } else { Effect::Additive };
        let spec = change(effect, "set-rotation", &self.secret)
            // Without a value there is nothing to rotate.
            .after("create", &self.secret)
            .after("put-policy", &self.secret)
            .owns(Part::Rotation.of(&self.secret))
            .summary(format!("have the counterpart of {} rotated, not at once", self.secret));
        let spec = once_its_own(spec, &self.secret);
        let spec = match &self.rotation.function {
            Some(function) => spec.permission(Side::Target, "lambda:InvokeFunction", function.as_str()),
            None => spec,
        };
        let spec = match &self.rotation.role {
            // Whoever has a partner's secret rotated hands the role over (user guide, "Managed external secrets").
            Some(role) => spec.permission(Place::Global, "iam:PassRole", role.as_str()),
            None => spec,
        };
        target(spec, &["secretsmanager:RotateSecret"])
    }
}
