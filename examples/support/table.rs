//! Rows with a ciphertext in them: JSON lines, or CSV if the file's name ends so.

use std::fs::{File, OpenOptions};
use std::io::{BufRead, BufReader, BufWriter, Read, Seek, SeekFrom, Write};
use std::path::Path;

use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use regionmig::BoxError;
use regionmig::reencrypt::EncryptionContext;
use serde_json::{Map, Value};

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
    cells: Map<String, Value>,
}

/// Reads rows, one by one.
pub(crate) struct Reader {
    columns: Columns,
    number: u64,
    rows: Rows,
}

enum Rows {
    Csv(Box<csv::Reader<File>>, csv::StringRecord),
    Json(BufReader<File>),
}

/// Writes rows, behind those that are there already.
pub(crate) struct Writer {
    out: BufWriter<File>,
    csv: Option<csv::StringRecord>,
    is_empty: bool,
    count: u64,
}

pub(crate) fn encoded(bytes: &[u8]) -> String {
    BASE64_STANDARD.encode(bytes)
}

fn is_csv(path: &Path) -> bool {
    path.extension().is_some_and(|extension| extension.eq_ignore_ascii_case("csv"))
}

impl Reader {
    /// Opens a table behind so many of its rows.
    pub(crate) fn open(path: &Path, columns: Columns, skip: u64) -> Result<Self, BoxError> {
        let file = File::open(path)?;
        let rows = if is_csv(path) {
            let mut reader = csv::Reader::from_reader(file);
            let heads = reader.headers()?.clone();
            if !heads.iter().any(|head| head == columns.ciphertext) {
                return Err(format!("{} has no column {}", path.display(), columns.ciphertext).into());
            }
            Rows::Csv(Box::new(reader), heads)
        } else {
            Rows::Json(BufReader::new(file))
        };
        let mut reader = Self { columns, number: 0, rows };
        for _ in 0..skip {
            reader.cells();
        }
        Ok(reader)
    }

    /// Reads the next row; what is none is told in its place.
    fn cells(&mut self) -> Option<Result<Map<String, Value>, String>> {
        self.number += 1;
        match &mut self.rows {
            Rows::Csv(reader, heads) => {
                let record = reader.records().next()?;
                let cell = |(head, cell): (&str, &str)| (head.to_owned(), cell.into());
                Some(
                    record
                        .map(|record| heads.iter().zip(&record).map(cell).collect())
                        .map_err(|error| error.to_string()),
                )
            }
            Rows::Json(lines) => {
                let mut line = String::new();
                match lines.read_line(&mut line) {
                    Ok(0) => None,
                    Ok(_) => Some(serde_json::from_str(&line).map_err(|error| error.to_string())),
                    Err(error) => Some(Err(error.to_string())),
                }
            }
        }
    }
}

impl Iterator for Reader {
    type Item = Row;

    fn next(&mut self) -> Option<Row> {
        let (cells, mut error) = match self.cells()? {
            Ok(cells) => (cells, None),
            Err(error) => (Map::new(), Some(format!("it is no row: {error}"))),
        };
        let column = self.columns.ciphertext.clone();
        let text = cells.get(&column).and_then(Value::as_str);
        let ciphertext = text.ok_or_else(|| format!("it has no text in {column}"));
        let ciphertext = ciphertext
            .and_then(|text| BASE64_STANDARD.decode(text).map_err(|error| format!("{column} is not base64: {error}")));
        let ciphertext = ciphertext.unwrap_or_else(|why| {
            error.get_or_insert(why);
            Vec::new()
        });
        let mut context = self.columns.pairs.clone();
        for (name, value) in cells.get("context").and_then(Value::as_object).into_iter().flatten() {
            context.insert(name, value.as_str().unwrap_or_default());
        }
        for name in &self.columns.context {
            let cell = cells.get(name).map(|cell| cell.as_str().map_or_else(|| cell.to_string(), str::to_owned));
            context.insert(name, cell.unwrap_or_default());
        }
        Some(Row { number: self.number, ciphertext, context, error, column, cells })
    }
}

impl Writer {
    /// Opens the new table, and says how many rows an earlier run has left in it. One that it did not finish is cut off.
    pub(crate) fn open(path: &Path, source: &Path) -> Result<(Self, u64), BoxError> {
        let mut file = OpenOptions::new().create(true).truncate(false).read(true).write(true).open(path)?;
        let (count, whole, csv) = if is_csv(path) {
            let mut heads = csv::Reader::from_path(source)?.headers()?.clone();
            heads.push_field(ERROR);
            let (count, whole) = whole_records(&file)?;
            (count, whole, Some(heads))
        } else {
            let (count, whole) = whole_lines(&file)?;
            (count, whole, None)
        };
        file.set_len(whole)?;
        file.seek(SeekFrom::End(0))?;
        Ok((Self { out: BufWriter::new(file), csv, is_empty: whole == 0, count }, count))
    }

    /// Writes a row, with the new ciphertext, or with the reason why there is none.
    pub(crate) fn write(&mut self, row: Row, result: Result<Vec<u8>, String>) -> Result<(), BoxError> {
        let mut cells = row.cells;
        match result {
            Ok(bytes) => cells.insert(row.column, encoded(&bytes).into()),
            Err(error) => cells.insert(ERROR.to_owned(), error.into()),
        };
        match &self.csv {
            Some(heads) => {
                let mut line = csv::Writer::from_writer(&mut self.out);
                if self.is_empty {
                    line.write_record(heads)?;
                }
                line.write_record(
                    heads.iter().map(|head| cells.get(head).and_then(Value::as_str).unwrap_or_default()),
                )?;
                line.flush()?;
            }
            None => {
                serde_json::to_writer(&mut self.out, &cells)?;
                self.out.write_all(b"\n")?;
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

/// Counts the lines that have an end, and the bytes they take.
fn whole_lines(file: &File) -> Result<(u64, u64), BoxError> {
    let (mut count, mut at, mut whole) = (0, 0, 0);
    for byte in BufReader::new(file).bytes() {
        at += 1;
        if byte? == b'\n' {
            (count, whole) = (count + 1, at);
        }
    }
    Ok((count, whole))
}

/// Counts the records below the heads that have an end, and the bytes they take.
fn whole_records(file: &File) -> Result<(u64, u64), BoxError> {
    let length = file.metadata()?.len();
    let mut reader = csv::Reader::from_reader(file);
    let mut whole = if reader.headers().is_ok_and(|heads| !heads.is_empty()) { reader.position().byte() } else { 0 };
    let mut count = 0;
    let mut record = csv::StringRecord::new();
    while reader.read_record(&mut record).unwrap_or(false) {
        let end = reader.position().byte();
        // The last one has an end only if the file goes on behind it, be it by an end of line.
        if end < length || ends_with_line(file, length)? {
            (count, whole) = (count + 1, end);
        }
    }
    Ok((count, whole))
}

fn ends_with_line(mut file: &File, length: u64) -> Result<bool, BoxError> {
    let mut last = [0];
    file.seek(SeekFrom::Start(length.saturating_sub(1)))?;
    file.read_exact(&mut last)?;
    Ok(last == *b"\n")
}
