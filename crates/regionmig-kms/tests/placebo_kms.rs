//! Answers that AWS gave, recorded by others, read by this crate's inventory.
//!
//! The records are those of Cloud Custodian's tests. What was not recorded is denied, so that it is a gap.
#![expect(clippy::panic, clippy::unwrap_used, reason = "tests")]

#[path = "placebo/peer.rs"]
mod peer;
#[path = "placebo/recording.rs"]
mod recording;

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::PathBuf;
use std::sync::Arc;

use aws_sdk_kms::Client;
use peer::Peer;
use recording::{Answer, Kind, OF_A_KEY, Recording, Take};
use regionmig_aws::{Access, Error};
use regionmig_core::{AliasName, ErrorKind, KeyArn, Listing, Lookup, Migration, MigrationPlan, Route};
use regionmig_kms::{Alias, KeyManager, Kms, Snapshot};

// REQ: E-19
#[tokio::test]
async fn recorded_answers_are_read_as_what_they_are() {
    let Some(recordings) = recordings() else {
        println!("skipped: placebo_kms (no recorded answers)");
        return;
    };
    let (mut read, mut kinds) = (0, BTreeMap::<Kind, usize>::new());
    for recording in recordings {
        let recording = Arc::new(recording);
        let mut files = BTreeSet::new();
        for take in recording.takes() {
            files.extend(take_is_read(&recording, take).await);
        }
        files.extend(the_rest_is_read(&recording, &files).await);
        assert_eq!(files, recording.files(), "{}", recording.name);
        read += files.len();
        for answer in recording.described() {
            *kinds.entry(answer.kind()).or_default() += 1;
        }
    }
    let described = |kind| kinds.get(&kind).copied().unwrap_or_default();
    let counts = [Kind::Customers, Kind::AwsManaged, Kind::Trimmed, Kind::Refused].map(described);
    println!(
        "shown: placebo_kms {read} files read as their README says; described {} customers' keys, {} of AWS, \
         {} unknown, {} refused",
        counts[0], counts[1], counts[2], counts[3]
    );
    // Of those that this was written for.
    assert!(counts.iter().zip([36, 20, 5, 2]).all(|(count, least)| *count >= least), "{counts:?}");
}

/// Finds out and plans what one take of a recording tells. Returns which files that read.
async fn take_is_read(recording: &Arc<Recording>, take: Take) -> BTreeSet<String> {
    let peer = Peer::new(recording, take);
    let access = Access::new(&peer.config());
    let kms = Kms::new(&access);
    let target = recording.end.in_region(recording.elsewhere());
    let route = Route::new(recording.end.clone(), target).unwrap();
    let migration = Migration::new(route, &access).with(kms.clone());
    let survey = migration.survey().await.unwrap();
    let found = survey.of(&kms).unwrap().source.value;
    let plan = migration.plan(&survey).unwrap();

    let listed: BTreeSet<KeyArn> = recording.listed(take).iter().map(|arn| arn.parse().unwrap()).collect();
    let seen: BTreeSet<KeyArn> =
        found.keys.known().map(|(arn, _)| arn).chain(found.keys.unknown().map(|(arn, _)| arn)).cloned().collect();
    assert_eq!(seen, listed, "{}: a key is lost, or made up", recording.name);
    let is_given = recording.made_up_list(take).is_none();
    let is_refused = is_given && recording.pages("ListKeys", take).iter().any(|page| page.status != 200);
    assert!(!is_refused || found.keys.rest().is_some(), "{}: a refusal reads as no keys", recording.name);
    for arn in &listed {
        match recording.answer("DescribeKey", arn.id(), take) {
            Some(answer) => key_is_read(answer, arn, &found, &plan),
            None => is_gap(&found.keys, arn, Some(ErrorKind::AccessDenied), &recording.name),
        }
        details_are_read(recording, take, arn, &found);
    }
    aliases_are_read(recording, take, &found.aliases);
    peer.files()
}

/// Holds that a key is what its answer says, and is planned only if that is a customer's.
fn key_is_read(answer: &Answer, arn: &KeyArn, found: &Snapshot, plan: &MigrationPlan) {
    let file = &answer.file;
    let is_said = |id: &str| id.contains(arn.id());
    let has_step = plan.steps().any(|step| is_said(step.id.as_str()) && !plan.held().contains_key(step.id));
    match answer.kind() {
        Kind::Customers if answer.is_whole() => {
            let key = known(&found.keys, arn, file);
            assert_eq!(key.manager, KeyManager::Customer, "{file}");
            assert_eq!(key.state.as_str(), answer.text("KeyState"), "{file}");
            assert_eq!(key.origin.as_str(), answer.text("Origin"), "{file}");
            assert_eq!(key.usage.as_str(), answer.text("KeyUsage"), "{file}");
            assert_eq!(key.description, answer.text("Description"), "{file}");
            // Seconds with a fraction are not exact.
            assert!(key.created.as_millisecond().abs_diff(answer.created()) <= 1, "{file}: {}", key.created);
            let findings = plan.findings().iter().filter_map(|finding| finding.subject.as_ref());
            let is_planned = plan.steps().any(|step| is_said(step.id.as_str()))
                || findings.map(ToString::to_string).any(|subject| is_said(&subject));
            assert!(is_planned, "{file}: neither planned nor spoken of:\n{}", plan.full());
        }
        Kind::AwsManaged if answer.is_whole() => {
            assert_eq!(known(&found.keys, arn, file).manager, KeyManager::Aws, "{file}");
            assert!(!plan.steps().any(|step| is_said(step.id.as_str())), "{file}:\n{}", plan.full());
            assert!(matches!(found.policies.lookup(arn), Lookup::Absent), "{file}: more was asked of a key of AWS");
        }
        // What lacks what every key has is not known, whoever manages it.
        Kind::AwsManaged | Kind::Customers | Kind::Trimmed => {
            is_gap(&found.keys, arn, Some(ErrorKind::Unexpected), file);
            assert!(!has_step, "{file}:\n{}", plan.full());
        }
        Kind::Refused => {
            is_gap(&found.keys, arn, answer.error_kind(), file);
            assert!(!has_step, "{file}:\n{}", plan.full());
        }
    }
}

/// Holds that what a customer's key has is what was recorded, or not known.
fn details_are_read(recording: &Recording, take: Take, arn: &KeyArn, found: &Snapshot) {
    if !matches!(found.keys.lookup(arn), Lookup::Present(key) if key.is_customers()) {
        return;
    }
    let place = &recording.name;
    let answer = |operation: &str| recording.answer(operation, arn.id(), take);
    match answer("GetKeyPolicy") {
        Some(answer) if answer.status == 200 => {
            assert_eq!(known(&found.policies, arn, place), answer.body["Policy"].as_str().unwrap());
        }
        refused => is_gap(&found.policies, arn, kind_of(refused), place),
    }
    match answer("ListResourceTags") {
        Some(answer) if answer.status == 200 => {
            assert_eq!(known(&found.tags, arn, place).len(), answer.body["Tags"].as_array().unwrap().len());
        }
        refused => is_gap(&found.tags, arn, kind_of(refused), place),
    }
    match answer("ListGrants") {
        Some(answer) if answer.status == 200 => {
            assert_eq!(known(&found.grants, arn, place).len(), answer.body["Grants"].as_array().unwrap().len());
        }
        refused => is_gap(&found.grants, arn, kind_of(refused), place),
    }
    match answer("GetKeyRotationStatus") {
        Some(answer) if answer.status == 200 => {
            let is_rotated = known(&found.rotations, arn, place).days.is_some();
            assert_eq!(is_rotated, answer.body["KeyRotationEnabled"].as_bool().unwrap(), "{place}");
        }
        // "Not enabled" would be a claim that nobody made.
        _ => assert!(found.rotations.known().all(|(rotated, _)| rotated != arn), "{place}"),
    }
}

/// Returns the kind of a refusal; what was not recorded is denied.
fn kind_of(refused: Option<&Answer>) -> Option<ErrorKind> {
    refused.map_or(Some(ErrorKind::AccessDenied), Answer::error_kind)
}

fn aliases_are_read(recording: &Recording, take: Take, found: &Listing<AliasName, Alias>) {
    let pages = recording.pages("ListAliases", take);
    let Some(last) = pages.last() else {
        assert_eq!(found.rest().unwrap().error.kind, ErrorKind::AccessDenied, "{}", recording.name);
        return;
    };
    if last.status != 200 || last.body["Truncated"] == true {
        assert!(found.rest().is_some(), "{}: a refusal, or a part, reads as all aliases", recording.name);
        return;
    }
    let aliases = || pages.iter().flat_map(|page| page.body["Aliases"].as_array().unwrap());
    if aliases().any(|alias| !alias["AliasName"].as_str().unwrap().starts_with("alias/")) {
        // By hand: no alias has such a name.
        assert_eq!(found.rest().unwrap().error.kind, ErrorKind::Unexpected, "{}", recording.name);
        return;
    }
    assert!(found.rest().is_none(), "{}: {:?}", recording.name, found.rest());
    let pointing = aliases().filter_map(|alias| {
        let name: AliasName = alias["AliasName"].as_str().unwrap().parse().unwrap();
        Some((name, alias["TargetKeyId"].as_str()?.to_owned()))
    });
    let pointing: BTreeMap<AliasName, String> = pointing.collect();
    let read: BTreeMap<AliasName, String> =
        found.known().map(|(name, alias)| (name.clone(), alias.key.id().to_owned())).collect();
    assert_eq!(read, pointing, "{}", recording.name);
}

/// Reads by this crate's clients what the inventory does not ask for. Returns which files that read.
async fn the_rest_is_read(recording: &Arc<Recording>, files: &BTreeSet<String>) -> BTreeSet<String> {
    let mut read = BTreeSet::new();
    for take in recording.takes() {
        let peer = Peer::new(recording, take);
        for arn in recording.listed(take) {
            let id = arn.rsplit('/').next().unwrap();
            for operation in OF_A_KEY {
                let Some(answer) = recording.answer(operation, id, take) else { continue };
                if !files.contains(&answer.file) {
                    let said = ask(recording, &peer, operation, &arn).await;
                    // A date that was written by hand, as a text, is no date: nothing is known then.
                    let is_readable = !answer.body["Rotations"][0]["RotationDate"].is_string();
                    match answer.status {
                        200 => assert_eq!(said.is_ok(), is_readable, "{}: {said:?}", answer.file),
                        _ => {
                            let (kind, wanted) = (said.unwrap_err().kind(), answer.error_kind());
                            assert!(wanted.is_none_or(|wanted| wanted == kind), "{}: {kind:?}", answer.file);
                        }
                    }
                }
            }
        }
        read.extend(peer.files());
    }
    read
}

async fn ask(recording: &Recording, peer: &Peer, operation: &str, arn: &str) -> Result<(), Error> {
    let clients = Access::new(&peer.config()).clients(Client::new);
    let end = &recording.end;
    match operation {
        "GetKeyLastUsage" => {
            let send = |client: Client| client.get_key_last_usage().key_id(arn).send();
            clients.read(end, "kms:GetKeyLastUsage", send).await.map(|_| ())
        }
        "GetKeyPolicy" => {
            let send = |client: Client| client.get_key_policy().key_id(arn).send();
            clients.read(end, "kms:GetKeyPolicy", send).await.map(|_| ())
        }
        "GetKeyRotationStatus" => {
            let send = |client: Client| client.get_key_rotation_status().key_id(arn).send();
            clients.read(end, "kms:GetKeyRotationStatus", send).await.map(|_| ())
        }
        "ListGrants" => {
            let send = |client: Client| client.list_grants().key_id(arn).send();
            clients.read(end, "kms:ListGrants", send).await.map(|_| ())
        }
        "ListResourceTags" => {
            let send = |client: Client| client.list_resource_tags().key_id(arn).send();
            clients.read(end, "kms:ListResourceTags", send).await.map(|_| ())
        }
        "ListKeyPolicies" => {
            let send = |client: Client| client.list_key_policies().key_id(arn).send();
            clients.read(end, "kms:ListKeyPolicies", send).await.map(|_| ())
        }
        _ => {
            let send = |client: Client| client.list_key_rotations().key_id(arn).send();
            clients.read(end, "kms:ListKeyRotations", send).await.map(|_| ())
        }
    }
}

fn known<'a, K: Ord + std::fmt::Debug, V>(found: &'a Listing<K, V>, key: &K, place: &str) -> &'a V {
    match found.lookup(key) {
        Lookup::Present(value) => value,
        _ => panic!("{place}: {key:?} is not known: {:?}", found.gaps().collect::<Vec<_>>()),
    }
}

fn is_gap<K: Ord + std::fmt::Debug, V>(found: &Listing<K, V>, key: &K, kind: Option<ErrorKind>, place: &str) {
    match found.lookup(key) {
        Lookup::Unknown(gap) => assert!(kind.is_none_or(|kind| gap.error.kind == kind), "{place}: {key:?}: {gap}"),
        Lookup::Absent => panic!("{place}: {key:?} counts as absent"),
        Lookup::Present(_) => panic!("{place}: {key:?} counts as known"),
    }
}

/// Reads the records: from where `REGIONMIG_TESTDATA` says, else from beside the workspace.
#[expect(clippy::disallowed_methods, reason = "a test finds its data by the environment")]
fn recordings() -> Option<Vec<Recording>> {
    let beside = || PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../../shared/testdata");
    let root = std::env::var_os("REGIONMIG_TESTDATA").map_or_else(beside, PathBuf::from);
    let mut folders: Vec<PathBuf> =
        fs::read_dir(root.join("placebo")).ok()?.map(|entry| entry.unwrap().path()).collect();
    folders.sort();
    Some(folders.iter().filter_map(|folder| Recording::of(folder)).collect())
}
