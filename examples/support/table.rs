//! Rows with a ciphertext in them: JSON lines, or CSV if the file's name ends so. What is not re-encrypted stays as it is written.

use std::collections::BTreeMap;
use std::fs::{File, OpenOptions};
use std::io::{BufRead, BufReader, BufWriter, Read, Seek, SeekFrom, Write};
use std::path::Path;

use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use regionmig::BoxError;
use regionmig::reencrypt::EncryptionContext;
use serde_json::value::RawValue;

/// The column that says why a row failed.
const ERROR: &str = "error";

/// Where a row has what.
pub(crate) struct Columns {
    pub(crate) ciphertext: String,
    /// Columns that are part of the encryption context.
    pub(crate) context: Vec<String>,
    /// What is part of every row's.
    pub(crate) pairs: EncryptionContext,
}

/// A row, taken apart.
pub(crate) struct Row {
    /// From 1.
    pub(crate) number: u64,
    pub(crate) ciphertext: Vec<u8>,
    pub(crate) context: EncryptionContext,
    /// Why there is nothing to be re-encrypted in it.
    pub(crate) error: Option<String>,
    column: String,
    cells: Cells,
}

/// What a row is made of, as it was written.
enum Cells {
    Csv(csv::StringRecord),
    Json(BTreeMap<String, Box<RawValue>>),
    /// A line that is no row.
    Line(String),
}

/// Reads rows, one by one. A file that cannot be read ends them, with the reason.
pub(crate) struct Reader {
    columns: Columns,
    number: u64,
    rows: Rows,
}

enum Rows {
    Csv(Box<csv::Reader<File>>, csv::StringRecord),
    Json(BufReader<File>),
    /// Nothing more can be read.
    Over,
}

/// Writes rows, behind those that are there already.
pub(crate) struct Writer {
    out: BufWriter<File>,
    /// Of CSV, the columns, the last of which is for errors.
    heads: Option<csv::StringRecord>,
    is_empty: bool,
    count: u64,
}

/// What an earlier run has left.
pub(crate) struct Left {
    pub(crate) rows: u64,
    /// Those of them that failed.
    pub(crate) failed: u64,
}

pub(crate) fn encoded(bytes: &[u8]) -> String {
    BASE64_STANDARD.encode(bytes)
}

fn is_csv(path: &Path) -> bool {
    path.extension().is_some_and(|extension| extension.eq_ignore_ascii_case("csv"))
}

/// Reads CSV whose rows may be of any length: one of a wrong length is a row that fails, not the end.
fn csv_reader<R: Read>(source: R) -> csv::Reader<R> {
    csv::ReaderBuilder::new().flexible(true).from_reader(source)
}

impl Reader {
    /// Opens a table behind so many of its rows.
    pub(crate) fn open(path: &Path, columns: Columns, skip: u64) -> Result<Self, BoxError> {
        let file = File::open(path)?;
        let rows = if is_csv(path) {
            let mut reader = csv_reader(file);
            let heads = reader.headers()?.clone();
            for column in columns.context.iter().chain([&columns.ciphertext]) {
                if heads.iter().filter(|head| head == column).count() != 1 {
                    return Err(format!("{} must have one column {column}", path.display()).into());
                }
            }
            Rows::Csv(Box::new(reader), heads)
        } else {
            Rows::Json(BufReader::new(file))
        };
        let mut reader = Self { columns, number: 0, rows };
        for _ in 0..skip {
            reader.cells().transpose()?;
        }
        Ok(reader)
    }

    /// Reads the next row.
    fn cells(&mut self) -> Option<Result<Cells, BoxError>> {
        self.number += 1;
        let read = match &mut self.rows {
            Rows::Csv(reader, _) => reader.records().next()?.map(Cells::Csv).map_err(BoxError::from),
            Rows::Json(lines) => {
                let mut line = String::new();
                match lines.read_line(&mut line) {
                    Ok(0) => return None,
                    Ok(_) => Ok(serde_json::from_str(&line).map_or(Cells::Line(line), Cells::Json)),
                    Err(error) => Err(error.into()),
                }
            }
            Rows::Over => return None,
        };
        if read.is_err() {
            self.rows = Rows::Over;
        }
        Some(read)
    }

    /// Finds what is to be re-encrypted in a row.
    fn item(&self, cells: &Cells) -> Result<(Vec<u8>, EncryptionContext), String> {
        let text = |name: &str| match (cells, &self.rows) {
            (Cells::Csv(record), Rows::Csv(_, heads)) => {
                let place = heads.iter().position(|head| head == name);
                place.and_then(|place| record.get(place)).map(str::to_owned)
            }
            (Cells::Json(members), _) => members.get(name).and_then(|value| text_of(value)),
            _ => None,
        };
        match (cells, &self.rows) {
            (Cells::Line(_), _) => return Err("it is no JSON object".to_owned()),
            (Cells::Csv(record), Rows::Csv(_, heads)) if record.len() != heads.len() => {
                return Err(format!("it has {} columns, and there are {}", record.len(), heads.len()));
            }
            _ => {}
        }
        let column = &self.columns.ciphertext;
        let ciphertext = text(column).ok_or_else(|| format!("it has no text in {column}"))?;
        let ciphertext =
            BASE64_STANDARD.decode(ciphertext).map_err(|error| format!("{column} is not base64: {error}"))?;
        let mut context = self.columns.pairs.clone();
        if let Cells::Json(members) = cells
            && let Some(pairs) = members.get("context")
        {
            let pairs: BTreeMap<String, String> = serde_json::from_str(pairs.get())
                .map_err(|error| format!("its context is no object of texts: {error}"))?;
            pairs.into_iter().for_each(|(name, value)| drop(context.insert(name, value)));
        }
        for name in &self.columns.context {
            context.insert(name, text(name).ok_or_else(|| format!("it has no text in {name}"))?);
        }
        Ok((ciphertext, context))
    }
}

impl Iterator for Reader {
    type Item = Result<Row, BoxError>;

    fn next(&mut self) -> Option<Self::Item> {
        let cells = match self.cells()? {
            Ok(cells) => cells,
            Err(error) => return Some(Err(error)),
        };
        let (ciphertext, context, error) = match self.item(&cells) {
            Ok((ciphertext, context)) => (ciphertext, context, None),
            Err(error) => (Vec::new(), EncryptionContext::new(), Some(error)),
        };
        let column = self.columns.ciphertext.clone();
        Some(Ok(Row { number: self.number, ciphertext, context, error, column, cells }))
    }
}

fn text_of(value: &RawValue) -> Option<String> {
    serde_json::from_str(value.get()).ok()
}

fn raw(text: &str) -> Result<Box<RawValue>, BoxError> {
    Ok(serde_json::value::to_raw_value(text)?)
}

impl Writer {
    /// Opens the new table, and says what an earlier run has left in it. A row that it did not finish is cut off.
    pub(crate) fn open(path: &Path, source: &Path) -> Result<(Self, Left), BoxError> {
        let mut file = OpenOptions::new().create(true).truncate(false).read(true).write(true).open(path)?;
        if path.canonicalize()? == source.canonicalize()? {
            return Err("the new rows cannot go where the old ones are".into());
        }
        let whole = whole(&file)?;
        file.set_len(whole)?;
        file.seek(SeekFrom::Start(0))?;
        let (heads, left) = if is_csv(path) {
            let mut heads = csv_reader(File::open(source)?).headers()?.clone();
            if heads.iter().any(|head| head == ERROR) {
                return Err(format!("a column {ERROR} is for the rows that fail: give it another name").into());
            }
            heads.push_field(ERROR);
            let left = csv_left(&file, &heads)?;
            (Some(heads), left)
        } else {
            (None, json_left(&file)?)
        };
        file.seek(SeekFrom::End(0))?;
        let writer = Self { out: BufWriter::new(file), heads, is_empty: whole == 0, count: left.rows };
        Ok((writer, left))
    }

    /// Writes a row, with the new ciphertext, or with the reason why there is none.
    pub(crate) fn write(&mut self, row: Row, result: Result<Vec<u8>, String>) -> Result<(), BoxError> {
        match (row.cells, &self.heads) {
            (Cells::Csv(record), Some(heads)) => {
                let mut line = csv::WriterBuilder::new().flexible(true).from_writer(&mut self.out);
                if self.is_empty {
                    line.write_record(heads)?;
                }
                let (new, error) = match result {
                    Ok(bytes) => (Some(encoded(&bytes)), String::new()),
                    Err(error) => (None, error),
                };
                let cells = record.iter().zip(heads.iter().map(Some).chain(std::iter::repeat(None)));
                let cells = cells.map(|(cell, head)| match &new {
                    Some(new) if head == Some(&row.column) => new,
                    _ => cell,
                });
                line.write_record(cells.chain([error.as_str()]))?;
                line.flush()?;
            }
            (Cells::Json(mut members), _) => {
                match result {
                    Ok(bytes) => {
                        members.insert(row.column, raw(&encoded(&bytes))?);
                        members.remove(ERROR);
                    }
                    Err(error) => drop(members.insert(ERROR.to_owned(), raw(&error)?)),
                }
                serde_json::to_writer(&mut self.out, &members)?;
                self.out.write_all(b"\n")?;
            }
            (Cells::Line(line), _) => {
                self.out.write_all(line.trim_end_matches('\n').as_bytes())?;
                self.out.write_all(b"\n")?;
            }
            (Cells::Csv(_), None) => {
                return Err("rows of CSV go into CSV: give the new file a name that ends so".into());
            }
        }
        self.is_empty = false;
        self.count += 1;
        Ok(())
    }

    /// Returns how many rows there are, all of them on the disk.
    pub(crate) fn close(mut self) -> Result<u64, BoxError> {
        self.out.flush()?;
        self.out.get_ref().sync_all()?;
        Ok(self.count)
    }
}

/// Returns how many bytes the lines take that have an end. In CSV, a line does not end within quotes.
fn whole(file: &File) -> Result<u64, BoxError> {
    let (mut at, mut whole, mut is_quoted) = (0, 0, false);
    for byte in BufReader::new(file).bytes() {
        at += 1;
        match byte? {
            b'"' => is_quoted = !is_quoted,
            b'\n' if !is_quoted => whole = at,
            _ => {}
        }
    }
    Ok(whole)
}

fn json_left(file: &File) -> Result<Left, BoxError> {
    let mut left = Left { rows: 0, failed: 0 };
    for line in BufReader::new(file).lines() {
        let members = serde_json::from_str::<BTreeMap<String, &RawValue>>(&line?).map(|row| row.contains_key(ERROR));
        left.rows += 1;
        left.failed += u64::from(members.unwrap_or(true));
    }
    Ok(left)
}

fn csv_left(file: &File, heads: &csv::StringRecord) -> Result<Left, BoxError> {
    let mut left = Left { rows: 0, failed: 0 };
    let mut reader = csv_reader(file);
    let found = reader.headers()?;
    if !found.is_empty() && found != heads {
        return Err("the new file has other columns than an earlier run would have left: give another name".into());
    }
    for record in reader.records() {
        left.rows += 1;
        left.failed += u64::from(record?.iter().next_back().is_some_and(|error| !error.is_empty()));
    }
    Ok(left)
}
