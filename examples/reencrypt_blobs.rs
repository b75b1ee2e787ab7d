//! Ciphertexts of KMS in a table, each row re-encrypted: JSON lines, or a column of CSV, in and out.
//!
//!     cargo run --example reencrypt_blobs                              # on rows that it makes
//!     cargo run --example reencrypt_blobs --features live -- rows.jsonl new.jsonl --live --profile ops --from KEY --to KEY \
//!         [--column ciphertext] [--context NAME=VALUE] [--context-column NAME] [--at-once 64] [--compare] [--rehearse]
//!
//! The column holds base64. The encryption context of a row is what `--context` says, the columns that `--context-column` names, and, in
//! JSON, the object `context` of the row. Each row comes out with the new ciphertext in place of the old; one that fails keeps the old one
//! and says why in `error`; what is not about a row, such as expired credentials, ends the run. `--rehearse` asks KMS which rows would fail, and writes
//! nothing.
//!
//! Rows come out in the order in which they went in, so what is in the output says how far it got: killed and run again, it goes on there.
//!
//! Exit codes: 0 all done; 3 some rows failed; 1 an error; 2 not understood.
// REQ: KMS-8, KMS-9, KMS-20

#![expect(clippy::print_stderr, clippy::print_stdout, reason = "an example talks to people")]

#[path = "support/keys.rs"]
mod keys;
#[path = "support/table.rs"]
mod table;

use std::path::{Path, PathBuf};
use std::process::ExitCode;

use futures::{Stream, StreamExt};
use indicatif::{ProgressBar, ProgressStyle};
use keys::Keys;
use regionmig::reencrypt::{Ciphertext, Decrypt, Encrypt, EncryptionContext, Exchange, ItemOptions, Reencrypt};
use regionmig::{BoxError, ErrorKind, Secret, chain};
use table::{Columns, Reader, Row, Writer};

const OPTIONS: [&str; 4] = ["--at-once", "--column", "--context", "--context-column"];

#[tokio::main(flavor = "current_thread")]
async fn main() -> ExitCode {
    keys::run(&OPTIONS, &["--compare", "--rehearse"], carry_over).await
}

async fn carry_over(keys: Keys) -> Result<ExitCode, BoxError> {
    let (source, target) = match keys.words.free.as_slice() {
        [source, target] => (PathBuf::from(source), PathBuf::from(target)),
        _ if keys.is_world => sample(&keys).await?,
        _ => return Err("name two files: where the rows are, and where the new ones go".into()),
    };
    let reencrypt = Reencrypt::new(keys.kms.decryptor(&keys.old), keys.kms.encryptor(&keys.new));
    let code = match keys.words.has("--compare") {
        true => rows(&reencrypt.comparing(), &source, &target, &keys).await?,
        false => rows(&reencrypt, &source, &target, &keys).await?,
    };
    if keys.is_world {
        std::fs::remove_dir_all(source.parent().unwrap_or(&source))?;
    }
    Ok(code)
}

async fn rows<P: Exchange>(
    reencrypt: &Reencrypt<P>,
    source: &Path,
    target: &Path,
    keys: &Keys,
) -> Result<ExitCode, BoxError> {
    let columns = Columns {
        ciphertext: keys.words.one("--column").unwrap_or("ciphertext").to_owned(),
        context: keys.words.all("--context-column").to_vec(),
        pairs: keys.words.context()?,
    };
    let bar = bar();
    let shown = bar.clone();
    let options = ItemOptions::default()
        .at_once(keys.words.one("--at-once").unwrap_or("64").parse()?)
        .in_order()
        .observe(move |progress| shown.set_position(progress.done + progress.failed));
    let failed = match keys.words.has("--rehearse") {
        true => rehearse(reencrypt, Reader::open(source, columns, 0)?, &options).await?,
        false => {
            let (mut writer, left) = Writer::open(target, source)?;
            let ended = write(reencrypt, Reader::open(source, columns, left.rows)?, &options, &mut writer).await;
            // What is done stays, whatever ended it.
            let rows = writer.close()?;
            let failed = left.failed + ended?;
            println!("{rows} rows, {failed} failed, {} were there from an earlier run", left.rows);
            failed
        }
    };
    bar.finish_and_clear();
    if keys.is_world && !keys.words.has("--rehearse") {
        println!("opened again under the new key: {}", again(keys, target).await?);
    }
    Ok(ExitCode::from(if failed == 0 { 0 } else { 3 }))
}

/// Says which rows would fail, and how many.
async fn rehearse<P: Exchange>(
    reencrypt: &Reencrypt<P>,
    reader: Reader,
    options: &ItemOptions,
) -> Result<u64, BoxError> {
    let mut failed = 0;
    let mut ended = Box::pin(reencrypt.rehearse_items(items(reader), options));
    while let Some((row, result)) = ended.next().await {
        let row = row?;
        if let Some(error) = row.error.or_else(|| result.err().map(|error| chain(&error))) {
            failed += 1;
            println!("row {}: would fail: {error}", row.number);
        }
    }
    Ok(failed)
}

/// Writes each row, and says how many failed. What is not about a row ends it.
async fn write<P: Exchange>(
    reencrypt: &Reencrypt<P>,
    reader: Reader,
    options: &ItemOptions,
    writer: &mut Writer,
) -> Result<u64, BoxError> {
    let mut failed = 0;
    let mut ended = Box::pin(reencrypt.items_with(items(reader), options));
    while let Some((row, result)) = ended.next().await {
        let row = row?;
        // A row that holds no ciphertext says so; what KMS says of it then does not matter.
        let result = match (&row.error, result) {
            (Some(error), _) => Err(error.clone()),
            (None, Ok(new)) => Ok(new.bytes),
            (None, Err(error)) if matches!(error.kind(), ErrorKind::Invalid | ErrorKind::Unexpected) => {
                Err(chain(&error))
            }
            (None, Err(error)) => {
                return Err(format!("row {}, run it again to go on there: {}", row.number, chain(&error)).into());
            }
        };
        if let Err(error) = &result {
            failed += 1;
            println!("row {}: {error}", row.number);
        }
        writer.write(row, result)?;
    }
    Ok(failed)
}

/// Opens all that was written, and counts it.
async fn again(keys: &Keys, target: &Path) -> Result<usize, BoxError> {
    let columns = Columns { ciphertext: "ciphertext".to_owned(), context: Vec::new(), pairs: EncryptionContext::new() };
    let new = keys.kms.encryptor(&keys.new);
    let mut opened = 0;
    for row in Reader::open(target, columns, 0)? {
        let row = row?;
        opened += usize::from(new.decrypt(&Ciphertext::new(row.ciphertext, row.context)).await.is_ok());
    }
    Ok(opened)
}

/// Gives each row with its ciphertext; where the file cannot be read, the reason, and no more.
fn items(reader: Reader) -> impl Stream<Item = (Result<Row, BoxError>, Ciphertext)> + Send {
    futures::stream::iter(reader.map(|row| {
        let item = row.as_ref().map_or_else(
            |_| Ciphertext::new(Vec::new(), EncryptionContext::new()),
            |row| Ciphertext::new(row.ciphertext.clone(), row.context.clone()),
        );
        (row, item)
    }))
}

/// On the terminal only, beside what the program prints.
fn bar() -> ProgressBar {
    let style = ProgressStyle::with_template("{spinner} {pos} rows, {per_sec}");
    let bar = ProgressBar::new_spinner();
    bar.set_style(style.unwrap_or_else(|_| ProgressStyle::default_spinner()));
    bar
}

/// Makes a table of rows: most as they should be, one with another context than it was encrypted with, and one that is no base64.
async fn sample(keys: &Keys) -> Result<(PathBuf, PathBuf), BoxError> {
    let folder = keys::scratch("blobs")?;
    let old = keys.kms.encryptor(&keys.old);
    let mut lines = String::new();
    for number in 1..=40 {
        let context = EncryptionContext::from([("table", "users"), ("id", &number.to_string())]);
        let text = Secret::new(format!("user{number}@example.com").into_bytes());
        let encrypted = old.encrypt(&text, &context).await?;
        let said = if number == 17 { EncryptionContext::new() } else { context };
        let text = if number == 23 { "?".to_owned() } else { table::encoded(&encrypted.bytes) };
        let row = serde_json::json!({ "id": number, "ciphertext": text, "context": said });
        lines.push_str(&row.to_string());
        lines.push('\n');
    }
    let source = folder.join("rows.jsonl");
    std::fs::write(&source, lines)?;
    Ok((source, folder.join("new.jsonl")))
}
