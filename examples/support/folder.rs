//! The files of a folder.

use std::path::{Path, PathBuf};

use regionmig::BoxError;

/// Returns all files of a folder and its folders, named from there on, in order.
pub(crate) fn files(folder: &Path) -> Result<Vec<PathBuf>, BoxError> {
    let mut found = Vec::new();
    let mut folders = vec![folder.to_owned()];
    while let Some(next) = folders.pop() {
        for entry in std::fs::read_dir(next)? {
            let path = entry?.path();
            match path.is_dir() {
                true => folders.push(path),
                false => found.push(path.strip_prefix(folder)?.to_owned()),
            }
        }
    }
    found.sort();
    Ok(found)
}
