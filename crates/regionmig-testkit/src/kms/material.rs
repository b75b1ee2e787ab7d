//! Key material: derived from a secret that is the key's own, or imported.

use std::fmt;

use jiff::Timestamp;
use sha2::{Digest, Sha256};

use super::store::{Family, Key};

/// What all key material of a family is derived from, or material that was imported. Never shown.
#[derive(Clone)]
pub(super) struct Secret(Vec<u8>);

impl Secret {
    pub(super) fn new(bytes: Vec<u8>) -> Self {
        Self(bytes)
    }

    /// Returns the bytes as they were given.
    pub(super) fn bytes(&self) -> &[u8] {
        &self.0
    }

    /// Returns the material of the `generation`th rotation, 0 for the first.
    pub(super) fn material(&self, generation: usize) -> [u8; 32] {
        self.derive(b"material", generation)
    }

    /// Returns the public id of that material: 64 hexadecimal digits.
    pub(super) fn material_id(&self, generation: usize) -> String {
        hex(&self.derive(b"id", generation))
    }

    /// Derives `length` bytes for one purpose.
    pub(super) fn stretch(&self, what: &[u8], length: usize) -> Vec<u8> {
        (0..).flat_map(|n| self.derive(what, n)).take(length).collect()
    }

    fn derive(&self, what: &[u8], generation: usize) -> [u8; 32] {
        let number = u64::try_from(generation).unwrap_or(u64::MAX);
        Sha256::new().chain_update(what).chain_update(&self.0).chain_update(number.to_be_bytes()).finalize().into()
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Secret(..)")
    }
}

/// A material that was imported, for all related keys.
#[derive(Clone, Debug)]
pub(super) struct Material {
    pub(super) description: String,
    pub(super) id: String,
    pub(super) secret: Secret,
}

impl Material {
    /// Names a material as AWS does: by the key's id and the material itself.
    pub(super) fn new(key: &str, bytes: Vec<u8>) -> Self {
        let digest: [u8; 32] =
            Sha256::new().chain_update(b"import").chain_update(key).chain_update(&bytes).finalize().into();
        Self { description: String::new(), id: hex(&digest), secret: Secret::new(bytes) }
    }
}

/// That a material was imported into one region.
#[derive(Clone, Copy, Debug)]
pub(super) struct Import {
    /// Whether it is there still, unless it has expired.
    pub(super) is_there: bool,
    /// When it expires; `None` if never.
    pub(super) valid_to: Option<Timestamp>,
}

impl Import {
    pub(super) fn is_usable(&self, now: Timestamp) -> bool {
        self.is_there && self.valid_to.is_none_or(|at| at > now)
    }
}

impl Key {
    /// Tells whether the `generation`th material is in this key's region.
    pub(super) fn holds(&self, generation: usize, now: Timestamp) -> bool {
        self.imports.get(&generation).is_some_and(|import| import.is_usable(now))
    }

    /// Tells whether every material that the family has used so far is in this key's region: one that lacks any is out
    /// of service (developer guide, "Rotate AWS KMS keys": imported materials).
    pub(super) fn holds_all(&self, family: &Family, now: Timestamp) -> bool {
        (0..=family.rotation.current()).all(|generation| self.holds(generation, now))
    }
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}
