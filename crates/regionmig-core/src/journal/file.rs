//! The journal in a file.
// REQ: E-14, E-38

use std::path::Path;
use std::sync::Arc;

use async_trait::async_trait;
use jiff::Timestamp;

use crate::finding::Finding;
use crate::journal::commit::Commit;
use crate::journal::line::{Body, Chain, Heading, RunLine};
use crate::journal::open::{self, Opened, piece};
use crate::journal::recover::recover;
use crate::journal::scan::Front;
use crate::journal::{FileJournalError, Header, Journal, JournalError, Record, Run};
use crate::plan::MigrationPlan;
use crate::storage::{self, Disk, Storage};
use crate::time::{Clock, SystemClock};

/// A journal in a file, together with the plan that it is the record of.
///
/// The file has a first line that says what it is, the plan's own bytes, and then one JSON object a line: who begins a run, and each
/// [`Record`]. Each line has its number, a checksum, and that of the line before. People can read it; programs use
/// [`JournalReader`](crate::JournalReader).
///
/// A record is safe, which is to say synced to the disk, when [`append`](Journal::append) returns; records that come together
/// share one write and one sync. What a crash left half written at the end is set aside in `NAME.torn` and told by
/// [`findings`](Self::findings); nobody relied on it. Any other damage is an error that names the record, and only
/// [`recover`](Self::recover) gets past it.
///
/// One handle at a time has the file, by a lock that ends with the process. It is made with mode 0600. It holds no secrets, but
/// names, ARNs and policies.
///
/// ```
/// # use regionmig_core::{AccountId, ApplyOptions, Caller, CallerError, End, FileJournal, Migration, Route};
/// # #[derive(Clone, Debug)]
/// # struct Me;
/// # #[async_trait::async_trait]
/// # impl Caller for Me {
/// #     async fn account(&self, end: &End) -> Result<AccountId, CallerError> { Ok(end.account.clone()) }
/// # }
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// # let route = Route::new("111122223333/me-central-1".parse()?, "111122223333/eu-central-1".parse()?)?;
/// # let migration = Migration::new(route, &Me);
/// # let folder = std::env::temp_dir().join(format!("regionmig-{}", std::process::id()));
/// # std::fs::create_dir_all(&folder)?;
/// # let path = folder.join("x.journal");
/// let (journal, plan) = match FileJournal::open(&path).await? {
///     Some(earlier) => earlier,
///     None => {
///         let plan = migration.plan(&migration.survey().await?)?;
///         (FileJournal::create(&path, &plan).await?, plan)
///     }
/// };
/// let outcome = migration.apply(&plan, &journal, &ApplyOptions::default()).await?;
/// # assert!(outcome.is_complete());
/// # std::fs::remove_dir_all(&folder)?;
/// # Ok(())
/// # }
/// ```
#[derive(Debug)]
pub struct FileJournal {
    path: Arc<Path>,
    may_block: bool,
    heading: Heading,
    /// What the first record goes on from, and where it stands.
    first: (Chain, u64),
    commit: Arc<Commit>,
    findings: Vec<Finding>,
}

impl FileJournal {
    /// Makes the journal of `plan`, and returns once both are safe. Nothing is at `path` until then.
    ///
    /// # Errors
    ///
    /// Fails if there is something at `path`, or if the file cannot be written.
    pub async fn create(path: impl AsRef<Path>, plan: &MigrationPlan) -> Result<Self, FileJournalError> {
        Self::create_in(Disk, path, plan).await
    }

    /// Makes the journal of `plan` in another storage than the machine's disk.
    ///
    /// # Errors
    ///
    /// As for [`create`](Self::create).
    pub async fn create_in(
        storage: impl Storage,
        path: impl AsRef<Path>,
        plan: &MigrationPlan,
    ) -> Result<Self, FileJournalError> {
        let plan = plan.clone();
        let (journal, _) = Self::opened(storage, path, move |storage, path| open::create(storage, path, &plan)).await?;
        Ok(journal)
    }

    /// Opens a journal, and returns it with its plan; none, if there is no such file.
    ///
    /// # Errors
    ///
    /// Fails if another handle has it, if others than the owner can write to it, if it cannot be read, is damaged, or was written by
    /// a later version. Nothing is changed then.
    pub async fn open(path: impl AsRef<Path>) -> Result<Option<(Self, MigrationPlan)>, FileJournalError> {
        Self::open_in(Disk, path).await
    }

    /// Opens a journal in another storage than the machine's disk.
    ///
    /// # Errors
    ///
    /// As for [`open`](Self::open).
    pub async fn open_in(
        storage: impl Storage,
        path: impl AsRef<Path>,
    ) -> Result<Option<(Self, MigrationPlan)>, FileJournalError> {
        match Self::opened(storage, path, open::open).await {
            Err(FileJournalError::Missing { .. }) => Ok(None),
            opened => opened.map(Some),
        }
    }

    /// Opens a journal that is damaged, and puts every step in doubt: each is looked for in the target, for as long as it may take
    /// to show, before anything is sent for it. What the whole records say was made by these runs stays known; steps that were
    /// being taken back, or have been, stay so. The damaged file is kept as `NAME.damaged`.
    ///
    /// A journal that is whole can be recovered, too: where it is an older copy, say.
    ///
    /// # Errors
    ///
    /// As for [`open`](Self::open), and if there is no such file, or the plan in it is damaged.
    pub async fn recover(path: impl AsRef<Path>) -> Result<(Self, MigrationPlan), FileJournalError> {
        Self::recover_in(Disk, path, SystemClock::default().wall_time()).await
    }

    /// Opens a damaged journal in another storage than the machine's disk, `at` some time.
    ///
    /// # Errors
    ///
    /// As for [`recover`](Self::recover).
    pub async fn recover_in(
        storage: impl Storage,
        path: impl AsRef<Path>,
        at: Timestamp,
    ) -> Result<(Self, MigrationPlan), FileJournalError> {
        Self::opened(storage, path, move |storage, path| recover(storage, path, at)).await
    }

    async fn opened<S: Storage>(
        storage: S,
        path: impl AsRef<Path>,
        open: impl FnOnce(&S, &Path) -> Result<Opened, FileJournalError> + Send + 'static,
    ) -> Result<(Self, MigrationPlan), FileJournalError> {
        let (path, may_block): (Arc<Path>, _) = (path.as_ref().into(), storage.may_block());
        let own = Arc::clone(&path);
        let Opened { file, front, chain, findings } = aside(may_block, &own, move || open(&storage, &path)).await?;
        let Front { heading, plan, chain: first, records_at } = front;
        let commit = Commit::new(file, chain, may_block);
        Ok((Self { path: own, may_block, heading, first: (first, records_at), commit, findings }, plan))
    }

    /// Returns where the journal is.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Returns what a person should know of the file: that its end was torn, that others can read it.
    pub fn findings(&self) -> &[Finding] {
        &self.findings
    }
}

#[async_trait]
impl Journal for FileJournal {
    async fn replay(&self, header: &Header, each: &mut (dyn FnMut(Record) + Send)) -> Result<(), JournalError> {
        let own = self.heading.header();
        if own != *header {
            let text = format!(
                "`{}` is about plan {} ({}), this is plan {} ({}): use the plan that the journal was opened with",
                self.path.display(),
                own.plan,
                own.route,
                header.plan,
                header.route
            );
            return Err(JournalError::new(text));
        }
        // In pieces, so that neither the file nor its records are in memory as a whole.
        let (mut chain, mut at) = self.first.clone();
        loop {
            let (commit, path) = (Arc::clone(&self.commit), Arc::clone(&self.path));
            let read = move || commit.with_file(|file| piece(&path, file, chain, at));
            let (records, next) = aside(self.may_block, &self.path, read).await?;
            records.into_iter().for_each(&mut *each);
            match next {
                Some(next) => (chain, at) = next,
                None => return Ok(()),
            }
        }
    }

    async fn append(&self, record: &Record) -> Result<(), JournalError> {
        self.commit.append(&Body::Step(record.clone())).await
    }

    async fn begin(&self, run: &Run) -> Result<(), JournalError> {
        let (process, version) = (std::process::id(), env!("CARGO_PKG_VERSION").to_owned());
        self.commit.append(&Body::Run(RunLine { run: run.clone(), process, version })).await
    }
}

/// Does what may block where nothing waits for it.
async fn aside<T: Send + 'static>(
    may_block: bool,
    path: &Path,
    act: impl FnOnce() -> Result<T, FileJournalError> + Send + 'static,
) -> Result<T, FileJournalError> {
    let broken_off = |source| FileJournalError::Io { path: path.to_owned(), attempted: "used to its end", source };
    storage::aside(may_block, act).await.map_err(broken_off)?
}
