//! Where the records are.

use std::path::PathBuf;

use serde_json::{Map, Value};

/// Reads a file of records: from where `REGIONMIG_TESTDATA` says, else from beside the workspace; `None` if it is not there.
#[expect(clippy::disallowed_methods, reason = "a test finds its data by the environment")]
pub(crate) fn read(file: &str, adapt: impl Fn(String) -> String) -> Option<Map<String, Value>> {
    let beside = || PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../../shared/testdata");
    let root = std::env::var_os("REGIONMIG_TESTDATA").map_or_else(beside, PathBuf::from);
    let text = std::fs::read_to_string(root.join("aws-recorded").join(file)).ok()?;
    Some(serde_json::from_str(&adapt(text)).unwrap())
}
