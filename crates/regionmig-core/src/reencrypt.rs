//! Re-encryption: what clients encrypted under a key that cannot move, decrypted and encrypted again under another.
//!
//! A KMS key does not leave its region (multi-Region keys only have replicas), so what it encrypted must be opened where the key is and
//! encrypted under a key of the target. [`Reencrypt`] does so for one ciphertext ([`item`](Reencrypt::item)), for any stream of them
//! ([`items`](Reencrypt::items)), for a stream with a store at its end that counts each once ([`run`](Reencrypt::run)), and for a message of
//! the AWS Encryption SDK of any size ([`message`](Reencrypt::message)).
//!
//! The ends are small traits: [`Decrypt`] and [`Encrypt`] for what KMS itself encrypted, [`Keyring`](message::Keyring) for the data keys of messages;
//! `regionmig-kms` has those of KMS. A plaintext is in this process only, in memory that is wiped; nothing writes it, nothing shows it.
// REQ: KMS-1, KMS-21

mod context;
mod ends;
mod error;
mod item;
pub mod message;
mod output;
mod run;
mod stream;

pub use context::EncryptionContext;
pub use ends::{Ciphertext, Compared, Decrypt, Decrypted, Encrypt, Encrypted, Exchange, Exchanged, Through};
pub use error::ReencryptError;
pub use item::{Reencrypt, Reencrypted};
pub use output::{FileOutput, MemoryOutput, Output, OutputError};
pub use run::{
    Batch, Checkpoint, CheckpointError, Checkpoints, Delivered, FileCheckpoints, MemoryCheckpoints, Partition,
    Position, Put, RunError, RunOptions, Sink, Sourced, Stopped, Summary,
};
pub use stream::{Gate, ItemOptions, Progress};

use aws_lc_rs::constant_time::verify_slices_are_equal;

/// Compares two secrets, in a time that does not tell where they differ.
fn is_same(one: &[u8], other: &[u8]) -> bool {
    verify_slices_are_equal(one, other).is_ok()
}
