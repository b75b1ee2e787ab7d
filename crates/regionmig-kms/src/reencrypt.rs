//! The ends of re-encryption that KMS is: see `regionmig_core::reencrypt`.

mod algorithm;
mod ends;
mod exchange;
mod keyring;
mod pinned;
mod rotation;
mod sharing;

pub use algorithm::EncryptionAlgorithm;
pub use ends::{Decryptor, Encryptor};
pub use exchange::Reencryptor;
pub use keyring::KmsKeyring;
pub use sharing::{SharedDecryptor, SharingBounds};
