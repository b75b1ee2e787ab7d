//! What is in a folder of Encryption SDK messages: who can open each, and whether that is possible in a region. No key is needed.
//!
//!     cargo run --example inspect                                   # on messages that it makes
//!     cargo run --example inspect -- FOLDER [--region eu-central-1]
//!
//! Exit codes: 0 all can be opened in that region; 3 some cannot, or are no messages; 1 an error; 2 not understood.
// REQ: KMS-16

#![expect(clippy::print_stderr, clippy::print_stdout, reason = "an example talks to people")]

#[path = "support/folder.rs"]
mod folder;
#[expect(dead_code, reason = "no context is given here")]
#[path = "support/keys.rs"]
mod keys;

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::process::ExitCode;

use folder::files;
use keys::Keys;
use regionmig::reencrypt::EncryptionContext;
use regionmig::reencrypt::message::{self, Header, Limits, MessageOptions, RawAesKeyring, Readable, Suite};
use regionmig::{BoxError, Region, Secret, chain};
use tokio::fs::File;

#[tokio::main(flavor = "current_thread")]
async fn main() -> ExitCode {
    keys::run(&["--region"], &[], report).await
}

async fn report(keys: Keys) -> Result<ExitCode, BoxError> {
    let (folder, is_made) = match keys.words.free.first() {
        Some(folder) => (PathBuf::from(folder), false),
        None if keys.is_world => (sample(&keys).await?, true),
        None => return Err("name the folder".into()),
    };
    let region: Region = keys.words.one("--region").unwrap_or("eu-central-1").parse()?;
    let mut counts: BTreeMap<&str, usize> = BTreeMap::new();
    for file in files(&folder)? {
        let name = file.display();
        match message::inspect(File::open(folder.join(&file)).await?, &Limits::default()).await {
            Ok(header) => {
                let readable = says(header.readable_in(&region));
                *counts.entry(readable).or_default() += 1;
                println!("{name}: {readable}");
                describe(&header);
            }
            Err(error) => {
                *counts.entry("no message").or_default() += 1;
                println!("{name}: no message: {}", chain(&error));
            }
        }
    }
    println!("\nin {region}:");
    counts.iter().for_each(|(what, count)| println!("  {count} {what}"));
    if is_made {
        std::fs::remove_dir_all(&folder)?;
    }
    let is_all = counts.keys().all(|what| *what == says(Readable::Yes));
    Ok(ExitCode::from(if is_all { 0 } else { 3 }))
}

fn says(readable: Readable) -> &'static str {
    match readable {
        Readable::Yes => "can be opened",
        Readable::WithReplica => "can be opened if its multi-Region key has a replica there",
        Readable::Elsewise => "can be opened by whoever has its key, which is not named as one of KMS",
        _ => "cannot be opened",
    }
}

fn describe(header: &Header) {
    let frames = header.frame_length().map_or_else(|| "not framed".to_owned(), |length| format!("frames of {length}"));
    let suite = header.suite();
    let signed = if suite.is_signed() { ", signed" } else { "" };
    let committing = if suite.is_committing() { "" } else { ", does not commit to its key" };
    println!("  suite {suite}{signed}{committing}; {frames}");
    for (name, value) in header.context().iter().filter(|(name, _)| !name.starts_with("aws-crypto-")) {
        println!("  context {name:?} = {value:?}");
    }
    for data_key in header.data_keys() {
        match data_key.key() {
            Some(key) => println!("  key {key}"),
            None => println!(
                "  key {:?} of {:?}",
                String::from_utf8_lossy(&data_key.info[..data_key.info.len().min(12)]),
                data_key.provider
            ),
        }
    }
}

/// Makes messages of each kind.
async fn sample(keys: &Keys) -> Result<PathBuf, BoxError> {
    let folder = keys::scratch("inspect")?;
    let text = Secret::new(b"made up".to_vec());
    let context = EncryptionContext::from([("purpose", "backup")]);
    let (old, new) = (keys.kms.esdk(&keys.old), keys.kms.esdk(&keys.new));
    let both = new.clone().and(&keys.old);
    let raw = RawAesKeyring::new("our-safe", "master-key-7", &Secret::new(vec![7; 32]))?;
    let default = MessageOptions::new();
    let former = default.clone().with_suite(Suite::Aes256Derived).with_frame_length(65_536);
    let put = |name: &str, bytes: Vec<u8>| std::fs::write(folder.join(name), bytes);
    put("both-regions.enc", message::encrypt(&text, &context, &both, &default).await?)?;
    put("new.enc", message::encrypt(&text, &context, &new, &default).await?)?;
    put("notes.txt", b"no message at all".to_vec())?;
    put("old.enc", message::encrypt(&text, &context, &old, &former).await?)?;
    put("ours.enc", message::encrypt(&text, &EncryptionContext::new(), &raw, &default).await?)?;
    Ok(folder)
}
