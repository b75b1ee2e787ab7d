//! All that is written or told anywhere, by where.

use std::collections::BTreeMap;
use std::fmt::{Debug, Write as _};
use std::path::Path;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};

use regionmig_core::{Outcome, chain};
use tracing::field::{Field, Visit};
use tracing::span::{Attributes, Id, Record};
use tracing::{Event, Metadata, Subscriber};

/// Where stands what the SDK and all below it tell of themselves.
pub(crate) const SDK_TRACE: &str = "sdk trace";

/// All that is written or told anywhere, by where.
#[derive(Clone, Debug, Default)]
pub(crate) struct Seen {
    told: Arc<Mutex<BTreeMap<&'static str, Vec<u8>>>>,
    spans: Arc<AtomicU64>,
}

impl Seen {
    pub(crate) fn bytes(&self, place: &'static str, bytes: impl AsRef<[u8]>) {
        let mut told = self.told.lock().unwrap();
        let told = told.entry(place).or_default();
        told.extend_from_slice(bytes.as_ref());
        told.push(b'\n');
    }

    pub(crate) fn debug(&self, value: &impl Debug) {
        self.bytes("debug", format!("{value:?}"));
        self.bytes("debug", format!("{value:#?}"));
    }

    pub(crate) fn error(&self, error: &(dyn std::error::Error + 'static)) {
        self.bytes("error", format!("{error}\n{}\n{error:?}\n{error:#?}", chain(error)));
    }

    pub(crate) fn outcome(&self, outcome: &Outcome) {
        self.debug(outcome);
        self.bytes("outcome", outcome.to_string());
        self.bytes("outcome", outcome.to_json());
        for (step, report) in outcome.failed() {
            self.bytes("error", format!("{step}: {report}\n{report:?}"));
            self.bytes("error", report.chain.join("\n"));
        }
    }

    /// Takes all files of a folder and of those in it, and their names.
    pub(crate) fn files(&self, place: &'static str, folder: &Path) {
        for entry in std::fs::read_dir(folder).unwrap().map(Result::unwrap) {
            self.bytes(place, entry.file_name().as_encoded_bytes());
            match entry.path().is_dir() {
                true => self.files(place, &entry.path()),
                false => self.bytes(place, std::fs::read(entry.path()).unwrap()),
            }
        }
    }

    pub(crate) fn places(&self) -> Vec<&'static str> {
        self.told.lock().unwrap().keys().copied().collect()
    }

    pub(crate) fn take(&self) -> BTreeMap<&'static str, Vec<u8>> {
        std::mem::take(&mut self.told.lock().unwrap())
    }
}

/// Tracing at its most talkative: every field of every span and event of everybody, the SDK included.
impl Subscriber for Seen {
    fn enabled(&self, _: &Metadata<'_>) -> bool {
        true
    }

    fn new_span(&self, span: &Attributes<'_>) -> Id {
        let mut line = Line(format!("{} {}", span.metadata().target(), span.metadata().name()));
        span.record(&mut line);
        self.bytes(place_of(span.metadata()), line.0);
        Id::from_u64(1 + self.spans.fetch_add(1, Ordering::Relaxed))
    }

    fn record(&self, _: &Id, values: &Record<'_>) {
        let mut line = Line(String::new());
        values.record(&mut line);
        // Whose span it is, is not said here.
        self.bytes("trace", line.0);
    }

    fn event(&self, event: &Event<'_>) {
        let mut line = Line(format!("{} {}", event.metadata().target(), event.metadata().level()));
        event.record(&mut line);
        self.bytes(place_of(event.metadata()), line.0);
    }

    fn record_follows_from(&self, _: &Id, _: &Id) {}
    fn enter(&self, _: &Id) {}
    fn exit(&self, _: &Id) {}
}

/// What this family says is told apart from what the SDK says of itself.
fn place_of(metadata: &Metadata<'_>) -> &'static str {
    if metadata.target().starts_with("regionmig") { "trace" } else { SDK_TRACE }
}

struct Line(String);

impl Visit for Line {
    fn record_debug(&mut self, field: &Field, value: &dyn Debug) {
        // Writing to a string does not fail.
        let _ = write!(self.0, " {}={value:?}", field.name());
    }
}
