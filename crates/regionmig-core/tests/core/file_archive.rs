//! The archive in a folder.

use std::fs;

use regionmig_core::{Archive, FileArchive, chain};

#[tokio::test]
async fn a_part_stored_again_takes_the_place_of_the_first_and_nothing_else_is_left() {
    let folder = tempfile::tempdir().unwrap();
    let own = folder.path().join("deep/archive");
    let archive = FileArchive::new(&own);
    assert_eq!(archive.get("users", 0).await.unwrap(), None);
    archive.put("users", 0, b"one".to_vec()).await.unwrap();
    archive.put("users", 1, Vec::new()).await.unwrap();
    archive.put("users", 0, b"two\nlines".to_vec()).await.unwrap();
    let again = FileArchive::new(&own);
    assert_eq!(again.get("users", 0).await.unwrap(), Some(b"two\nlines".to_vec()));
    assert_eq!(again.get("users", 1).await.unwrap(), Some(Vec::new()));
    assert_eq!(again.get("user", 0).await.unwrap(), None);
    assert_eq!(fs::read_dir(&own).unwrap().count(), 2);
}

#[tokio::test]
async fn no_name_leads_out_of_the_folder() {
    let folder = tempfile::tempdir().unwrap();
    let own = folder.path().join("archive");
    let archive = FileArchive::new(&own);
    let names = ["../out", "/etc/passwd", "a/b", "", ".", "\u{1b}[31m\n", "\u{202e}x"];
    for name in names {
        archive.put(name, 0, name.as_bytes().to_vec()).await.unwrap();
    }
    for name in names {
        assert_eq!(archive.get(name, 0).await.unwrap(), Some(name.as_bytes().to_vec()));
    }
    assert_eq!(fs::read_dir(&own).unwrap().count(), names.len());
    assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1);
}

#[tokio::test]
async fn a_damaged_part_is_an_error_and_never_what_it_was_not() {
    let folder = tempfile::tempdir().unwrap();
    let archive = FileArchive::new(folder.path());
    archive.put("users", 3, b"ann,7".to_vec()).await.unwrap();
    let file = fs::read_dir(folder.path()).unwrap().next().unwrap().unwrap().path();
    let whole = fs::read(&file).unwrap();
    for place in 0..whole.len() {
        let mut bytes = whole.clone();
        bytes[place] ^= 1;
        fs::write(&file, bytes).unwrap();
        let error = archive.get("users", 3).await.unwrap_err();
        assert!(chain(&*error).contains("part 3 of `users`"), "{place}: {}", chain(&*error));
    }
    fs::write(&file, &whole[..whole.len() - 1]).unwrap();
    assert!(archive.get("users", 3).await.is_err());
    fs::write(&file, "").unwrap();
    assert!(archive.get("users", 3).await.is_err());
}

#[tokio::test]
async fn what_an_earlier_process_of_this_number_left_is_in_nobodys_way() {
    let folder = tempfile::tempdir().unwrap();
    FileArchive::new(folder.path()).put("users", 0, b"one".to_vec()).await.unwrap();
    let part = fs::read_dir(folder.path()).unwrap().next().unwrap().unwrap().path();
    let left = format!("{}.{}-0.new", part.display(), std::process::id());
    fs::write(&left, "half a pa").unwrap();
    let archive = FileArchive::new(folder.path());
    archive.put("users", 0, b"two".to_vec()).await.unwrap();
    assert_eq!(archive.get("users", 0).await.unwrap(), Some(b"two".to_vec()));
    assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1);
}

#[tokio::test]
async fn what_cannot_be_read_or_stored_is_told_as_it_is() {
    let folder = tempfile::tempdir().unwrap();
    let archive = FileArchive::new(folder.path());
    archive.put("users", 0, b"one".to_vec()).await.unwrap();
    let part = fs::read_dir(folder.path()).unwrap().next().unwrap().unwrap().path();
    fs::remove_file(&part).unwrap();
    fs::create_dir(&part).unwrap();
    let unread = chain(&*archive.get("users", 0).await.unwrap_err());
    assert!(unread.contains("could not be read") && unread.contains("no plain file"), "{unread}");
    // Its folder is a file by now.
    fs::remove_dir(&part).unwrap();
    fs::write(&part, "").unwrap();
    let unstored = chain(&*FileArchive::new(&part).put("users", 0, vec![1]).await.unwrap_err());
    assert!(unstored.contains("could not be stored"), "{unstored}");
}

#[cfg(unix)]
#[tokio::test]
async fn folder_and_files_are_their_owners_alone() {
    use std::os::unix::fs::PermissionsExt;
    let folder = tempfile::tempdir().unwrap();
    let own = folder.path().join("archive");
    FileArchive::new(&own).put("users", 0, vec![1]).await.unwrap();
    let mode = |path: &std::path::Path| fs::metadata(path).unwrap().permissions().mode() & 0o777;
    assert_eq!(mode(&own), 0o700);
    assert_eq!(mode(&fs::read_dir(&own).unwrap().next().unwrap().unwrap().path()), 0o600);
}
