//! Secrets that are there before a test begins.

use std::collections::BTreeMap;

use jiff::Timestamp;
use regionmig_core::{End, Region, SecretArn};

use super::content::Content;
use super::rules::Rotation;
use super::secret::{CURRENT, PENDING, PREVIOUS, Replica, Secret, Status};
use super::store::{SecretName, Secrets, SecretsTiming, after_days};
use crate::ids::Ids;
use crate::world::World;

/// What the six characters at the end of an ARN are drawn from.
pub(super) const SUFFIX: &[u8] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789";

/// A secret that a test wants to be there, made without a request and without a line in the ledger.
///
/// Nothing is checked that AWS would check: what cannot be asked for, such as a secret of a service, can be seeded.
///
/// ```
/// # use regionmig_testkit::World;
/// # use regionmig_core::End;
/// let world = World::new();
/// let end: End = "111122223333/eu-central-1".parse()?;
/// let secret = world
///     .secret(&end, "app/database")
///     .value("first")
///     .tag("Owner", "payments")
///     .replica("eu-west-1".parse()?, None)
///     .make();
/// assert_eq!(world.secrets(&end)[0].arn, secret);
/// # Ok::<(), regionmig_core::NameError>(())
/// ```
#[derive(Debug)]
#[must_use = "nothing is there before `make`"]
pub struct SecretSeed {
    world: World,
    name: SecretName,
    content: Option<Content>,
    created_at: Option<Timestamp>,
    deletion: Option<i64>,
    /// Each with its label.
    labelled: Vec<(String, Content)>,
    replicas: BTreeMap<Region, Replica>,
    rotation: Option<Rotation>,
    secret: Secret,
}

impl SecretSeed {
    fn new(world: World, end: &End, name: &str) -> Self {
        let now = world.clock().now();
        Self {
            world,
            name: SecretName::new(end, name),
            content: Some(Content::Text(format!("the value of {name}"))),
            created_at: None,
            deletion: None,
            labelled: Vec::new(),
            replicas: BTreeMap::new(),
            rotation: None,
            secret: Secret::new(String::new(), now),
        }
    }

    /// Sets the current value to bytes.
    pub fn binary(self, bytes: &[u8]) -> Self {
        Self { content: Some(Content::Binary(bytes.to_vec())), ..self }
    }

    /// Sets when it was made; now, unless set.
    pub fn created_at(self, at: Timestamp) -> Self {
        Self { created_at: Some(at), ..self }
    }

    /// Schedules it for deletion, `days` days from now.
    pub fn deleted(self, days: i64) -> Self {
        Self { deletion: Some(days), ..self }
    }

    /// Sets the description.
    pub fn description(mut self, text: &str) -> Self {
        self.secret.description = Some(text.to_owned());
        self
    }

    /// Has a partner rotate it, by a role and metadata.
    pub fn external_rotation(self, role: &str, metadata: &[(&str, &str)]) -> Self {
        let metadata = metadata.iter().map(|(key, value)| ((*key).to_owned(), (*value).to_owned())).collect();
        self.rotated(|rotation| (rotation.role, rotation.metadata) = (Some(role.to_owned()), metadata))
    }

    /// Says that it could not be replicated to `region`, and why.
    pub fn failed_replica(self, region: Region, message: &str) -> Self {
        self.replicated(region, None, Status::Failed(message.to_owned()))
    }

    /// Sets the key that encrypts it: an id, ARN or alias, as given. The default one, unless set.
    pub fn key(mut self, key: impl Into<String>) -> Self {
        self.secret.key = Some(key.into());
        self
    }

    /// Sets the type, for a secret that a partner manages.
    pub fn kind(mut self, kind: &str) -> Self {
        self.secret.kind = Some(kind.to_owned());
        self
    }

    /// Adds a version that bears a label of one's own.
    pub fn labelled(mut self, stage: &str, value: &str) -> Self {
        self.labelled.push((stage.to_owned(), Content::Text(value.to_owned())));
        self
    }

    /// Makes it a secret that a service manages, such as `rds`.
    pub fn managed_by(mut self, service: &str) -> Self {
        self.secret.owner = Some(service.to_owned());
        self
    }

    /// Adds a version that is pending.
    pub fn pending(self, value: &str) -> Self {
        self.labelled(PENDING, value)
    }

    /// Sets the resource policy. `{own arn}` in it becomes the ARN of the secret, which is known only when it is made.
    pub fn policy(mut self, text: &str) -> Self {
        self.secret.policy = Some(text.to_owned());
        self
    }

    /// Adds the version that was current before.
    pub fn previous(self, value: &str) -> Self {
        self.labelled(PREVIOUS, value)
    }

    /// Adds a replica that is in sync, under a key of its region or the default one.
    pub fn replica(self, region: Region, key: Option<String>) -> Self {
        self.replicated(region, key, Status::InSync)
    }

    /// Has a function rotate it every `days` days. The function need not be there.
    pub fn rotation(self, function: &str, days: i64) -> Self {
        self.rotated(|rotation| (rotation.function, rotation.days) = (Some(function.to_owned()), Some(days)))
    }

    /// Has a function rotate it by a schedule, within a window.
    pub fn rotation_schedule(self, function: &str, expression: &str, duration: Option<&str>) -> Self {
        self.rotated(|rotation| {
            rotation.duration = duration.map(str::to_owned);
            rotation.function = Some(function.to_owned());
            rotation.schedule = Some(expression.to_owned());
        })
    }

    /// Adds a tag, `aws:` or not.
    pub fn tag(mut self, key: &str, value: &str) -> Self {
        self.secret.tags.insert(key.to_owned(), value.to_owned());
        self
    }

    /// Sets the current value to a text; some text, unless set.
    pub fn value(self, text: &str) -> Self {
        Self { content: Some(Content::Text(text.to_owned())), ..self }
    }

    /// Leaves it without a current value.
    pub fn without_value(self) -> Self {
        Self { content: None, ..self }
    }

    /// Makes the secret.
    ///
    /// # Panics
    ///
    /// Panics if there can be no secret of that name.
    pub fn make(self) -> SecretArn {
        let (world, now) = (self.world.clone(), self.world.clock().now());
        let arn = world.with_secrets(|secrets, ids| self.plant(secrets, ids, now)).parse();
        #[expect(clippy::panic, reason = "a mistake in the test, which must not go on")]
        arn.unwrap_or_else(|_| panic!("there can be no secret named {:?}", self.name.name))
    }

    fn plant(&self, secrets: &mut Secrets, ids: &mut Ids, now: Timestamp) -> String {
        let at = self.created_at.unwrap_or(now);
        let mut secret = Secret {
            changed: at,
            created: at,
            deletion: self.deletion.map(|days| after_days(now, days)),
            replicas: self.replicas.clone(),
            rotated: self.rotation.as_ref().map(|_| at),
            rotation: self.rotation.clone(),
            suffix: ids.word(6, SUFFIX),
            ..self.secret.clone()
        };
        let arn = secret.arn(&self.name);
        secret.policy = secret.policy.map(|policy| policy.replace("{own arn}", &arn));
        let current = self.content.iter().map(|content| (CURRENT, content));
        let labelled = self.labelled.iter().map(|(stage, content)| (stage.as_str(), content));
        for (stage, content) in labelled.chain(current) {
            let id = ids.uuid();
            secret.add(&id, content.clone(), at);
            secret.attach(stage, &id);
        }
        let home = &self.name.end.region;
        for (region, replica) in &secret.replicas {
            if replica.status == Status::InSync {
                let copy = secret.copy(home, replica.key.as_deref(), None, at);
                secrets.put(&self.name.in_region(region), copy);
            }
        }
        secrets.put(&self.name, secret);
        arn
    }

    fn replicated(mut self, region: Region, key: Option<String>, status: Status) -> Self {
        self.replicas.insert(region, Replica { due: None, key, overwrites: false, status });
        self
    }

    fn rotated(mut self, set: impl FnOnce(&mut Rotation)) -> Self {
        let rotation = self.rotation.get_or_insert_with(|| Rotation { is_enabled: true, ..Rotation::default() });
        set(rotation);
        self
    }
}

impl World {
    /// Begins a secret at `end`, with some current value.
    ///
    /// The quota that Secrets Manager keeps ([`World::quota`]) is `secretsmanager:secrets` (500,000 for an account in a region).
    pub fn secret(&self, end: &End, name: &str) -> SecretSeed {
        SecretSeed::new(self.clone(), end, name)
    }

    /// Lets a function be there that can rotate secrets of its region, by its ARN.
    pub fn rotation_function(&self, arn: &str) {
        self.with_secrets(|secrets, _| secrets.functions.insert(arn.to_owned()));
    }

    /// Sets how long what Secrets Manager does by and by takes.
    pub fn secrets_timing(&self, timing: SecretsTiming) {
        self.with_secrets(|secrets, _| secrets.timing = timing);
    }

    /// Changes the secrets by AWS's own hand. ListSecrets knows of it at once.
    fn with_secrets<T>(&self, act: impl FnOnce(&mut Secrets, &mut Ids) -> T) -> T {
        let now = self.clock().now();
        self.lock().with_secrets(now, |secrets, ids| {
            let done = act(secrets, ids);
            secrets.settle_listing();
            done
        })
    }

    /// Looks at the secrets.
    pub(super) fn read_secrets<T>(&self, read: impl FnOnce(&Secrets) -> T) -> T {
        read(self.lock().secrets())
    }
}
