//! The ninth of the programs that a user should be able to write, as far as it is about a stream: with a store that writes on a condition.

use std::collections::BTreeMap;
use std::sync::Mutex;

use futures::{StreamExt, TryStreamExt, stream};
use regionmig_core::reencrypt::{Ciphertext, Decrypt, Decrypted, Encrypt, Encrypted, EncryptionContext, Reencrypt};
use regionmig_core::{BoxError, ErrorKind, KeyArn, Secret, chain};
use tokio::sync::mpsc::{self, Receiver};

use crate::lab::{Old, Told, foreign, id_of, old};

type Row = (u64, Vec<u8>, EncryptionContext);

async fn rows(kms: &Kms, old: &KeyArn, new: &KeyArn, rows: Receiver<Row>, store: &Store) -> Result<(), BoxError> {
    let reencrypt = Reencrypt::new(kms.decryptor(old), kms.encryptor(new));
    let rows = stream::unfold(rows, async |mut rows| rows.recv().await.map(|row| (row, rows)));
    let items = rows.map(|(id, bytes, context)| ((id, bytes.clone()), Ciphertext::new(bytes, context)));
    let done = reencrypt.items(items, 64).map(Ok::<_, BoxError>); // as they get done: the key says which it is
    done.try_for_each_concurrent(64, async |((id, old), result)| match result {
        Ok(new) => store.replace_if(id, &old, &new.bytes).await, // nothing replaced: somebody else did it
        Err(error) if error.kind() == ErrorKind::Invalid => store.set_aside(id, &chain(&error)).await,
        Err(error) => Err(error.into()),
    })
    .await
}

struct Kms;

impl Kms {
    fn decryptor(&self, key: &KeyArn) -> Ends {
        Ends(key.clone())
    }

    fn encryptor(&self, key: &KeyArn) -> Ends {
        Ends(key.clone())
    }
}

struct Ends(KeyArn);

impl Decrypt for Ends {
    type Error = Told;

    async fn decrypt(&self, ciphertext: &Ciphertext) -> Result<Decrypted, Told> {
        Old.decrypt(ciphertext).await
    }
}

impl Encrypt for Ends {
    type Error = Told;

    async fn encrypt(&self, plaintext: &Secret<Vec<u8>>, _: &EncryptionContext) -> Result<Encrypted, Told> {
        let bytes = [b'n'; 9].into_iter().chain(plaintext.expose().iter().map(|byte| byte ^ 0xaa));
        Ok(Encrypted::new(bytes.collect(), Some(self.0.clone())))
    }
}

#[derive(Default)]
struct Store {
    rows: Mutex<BTreeMap<u64, Vec<u8>>>,
    aside: Mutex<BTreeMap<u64, String>>,
}

impl Store {
    async fn replace_if(&self, id: u64, former: &[u8], new: &[u8]) -> Result<(), BoxError> {
        if let Some(bytes) = self.rows.lock().unwrap().get_mut(&id)
            && bytes == former
        {
            *bytes = new.to_vec();
        }
        Ok(())
    }

    async fn set_aside(&self, id: u64, why: &str) -> Result<(), BoxError> {
        self.aside.lock().unwrap().insert(id, why.to_owned());
        Ok(())
    }
}

#[tokio::test]
async fn a_stream_goes_into_a_store_with_conditional_writes() {
    let key = |region: &str| {
        format!("arn:aws:kms:{region}:111122223333:key/1234abcd-12ab-34cd-56ef-1234567890ab").parse::<KeyArn>().unwrap()
    };
    let (source, target) = (key("me-central-1"), key("eu-central-1"));
    let store = Store::default();
    let (sender, receiver) = mpsc::channel(4);
    let give = async {
        for id in 0..200 {
            let item = if id % 50 == 7 { foreign(id) } else { old(id, 0) };
            store.rows.lock().unwrap().insert(id, item.bytes.clone());
            sender.send((id, item.bytes, EncryptionContext::from([("id", id.to_string())]))).await.unwrap();
        }
        drop(sender);
    };
    let (done, ()) = tokio::join!(rows(&Kms, &source, &target, receiver, &store), give);
    done.unwrap();
    let (rows, aside) = (store.rows.lock().unwrap(), store.aside.lock().unwrap());
    assert_eq!(rows.iter().filter(|(id, bytes)| bytes[0] == b'n' && id_of(bytes) == **id).count(), 196);
    assert_eq!(aside.keys().copied().collect::<Vec<_>>(), [7, 57, 107, 157]);
    assert_eq!(aside[&7], "decrypting failed: told to fail");
}
