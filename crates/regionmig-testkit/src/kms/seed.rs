//! Keys that are there before a test begins.

mod key_store;

use std::collections::BTreeMap;
use std::sync::Arc;

use jiff::Timestamp;
use regionmig_core::{End, KeyArn, Region};
use serde_json::{Map, Value, json};

use super::grant::{self, Grant};
use super::material::{Import, Material, Secret};
use super::rotation::Turn;
use super::spec::{Kind, SYMMETRIC};
use super::store::{Alias, Deletion, Family, Key, KeyName, Kms, KmsTiming, after_days};
use crate::ids::Ids;
use crate::shelf::Shelf;
use crate::world::World;

pub use key_store::KeyStoreSeed;

/// A key that a test wants to be there, made without a request and without a line in the ledger.
///
/// Nothing is checked that AWS would check: what cannot be asked for, such as tags of AWS's own, can be seeded.
///
/// ```
/// # use regionmig_testkit::{GrantSeed, World};
/// # use regionmig_core::End;
/// let world = World::new();
/// let end: End = "111122223333/eu-central-1".parse()?;
/// let key = world
///     .kms(&end)
///     .description("payments")
///     .tag("aws:cloudformation:stack-name", "payments")
///     .alias("alias/payments")
///     .rotation(180)
///     .grant(GrantSeed::to("arn:aws:iam::111122223333:role/worker").operations(["Decrypt"]))
///     .make();
/// assert_eq!(world.kms_keys(&end)[0].arn, key);
/// # Ok::<(), regionmig_core::NameError>(())
/// ```
#[derive(Debug)]
#[must_use = "nothing is there before `make`"]
pub struct KeySeed {
    world: World,
    end: End,
    aliases: Vec<String>,
    created_at: Option<Timestamp>,
    deletion: Option<i64>,
    description: String,
    disabled: bool,
    expires: Option<Timestamp>,
    grants: Vec<GrantSeed>,
    imported: bool,
    managed_for: Option<String>,
    material: Option<Secret>,
    multi_region: bool,
    older: Vec<Secret>,
    origin: String,
    policy: Option<String>,
    /// Each with whether imported material is there, too.
    replicas: Vec<(Region, bool)>,
    rotation: Option<i64>,
    spec: String,
    store: Option<String>,
    tags: BTreeMap<String, String>,
    usage: Option<String>,
    xks_key: Option<String>,
}

impl KeySeed {
    fn new(world: World, end: &End) -> Self {
        Self {
            world,
            end: end.clone(),
            aliases: Vec::new(),
            created_at: None,
            deletion: None,
            description: String::new(),
            disabled: false,
            expires: None,
            grants: Vec::new(),
            imported: false,
            managed_for: None,
            material: None,
            multi_region: false,
            older: Vec::new(),
            origin: "AWS_KMS".to_owned(),
            policy: None,
            replicas: Vec::new(),
            rotation: None,
            spec: SYMMETRIC.to_owned(),
            store: None,
            tags: BTreeMap::new(),
            usage: None,
            xks_key: None,
        }
    }

    /// Adds an alias, such as `alias/payments`.
    pub fn alias(mut self, name: &str) -> Self {
        self.aliases.push(name.to_owned());
        self
    }

    /// Makes it a key that AWS manages for `service`, such as `s3`, with the alias `alias/aws/s3`.
    pub fn aws_managed(mut self, service: &str) -> Self {
        self.managed_for = Some(service.to_owned());
        self.alias(&format!("alias/aws/{service}"))
    }

    /// Sets when it was made; now, unless set. Rotations that were due since then have happened.
    pub fn created_at(self, at: Timestamp) -> Self {
        Self { created_at: Some(at), ..self }
    }

    /// Sets the id of the custom key store that it is in, for an origin that has one. A store that is not there yet is made
    /// with the key, connected: see [`World::kms_store`] for others.
    pub fn custom_key_store(self, id: &str) -> Self {
        Self { store: Some(id.to_owned()), ..self }
    }

    /// Sets the description.
    pub fn description(self, text: &str) -> Self {
        Self { description: text.to_owned(), ..self }
    }

    /// Disables it.
    pub fn disabled(self) -> Self {
        Self { disabled: true, ..self }
    }

    /// Adds a grant.
    pub fn grant(mut self, grant: GrantSeed) -> Self {
        self.grants.push(grant);
        self
    }

    /// Lets the imported material expire at a moment, which may be past.
    pub fn expires_at(self, at: Timestamp) -> Self {
        Self { expires: Some(at), ..self }
    }

    /// Sets the origin `EXTERNAL`, with its material there, whatever it is, or not.
    pub fn imported(self, is_there: bool) -> Self {
        Self { imported: is_there, ..self }.origin("EXTERNAL")
    }

    /// Sets the origin `EXTERNAL` and the material that was imported: 32 bytes of a symmetric key, some of an HMAC key,
    /// PKCS #8 of a private key.
    pub fn imported_material(self, bytes: &[u8]) -> Self {
        Self { material: Some(Secret::new(bytes.to_vec())), ..self }.imported(true)
    }

    /// Makes it a multi-Region primary.
    pub fn multi_region(self) -> Self {
        Self { multi_region: true, ..self }
    }

    /// Adds a material that was imported before the current one, and rotated away from when the key was made: it still
    /// decrypts. 32 bytes.
    pub fn older_material(mut self, bytes: &[u8]) -> Self {
        self.older.push(Secret::new(bytes.to_vec()));
        self.imported(true)
    }

    /// Sets the origin, such as `AWS_CLOUDHSM`; `AWS_KMS`, unless set.
    pub fn origin(self, origin: &str) -> Self {
        Self { origin: origin.to_owned(), ..self }
    }

    /// Schedules it for deletion, `days` days from now.
    pub fn pending_deletion(self, days: i64) -> Self {
        Self { deletion: Some(days), ..self }
    }

    /// Sets the policy; AWS's default, unless set.
    pub fn policy(self, text: &str) -> Self {
        Self { policy: Some(text.to_owned()), ..self }
    }

    /// Makes it a multi-Region primary with a replica in `region`, ready for use, with description, policy and tags of
    /// its own that are equal to the primary's. Aliases and grants are the primary's alone.
    pub fn replica_in(mut self, region: &Region) -> Self {
        self.replicas.push((region.clone(), true));
        self.multi_region()
    }

    /// As [`replica_in`](Self::replica_in), but imported material is not imported there yet: the replica is pending import.
    pub fn replica_without_material_in(mut self, region: &Region) -> Self {
        self.replicas.push((region.clone(), false));
        self.multi_region()
    }

    /// Enables rotation every `days` days from its creation on.
    pub fn rotation(self, days: i64) -> Self {
        Self { rotation: Some(days), ..self }
    }

    /// Sets the spec, such as `RSA_2048`; `SYMMETRIC_DEFAULT`, unless set.
    pub fn spec(self, spec: &str) -> Self {
        Self { spec: spec.to_owned(), ..self }
    }

    /// Adds a tag, `aws:` or not.
    pub fn tag(mut self, key: &str, value: &str) -> Self {
        self.tags.insert(key.to_owned(), value.to_owned());
        self
    }

    /// Sets the usage, such as `SIGN_VERIFY`; what the spec is for, unless set.
    pub fn usage(self, usage: &str) -> Self {
        Self { usage: Some(usage.to_owned()), ..self }
    }

    /// Sets the id of the key in an external key store.
    pub fn xks_key(self, id: &str) -> Self {
        Self { xks_key: Some(id.to_owned()), ..self }
    }

    /// Makes the key.
    ///
    /// # Panics
    ///
    /// Panics if there are no keys of that spec and usage.
    pub fn make(self) -> KeyArn {
        let kind = match &self.usage {
            Some(usage) => Kind::new(&self.spec, usage),
            None => Kind::of_spec(&self.spec),
        };
        let world = self.world.clone();
        let now = world.clock().now();
        let arn = kind.and_then(|kind| {
            let name = world.with_kms(|kms, ids| self.plant(kind, kms, ids, now));
            KeyArn::new(&name.end, &name.id).ok()
        });
        #[expect(clippy::panic, reason = "a mistake in the test, which must not go on")]
        arn.unwrap_or_else(|| panic!("there are no {} keys for {:?}", self.spec, self.usage))
    }

    fn plant(&self, kind: Kind, kms: &mut Kms, ids: &mut Ids, now: Timestamp) -> KeyName {
        let id = match self.multi_region {
            true => format!("mrk-{}", ids.hex(32)),
            false => ids.uuid(),
        };
        let name = KeyName::new(&self.end, id);
        let secret = (Secret::new(ids.bytes(32)), kms.take_pair(kind.spec));
        let mut family = Family::new(kind, &name, self.multi_region, self.origin.clone(), secret);
        family.store.clone_from(&self.store);
        family.xks_key.clone_from(&self.xks_key);
        let older = self.older.iter().map(|older| Material::new(&name.id, older.bytes().to_vec()));
        family.materials.extend(older);
        family.materials.extend(self.import(&family, &name));
        let at = self.created(now);
        family.rotation.done.extend(self.older.iter().map(|_| Turn { at, on_demand: true }));
        if let Some(store) = &self.store {
            kms.seed_store(&self.end, store, &self.origin, now);
        }
        family.rotation.scheduled = self.rotation.map(|days| (days, after_days(self.created(now), days)));
        family.members.extend(self.replicas.iter().map(|(region, _)| region.clone()));
        kms.put_family(&name, family);
        for (region, has_material) in &self.replicas {
            let replica = name.in_region(region);
            kms.put(&replica, self.key(&replica.end, *has_material, now));
        }
        let mut key = self.key(&self.end, true, now);
        key.deletion = self.deletion.map(|days| Deletion { asked: now, days });
        for grant in &self.grants {
            key.grants.insert(&ids.hex(64), grant.plant(&self.end, now));
        }
        kms.put(&name, key);
        for alias in &self.aliases {
            let at = self.created(now);
            kms.point(&name, alias, Alias { created: at, key: Some(name.id.clone()), updated: at });
        }
        name
    }

    /// Returns the material that was imported, if any was.
    fn import(&self, family: &Family, name: &KeyName) -> Option<Material> {
        let own = || Family { origin: "AWS_KMS".to_owned(), ..family.clone() }.material(0);
        let bytes = self.material.as_ref().map(|given| given.bytes().to_vec());
        self.imported.then(|| bytes.or_else(own)).flatten().map(|bytes| Material::new(&name.id, bytes))
    }

    fn key(&self, end: &End, has_material: bool, now: Timestamp) -> Key {
        let created = self.created(now);
        let is_enabled = !self.disabled && self.deletion.is_none();
        let plain = Key::new(end, created);
        Key {
            description: self.description.clone(),
            enabled: is_enabled.then_some(created),
            grants: Shelf::default(),
            imports: (0..=self.older.len())
                .filter(|_| self.imported && has_material)
                .map(|generation| (generation, Import { is_there: true, valid_to: self.expires }))
                .collect(),
            managed_for: self.managed_for.clone(),
            policy: self.policy.as_deref().map_or_else(|| Arc::clone(&plain.policy), Arc::from),
            tags: self.tags.clone(),
            ..plain
        }
    }

    fn created(&self, now: Timestamp) -> Timestamp {
        self.created_at.unwrap_or(now)
    }
}

/// A grant that a key of a test has.
#[derive(Clone, Debug)]
#[must_use = "a grant is there once its key is made"]
pub struct GrantSeed {
    asked: Map<String, Value>,
    created_at: Option<Timestamp>,
}

impl GrantSeed {
    /// Grants to `principal`: an ARN, or a service such as `dynamodb.eu-central-1.amazonaws.com`, which only services
    /// can make grants for. It permits `Decrypt`, unless set.
    pub fn to(principal: &str) -> Self {
        let asked = Map::from_iter([
            ("GranteePrincipal".to_owned(), json!(principal)),
            ("Operations".to_owned(), json!(["Decrypt"])),
        ]);
        Self { asked, created_at: None }
    }

    /// Grants to a service principal as CreateGrant can since 2026: for one resource, retired by `retiring`.
    pub fn to_service(principal: &str, resource: &str, retiring: &str) -> Self {
        let asked = Map::from_iter([
            ("GranteeServicePrincipal".to_owned(), json!(principal)),
            ("Operations".to_owned(), json!(["Decrypt"])),
            ("Constraints".to_owned(), json!({ "SourceArn": resource })),
        ]);
        Self { asked, created_at: None }.retiring(retiring)
    }

    /// Adds a pair that the encryption context must be equal to, with the others.
    pub fn context_equals(self, key: &str, value: &str) -> Self {
        self.constrained("EncryptionContextEquals", key, value)
    }

    /// Adds a pair that the encryption context must contain.
    pub fn context_subset(self, key: &str, value: &str) -> Self {
        self.constrained("EncryptionContextSubset", key, value)
    }

    /// Sets when it was made; when the world's clock says, unless set.
    pub fn created_at(self, at: Timestamp) -> Self {
        Self { created_at: Some(at), ..self }
    }

    /// Sets the name.
    pub fn name(self, name: &str) -> Self {
        self.with("Name", json!(name))
    }

    /// Sets what it permits.
    pub fn operations<'a>(self, operations: impl IntoIterator<Item = &'a str>) -> Self {
        self.with("Operations", operations.into_iter().collect())
    }

    /// Sets who may retire it.
    pub fn retiring(self, principal: &str) -> Self {
        self.with("RetiringPrincipal", json!(principal))
    }

    fn constrained(mut self, constraint: &str, key: &str, value: &str) -> Self {
        self.asked.entry("Constraints").or_insert_with(|| json!({}))[constraint][key] = json!(value);
        self
    }

    fn with(mut self, member: &str, value: Value) -> Self {
        self.asked.insert(member.to_owned(), value);
        self
    }

    fn plant(&self, end: &End, now: Timestamp) -> Grant {
        let issuer = grant::root(end);
        Grant { asked: self.asked.clone(), created: self.created_at.unwrap_or(now), issuer }
    }
}

impl World {
    /// Begins a key at `end`.
    ///
    /// The quotas that KMS keeps ([`World::quota`]) are `kms:keys` (100,000 for an account in a region),
    /// `kms:aliases-per-key` (50), `kms:grants-per-key` (50,000) and `kms:custom-key-stores` (10).
    pub fn kms(&self, end: &End) -> KeySeed {
        KeySeed::new(self.clone(), end)
    }

    /// Makes a plain symmetric key at `end`.
    pub fn kms_key(&self, end: &End) -> KeyArn {
        self.kms(end).make()
    }

    /// Makes an alias at `end`, or lets it point elsewhere: to a key of the same end, or, as the aliases of services that
    /// have not made their key yet, to none.
    pub fn kms_alias(&self, end: &End, name: &str, key: Option<&KeyArn>) {
        let now = self.clock().now();
        self.with_kms(|kms, _| {
            let target = key.map(|key| key.id().to_owned());
            let near = KeyName::new(end, target.clone().unwrap_or_default());
            kms.unpoint(&near, name);
            kms.point(&near, name, Alias { created: now, key: target, updated: now });
        });
    }

    /// Sets how long what KMS does by and by takes.
    pub fn kms_timing(&self, timing: KmsTiming) {
        self.with_kms(|kms, _| kms.timing = timing);
    }

    pub(super) fn with_kms<T>(&self, act: impl FnOnce(&mut Kms, &mut Ids) -> T) -> T {
        let now = self.clock().now();
        self.lock().with_kms(now, act)
    }
}
