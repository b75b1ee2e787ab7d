//! What is there, for tests that must know: no request, no fault, nothing stale.

use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;
use regionmig_core::{End, KeyArn};
use serde_json::{Map, Value};

use super::material::{Import, Material};
use super::rotation::Turn;
use super::store::{Key, KeyName, Kms};
use crate::world::World;

/// A key as it really is.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct KeyView {
    /// The names of its aliases.
    pub aliases: BTreeSet<String>,
    /// Its ARN.
    pub arn: KeyArn,
    /// The service that AWS manages it for; `None` if it is a customer's.
    pub aws_managed: Option<String>,
    /// When it was made.
    pub created_at: Timestamp,
    /// The id of the custom key store that it is in.
    pub custom_key_store: Option<String>,
    /// When it will be deleted.
    pub deletion_date: Option<Timestamp>,
    /// Its description.
    pub description: String,
    /// Its grants, by id.
    pub grants: Vec<GrantView>,
    /// When it was last used for cryptography.
    pub last_used: Option<Timestamp>,
    /// The id of the material that is current, which AWS tells of symmetric encryption keys only; equal for related keys,
    /// and changed by rotation. Empty if none was ever imported.
    pub material: String,
    /// What it is related to, if it is a multi-Region key.
    pub multi_region: Option<MultiRegionView>,
    /// Its origin, such as `AWS_KMS`.
    pub origin: String,
    /// Its policy, as it was given.
    pub policy: String,
    /// Every how many days it is rotated; `None` if it is not.
    pub rotation_period: Option<i64>,
    /// How many rotations there have been.
    pub rotations: usize,
    /// Its spec, such as `SYMMETRIC_DEFAULT`.
    pub spec: String,
    /// Its state, such as `Enabled`.
    pub state: String,
    /// Its tags, those of AWS's own included.
    pub tags: BTreeMap<String, String>,
    /// Its usage, such as `ENCRYPT_DECRYPT`.
    pub usage: String,
    /// When its imported material expires.
    pub valid_to: Option<Timestamp>,
    /// The id of the key in an external key store.
    pub xks_key: Option<String>,
}

/// What a multi-Region key is related to.
#[derive(Clone, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub struct MultiRegionView {
    /// The primary key; the key itself, if it is that.
    pub primary: KeyArn,
    /// All replicas that are there.
    pub replicas: Vec<KeyArn>,
}

/// A grant as it really is.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct GrantView {
    /// `EncryptionContextEquals`, `EncryptionContextSubset`, `SourceArn`.
    pub constraints: Map<String, Value>,
    /// When it was made.
    pub created_at: Timestamp,
    /// To whom: a principal, or a service.
    pub grantee: String,
    /// Its id.
    pub id: String,
    /// Its name.
    pub name: Option<String>,
    /// What it permits.
    pub operations: BTreeSet<String>,
    /// Who may retire it: a principal, or a service.
    pub retiring: Option<String>,
}

impl World {
    /// Returns the keys of `end` as they really are, by ARN: AWS's own and those pending deletion included.
    pub fn kms_keys(&self, end: &End) -> Vec<KeyView> {
        let now = self.clock().now();
        self.with_kms(|kms, _| {
            let names: Vec<KeyName> = kms.present(end, now).map(|(name, _)| name).collect();
            names.iter().for_each(|name| kms.advance(name, now));
            let mut views: Vec<KeyView> = names.iter().filter_map(|name| view(kms, name, now)).collect();
            views.sort_by(|a, b| a.arn.cmp(&b.arn));
            views
        })
    }
}

impl World {
    /// Returns the materials that were imported into a key, or into one related to it, by the ids that KMS gave them: what
    /// their owner has, and KMS gives nobody.
    pub fn kms_materials(&self, key: &KeyArn) -> BTreeMap<String, Vec<u8>> {
        let Some(end) = key.end() else { return BTreeMap::new() };
        self.with_kms(|kms, _| {
            let family = kms.family(&KeyName::new(&end, key.id()));
            let materials = family.into_iter().flat_map(|family| &family.materials);
            materials.map(|material| (material.id.clone(), material.secret.bytes().to_vec())).collect()
        })
    }

    /// Has the owner of a key import another material into it, in its own region only, and rotate to that at once.
    pub fn kms_rotate_to(&self, key: &KeyArn, material: &[u8]) {
        let Some(name) = key.end().map(|end| KeyName::new(&end, key.id())) else { return };
        let now = self.clock().now();
        self.with_kms(|kms, _| {
            let Some(family) = kms.family_mut(&name) else { return };
            family.materials.push(Material::new(&name.id, material.to_vec()));
            family.rotation.done.push(Turn { at: now, on_demand: true });
            let generation = family.rotation.current();
            if let Some(key) = kms.key_mut(&name) {
                key.imports.insert(generation, Import { is_there: true, valid_to: None });
            }
        });
    }
}

fn view(kms: &Kms, name: &KeyName, now: Timestamp) -> Option<KeyView> {
    let (key, family) = (kms.key(name)?, kms.family(name)?);
    let arn = |name: &KeyName| KeyArn::new(&name.end, &name.id).ok();
    let related = || {
        let replicas = kms.replicas(name, family, now).filter_map(|region| arn(&name.in_region(region))).collect();
        Some(MultiRegionView { primary: arn(&name.in_region(&family.primary))?, replicas })
    };
    Some(KeyView {
        aliases: key.aliases.clone(),
        arn: arn(name)?,
        aws_managed: key.managed_for.clone(),
        created_at: key.created,
        custom_key_store: family.store.clone(),
        deletion_date: kms.deletion_date(name),
        description: key.description.clone(),
        grants: grants(key),
        last_used: key.used.as_ref().map(|used| used.at),
        material: if family.is_external() && family.materials.is_empty() {
            String::new()
        } else {
            family.material_id()
        },
        multi_region: if family.multi_region { related() } else { None },
        origin: family.origin.clone(),
        policy: key.policy.to_string(),
        rotation_period: family.rotation.scheduled.map(|(period, _)| period),
        rotations: family.rotation.current(),
        spec: family.kind.spec.to_owned(),
        state: kms.state(name, key, now).as_str().to_owned(),
        tags: key.tags.clone(),
        usage: family.kind.usage.to_owned(),
        valid_to: key.imports.get(&family.rotation.current()).and_then(|import| import.valid_to),
        xks_key: family.xks_key.clone(),
    })
}

fn grants(key: &Key) -> Vec<GrantView> {
    let view = |(id, grant): (&str, &super::grant::Grant)| {
        let text = |member: &str| grant.asked.get(member).and_then(Value::as_str).map(str::to_owned);
        let operations = grant.asked.get("Operations").and_then(Value::as_array).into_iter().flatten();
        GrantView {
            constraints: grant.asked.get("Constraints").and_then(Value::as_object).cloned().unwrap_or_default(),
            created_at: grant.created,
            grantee: text("GranteePrincipal").or_else(|| text("GranteeServicePrincipal")).unwrap_or_default(),
            id: id.to_owned(),
            name: text("Name"),
            operations: operations.filter_map(Value::as_str).map(str::to_owned).collect(),
            retiring: text("RetiringPrincipal").or_else(|| text("RetiringServicePrincipal")),
        }
    };
    key.grants.iter().map(view).collect()
}
