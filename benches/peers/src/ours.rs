//! This project's side.

use std::convert::Infallible;
use std::time::Duration;

use regionmig_core::Secret;
use regionmig_core::reencrypt::message::{self, MessageOptions, RawAesKeyring, Suite};
use regionmig_core::reencrypt::{EncryptionContext, Output, Reencrypt, Through};
use tokio::runtime::Runtime;

use crate::cases::PROVIDER;
use crate::measure::time_of;

/// The key that all of them open and write with.
pub(crate) const NAME: &str = "one";
pub(crate) const KEY: [u8; 32] = [7; 32];
/// The context of all messages.
pub(crate) const CONTEXT: [(&str, &str); 2] = [("table", "users"), ("column", "mail")];

pub(crate) struct Ours(Reencrypt<Through<RawAesKeyring, RawAesKeyring>>);

impl Ours {
    pub(crate) fn new() -> Self {
        Self(Reencrypt::new(keyring(), keyring()))
    }

    /// Writes a message in frames of 4 KiB.
    pub(crate) async fn message(&self, suite: Suite, length: usize) -> Vec<u8> {
        let plaintext = Secret::new((0..length).map(|byte| u8::try_from(byte * 31 % 256).unwrap()).collect());
        let options = MessageOptions::new().with_suite(suite);
        message::encrypt(&plaintext, &EncryptionContext::from(CONTEXT), &keyring(), &options).await.unwrap()
    }

    /// Re-encrypts a message; returns how long the new one is.
    pub(crate) async fn written(&self, message: &[u8], given: Given) -> usize {
        let options = MessageOptions::new();
        let written = match given {
            Given::InMemory => self.0.message_from_slice(message, Dropped(0), &options).await,
            Given::Streamed => self.0.message_with(message, Dropped(0), &options).await,
        };
        written.unwrap().committed
    }

    /// How long it takes to re-encrypt a message, by the message.
    pub(crate) fn time(&self, runtime: &Runtime, message: &[u8], given: Given, often: u32) -> Duration {
        let all = || (0..often).map(|_| runtime.block_on(self.written(message, given))).sum::<usize>();
        time_of(all) / often
    }
}

/// How a message is given to us.
#[derive(Clone, Copy)]
pub(crate) enum Given {
    /// Whole, as the official crate takes it.
    InMemory,
    /// By a reader, which copies it out of memory.
    Streamed,
}

fn keyring() -> RawAesKeyring {
    RawAesKeyring::new(PROVIDER, NAME, &Secret::new(KEY.to_vec())).unwrap()
}

/// Counts what it drops.
struct Dropped(usize);

impl Output for Dropped {
    type Error = Infallible;
    type Committed = usize;

    async fn write(&mut self, piece: &[u8]) -> Result<(), Infallible> {
        self.0 += std::hint::black_box(piece).len();
        Ok(())
    }

    async fn commit(self) -> Result<usize, Infallible> {
        Ok(self.0)
    }

    async fn abort(self) -> Result<(), Infallible> {
        Ok(())
    }
}
