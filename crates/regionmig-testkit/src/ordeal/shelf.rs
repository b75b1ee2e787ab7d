//! Where an operator keeps the journal: on a disk of their machine's.

use jiff::Timestamp;
use regionmig_core::{FileJournal, FileJournalError, Header, Journal, JournalError, MigrationPlan, Record};

use crate::disk::{DiskCall, DiskFault, SimulatedDisk};
use crate::ordeal::scenario::{Scenario, Trouble};

const NAME: &str = "ordeal.journal";

/// A disk, and copies of the journal as it was when each life began.
#[derive(Debug)]
pub(super) struct Shelf {
    disk: SimulatedDisk,
    copies: Vec<Option<Vec<u8>>>,
}

/// A journal that was opened, and what it holds.
pub(super) struct OpenedJournal {
    pub(super) journal: FileJournal,
    pub(super) records: Vec<Record>,
    /// Whether it was damaged, and has been recovered.
    pub(super) recovered: bool,
}

impl Shelf {
    pub(super) fn seeded(seed: u64) -> Self {
        Self { disk: SimulatedDisk::seeded(seed), copies: Vec::new() }
    }

    /// Returns the disk as the next process finds it, in which goes wrong what does in this life.
    pub(super) fn next(&mut self, scenario: &Scenario, of: u64) -> SimulatedDisk {
        self.disk = self.disk.reboot();
        self.copies.push(self.disk.content(NAME));
        for trouble in &scenario.troubles {
            match trouble {
                Trouble::DiskIsFull { life, nth } if *life == of => {
                    self.disk.fault(DiskFault::full(DiskCall::Append).from_nth(*nth));
                }
                Trouble::MachineDies { life, nth, written } if *life == of => self.disk.fault(match written {
                    Some(bytes) => DiskFault::crash_inside(*bytes).nth(*nth),
                    None => DiskFault::crash_after(None).nth(*nth),
                }),
                Trouble::SyncFails { life, nth } if *life == of => {
                    self.disk.fault(DiskFault::failing(DiskCall::Sync).nth(*nth));
                }
                _ => {}
            }
        }
        self.disk.clone()
    }

    /// Returns the disk as the next process finds it, in which nothing goes wrong.
    pub(super) fn mended(&mut self) -> SimulatedDisk {
        self.disk = self.disk.reboot();
        self.disk.clone()
    }

    /// Puts the journal back as it was when a life began, or away.
    pub(super) fn restore(&mut self, life: Option<u64>) {
        let copy = life.and_then(|life| self.copies.get(usize::try_from(life).ok()?).cloned().flatten());
        self.disk = self.disk.reboot();
        self.disk.put(NAME, copy);
    }
}

/// Opens the journal, recovers it if it is damaged, and makes it if there is none.
pub(super) async fn open(
    disk: &SimulatedDisk,
    plan: &MigrationPlan,
    at: Timestamp,
) -> Result<OpenedJournal, JournalError> {
    let opened = match FileJournal::open_in(disk.clone(), NAME).await {
        Ok(Some((journal, _))) => Ok((journal, false)),
        Ok(None) => FileJournal::create_in(disk.clone(), NAME, plan).await.map(|journal| (journal, false)),
        Err(FileJournalError::Damaged { .. }) => {
            FileJournal::recover_in(disk.clone(), NAME, at).await.map(|(journal, _)| (journal, true))
        }
        Err(error) => Err(error),
    };
    let (journal, recovered) = opened.map_err(JournalError::new)?;
    let mut records = Vec::new();
    journal.replay(&Header::new(plan), &mut |record| records.push(record)).await?;
    Ok(OpenedJournal { journal, records, recovered })
}
