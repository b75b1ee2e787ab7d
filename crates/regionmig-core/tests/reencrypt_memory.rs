//! What a stream of very many items takes: counted by the allocator, in a program of its own.
#![expect(clippy::unwrap_used, reason = "tests")]

use std::convert::Infallible;
use std::sync::atomic::{AtomicU64, Ordering};

use futures::{Stream, StreamExt, stream};
use peak_alloc::PeakAlloc;
use regionmig_core::Secret;
use regionmig_core::reencrypt::{
    Ciphertext, Decrypt, Decrypted, Encrypt, Encrypted, EncryptionContext, ItemOptions, MemoryCheckpoints, Partition,
    Position, Put, Reencrypt, ReencryptError, Reencrypted, RunOptions, Sink, Sourced,
};

#[global_allocator]
static ALLOCATOR: PeakAlloc = PeakAlloc;

/// Both ends: of two items one takes a turn of the runtime more, so that they do not end in their order.
struct Ends;

impl Decrypt for Ends {
    type Error = Infallible;

    async fn decrypt(&self, ciphertext: &Ciphertext) -> Result<Decrypted, Infallible> {
        if ciphertext.bytes[0].is_multiple_of(2) {
            tokio::task::yield_now().await;
        }
        Ok(Decrypted::new(Secret::new(ciphertext.bytes.clone()), None))
    }
}

impl Encrypt for Ends {
    type Error = Infallible;

    async fn encrypt(&self, plaintext: &Secret<Vec<u8>>, _: &EncryptionContext) -> Result<Encrypted, Infallible> {
        Ok(Encrypted::new(plaintext.expose().clone(), None))
    }
}

fn item(id: u64) -> Ciphertext {
    let mut bytes = id.to_le_bytes().to_vec();
    bytes.resize(184, 0);
    Ciphertext::new(bytes, EncryptionContext::from([("table", "users")]))
}

/// So many items.
struct Many(u64);

impl Partition for Many {
    type Key = u64;
    type Error = Infallible;

    fn name(&self) -> &str {
        "many"
    }

    fn items(&self, from: Option<&Position>) -> impl Stream<Item = Result<Sourced<u64>, Infallible>> + Send {
        let from = from.map_or(0, |position| position.as_str().parse().unwrap());
        stream::iter((from..self.0).map(|id| Ok(Sourced::new(id, item(id)).at(id + 1))))
    }
}

/// Counts what is put.
#[derive(Default)]
struct Counts(AtomicU64);

impl Sink<u64> for Counts {
    type Error = Infallible;

    async fn put(&self, _: &u64, _: &Ciphertext, _: &Reencrypted) -> Result<Put, Infallible> {
        self.0.fetch_add(1, Ordering::Relaxed);
        Ok(Put::Written)
    }

    async fn set_aside(&self, _: &u64, _: &Ciphertext, _: &ReencryptError) -> Result<(), Infallible> {
        Ok(())
    }
}

/// Returns how many bytes more than before were held at once, while it ran.
async fn peak<F: Future>(run: F) -> (usize, F::Output) {
    let before = ALLOCATOR.current_usage();
    ALLOCATOR.reset_peak_usage();
    let output = run.await;
    (ALLOCATOR.peak_usage().saturating_sub(before), output)
}

async fn streamed(count: u64, options: &ItemOptions) -> usize {
    let reencrypt = Reencrypt::new(Ends, Ends);
    let items = stream::iter((0..count).map(|id| (id, item(id))));
    let (peak, done) = peak(reencrypt.items_with(items, options).count()).await;
    assert_eq!(done as u64, count);
    peak
}

async fn run(count: u64) -> usize {
    let (reencrypt, sink, checkpoints) = (Reencrypt::new(Ends, Ends), Counts::default(), MemoryCheckpoints::default());
    let options = RunOptions::default().items(ItemOptions::default().at_once(64));
    let many = Many(count);
    let (peak, summary) = peak(reencrypt.run(&many, &sink, &checkpoints, &options)).await;
    assert!(summary.unwrap().is_complete());
    assert_eq!(sink.0.into_inner(), count);
    peak
}

#[tokio::test]
async fn a_million_items_take_no_more_memory_than_a_tenth_of_them() {
    let options = ItemOptions::default().at_once(64);
    let _warm = (streamed(1000, &options).await, run(1000).await);
    let peaks = |few: usize, many: usize, how: &str| {
        println!("shown: a_million_items {how}: {few} bytes at most with a tenth of them, {many} with all");
        assert!(many < few + few / 20 && many < 1 << 20, "{few}, {many}");
    };
    peaks(streamed(100_000, &options).await, streamed(1_000_000, &options).await, "of 1000000 as they get done");
    let options = options.in_order();
    peaks(streamed(10_000, &options).await, streamed(100_000, &options).await, "of 100000 in order");
    peaks(run(100_000).await, run(1_000_000).await, "of 1000000 run to a sink");
}
