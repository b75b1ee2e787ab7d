//! Files that version 1 wrote, and that every later version must read the same.
//!
//! Written once by the ignored test below, on purpose never again.

use std::path::PathBuf;

use regionmig_core::{
    Entry, Finding, Hold, MemoryJournal, Migration, MigrationPlan, MigrationSurvey, Record, Severity,
};

use crate::common::cloud::{Cloud, key, secret};
use crate::common::keys::Keys;
use crate::common::secrets::{Secrets, both};
use crate::common::{Seat, at, hasty, route};

const FILES: [&str; 3] = ["survey-1.json", "plan-1.json", "journal-1.jsonl"];

fn file(name: &str) -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/stored").join(name)
}

fn read(name: &str) -> Vec<u8> {
    std::fs::read(file(name)).unwrap()
}

/// Something of everything: gaps, what is mapped, what is known, what is held.
fn cloud() -> (Cloud, Migration) {
    let cloud = Cloud::new(3, 3);
    cloud.source(|source| source.unreadable.insert(key("key2")));
    cloud.create_key(&route().target, &key("key1")).unwrap();
    let seat = Seat::new();
    seat.is_not_ready(Finding::new(Severity::Note, "aws.young", "it is young").remedy("wait"));
    let migration = both(&cloud, &seat).map(&secret("secret9"), &secret("there")).unwrap();
    (cloud, migration)
}

#[tokio::test(start_paused = true)]
async fn a_survey_of_format_1_reads_and_writes_the_same() {
    let bytes = read("survey-1.json");
    let stored = MigrationSurvey::from_bytes(&bytes).unwrap();
    assert_eq!(stored.to_bytes(), bytes);
    assert_eq!((stored.taken_at(), stored.route(), stored.unread().count()), (at(0), &route(), 1));
    let (cloud, migration) = cloud();
    let own = migration.survey().await.unwrap();
    assert_eq!(stored.of(&Keys(cloud.clone())).unwrap(), own.of(&Keys(cloud.clone())).unwrap());
    assert_eq!(stored.of(&Secrets(cloud.clone())).unwrap(), own.of(&Secrets(cloud)).unwrap());
    assert_eq!(stored.findings(), own.findings());
}

#[tokio::test(start_paused = true)]
async fn a_plan_of_format_1_reads_and_writes_the_same_and_can_be_carried_out() {
    let bytes = read("plan-1.json");
    let stored = MigrationPlan::from_bytes(&bytes).unwrap();
    assert_eq!(stored.to_bytes(), bytes);
    assert_eq!(stored.digest().as_str(), "b9b2e6411469213ffcd2c4cf2282e394d0d9de7a57845648b08049b7fc8e4d9b");
    let steps: Vec<String> = stored.steps().map(|step| step.id.to_string()).collect();
    assert_eq!(
        steps,
        [
            "keys/create/fake.key:key0",
            "secrets/replicate/fake.secret:secret0",
            "secrets/replicate/fake.secret:secret1",
            "secrets/replicate/fake.secret:secret2",
        ]
    );
    assert_eq!(stored.held().values().collect::<Vec<_>>(), [&Hold::Blocked("core.unclear".to_owned())]);
    assert_eq!(stored.ids().target_of(&key("key1")), Some(key("made0")));
    let (cloud, migration) = cloud();
    drop(migration.apply(&stored, &MemoryJournal::default(), &hasty()).await.unwrap());
    assert_eq!(cloud.writes(), 4);
}

#[test]
fn a_journals_records_of_format_1_read_and_write_the_same() {
    let text = String::from_utf8(read("journal-1.jsonl")).unwrap();
    let records: Vec<Record> = text.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    for (line, record) in text.lines().zip(&records) {
        assert_eq!(serde_json::to_string(record).unwrap(), line);
    }
    let labels: Vec<&str> = records.iter().map(|record| crate::common::journals::label(&record.entry)).collect();
    assert_eq!(
        labels,
        [
            "started",
            "checkpoint",
            "waiting",
            "failed in doubt",
            "acknowledged",
            "started",
            "done",
            "reverting",
            "reverted",
        ]
    );
    let newer = text.lines().next().unwrap().replacen("\"generation\":0", "\"generation\":0,\"moon\":1", 1);
    assert!(serde_json::from_str::<Record>(&newer).is_err(), "one that says more is refused");
    assert_eq!(Entry::Reverted, records.last().unwrap().entry);
}

#[tokio::test(start_paused = true)]
#[ignore = "writes the files of a format for the first time"]
async fn write_format_1() {
    use regionmig_core::{Digest, ErrorReport, Receipt, Task, Wait};
    assert!(FILES.iter().all(|name| !file(name).exists()), "what was written is a promise");
    let (_, migration) = cloud();
    let survey = migration.survey().await.unwrap();
    std::fs::write(file(FILES[0]), survey.to_bytes()).unwrap();
    std::fs::write(file(FILES[1]), migration.plan(&survey).unwrap().to_bytes()).unwrap();
    let error = ErrorReport::new(&crate::common::failed(regionmig_core::ErrorKind::OutcomeUnknown));
    let task = Task::new("fake.enable", "enable it").value("where", "there");
    let request = Digest::of("request");
    let receipt = Receipt::new().bind(&key("key0"), &key("made1")).unwrap().artifact("users").request_id("7");
    let receipt = receipt.with(Finding::new(Severity::Action, "fake.some", "2 of 3").about(&key("key0")));
    let entries = [
        Entry::Started { generation: 0, spent: None, request: request.clone() },
        Entry::Checkpoint(serde_json::json!({ "next": 4 })),
        Entry::Waiting(Wait::new("somebody").task(task)),
        Entry::Failed { error, doubt: true },
        Entry::Acknowledged { by: "ann".to_owned(), note: "saw it".to_owned() },
        Entry::Started { generation: 1, spent: Some("it expired".to_owned()), request },
        Entry::Done(receipt),
        Entry::Reverting,
        Entry::Reverted,
    ];
    let step = crate::common::step("keys/create/fake.key:key0");
    let line = |(second, entry)| serde_json::to_string(&Record::new(at(second), step.clone(), entry)).unwrap() + "\n";
    let lines: String = (0..).zip(entries).map(line).collect();
    std::fs::write(file(FILES[2]), lines).unwrap();
}
