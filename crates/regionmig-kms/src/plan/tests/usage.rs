//! What is said of who uses a key.

use super::{check, says};
use crate::finding::code;
use crate::snapshot::{Constraints, GrantTerms, KeyState, LastUse};
use crate::testing::{Case, Entry, SOURCE, TARGET, arn, gap};

fn at(text: &str) -> regionmig_core::Timestamp {
    text.parse().unwrap()
}

// REQ: KMS-25
#[test]
fn when_a_key_was_last_used_is_said_if_that_was_asked() {
    let case = |last| {
        let case = Case::new().source("k", Entry::new());
        case.edit(|source, _| source.last_uses.insert(arn(SOURCE, "k"), last))
    };
    let plain = ["create-key k", "action kms.reencrypt k"];
    check(&Case::new().source("k", Entry::new()), &plain);
    let said = [&plain[..], &["note kms.last-use k"]].concat();
    let since = at("2025-06-01T00:00:00Z");
    let used = case(Ok(LastUse::none(since, false).used(at("2026-02-01T08:00:00Z"), "GenerateDataKey")));
    check(&used, &said);
    says(&used, "it was last used at 2026-02-01T08:00:00Z, by GenerateDataKey");
    let unknown = case(Ok(LastUse::none(since, false)));
    check(&unknown, &said);
    says(&unknown, "no use of it is known since 2025-06-01T00:00:00Z, when KMS began to keep track");
    let never = case(Ok(LastUse::none(since, true)));
    check(&never, &said);
    says(&never, "no use of it since it was made, at 2025-06-01T00:00:00Z, was known to KMS at the survey");
    says(&never, "look into CloudTrail before relying on");
    let unread = case(Err(gap()));
    check(&unread, &said);
    says(&unread, "could not be read: kms:Some: not allowed");
    // Of a key that is left as it is, too.
    let doomed = case(Ok(LastUse::none(since, true))).source("k", Entry::new().state(KeyState::PendingDeletion));
    check(&doomed, &["note kms.last-use k", "note kms.pending-deletion k"]);
}

/// Returns what is said of the services that use key `k`.
fn users(case: &Case) -> Option<String> {
    let findings = case.plan().findings;
    findings.into_iter().find(|finding| finding.code == code::USED_BY_SERVICES).map(|finding| finding.to_string())
}

fn via(service: &str) -> String {
    format!(
        r#"{{"Statement":[{{"Effect":"Allow","Principal":"*","Action":"kms:*","Resource":"*",
        "Condition":{{"StringEquals":{{"kms:ViaService":"{service}.me-central-1.amazonaws.com"}}}}}}]}}"#
    )
}

// REQ: KMS-2 KMS-7 KMS-10
#[test]
fn services_that_use_a_key_with_other_material_are_named_with_their_own_copies() {
    let of = |entry: Entry| users(&Case::new().source("k", entry));
    let role = "arn:aws:iam::111122223333:role/a.b";
    assert_eq!(of(Entry::new().grant(GrantTerms::new(role, ["Decrypt"]))), None);
    let granted = |grantee: &str| Entry::new().grant(GrantTerms::new(grantee, ["Decrypt"]));
    for (service, copy) in [
        ("backup", "StartCopyJob"),
        ("dynamodb", "global table"),
        ("ec2", "CopySnapshot, of EBS, asked in the target, with SourceRegion, Encrypted and KmsKeyId"),
        ("elasticfilesystem", "AWS Backup"),
        ("fsx", "CopyBackup"),
        ("rds", "CopyDBSnapshot, asked in the target, with SourceRegion and KmsKeyId"),
        ("redshift", "snapshot copy grant"),
        ("s3", "replication or a copy"),
        ("secretsmanager", "ReplicateSecretToRegions"),
        ("kinesis", "counterpart: no copy is known here of kinesis: look up"),
    ] {
        let principal = format!("{service}.me-central-1.amazonaws.com");
        let retired = GrantTerms { retiring: Some(principal.clone()), ..GrantTerms::new(role, ["Decrypt"]) };
        let source_arn = Some(format!("arn:aws:{service}:me-central-1:111122223333:thing/a"));
        let constraints = Constraints { source_arn, ..Constraints::default() };
        let constrained = GrantTerms { constraints, ..GrantTerms::new(role, ["Decrypt"]) };
        let entries = [
            granted(&principal),
            Entry::new().grant(retired),
            Entry::new().grant(constrained),
            Entry::new().policy(&via(service)),
        ];
        for entry in entries {
            let said = of(entry).unwrap();
            assert!(said.starts_with("action") && said.contains(&format!("another region: {service};")), "{said}");
            assert!(said.contains(copy), "{said}");
        }
    }
    let volumes = granted("arn:aws:sts::111122223333:assumed-role/aws:ec2-infrastructure/i-0abc");
    let volumes = volumes.grant(GrantTerms::new("111122223333:aws:ec2-infrastructure:i-0abc", ["Decrypt"]));
    assert!(of(volumes.clone()).unwrap().contains("another region: ec2;"));
    check(
        &Case::new().source("k", volumes),
        &["create-key k", "action kms.reencrypt k", "action kms.used-by-services k", "note kms.service-grants k"],
    );
    let many = of(granted("rds.amazonaws.com").policy(&via("kinesis"))).unwrap();
    assert!(
        many.contains("another region: kinesis, rds;") && many.contains("KmsKeyId; no copy is known here of kinesis:"),
        "{many}"
    );
    assert!(many.contains("let AWS services use it"), "{many}");
    // Those that hold nothing have nothing to be copied.
    let holds_nothing = || granted("events.amazonaws.com").policy(&via("cloudwatch"));
    assert_eq!(of(holds_nothing()), None);
    let one = of(holds_nothing().grant(GrantTerms::new("rds.amazonaws.com", ["Decrypt"]))).unwrap();
    assert!(one.contains("another region: rds;"), "{one}");
}

// REQ: KMS-7
#[test]
fn services_are_named_where_something_must_be_encrypted_anew_and_as_far_as_is_known() {
    let granted = || Entry::new().grant(GrantTerms::new("s3.me-central-1.amazonaws.com", ["Decrypt"]));
    let single = Case::new().source("k", granted());
    assert!(users(&single).is_some() && users(&single.target("t", Entry::new().copy_of("k"))).is_some());
    let related = Case::new().source("mrk-1", granted().primary("mrk-1", SOURCE, &[TARGET]));
    assert_eq!(users(&related.target("mrk-1", Entry::new().replica("mrk-1", SOURCE))), None);
    let signs = granted().spec("RSA_2048").with(|key| key.usage = "SIGN_VERIFY".into());
    assert_eq!(users(&Case::new().source("k", signs)), None);
    let both = Case::new().source("k", granted().policy(&via("rds")));
    assert!(!users(&both).unwrap().contains("maybe others"));
    let unread = both.edit(|source, _| source.grants.insert(arn(SOURCE, "k"), Err(gap())));
    let said = users(&unread).unwrap();
    assert!(said.contains("another region: rds, and maybe others, since its grants"), "{said}");
}
