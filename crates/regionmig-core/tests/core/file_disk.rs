//! The machine's own files.

use std::fs;
use std::io::ErrorKind;

use regionmig_core::{Disk, Storage};

#[test]
fn what_can_have_no_second_name_is_renamed_unless_the_name_is_taken() {
    let folder = tempfile::tempdir().unwrap();
    let path = |name: &str| folder.path().join(name);
    // No folder can have a second name, wherever it lies; on some file systems no file can.
    fs::create_dir(path("new")).unwrap();
    Disk.publish(&path("new"), &path("own")).unwrap();
    assert!(path("own").is_dir() && !path("new").exists());
    fs::create_dir(path("new")).unwrap();
    assert_eq!(Disk.publish(&path("new"), &path("own")).unwrap_err().kind(), ErrorKind::AlreadyExists);
    assert!(path("own").is_dir() && path("new").is_dir());
}
