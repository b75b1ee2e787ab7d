//! Messages of the AWS Encryption SDK.

mod error;
mod keyring;
mod suite;

pub use error::MessageError;
pub use keyring::{DataKey, EncryptedDataKey, KMS_PROVIDER, Keyring, KeyringError, NewDataKey};
pub use suite::{Suite, SuiteError};
