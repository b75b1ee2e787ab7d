//! Where items go.

use super::super::ends::Ciphertext;
use super::super::error::ReencryptError;
use super::super::item::Reencrypted;
use crate::error::Classify;

/// A store in which each item has a place of its own, and is replaced once however often it is put.
///
/// The same call may come again after a crash or a lost answer, with another new ciphertext, for encrypting gives another one each time;
/// and two workers may have one item at once. So each write has a condition: a conditional `UpdateItem` of DynamoDB, `If-Match` of S3, an
/// `UPDATE .. WHERE` of SQL. A store that only appends cannot be one.
pub trait Sink<K>: Send + Sync {
    /// How it fails. What may pass ([`ErrorKind::is_passing`](crate::ErrorKind::is_passing)) is tried again.
    type Error: Classify;

    /// Replaces `former` by `new` at the place of `key`, if what is there is still `former`; in a store where nothing was before, writes
    /// `new` if nothing is there yet. Durable once this returns.
    ///
    /// # Errors
    ///
    /// Fails if that may not have happened.
    ///
    /// # Cancel safety
    ///
    /// May be dropped at any point, and then it happened or it did not: never in part.
    fn put(
        &self,
        key: &K,
        former: &Ciphertext,
        new: &Reencrypted,
    ) -> impl Future<Output = Result<Put, Self::Error>> + Send;

    /// Keeps note that an item could not be re-encrypted, and why, for a person to look at. The same item may come again: it is to be
    /// there once.
    ///
    /// # Errors
    ///
    /// Fails if that may be lost.
    fn set_aside(
        &self,
        key: &K,
        former: &Ciphertext,
        error: &ReencryptError,
    ) -> impl Future<Output = Result<(), Self::Error>> + Send;

    /// Returns whether `ciphertext` is what an earlier [`put`](Self::put) has left at the place of `key`. It is asked before an item is
    /// set aside.
    ///
    /// A sink that the items are read from as well must answer: after a crash some items are read again, and those that were put are
    /// under the new key, which the source cannot open. A mark beside each item, such as the key it is under, is enough. Where the items
    /// come from elsewhere, the answer is always no, as it is by default.
    ///
    /// # Errors
    ///
    /// Fails if that cannot be found out.
    fn has_put(&self, key: &K, ciphertext: &Ciphertext) -> impl Future<Output = Result<bool, Self::Error>> + Send {
        let _ = (key, ciphertext);
        async { Ok(false) }
    }
}

/// What a conditional write came to.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
#[expect(clippy::exhaustive_enums, reason = "a condition held or it did not")]
pub enum Put {
    /// What was there was not the former ciphertext any more: an earlier run, or somebody else, has replaced it. It stays.
    Superseded,
    /// The new ciphertext is there.
    Written,
}

/// What became of an item.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub enum Delivered {
    /// It could not be re-encrypted, and the sink keeps note of it.
    SetAside,
    /// The sink had something newer. After a crash or a lost answer, that is what an earlier try has put.
    Superseded,
    /// The sink has it.
    Written,
}

impl From<Put> for Delivered {
    fn from(put: Put) -> Self {
        match put {
            Put::Superseded => Self::Superseded,
            Put::Written => Self::Written,
        }
    }
}
