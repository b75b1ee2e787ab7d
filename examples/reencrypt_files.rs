//! A folder of Encryption SDK messages, re-encrypted into another: as the Encryption SDK's command line would decrypt and encrypt them,
//! but without a plaintext on the disk, and many at once.
//!
//!     cargo run --example reencrypt_files                                  # on messages that it makes
//!     cargo run --example reencrypt_files --features live -- FROM-FOLDER TO-FOLDER --live --profile ops --from KEY --to KEY \
//!         [--and KEY] [--context NAME=VALUE] [--frame-length BYTES] [--compare] [--accept-net-4.0.0] [--at-once 16]
//!
//! `--and KEY` keeps a further key that can open the new messages, such as the old one during a transition. `--context` names pairs that
//! the messages do not store, or that they must have. A file that is there already is left as it is; run it again to go on. Nothing has its
//! final name before it is whole and its signature was checked.
//!
//! Exit codes: 0 all done; 3 some were refused; 1 an error; 2 not understood.
// REQ: KMS-17, KMS-18, KMS-19, KMS-20

#![expect(clippy::print_stderr, clippy::print_stdout, reason = "an example talks to people")]

#[path = "support/folder.rs"]
mod folder;
#[path = "support/keys.rs"]
mod keys;

use std::path::{Path, PathBuf};
use std::process::ExitCode;

use folder::files;
use futures::StreamExt;
use indicatif::{ProgressBar, ProgressStyle};
use keys::Keys;
use regionmig::kms::KmsKeyring;
use regionmig::reencrypt::message::{self, MessageOptions, Suite};
use regionmig::reencrypt::{EncryptionContext, FileOutput, OutputError, Reencrypt, ReencryptError, Through};
use regionmig::{BoxError, Secret, chain};
use tokio::fs::File;

const OPTIONS: [&str; 4] = ["--and", "--at-once", "--context", "--frame-length"];

/// On several threads, spawn a task for each message: they share nothing.
#[tokio::main(flavor = "current_thread")]
async fn main() -> ExitCode {
    keys::run(&OPTIONS, &["--accept-net-4.0.0", "--compare"], carry_over).await
}

async fn carry_over(keys: Keys) -> Result<ExitCode, BoxError> {
    let (source, target) = match keys.words.free.as_slice() {
        [source, target] => (PathBuf::from(source), PathBuf::from(target)),
        _ if keys.is_world => sample(&keys).await?,
        _ => return Err("name two folders: where the messages are, and where the new ones go".into()),
    };
    let mut new = keys.kms.esdk(&keys.new);
    for key in keys.words.all("--and") {
        new = new.and(&key.parse()?);
    }
    let reencrypt = Reencrypt::new(keys.kms.esdk(&keys.old), new);
    let options = options(&keys)?;
    let at_once = keys.words.one("--at-once").unwrap_or("16").parse::<usize>()?.max(1);
    let names = files(&source)?;
    let bar = bar(names.len());
    let each = names.into_iter().map(|name| {
        let (from, to) = (source.join(&name), target.join(&name));
        let (reencrypt, options, bar) = (&reencrypt, &options, &bar);
        async move {
            let ended = file(reencrypt, &from, &to, options).await;
            bar.inc(1);
            (name, ended)
        }
    });
    // As many as are at once are also read ahead, in the order of their names, so that the report is in that order.
    let ended: Vec<_> = futures::stream::iter(each).buffered(at_once).collect().await;
    bar.finish_and_clear();
    let mut refused = 0;
    for (name, ended) in &ended {
        refused += usize::from(ended.is_err());
        match ended {
            Ok(done) => println!("{}: {done}", name.display()),
            Err(error) => println!("{}: not done: {}", name.display(), chain(&**error)),
        }
    }
    println!("\n{} messages, {refused} not done", ended.len());
    if keys.is_world {
        println!("opened again under the new key: {}", again(&keys, &target, &options).await?);
        std::fs::remove_dir_all(source.parent().unwrap_or(&source))?;
    }
    Ok(ExitCode::from(if refused == 0 { 0 } else { 3 }))
}

fn options(keys: &Keys) -> Result<MessageOptions, BoxError> {
    let mut options = MessageOptions::new().with_context(keys.words.context()?);
    if let Some(length) = keys.words.one("--frame-length") {
        options = options.with_frame_length(length.parse()?);
    }
    if keys.words.has("--compare") {
        options = options.comparing();
    }
    if keys.words.has("--accept-net-4.0.0") {
        options = options.accepting_net_4_0_0();
    }
    Ok(options)
}

async fn file(
    reencrypt: &Reencrypt<Through<KmsKeyring, KmsKeyring>>,
    from: &Path,
    to: &Path,
    options: &MessageOptions,
) -> Result<String, BoxError> {
    if let Some(folder) = to.parent() {
        std::fs::create_dir_all(folder)?;
    }
    let output = match FileOutput::create(to).await {
        Ok(output) => output,
        Err(OutputError::Exists { .. }) => return Ok("is there already".to_owned()),
        Err(error) => return Err(error.into()),
    };
    let message = reencrypt.message_with(File::open(from).await?, output, options).await?;
    let (before, after) = (message.source.suite(), message.suite);
    Ok(format!("{} bytes, suite {before} became {after}", message.bytes))
}

/// Opens all that was written, and counts it.
async fn again(keys: &Keys, target: &Path, options: &MessageOptions) -> Result<usize, BoxError> {
    let keyring = keys.kms.esdk(&keys.new);
    let mut opened = 0;
    for name in files(target)? {
        let found = message::decrypt(File::open(target.join(name)).await?, &keyring, options, 1 << 20).await?;
        opened += usize::from(found.plaintext.expose().starts_with(b"made up"));
    }
    Ok(opened)
}

/// On the terminal only, beside what the program prints.
fn bar(count: usize) -> ProgressBar {
    let style = ProgressStyle::with_template("{bar:40} {pos}/{len} messages, {per_sec}, {eta} left");
    let bar = ProgressBar::new(count as u64);
    bar.set_style(style.unwrap_or_else(|_| ProgressStyle::default_bar()));
    bar
}

/// Makes two folders, and messages in the first: of several suites, and some that are none.
async fn sample(keys: &Keys) -> Result<(PathBuf, PathBuf), BoxError> {
    let folder = keys::scratch("files")?;
    let (source, target) = (folder.join("old"), folder.join("new"));
    std::fs::create_dir_all(source.join("2024"))?;
    std::fs::create_dir_all(&target)?;
    let keyring = keys.kms.esdk(&keys.old);
    let message = async |length: usize, suite: Suite| -> Result<Vec<u8>, ReencryptError> {
        let text = Secret::new(b"made up ".iter().copied().cycle().take(length).collect());
        let context = EncryptionContext::from([("purpose", "backup")]);
        message::encrypt(&text, &context, &keyring, &MessageOptions::new().with_suite(suite)).await
    };
    std::fs::write(source.join("2024/letters.enc"), message(300_000, Suite::Aes256Signed).await?)?;
    std::fs::write(source.join("2024/photo.enc"), message(70_000, Suite::Aes256Derived).await?)?;
    std::fs::write(source.join("short.enc"), message(12, Suite::CommittingSigned).await?)?;
    let mut changed = message(5000, Suite::CommittingSigned).await?;
    let last = changed.len() - 1;
    changed[last] ^= 1;
    std::fs::write(source.join("changed.enc"), changed)?;
    std::fs::write(source.join("notes.txt"), b"no message at all")?;
    Ok((source, target))
}
