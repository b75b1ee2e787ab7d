//! A run of re-encryption whose checkpoints lie on a disk that dies at each of its calls, and loses what was not synced.
#![expect(clippy::expect_used, clippy::unwrap_used, reason = "tests")]

use std::collections::BTreeMap;
use std::convert::Infallible;
use std::sync::Mutex;
use std::time::Duration;

use regionmig_core::Secret;
use regionmig_core::reencrypt::{
    Batch, Ciphertext, Decrypt, Decrypted, Encrypt, Encrypted, EncryptionContext, FileCheckpoints, ItemOptions, Put,
    Reencrypt, ReencryptError, Reencrypted, RunError, RunOptions, Sink, Summary,
};
use regionmig_testkit::{DiskFault, Remains, SimulatedDisk};

const COUNT: u64 = 12;

/// How many calls of a disk are tried, at most.
const CALLS: u64 = 200;

const REMAINS: [Remains; 4] = [Remains::Kept, Remains::Dropped, Remains::Garbage, Remains::Chance];

/// Both ends: the old key is a 0 before the plaintext, the new one a 1.
struct Ends;

impl Decrypt for Ends {
    type Error = Infallible;

    async fn decrypt(&self, ciphertext: &Ciphertext) -> Result<Decrypted, Infallible> {
        tokio::task::yield_now().await;
        Ok(Decrypted::new(Secret::new(ciphertext.bytes[1..].to_vec()), None))
    }
}

impl Encrypt for Ends {
    type Error = Infallible;

    async fn encrypt(&self, plaintext: &Secret<Vec<u8>>, _: &EncryptionContext) -> Result<Encrypted, Infallible> {
        Ok(Encrypted::new([1].into_iter().chain(plaintext.expose().iter().copied()).collect(), None))
    }
}

/// What each place holds, and how often it was replaced.
struct Store(Mutex<BTreeMap<u64, (Vec<u8>, u32)>>);

impl Sink<u64> for Store {
    type Error = Infallible;

    async fn put(&self, key: &u64, former: &Ciphertext, new: &Reencrypted) -> Result<Put, Infallible> {
        let mut rows = self.0.lock().unwrap();
        let row = rows.get_mut(key).expect("a place");
        if row.0 != former.bytes {
            return Ok(Put::Superseded);
        }
        *row = (new.bytes.clone(), row.1 + 1);
        Ok(Put::Written)
    }

    async fn set_aside(&self, _: &u64, _: &Ciphertext, _: &ReencryptError) -> Result<(), Infallible> {
        Ok(())
    }
}

fn item(id: u64) -> Vec<u8> {
    [0].into_iter().chain(id.to_be_bytes()).collect()
}

async fn run(store: &Store, disk: &SimulatedDisk) -> Result<Summary, RunError> {
    let list = (0..COUNT).map(|id| (id, Ciphertext::new(item(id), EncryptionContext::new())));
    let options = RunOptions::default().items(ItemOptions::default().at_once(3)).checkpoint_every(Duration::ZERO);
    let checkpoints = FileCheckpoints::new_in(disk.clone(), "checkpoints");
    let (reencrypt, list) = (Reencrypt::new(Ends, Ends), Batch::new("list", list));
    reencrypt.run(&list, store, &checkpoints, &options).await
}

/// Runs on a disk with this fault, and again after what it did; nothing, if it did nothing.
async fn dies(fault: DiskFault) -> Option<(usize, usize)> {
    let store = Store(Mutex::new((0..COUNT).map(|id| (id, (item(id), 0))).collect()));
    let disk = SimulatedDisk::new();
    disk.fault(fault);
    // One that dies before it knows where to go on has begun nothing.
    if run(&store, &disk).await.is_ok_and(|summary| summary.is_complete()) {
        return None;
    }
    let disk = disk.reboot();
    let summary = run(&store, &disk).await.expect("a checkpoint that can be read, or none");
    assert!(summary.is_complete(), "{summary}");
    assert_eq!(summary.checkpoint.written + summary.checkpoint.superseded, COUNT, "{summary}");
    let rows = store.0.lock().unwrap();
    let doubled = rows.values().filter(|(_, replaced)| *replaced > 1).count();
    let lost = rows.values().filter(|(bytes, replaced)| bytes[0] != 1 || *replaced == 0).count();
    Some((doubled, lost))
}

#[tokio::test]
async fn a_run_whose_machine_dies_at_any_call_of_the_disk_ends_with_each_item_once() {
    let (mut deaths, mut resumed, mut all_doubled, mut all_lost) = (0, 0, 0, 0);
    for remains in REMAINS {
        let faults: [&dyn Fn(u64) -> DiskFault; 5] = [
            &|n| DiskFault::crash_before(None).leaving(remains).nth(n),
            &|n| DiskFault::crash_after(None).leaving(remains).nth(n),
            &|n| DiskFault::crash_inside(7).leaving(remains).nth(n),
            &|n| DiskFault::failing(None).nth(n),
            &|n| DiskFault::full(None).nth(n),
        ];
        for fault in faults {
            let mut n = 1;
            while let Some((doubled, lost)) = dies(fault(n)).await {
                deaths += 1;
                resumed += u32::from(doubled + lost == 0);
                all_doubled += doubled;
                all_lost += lost;
                n += 1;
                assert!(n < CALLS, "it ends");
            }
            assert!(n > 8, "{n}");
        }
    }
    println!(
        "shown: kill_reencrypt {resumed}/{deaths} resumed, {all_doubled} doubled, {all_lost} lost (the machine died)"
    );
    assert_eq!((resumed, all_doubled, all_lost), (deaths, 0, 0));
}
