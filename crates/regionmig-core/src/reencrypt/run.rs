//! From a source to a store that counts each item once.

mod checkpoints;
mod course;
mod error;
mod file;
mod journal;
mod low_water;
mod options;
mod partition;
mod sink;
mod summary;

pub use checkpoints::{Checkpoint, Checkpoints, MemoryCheckpoints};
pub use error::RunError;
pub use file::{CheckpointError, FileCheckpoints};
pub use options::RunOptions;
pub use partition::{Batch, Partition, Position, Sourced};
pub use sink::{Delivered, Put, Sink};
pub use summary::{Stopped, Summary};

use std::sync::Arc;

use futures::StreamExt;

use self::course::{Course, Left};
use super::ends::{Ciphertext, Exchange};
use super::item::Reencrypt;
use super::stream::{Flow, Retry};

impl<P: Exchange> Reencrypt<P> {
    /// Re-encrypts a partition of the items into a sink, from where an earlier run got to, and keeps where this one gets to.
    ///
    /// Each item is put, or set aside, at least once, however often runs die in between; since a [`Sink`] replaces only what has not been
    /// replaced, it ends with each once. An item that fails for what it is itself is set aside; one that fails for the surroundings, as
    /// a refused permission or a target that stays away, ends the run, for all others would fail as well
    /// ([`RunOptions::set_aside_if`]), and so does a start at which all are set aside ([`RunOptions::give_up_after`]). What is under way
    /// then ends, and the [`Summary`] says why it stopped and where the next run goes on. Run it again with the same partition, sink and
    /// checkpoints.
    ///
    /// # Errors
    ///
    /// Fails if it cannot be found out where to go on. Then nothing was begun.
    ///
    /// # Cancel safety
    ///
    /// Dropping it stops all at once. What was put and is not in a checkpoint yet is put again by the next run, and found replaced. To
    /// have all that is under way end first, cancel the token of [`ItemOptions::stop`](super::ItemOptions::stop).
    ///
    /// ```
    /// # use std::{collections::BTreeMap, convert::Infallible, sync::Mutex};
    /// # use regionmig_core::{Secret, reencrypt::*};
    /// # struct Old; struct New;
    /// # impl Decrypt for Old { type Error = Infallible; async fn decrypt(&self, it: &Ciphertext) -> Result<Decrypted, Infallible> {
    /// #     Ok(Decrypted::new(Secret::new(it.bytes.iter().map(|byte| byte ^ 1).collect()), None)) } }
    /// # impl Encrypt for New { type Error = Infallible;
    /// #     async fn encrypt(&self, it: &Secret<Vec<u8>>, _: &EncryptionContext) -> Result<Encrypted, Infallible> {
    /// #     Ok(Encrypted::new(it.expose().iter().map(|byte| byte ^ 2).collect(), None)) } }
    /// /// In earnest a table: `UpdateItem` on the condition that the attribute is still the former one.
    /// struct Table(Mutex<BTreeMap<u64, Vec<u8>>>);
    /// impl Sink<u64> for Table {
    ///     type Error = Infallible; // in earnest `regionmig_aws::Error`
    ///     async fn put(&self, key: &u64, former: &Ciphertext, new: &Reencrypted) -> Result<Put, Infallible> {
    ///         match self.0.lock().unwrap().get_mut(key) {
    ///             Some(bytes) if *bytes == former.bytes => *bytes = new.bytes.clone(),
    ///             _ => return Ok(Put::Superseded),
    ///         }
    ///         Ok(Put::Written)
    ///     }
    ///     async fn set_aside(&self, key: &u64, _: &Ciphertext, error: &ReencryptError) -> Result<(), Infallible> {
    ///         eprintln!("{key}: {error}"); // in earnest into a table, too
    ///         Ok(())
    ///     }
    /// }
    /// # #[tokio::main(flavor = "current_thread")] async fn main() -> Result<(), RunError> {
    /// # let reencrypt = Reencrypt::new(Old, New);
    /// let table = Table(Mutex::new(BTreeMap::from([(7, b"abc".to_vec()), (8, b"abd".to_vec())])));
    /// let share = [(7, Ciphertext::new(b"abc", EncryptionContext::new())), (8, Ciphertext::new(b"abd", EncryptionContext::new()))];
    /// let share = Batch::new("users/0-of-1", share); // in earnest a `Partition` that reads the table
    /// let checkpoints = MemoryCheckpoints::default(); // in earnest `FileCheckpoints::new("checkpoints")`
    /// let summary = reencrypt.run(&share, &table, &checkpoints, &RunOptions::default()).await?;
    /// assert!(summary.is_complete(), "{summary}");
    /// assert_eq!((summary.written, &table.0.lock().unwrap()[&7]), (2, &b"ba`".to_vec()));
    /// # Ok(()) }
    /// ```
    pub async fn run<T, S>(
        &self,
        partition: &T,
        sink: &S,
        checkpoints: &dyn Checkpoints,
        options: &RunOptions,
    ) -> Result<Summary, RunError>
    where
        T: Partition,
        S: Sink<T::Key>,
    {
        let name = partition.name();
        let unloaded = |source| RunError::Checkpoint { partition: name.to_owned(), attempted: "loaded", source };
        let mut earlier = checkpoints.load(name).await.map_err(unloaded)?.unwrap_or_default();
        if earlier.is_complete && earlier.position.is_none() {
            return Ok(Summary::of_complete(name, earlier));
        }
        // A source that had an end may have grown since: what is behind the position is all there is to find out.
        earlier.is_complete = false;
        let from = earlier.position.clone();
        let halt = options.items.stop.child_token();
        let items = options.items.clone().stop(halt.clone());
        let retry = Retry::new(&items);
        let begin = |number, taken: Result<Sourced<T::Key>, T::Error>| {
            let retry = Arc::clone(&retry);
            async move {
                let Sourced { key, ciphertext, position } = match taken {
                    Ok(sourced) => sourced,
                    Err(error) => return Left { position: None, result: Some(Err(RunError::sourced(name, error))) },
                };
                let result = self.carry(number, &key, &ciphertext, sink, options, &retry).await;
                Left { position, result }
            }
        };
        let mut flow = Flow::new(partition.items(from.as_ref()), begin, &items);
        let mut course = Course::new(name, checkpoints, earlier, options, halt);
        loop {
            flow.until(course.until());
            tokio::select! {
                biased;
                () = course.save() => {}
                ended = flow.next() => match ended {
                    Some(ended) => course.ended(ended.number, ended.output),
                    None => break,
                },
            }
        }
        let total = flow.total();
        drop(flow);
        Ok(course.close(total).await)
    }

    /// Re-encrypts one item into a sink, as [`run`](Self::run) does with each: for whatever hands out the work itself and remembers what
    /// was done, as S3 Batch Operations, a map of Step Functions or a queue.
    ///
    /// Says nothing if it was to stop before it was begun.
    ///
    /// # Errors
    ///
    /// Fails if the item was neither put nor set aside: hand it out again.
    ///
    /// # Cancel safety
    ///
    /// As with [`run`](Self::run): what may have been put is found replaced by the next try.
    pub async fn deliver<K: Sync, S: Sink<K>>(
        &self,
        key: &K,
        ciphertext: &Ciphertext,
        sink: &S,
        options: &RunOptions,
    ) -> Result<Option<Delivered>, RunError> {
        let retry = Retry::new(&options.items);
        retry.is_open().await;
        // The end of a ciphertext is as good as random: so that not all that fail at once come again at once.
        let number = ciphertext.bytes.last_chunk().map_or(0, |end| u64::from_be_bytes(*end));
        self.carry(number, key, ciphertext, sink, options, &retry).await.transpose()
    }

    async fn carry<K: Sync, S: Sink<K>>(
        &self,
        number: u64,
        key: &K,
        ciphertext: &Ciphertext,
        sink: &S,
        options: &RunOptions,
        retry: &Retry,
    ) -> Option<Result<Delivered, RunError>> {
        let error = match retry.run(number, || self.item(ciphertext)).await? {
            Ok(new) => {
                let put = retry.finish(number, || sink.put(key, ciphertext, &new)).await;
                return Some(put.map(Delivered::from).map_err(|error| RunError::sink("put", error)));
            }
            Err(error) => error,
        };
        let is_set_aside = options.sets_aside(&error);
        if error.kind().is_passing() && !is_set_aside {
            return Some(Err(RunError::Item(error)));
        }
        // What an earlier run has put cannot be opened at the source: where source and sink are one, it is what was read. How that fails is
        // up to the source.
        let had = match retry.finish(number, || sink.has_put(key, ciphertext)).await {
            Ok(true) => Ok(Delivered::Superseded),
            _ if !is_set_aside => Err(RunError::Item(error)),
            Ok(false) => {
                let aside = retry.finish(number, || sink.set_aside(key, ciphertext, &error)).await;
                aside.map(|()| Delivered::SetAside).map_err(|error| RunError::sink("set aside", error))
            }
            Err(error) => Err(RunError::sink("looked up", error)),
        };
        Some(had)
    }
}
