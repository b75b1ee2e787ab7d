#![doc = include_str!("../README.md")]

mod apply;
mod finding;
mod inventory;
mod material;
mod options;
mod plan;
mod policy;
mod preflight;
mod read;
mod reencrypt;
mod rewriting;
mod service;
mod snapshot;
mod step;
mod verify;

pub use apply::{revert_permissions, task};
pub use finding::code;
pub use material::{EmptyKey, KeyMaterialSource, KeyMaterials, WrapError, WrappingKey};
pub use options::AliasConflict;
pub use reencrypt::{
    Decryptor, EncryptionAlgorithm, Encryptor, KmsKeyring, Reencryptor, SharedDecryptor, SharingBounds,
};
pub use service::{IMPLIED, Kms};
pub use snapshot::{
    Alias, Constraints, Grant, GrantTerms, Key, KeyManager, KeySpec, KeyState, KeyStore, KeyUsage, LastUse, Material,
    MaterialState, MultiRegion, MultiRegionRole, Origin, Rotation, Snapshot, Use,
};
pub use step::{
    AddTags, ChangeTags, CreateAlias, CreateGrant, CreateKey, DisableKey, DisableRotation, EnableKey, EnableRotation,
    ImportMaterial, LateTerms, PutPolicy, Replaces, ReplicateKey, SetDescription, Step, UpdateAlias,
    UpdatePrimaryRegion,
};
pub use verify::check;

#[cfg(test)]
mod testing;
