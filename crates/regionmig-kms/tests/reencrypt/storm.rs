//! AWS refuses everything for a minute: no item fails, and it is not hammered.

use std::time::Duration;

use futures::{StreamExt, stream};
use regionmig_core::reencrypt::{Ciphertext, Reencrypt};
use regionmig_testkit::{Fault, World};

use crate::account::{context, encrypted, kms, opened, source, target};

#[tokio::test]
async fn a_storm_of_throttles_fails_no_item() {
    let world = World::new();
    let (old, new) = (world.kms_key(&source()), world.kms_key(&target()));
    let items: Vec<_> = (0..200_u8).map(|number| encrypted(&world, &old, &[number; 20], context())).collect();
    let (kms, clock) = (kms(&world), world.clock());
    let reencrypt = Reencrypt::new(kms.decryptor(&old), kms.encryptor(&new));
    world.fault(Fault::throttle("*").lasting(Duration::from_secs(60)));
    let one = async |item: &Ciphertext| {
        let mut tries = 0;
        loop {
            match reencrypt.item(item).await {
                Err(error) if error.kind().is_passing() && tries < 20 => {
                    tries += 1;
                    clock.sleep(Duration::from_secs(2)).await;
                }
                other => return other,
            }
        }
    };
    let began = clock.now();
    let done: Vec<_> = stream::iter(&items).map(one).buffered(32).collect().await;
    let failed = done.iter().filter(|item| item.is_err()).count();
    let (requests, seconds) = (world.ledger().count_requests("*"), clock.now().duration_since(began).as_secs());
    println!("shown: reencrypt_storm {} items, {failed} failed, {requests} requests, {seconds} s", items.len());
    assert_eq!(failed, 0);
    for (number, item) in done.into_iter().flatten().enumerate() {
        let held = opened(&world, &new, &Ciphertext::new(item.bytes, item.context));
        assert_eq!(held, [u8::try_from(number).expect("few"); 20]);
    }
    // Twice 200 are needed.
    assert!(requests < 600 && seconds >= 60, "{requests} requests");
}
