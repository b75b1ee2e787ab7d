//! The official vectors: every message that can be opened without AWS is, byte by byte, and every wrong one is refused.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use regionmig_core::ErrorKind;
use regionmig_core::reencrypt::message::{self, Header, Keyrings, Limits, MessageError, MessageOptions, Readable};
use regionmig_core::reencrypt::{EncryptionContext, MemoryOutput, Output, Reencrypt, ReencryptError};
use serde_json::Value;

use crate::common::{file, folder, json, own, raw};

/// One message of a manifest, with what opens it.
pub(crate) struct Vector {
    pub(crate) name: String,
    pub(crate) message: Vec<u8>,
    pub(crate) plaintext: Vec<u8>,
    pub(crate) keyring: Option<Keyrings>,
    /// What need not be stored in it.
    pub(crate) context: EncryptionContext,
}

/// Reads all messages of a folder, of whichever of the three forms its manifest has.
pub(crate) fn vectors(folder: &Path) -> Vec<Vector> {
    let names = ["manifest.json", "decrypt-manifest.json", "decrypt_message.json"];
    let manifest = names.iter().map(|name| folder.join(name)).find(|path| path.is_file()).unwrap();
    let (manifest, keys) = (json(&manifest), json(&folder.join("keys.json")));
    let read = |(name, test): (&String, &Value)| {
        let scenario = if test["decryption-scenario"].is_null() { test } else { &test["decryption-scenario"] };
        let descriptions = match scenario["master-keys"].as_array() {
            Some(several) => several.clone(),
            None => vec![scenario["decryptKeyDescription"].clone()],
        };
        let mut keyrings = descriptions.iter().filter_map(|description| raw(&keys, description));
        let first = keyrings.next();
        let keyring = first.map(|first| keyrings.fold(first, Keyrings::and));
        let plaintext = [&scenario["result"]["output"]["plaintext"], &scenario["result"], &scenario["plaintext"]];
        let plaintext = plaintext.into_iter().find(|uri| uri.is_string()).unwrap();
        let pairs = [&scenario["encryption-context"], &scenario["reproduced-encryption-context"]];
        let pairs = pairs.iter().find_map(|pairs| pairs.as_object()).into_iter().flatten();
        Vector {
            name: name.clone(),
            message: file(folder, &scenario["ciphertext"]),
            plaintext: file(folder, plaintext),
            keyring,
            context: pairs.map(|(name, value)| (name, value.as_str().unwrap())).collect(),
        }
    };
    manifest["tests"].as_object().unwrap().iter().map(read).collect()
}

/// Every folder of messages, but those that a defective release wrote.
fn valid() -> Vec<PathBuf> {
    let Some(all) = folder(".") else { return Vec::new() };
    let mut folders: Vec<PathBuf> = std::fs::read_dir(all).unwrap().map(|entry| entry.unwrap().path()).collect();
    folders.retain(|path| path.join("keys.json").is_file() && !path.to_string_lossy().contains("invalid"));
    folders.sort();
    folders
}

/// An output that must not see a byte.
struct Nothing;
impl Output for Nothing {
    type Error = std::convert::Infallible;
    type Committed = ();
    async fn begin(&mut self) -> Result<(), Self::Error> {
        panic!("it began")
    }
    async fn write(&mut self, _: &[u8]) -> Result<(), Self::Error> {
        panic!("a byte was released")
    }
    async fn commit(self) -> Result<(), Self::Error> {
        panic!("it was committed")
    }
    async fn abort(self) -> Result<(), Self::Error> {
        Ok(())
    }
}

/// Re-encrypts a message to a key of our own, and opens the result.
async fn through(vector: &Vector, source: &Keyrings, options: &MessageOptions) -> Result<Vec<u8>, ReencryptError> {
    let reencrypt = Reencrypt::new(source.clone(), own("new", 9));
    let message = reencrypt.message_with(vector.message.as_slice(), MemoryOutput::new(), options).await?;
    let in_memory = reencrypt.message_from_slice(&vector.message, MemoryOutput::new(), options).await?;
    assert_eq!((message.bytes, in_memory.bytes), (vector.plaintext.len() as u64, message.bytes));
    assert_eq!(message.written, message.committed.len() as u64);
    assert!(message.suite.is_committing() && message.suite.is_signed() == message.source.suite().is_signed());
    let opened = message::decrypt(message.committed.as_slice(), &own("new", 9), options, 1 << 20).await?;
    let again = message::decrypt(in_memory.committed.as_slice(), &own("new", 9), options, 1 << 20).await?;
    assert!(again.plaintext.expose() == opened.plaintext.expose(), "{}", vector.name);
    assert_eq!(opened.header.frame_length(), message.source.frame_length().or(Some(4096)));
    Ok(opened.plaintext.expose().clone())
}

#[tokio::test]
async fn every_message_that_opens_offline_is_opened_and_carried_over() {
    let folders = valid();
    if folders.is_empty() {
        return println!("skipped: esdk_vectors");
    }
    let (mut opened, mut signed, mut withheld) = (0, 0, 0);
    for folder in &folders {
        for vector in vectors(folder) {
            let Some(keyring) = &vector.keyring else { continue };
            let options = MessageOptions::new().with_context(vector.context.clone()).comparing();
            let plaintext = through(&vector, keyring, &options).await;
            let plaintext =
                plaintext.unwrap_or_else(|error| panic!("{}: {}", vector.name, regionmig_core::chain(&error)));
            assert!(plaintext == vector.plaintext, "{}", vector.name);
            let header = Header::read(&vector.message, &Limits::default()).unwrap();
            signed += usize::from(header.suite().is_signed());
            opened += 1;
            if vector.context.iter().any(|(name, _)| header.context().get(name).is_none()) {
                let without = Reencrypt::new(keyring.clone(), own("new", 9));
                let refused = without.message(vector.message.as_slice(), Nothing).await.unwrap_err();
                assert_eq!(refused.kind(), ErrorKind::Invalid, "{}", vector.name);
                withheld += 1;
            }
        }
    }
    println!(
        "shown: esdk_vectors {opened}/{opened} messages opened and carried over byte by byte, {signed} of them signed; {withheld} refused without their context"
    );
    assert!(opened >= 163 && signed >= 57 && withheld >= 38, "{opened} {signed} {withheld}");
}

#[tokio::test]
async fn what_a_defective_release_wrote_is_named_and_releases_nothing() {
    let Some(folder) = folder("net-4.0.0-invalid") else { return println!("skipped: esdk_net_400") };
    let (mut refused, mut read) = (0, 0);
    for vector in vectors(&folder) {
        let keyring = vector.keyring.clone().unwrap();
        let options = MessageOptions::new().with_context(vector.context.clone());
        let reencrypt = Reencrypt::new(keyring.clone(), own("new", 9));
        let error = reencrypt.message_with(vector.message.as_slice(), Nothing, &options).await.unwrap_err();
        assert!(matches!(error, ReencryptError::Message(MessageError::WrittenByNet400)), "{}: {error:?}", vector.name);
        assert!(regionmig_core::chain(&error).contains("ESDK-NET 4.0.0 wrote it"));
        refused += 1;
        let accepting = options.accepting_net_4_0_0();
        read += usize::from(through(&vector, &keyring, &accepting).await.unwrap() == vector.plaintext);
    }
    println!(
        "shown: esdk_net_400 {refused}/{refused} named and refused without a byte; {read} read where that is asked for"
    );
    assert!(refused >= 28 && read == refused, "{refused} {read}");
}

#[test]
fn every_header_tells_its_keys_without_any() {
    let folders = valid();
    if folders.is_empty() {
        return println!("skipped: esdk_headers");
    }
    let (oregon, ireland) = ("us-west-2".parse().unwrap(), "eu-west-1".parse().unwrap());
    let mut wrapped = 0;
    let mut counts: BTreeMap<(String, Option<u32>), usize> = BTreeMap::new();
    let mut pairs: BTreeMap<usize, usize> = BTreeMap::new();
    let mut keys = BTreeSet::new();
    for folder in &folders {
        for vector in vectors(folder) {
            let header = Header::read(&vector.message, &Limits::default()).unwrap();
            if vector.keyring.is_some() {
                assert_eq!(header.readable_in(&ireland), Readable::Elsewise);
                continue;
            }
            wrapped += 1;
            keys.extend(header.keys().map(|key| key.to_string()));
            assert_eq!((header.readable_in(&oregon), header.readable_in(&ireland)), (Readable::Yes, Readable::No));
            if folder.ends_with("python-1.3.5-kms") {
                *counts.entry((header.suite().to_string(), header.frame_length())).or_default() += 1;
                *pairs.entry(header.context().len()).or_default() += 1;
                assert_eq!(header.data_keys().len(), 1);
            }
        }
    }
    println!("shown: esdk_headers {wrapped} headers of messages under KMS keys read, {keys:?}");
    assert!(wrapped >= 393);
    assert_eq!(keys.len(), 1, "{keys:?}");
    assert!(counts.len() == 9 * 5 && counts.values().all(|&count| count == 8), "{counts:?}");
    assert_eq!(pairs.values().sum::<usize>(), 360, "{pairs:?}");
    assert_eq!(pairs, BTreeMap::from([(0, 60), (1, 30), (2, 180), (3, 90)]));
}

#[tokio::test]
async fn a_changed_byte_of_an_official_message_is_refused() {
    let Some(folder) = folder("net-4.0.1") else { return println!("skipped: esdk_mutated") };
    let mut tried = 0;
    for vector in vectors(&folder).into_iter().filter(|vector| vector.keyring.is_some()).step_by(7) {
        let keyring = vector.keyring.clone().unwrap();
        let options = MessageOptions::new().with_context(vector.context.clone());
        for place in (0..vector.message.len()).step_by(211) {
            let mut message = vector.message.clone();
            message[place] ^= 0x40;
            let opened = message::decrypt(message.as_slice(), &keyring, &options, 1 << 20).await;
            assert!(opened.is_err(), "{}: byte {place}", vector.name);
            tried += 1;
        }
        for length in (0..vector.message.len()).step_by(509) {
            let cut = message::decrypt(&vector.message[..length], &keyring, &options, 1 << 20).await;
            assert!(cut.is_err(), "{}: cut at {length}", vector.name);
            tried += 1;
        }
    }
    println!("shown: esdk_mutated {tried} changed or cut, 0 opened");
    assert!(tried > 1000);
}
