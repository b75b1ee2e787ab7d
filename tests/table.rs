//! The tables of `examples/reencrypt_blobs.rs`: what is not re-encrypted stays as it is, and a torn end is cut off.

#![expect(clippy::unwrap_used, reason = "tests")]

#[path = "../examples/support/table.rs"]
mod table;

use std::fs;
use std::path::PathBuf;

use regionmig::reencrypt::EncryptionContext;
use table::{Columns, Reader, Writer, encoded};

fn columns() -> Columns {
    let pairs = EncryptionContext::from([("table", "users")]);
    Columns { ciphertext: "secret".to_owned(), context: vec!["id".to_owned()], pairs }
}

/// Carries a table over, with `new` for each ciphertext, and stops before row `until`. Returns how many rows were there, how many of them
/// had failed, and the new table.
fn carried(name: &str, source: &str, earlier: &str, until: u64) -> (u64, u64, String) {
    let folder = tempfile::tempdir().unwrap();
    let path = |file: &str| -> PathBuf { folder.path().join(format!("{file}.{name}")) };
    fs::write(path("old"), source).unwrap();
    fs::write(path("new"), earlier).unwrap();
    let (mut writer, left) = Writer::open(&path("new"), &path("old")).unwrap();
    for row in Reader::open(&path("old"), columns(), left.rows).unwrap() {
        let row = row.unwrap();
        if row.number >= until {
            break;
        }
        if row.error.is_none() {
            assert_eq!(row.context.get("table"), Some("users"));
            assert_eq!(row.context.get("id"), Some(row.number.to_string().as_str()));
        }
        let result = row.error.clone().map_or_else(|| Ok([b"new ", row.ciphertext.as_slice()].concat()), Err);
        writer.write(row, result).unwrap();
    }
    writer.close().unwrap();
    (left.rows, left.failed, fs::read_to_string(path("new")).unwrap())
}

#[test]
fn a_line_keeps_all_but_its_ciphertext() {
    let old = encoded(b"one");
    let source = format!(
        "{{\"id\":\"1\",\"large\":123456789012345678901234567890,\"rate\":0.1000000000000000055,\"secret\":\"{old}\"}}\nno row\n\
         {{\"context\":{{\"x\":1}},\"id\":\"3\",\"secret\":\"{old}\"}}\n{{\"secret\":\"{old}\"}}\n"
    );
    let (_, _, new) = carried("jsonl", &source, "", u64::MAX);
    let lines: Vec<&str> = new.lines().collect();
    assert_eq!(lines[0], source.lines().next().unwrap().replace(&old, &encoded(b"new one")));
    assert_eq!(lines[1], "no row");
    assert!(lines[2].contains(&old) && lines[2].contains("its context is no object of texts"), "{}", lines[2]);
    assert!(lines[3].contains("it has no text in id"), "{}", lines[3]);
    // Whoever comes later is told of those that failed.
    assert_eq!(carried("jsonl", &source, &new, u64::MAX), (4, 3, new.clone()));
}

#[test]
fn wherever_a_run_dies_the_next_one_goes_on_there() {
    let old = encoded(b"one");
    let lines = format!(
        "{{\"id\":\"1\",\"secret\":\"{old}\"}}\n{{\"id\":\"2\",\"secret\":\"?\"}}\n{{\"id\":\"3\",\"secret\":\"{old}\"}}\n"
    );
    let records = format!("id,note,secret\n1,\"two\nlines, \"\"quoted\"\"\",{old}\n2,short\n3,,{old}\n");
    for (name, source) in [("jsonl", &lines), ("csv", &records)] {
        let whole = carried(name, source, "", u64::MAX).2;
        assert_eq!(whole.matches(&encoded(b"new one")).count(), 2, "{whole}");
        for torn in 0..=whole.len() {
            let Some(earlier) = whole.get(..torn) else { continue };
            assert_eq!(carried(name, source, earlier, u64::MAX).2, whole, "{name} torn at {torn}: {earlier}");
        }
        for until in 1..4 {
            let earlier = carried(name, source, "", until).2;
            assert_eq!(carried(name, source, &earlier, u64::MAX).2, whole, "{name} until {until}");
        }
    }
}

#[test]
fn what_cannot_be_read_or_would_be_overwritten_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("rows.csv");
    fs::write(&path, "id,secret\n1,YQ==\n").unwrap();
    assert!(Writer::open(&path, &path).err().unwrap().to_string().contains("cannot go where the old ones are"));
    let other = folder.path().join("other.csv");
    fs::write(&other, "name\nann\n").unwrap();
    assert!(Writer::open(&other, &path).err().unwrap().to_string().contains("other columns"));
    assert!(Reader::open(&other, columns(), 0).err().unwrap().to_string().contains("must have one column"));
    // A folder opens, and cannot be read: that is told once, and ends it.
    let rows: Vec<_> = Reader::open(folder.path(), columns(), 0).unwrap().collect();
    assert!(rows.len() == 1 && rows[0].is_err());
}
