//! Checkpoints in a folder.

use std::fs;
use std::os::unix::fs::PermissionsExt;

use async_trait::async_trait;
use regionmig_core::reencrypt::{
    CheckpointError, Checkpoints, FileCheckpoints, ItemOptions, MemoryCheckpoints, Position, RunOptions,
};
use regionmig_core::{AccountId, Caller, CallerError, End, IdMap, Route, RunContext, StepContext, StepId, chain};

use crate::lab::{Lab, millis};
use crate::store::Store;

/// Makes a folder in which one partition is done.
async fn saved(folder: &std::path::Path) -> FileCheckpoints {
    let checkpoints = FileCheckpoints::new(folder.join("deep/checkpoints"));
    let lab = Lab::new(|_, _| Ok(millis(0)));
    let store = Store::new(10);
    let options = RunOptions::default().items(ItemOptions::default().at_once(1)).checkpoint_every(millis(0));
    let summary = lab.reencrypt().run(&store.batch(), &store, &checkpoints, &options).await.unwrap();
    assert!(summary.is_complete());
    checkpoints
}

#[tokio::test]
async fn what_was_saved_is_there_alone_and_its_owners() {
    let folder = tempfile::tempdir().unwrap();
    let own = saved(folder.path()).await;
    let again = FileCheckpoints::new(folder.path().join("deep/checkpoints"));
    let checkpoint = again.load("batch").await.unwrap().unwrap();
    assert_eq!((checkpoint.position, checkpoint.written, checkpoint.set_aside), (Some(Position::from(10)), 9, 1));
    assert!(checkpoint.is_complete);
    assert_eq!(again.load("bat").await.unwrap(), None);
    let file = own.file("batch");
    assert_eq!(fs::read_dir(file.parent().unwrap()).unwrap().count(), 1);
    assert_eq!(fs::metadata(&file).unwrap().permissions().mode() & 0o777, 0o600);
    // What the next versions must read.
    let text = fs::read_to_string(&file).unwrap();
    let (first, content) = text.split_once('\n').unwrap();
    assert!(first.starts_with("{\"regionmig\":\"reencrypt-checkpoint\",\"format\":1,\"sum\":\""), "{first}");
    assert_eq!(
        content,
        "{\"partition\":\"batch\",\"checkpoint\":{\"position\":\"10\",\"written\":9,\"superseded\":0,\"set_aside\":1,\
         \"is_complete\":true}}\n"
    );
}

#[tokio::test]
async fn a_torn_or_edited_one_is_refused_by_name_and_never_the_beginning() {
    let folder = tempfile::tempdir().unwrap();
    let checkpoints = saved(folder.path()).await;
    let file = checkpoints.file("batch");
    let whole = fs::read(&file).unwrap();
    let flipped = (0..whole.len()).map(|place| {
        let mut bytes = whole.clone();
        bytes[place] ^= 1;
        bytes
    });
    let torn = (0..whole.len()).map(|length| whole[..length].to_vec());
    let longer = [whole.iter().copied().chain(*b"{}\n").collect(), vec![b'x'; 2 << 20]];
    for bytes in flipped.chain(torn).chain(longer) {
        fs::write(&file, &bytes).unwrap();
        let error = checkpoints.load("batch").await.unwrap_err();
        let error = error.downcast_ref::<CheckpointError>().unwrap();
        assert!(matches!(error, CheckpointError::Damaged { .. } | CheckpointError::NewerFormat { .. }), "{error}");
        assert!(error.to_string().contains(file.to_str().unwrap()), "{error}");
    }
    fs::write(&file, "").unwrap();
    let text = chain(checkpoints.load("batch").await.unwrap_err().as_ref());
    assert!(
        text.ends_with(
            "of partition `batch` is damaged: remove it, and the partition is begun anew; what was done stays done"
        ),
        "{text}"
    );
    fs::write(&file, &whole).unwrap();
    assert!(checkpoints.load("batch").await.unwrap().is_some());
}

#[tokio::test]
async fn one_that_cannot_be_looked_at_is_not_absent() {
    let folder = tempfile::tempdir().unwrap();
    let checkpoints = FileCheckpoints::new(folder.path().join("a file/checkpoints"));
    assert_eq!(checkpoints.load("batch").await.unwrap(), None);
    fs::write(folder.path().join("a file"), "").unwrap();
    let error = checkpoints.load("batch").await.unwrap_err();
    assert!(matches!(error.downcast_ref(), Some(CheckpointError::Io { .. })), "{error}");
}

#[tokio::test]
async fn that_of_another_partition_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let checkpoints = saved(folder.path()).await;
    fs::copy(checkpoints.file("batch"), checkpoints.file("other")).unwrap();
    assert!(checkpoints.load("other").await.unwrap_err().to_string().contains("damaged"));
}

#[tokio::test]
async fn one_of_a_later_format_and_one_that_others_can_write_are_refused() {
    let folder = tempfile::tempdir().unwrap();
    let checkpoints = saved(folder.path()).await;
    let file = checkpoints.file("batch");
    let whole = fs::read_to_string(&file).unwrap();
    fs::write(&file, whole.replacen("\"format\":1,", "\"format\":2,\"new\":true,", 1)).unwrap();
    let text = checkpoints.load("batch").await.unwrap_err().to_string();
    assert!(text.contains("is of format 2, this version reads 1: use the version that wrote it"), "{text}");
    fs::write(&file, &whole).unwrap();
    fs::set_permissions(&file, fs::Permissions::from_mode(0o620)).unwrap();
    let text = checkpoints.load("batch").await.unwrap_err().to_string();
    assert!(text.contains("others than its owner can write"), "{text}");
}

#[tokio::test]
async fn no_name_of_a_partition_leads_out_of_the_folder() {
    let folder = tempfile::tempdir().unwrap();
    let checkpoints = FileCheckpoints::new(folder.path().join("own"));
    let memory = MemoryCheckpoints::default();
    let checkpoint = saved(folder.path()).await.load("batch").await.unwrap().unwrap();
    for name in ["../out", "/etc/passwd", "", ".", "\u{1b}[31m\n"] {
        checkpoints.save(name, &checkpoint).await.unwrap();
        memory.save(name, &checkpoint).await.unwrap();
        assert_eq!(checkpoints.load(name).await.unwrap(), memory.load(name).await.unwrap());
    }
    assert_eq!(fs::read_dir(folder.path().join("own")).unwrap().count(), 5);
}

#[derive(Clone, Debug)]
struct Seat;

#[async_trait]
impl Caller for Seat {
    async fn account(&self, end: &End) -> Result<AccountId, CallerError> {
        Ok(end.account.clone())
    }
}

#[tokio::test]
async fn a_step_of_a_plan_keeps_each_of_its_partitions_in_the_journal() {
    let folder = tempfile::tempdir().unwrap();
    let checkpoint = saved(folder.path()).await.load("batch").await.unwrap().unwrap();
    let end = |region: &str| format!("111122223333/{region}").parse::<End>().unwrap();
    let run = RunContext::new(Route::new(end("me-central-1"), end("eu-central-1")).unwrap(), &Seat);
    let id = "blobs/reencrypt/fake.table:users".parse::<StepId>().unwrap();
    let step = StepContext::detached(&run, &id, IdMap::default());
    let checkpoints: &dyn Checkpoints = &step;
    assert_eq!(checkpoints.load("one").await.unwrap(), None);
    checkpoints.save("one", &checkpoint).await.unwrap();
    checkpoints.save("two", &Default::default()).await.unwrap();
    assert_eq!(checkpoints.load("one").await.unwrap(), Some(checkpoint));
    assert_eq!(checkpoints.load("two").await.unwrap(), Some(Default::default()));
}
