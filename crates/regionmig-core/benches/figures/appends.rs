//! Appends to a journal in a file, alone and together.

use std::path::PathBuf;
use std::sync::atomic::{AtomicU32, Ordering};

use futures::StreamExt;
use futures::stream::FuturesUnordered;
use regionmig_core::{Entry, FileJournal, Journal, MigrationPlan, Record};

use crate::inputs::{Case, runtime};

/// A plan to keep journals of, in a folder beside what is built: there a sync is one, in a temporary folder perhaps not.
#[derive(Debug)]
pub(crate) struct Appends {
    folder: PathBuf,
    plan: MigrationPlan,
    journals: AtomicU32,
}

impl Appends {
    pub(crate) fn new() -> Self {
        let case = Case::new(1);
        let folder = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join(format!("figures-{}", std::process::id()));
        std::fs::create_dir_all(&folder).unwrap();
        Self { folder, plan: case.migration.plan(&case.survey).unwrap(), journals: AtomicU32::default() }
    }

    /// Appends so many records to a new journal, so many at once.
    pub(crate) fn add(&self, records: u32, at_once: usize) {
        let path = self.folder.join(self.journals.fetch_add(1, Ordering::Relaxed).to_string());
        let step = self.plan.steps().next().unwrap().id.clone();
        let record = Record::new(self.plan.surveyed_at(), step, Entry::Checkpoint("so far".into()));
        runtime().block_on(async {
            let journal = FileJournal::create(&path, &self.plan).await.unwrap();
            let (mut left, mut running) = (records, FuturesUnordered::new());
            while left > 0 || !running.is_empty() {
                while left > 0 && running.len() < at_once {
                    left -= 1;
                    running.push(journal.append(&record));
                }
                running.next().await.unwrap().unwrap();
            }
        });
    }
}

impl Drop for Appends {
    fn drop(&mut self) {
        let _left_behind = std::fs::remove_dir_all(&self.folder);
    }
}
