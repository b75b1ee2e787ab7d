//! What every service of a migration found.
// REQ: GEN-1, E-20

use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;

use crate::digest::Digest;
use crate::erased::{Erased, Frame, StoredCapture, StoredSurvey, store, typed};
use crate::error::{BoxError, Error};
use crate::finding::Finding;
use crate::knowledge::Gap;
use crate::plan::PlanError;
use crate::route::{Route, Side};
use crate::service::Service;
use crate::survey::Survey;

const FORMAT: u32 = 1;

/// What each service of a migration found at both ends. To be stored, if need be before the day it
/// is needed.
#[derive(Clone)]
pub struct MigrationSurvey {
    stored: Stored,
    /// Who can read what was found; none, if it was read from bytes.
    readers: BTreeMap<String, Arc<dyn Erased>>,
}

#[derive(Clone, Debug, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
struct Stored {
    taken_at: Timestamp,
    frame: Frame,
    #[serde(default)]
    findings: Vec<Finding>,
    services: BTreeMap<String, StoredSurvey>,
}

#[derive(Deserialize, Serialize)]
struct File<'a> {
    format: u32,
    digest: Digest,
    #[serde(borrow)]
    survey: &'a RawValue,
}

/// Something that a survey could not read.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Unread<'a> {
    /// Which service wanted to know.
    pub service: &'a str,
    /// At which end.
    pub side: Side,
    /// What failed.
    pub gap: &'a Gap,
}

impl fmt::Display for Unread<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}, {}: {}", self.service, self.side, self.gap)
    }
}

impl MigrationSurvey {
    pub(super) fn new(
        taken_at: Timestamp,
        frame: Frame,
        findings: Vec<Finding>,
        readers: &BTreeMap<String, Arc<dyn Erased>>,
    ) -> Self {
        Self { stored: Stored { taken_at, frame, findings, services: BTreeMap::new() }, readers: readers.clone() }
    }

    /// Reads a stored survey, and checks its bytes against its digest.
    ///
    /// # Errors
    ///
    /// Fails if it was altered, is of another format, or says more than this version understands.
    pub fn from_bytes(bytes: &[u8]) -> Result<Self, Error> {
        let schema = |source: BoxError| Error::Schema { service: "core".to_owned(), what: "survey", source };
        let file: File<'_> = serde_json::from_slice(bytes).map_err(|error| schema(error.into()))?;
        if file.format != FORMAT {
            return Err(schema(format!("it has format {}, this version reads {FORMAT}", file.format).into()));
        }
        if Digest::of(file.survey.get()) != file.digest {
            return Err(schema("it was altered after it was taken".into()));
        }
        let stored = serde_json::from_str(file.survey.get()).map_err(|error| schema(error.into()))?;
        Ok(Self { stored, readers: BTreeMap::new() })
    }

    /// Takes over what an earlier survey knew of the source and this one does not know.
    ///
    /// The source only: what the target had then says nothing of what it has now, and an old
    /// "present" there would be a lost step. Each thing taken over is a finding of the plan, with
    /// its date.
    ///
    /// # Errors
    ///
    /// Fails if `earlier` is of another route, or cannot be read; or if this survey itself was read
    /// from bytes: [`resurvey`](crate::Migration::resurvey) it first.
    pub fn backfill_source(&mut self, earlier: &Self) -> Result<(), Error> {
        if earlier.route() != self.route() {
            let (expected, found) = (Box::new(self.route().clone()), Box::new(earlier.route().clone()));
            return Err(PlanError::Route { expected, found }.into());
        }
        for (name, own) in &mut self.stored.services {
            let Some(then) = earlier.stored.services.get(name) else { continue };
            let Some(reader) = self.readers.get(name) else {
                return Err(Error::MissingService { name: name.clone() });
            };
            reader.backfill(&mut own.source, &then.source)?;
        }
        Ok(())
    }

    /// Changes what `service` found, as a person who knows better does.
    ///
    /// # Errors
    ///
    /// Fails if `service` was not asked, or its part cannot be read.
    pub fn edit<S: Service>(&mut self, service: &S, edit: impl FnOnce(&mut Survey<S::Snapshot>)) -> Result<(), Error> {
        let mut survey = self.of(service)?;
        edit(&mut survey);
        let (source, target) = (store(service, &survey.source)?, store(service, &survey.target)?);
        self.insert(service.name(), StoredSurvey { source, target });
        Ok(())
    }

    /// Returns what `service` found, in its own types.
    ///
    /// # Errors
    ///
    /// Fails if it was not asked, or if the survey was stored by a version that says more than this
    /// one reads.
    pub fn of<S: Service>(&self, service: &S) -> Result<Survey<S::Snapshot>, Error> {
        let missing = || Error::MissingService { name: service.name().to_owned() };
        typed(service, self.frame(), self.stored.services.get(service.name()).ok_or_else(missing)?)
    }

    /// Returns everything that could not be read.
    pub fn unread(&self) -> impl Iterator<Item = Unread<'_>> {
        self.stored.services.iter().flat_map(|(service, found)| {
            let source = found.source.gaps.iter().map(|gap| (Side::Source, gap));
            let target = found.target.gaps.iter().map(|gap| (Side::Target, gap));
            source.chain(target).map(move |(side, gap)| Unread { service, side, gap })
        })
    }

    /// Returns whether everything could be read.
    pub fn is_whole(&self) -> bool {
        self.unread().next().is_none()
    }

    /// Returns when it was begun.
    pub fn taken_at(&self) -> Timestamp {
        self.stored.taken_at
    }

    /// Returns from where to where.
    pub fn route(&self) -> &Route {
        &self.stored.frame.route
    }

    /// Returns what is to be said of the target itself: that its region is not enabled.
    pub fn findings(&self) -> &[Finding] {
        &self.stored.findings
    }

    /// Returns the survey as JSON, to be stored.
    pub fn to_bytes(&self) -> Vec<u8> {
        // All of it was written before: what services found, and texts.
        let Ok(survey) = serde_json::value::to_raw_value(&self.stored) else { return Vec::new() };
        let file = File { format: FORMAT, digest: Digest::of(survey.get()), survey: &survey };
        serde_json::to_vec(&file).unwrap_or_default()
    }

    pub(super) fn frame(&self) -> &Frame {
        &self.stored.frame
    }

    pub(super) fn oldest(&self) -> Timestamp {
        let ends = self.stored.services.values().flat_map(|found| [found.source.at, found.target.at]);
        ends.min().unwrap_or(self.stored.taken_at)
    }

    pub(super) fn services(&self) -> impl Iterator<Item = (&str, &StoredSurvey)> {
        self.stored.services.iter().map(|(name, found)| (name.as_str(), found))
    }

    pub(super) fn insert(&mut self, name: &str, found: StoredSurvey) {
        self.stored.services.insert(name.to_owned(), found);
    }

    pub(super) fn attach(&mut self, readers: &BTreeMap<String, Arc<dyn Erased>>) {
        self.readers = readers.clone();
    }

    /// Returns the services and sides that could not be read whole.
    pub(super) fn with_gaps(&self) -> Vec<(String, Side)> {
        let sides =
            |found: &StoredSurvey| [(Side::Source, found.source.gaps.len()), (Side::Target, found.target.gaps.len())];
        let of = |(name, found): (&str, &StoredSurvey)| {
            let open = sides(found).into_iter().filter(|&(_, gaps)| gaps > 0);
            open.map(|(side, _)| (name.to_owned(), side)).collect::<Vec<_>>()
        };
        self.services().flat_map(of).collect()
    }

    pub(super) fn fill(
        &mut self,
        name: &str,
        side: Side,
        later: &StoredCapture,
        reader: &dyn Erased,
    ) -> Result<(), Error> {
        match (self.stored.services.get_mut(name), side) {
            (Some(own), Side::Source) => reader.fill(&mut own.source, later),
            (Some(own), Side::Target) => reader.fill(&mut own.target, later),
            (None, _) => Ok(()),
        }
    }

    pub(super) fn find(&mut self, findings: Vec<Finding>) {
        self.stored.findings = findings;
    }
}

impl fmt::Debug for MigrationSurvey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let services: Vec<&String> = self.stored.services.keys().collect();
        f.debug_struct("MigrationSurvey")
            .field("route", self.route())
            .field("services", &services)
            .finish_non_exhaustive()
    }
}
