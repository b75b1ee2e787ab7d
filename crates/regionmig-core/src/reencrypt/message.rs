//! Messages of the AWS Encryption SDK: their header, read without any key; their frames, opened and written one by one; the keyrings that
//! open and make their data keys.
//!
//! Both versions of the format and all eleven suites are read. What is written is framed, and commits to its key unless another suite is
//! asked for. The primitives are those of `aws-lc-rs`; the format is read and written here, since no library streams it.

mod bytes;
mod error;
mod header;
mod input;
mod key;
mod keyring;
mod limits;
mod open;
mod options;
mod raw;
mod seal;
mod several;
mod suite;
mod transfer;
mod whole;

pub use error::MessageError;
pub use header::{Header, Readable};
pub use keyring::{DataKey, EncryptedDataKey, KMS_PROVIDER, Keyring, KeyringError, NewDataKey};
pub use limits::Limits;
pub use options::MessageOptions;
pub use raw::{RawAesKeyring, RawKeyError, RawRsaKeyring, RsaPadding};
pub use several::Keyrings;
pub use suite::{Suite, SuiteError};
pub use transfer::Message;
pub use whole::{OpenedMessage, decrypt, encrypt, inspect};
