//! What IAM says beforehand of a plan's permissions.
// REQ: E-24

use regionmig_aws::{Access, code, simulate};
use regionmig_core::{Finding, Permission, Place, Route, Severity, Side};
use regionmig_testkit::{Fault, Refusal, World};
use serde_json::{Value, json};

const ROLE: &str = "arn:aws:iam::111122223333:role/teams/rescue";
const KEY: &str = "arn:aws:kms:me-central-1:111122223333:key/1";

fn route() -> Route {
    Route::new("111122223333/me-central-1".parse().unwrap(), "111122223333/eu-central-1".parse().unwrap()).unwrap()
}

fn policy(statements: &Value) -> String {
    json!({ "Version": "2012-10-17", "Statement": statements }).to_string()
}

fn allow(action: &str) -> Value {
    json!({ "Effect": "Allow", "Action": action, "Resource": "*" })
}

/// A world in which the caller is a session of the role, to which this is allowed.
fn world(statements: &Value) -> (World, Access) {
    let world = World::new();
    world.iam(ROLE).policy(&policy(statements)).make();
    let access = acting(&world);
    (world, access)
}

fn acting(world: &World) -> Access {
    Access::new(&world.sdk_config_as(ROLE, "me").unwrap()).with_clock(world.clock())
}

fn needed(action: &str) -> Permission {
    Permission::new(Side::Target, action, "*")
}

fn shown(findings: &[Finding]) -> Vec<(Severity, &str)> {
    findings.iter().map(|finding| (finding.severity, finding.code.as_str())).collect()
}

/// Asks, and expects one finding, whose message has all of the words.
#[track_caller]
fn one(findings: &[Finding], severity: Severity, code: &str, words: &[&str]) {
    assert_eq!(findings.len(), 1, "{findings:#?}");
    let finding = &findings[0];
    assert_eq!((finding.severity, finding.code.as_str()), (severity, code), "{finding}");
    for word in words {
        assert!(finding.message.contains(word), "`{word}` is not in: {finding}");
    }
    assert!(finding.remedy.is_some());
}

#[tokio::test]
async fn what_is_allowed_yields_nothing_and_nothing_is_changed() {
    let (world, access) = world(&json!([allow("kms:*")]));
    let needed = [needed("kms:CreateKey"), Permission::new(Side::Source, "kms:DescribeKey", "arn:*:kms:*:*:key/mrk-*")];
    assert_eq!(simulate(&access, &route(), &needed).await, []);
    assert_eq!(world.ledger().mutations().count(), 0);
    assert_eq!(world.ledger().count("iam:SimulatePrincipalPolicy"), 2, "one for each end and resource");
    assert_eq!(simulate(&access, &route(), &[]).await, []);
}

#[tokio::test]
async fn what_the_callers_policies_deny_is_named_with_resource_and_place() {
    let deny = json!({ "Effect": "Deny", "Action": "kms:ReplicateKey", "Resource": KEY });
    let (_, access) = world(&json!([allow("*"), deny]));
    let needed = [Permission::new(Side::Source, "kms:ReplicateKey", KEY), needed("kms:ReplicateKey")];
    let findings = simulate(&access, &route(), &needed).await;
    let words = ["kms:ReplicateKey", KEY, "111122223333/me-central-1", ROLE, "a policy of its own"];
    one(&findings, Severity::Action, code::PERMISSION_DENIED, &words);
}

/// The most usual of all such policies: all regions but some are denied.
#[tokio::test]
async fn an_organisation_that_forbids_the_region_is_what_denies() {
    let (world, access) = world(&json!([allow("*")]));
    let elsewhere = json!({ "StringNotEquals": { "aws:RequestedRegion": ["me-central-1", "us-east-1"] } });
    let denies = json!({ "Effect": "Deny", "Action": "*", "Resource": "*", "Condition": elsewhere });
    world.organization_policy(&route().source.account, &policy(&json!([allow("*"), denies])));
    let needed = [
        needed("kms:CreateKey"),
        Permission::new(Side::Source, "kms:CreateKey", "*"),
        Permission::new(Place::Global, "iam:GetRole", "*"),
    ];
    let findings = simulate(&access, &route(), &needed).await;
    let words = ["kms:CreateKey", "111122223333/eu-central-1", "the organisation's service control policies"];
    one(&findings[..1], Severity::Action, code::PERMISSION_DENIED, &words);
    // What these policies look at besides is said of each end once.
    let conditions = |end: &str| [end, "judged without values"].map(str::to_owned);
    let ends = ["111122223333/eu-central-1", "111122223333/me-central-1", "111122223333/us-east-1"];
    for (finding, end) in findings[1..].iter().zip(ends) {
        let words = conditions(end);
        let words: Vec<&str> = words.iter().map(String::as_str).collect();
        one(std::slice::from_ref(finding), Severity::Note, code::ORGANIZATION_CONDITIONS, &words);
    }
    assert_eq!(findings.len(), 4, "{findings:#?}");
}

#[tokio::test]
async fn a_statement_that_denies_is_not_hidden_by_organisation_or_boundary() {
    let deny = json!({ "Effect": "Deny", "Action": "kms:ListKeys", "Resource": "*" });
    let (own, narrow) = (policy(&json!([allow("*"), deny])), policy(&json!([allow("s3:*")])));
    let world = World::new();
    world.iam(ROLE).policy(&own).boundary(&narrow).make();
    let denied = (Severity::Action, code::PERMISSION_DENIED);
    let outright = "a statement denies it outright, there or in a policy of its own";
    let findings = simulate(&acting(&world), &route(), &[needed("kms:ListKeys")]).await;
    one(&findings, denied.0, denied.1, &["its permissions boundary", outright]);
    // Where both limit it, both are named.
    world.organization_policy(&route().source.account, &narrow);
    let findings = simulate(&acting(&world), &route(), &[needed("kms:ListKeys"), needed("kms:CreateKey")]).await;
    assert_eq!(shown(&findings)[..4], [denied; 4], "{findings:#?}");
    let by = ["the organisation's service control policies", "its permissions boundary"];
    for (finding, by) in findings[..4].iter().zip(by.iter().chain(&by)) {
        one(std::slice::from_ref(finding), denied.0, denied.1, &[by]);
        assert_eq!(finding.message.contains(outright), finding.message.contains("kms:ListKeys"), "{finding}");
    }
}

#[tokio::test]
async fn what_the_organisation_does_not_allow_no_key_policy_can_and_what_the_boundary_does_not_it_may() {
    let world = World::new();
    world.iam(ROLE).policy(&policy(&json!([allow("*")]))).boundary(&policy(&json!([allow("s3:*")]))).make();
    let findings = simulate(&acting(&world), &route(), &[needed("kms:DescribeKey")]).await;
    let by_key = ["kms:DescribeKey", "its permissions boundary", "to a session by its own ARN"];
    one(&findings, Severity::Action, code::PERMISSION_DENIED, &by_key);
    let target = Permission::new(Side::Target, "kms:DescribeKey", KEY);
    let findings = simulate(&acting(&world), &route(), &[target]).await;
    one(&findings, Severity::Action, code::PERMISSION_DENIED, &by_key);
    let findings = simulate(&acting(&world), &route(), &[needed("kms:CreateKey")]).await;
    one(&findings, Severity::Action, code::PERMISSION_DENIED, &["its permissions boundary"]);
    assert!(!findings[0].message.contains("the policy of a key"), "{}", findings[0]);

    world.iam(ROLE).make();
    world.organization_policy(&route().source.account, &policy(&json!([allow("s3:*")])));
    let findings = simulate(&acting(&world), &route(), &[needed("kms:DescribeKey")]).await;
    one(&findings[..1], Severity::Action, code::PERMISSION_DENIED, &["the organisation's service control policies"]);
    assert!(!findings[0].message.contains("the policy of a key"), "{}", findings[0]);
    one(&findings[1..], Severity::Note, code::ORGANIZATION_CONDITIONS, &["111122223333/eu-central-1"]);
}

#[tokio::test]
async fn what_is_about_a_key_may_be_allowed_by_its_policy_and_all_else_is_missing() {
    let (_, access) = world(&json!([allow("s3:*")]));
    let needed = [
        needed("kms:CreateKey"),
        Permission::new(Side::Source, "kms:GetKeyPolicy", KEY),
        needed("account:ListRegions"),
    ];
    let findings = simulate(&access, &route(), &needed).await;
    let missing = (Severity::Action, code::PERMISSION_MISSING);
    assert_eq!(shown(&findings), [missing, missing, (Severity::Action, code::PERMISSION_LEFT_TO_KEY_POLICY)]);
    one(&findings[..1], missing.0, missing.1, &["account:ListRegions on *", "111122223333/eu-central-1", ROLE]);
    let partly = "asked of all such resources, and a policy that allows only some is found wanting";
    one(&findings[1..2], missing.0, missing.1, &["kms:CreateKey on *", partly]);
    assert!(!findings[2].message.contains(partly), "{}", findings[2]);
    one(
        &findings[2..],
        Severity::Action,
        code::PERMISSION_LEFT_TO_KEY_POLICY,
        &["kms:GetKeyPolicy", KEY, "111122223333/me-central-1", "the policy of a key that is there"],
    );
}

#[tokio::test]
async fn the_same_on_many_resources_is_one_finding() {
    let (_, access) = world(&json!([allow("s3:*")]));
    let key = |n: usize| format!("arn:aws:kms:me-central-1:111122223333:key/{n}");
    let needed: Vec<_> = (1..=7).map(|n| Permission::new(Side::Source, "kms:DescribeKey", key(n))).collect();
    let findings = simulate(&access, &route(), &needed).await;
    one(&findings, Severity::Action, code::PERMISSION_LEFT_TO_KEY_POLICY, &["key/1, ", "and 2 more"]);
}

#[tokio::test]
async fn what_depends_on_the_request_is_named() {
    let on = |key: &str| json!({ "StringEquals": { key: "x" } });
    let denied =
        json!({ "Effect": "Deny", "Action": "kms:CreateKey", "Resource": "*", "Condition": on("aws:SourceVpc") });
    let (_, access) = world(&json!([allow("kms:*"), denied]));
    let findings = simulate(&access, &route(), &[needed("kms:CreateKey"), needed("kms:ListKeys")]).await;
    let words = ["kms:CreateKey at 111122223333/eu-central-1", "aws:SourceVpc"];
    one(&findings, Severity::Note, code::PERMISSION_CONDITIONAL, &words);
    let target = [Permission::new(Side::Target, "kms:CreateKey", KEY)];
    one(&simulate(&access, &route(), &target).await, Severity::Note, code::PERMISSION_CONDITIONAL, &words);

    let mut allowed = allow("kms:ListKeys");
    allowed["Condition"] = on("aws:SourceIp");
    let (_, access) = world(&json!([allowed]));
    let findings = simulate(&access, &route(), &[needed("kms:ListKeys")]).await;
    one(&findings, Severity::Action, code::PERMISSION_MISSING, &["aws:SourceIp"]);
}

#[tokio::test]
async fn every_page_is_read_and_a_listing_that_breaks_off_is_said() {
    let (world, access) = world(&json!([allow("s3:*")]));
    world.quota("iam:results-per-page", 2);
    let actions: Vec<String> = (0..120).map(|n| format!("dynamodb:Action{n:03}")).collect();
    let needed: Vec<_> = actions.iter().map(|action| needed(action)).collect();
    let findings = simulate(&access, &route(), &needed).await;
    assert_eq!(findings.len(), 120);
    for (finding, action) in findings.iter().zip(&actions) {
        one(std::slice::from_ref(finding), Severity::Action, code::PERMISSION_MISSING, &[action]);
    }
    assert_eq!(world.ledger().count("iam:SimulatePrincipalPolicy"), 60, "50 actions a request, two a page");
    world.fault(Fault::repeats_page_token("iam:SimulatePrincipalPolicy"));
    let findings = simulate(&access, &route(), &needed).await;
    one(&findings, Severity::Note, code::PERMISSION_NOT_ASKED, &["a second time", "dynamodb:Action000", "115 more"]);
}

#[tokio::test]
async fn an_action_that_the_answer_leaves_out_is_said() {
    let (world, access) = world(&json!([allow("kms:*")]));
    world.fault(Fault::empty_first_page("iam:SimulatePrincipalPolicy"));
    assert_eq!(simulate(&access, &route(), &[needed("kms:ListKeys")]).await, [], "the second page has it");
    world.clear_faults();
    world.plug("iam", |call, (): &mut ()| match call.operation.as_str() {
        "GetRole" => Ok(json!({ "Role": { "Arn": ROLE } })),
        _ => Ok(json!({ "EvaluationResults": [{ "EvalActionName": "kms:ListKeys", "EvalDecision": "perhaps" }],
            "IsTruncated": false })),
    });
    let findings = simulate(&access, &route(), &[needed("kms:ListKeys"), needed("kms:CreateKey")]).await;
    let not_asked = (Severity::Note, code::PERMISSION_NOT_ASKED);
    assert_eq!(shown(&findings), [not_asked; 2]);
    one(&findings[..1], not_asked.0, not_asked.1, &["kms:CreateKey", "does not name it"]);
    one(&findings[1..], not_asked.0, not_asked.1, &["kms:ListKeys", "`perhaps`"]);
}

#[tokio::test]
async fn a_user_is_asked_about_by_its_own_name() {
    let world = World::new();
    world.iam("arn:aws:iam::111122223333:user/operator").policy(&policy(&json!([allow("kms:ListKeys")]))).make();
    let findings = simulate(&world.access(), &route(), &[needed("kms:ListKeys"), needed("kms:CreateKey")]).await;
    one(&findings, Severity::Action, code::PERMISSION_MISSING, &["kms:CreateKey", "user/operator"]);
    assert_eq!(world.ledger().count_requests("iam:GetRole"), 0);
}

#[tokio::test]
async fn who_cannot_be_simulated_is_said() {
    for (arn, word) in [
        ("arn:aws:iam::111122223333:root", "root of the account"),
        ("arn:aws:sts::111122223333:federated-user/Bob", "federated user"),
        ("arn:aws:sts::111122223333:something", "neither a user nor"),
    ] {
        let world = World::new();
        world.plug("sts", move |_, (): &mut ()| Ok(json!({ "Account": "111122223333", "Arn": arn, "UserId": "x" })));
        let findings = simulate(&world.access(), &route(), &[needed("kms:ListKeys")]).await;
        one(&findings, Severity::Note, code::PERMISSION_NOT_ASKED, &["kms:ListKeys", arn, word]);
        assert_eq!(world.ledger().count_requests("iam:*"), 0);
    }
}

#[tokio::test]
async fn what_is_refused_or_not_answered_is_said_and_asked_once() {
    let faults = [
        Fault::access_denied("iam:SimulatePrincipalPolicy"),
        Fault::access_denied("iam:GetRole"),
        Fault::refused("iam:GetRole", Refusal::new("NoSuchEntity").status(404)),
        Fault::throttle("iam:SimulatePrincipalPolicy"),
        Fault::unreachable("iam:*"),
        Fault::unreachable("sts:*"),
        Fault::expired_credentials("iam:*"),
    ];
    for fault in faults {
        let (world, access) = world(&json!([allow("*")]));
        let shown = format!("{fault:?}");
        world.fault(fault);
        let needed = [needed("kms:CreateKey"), Permission::new(Side::Target, "kms:DescribeKey", KEY)];
        let findings = simulate(&access, &route(), &needed).await;
        let words = ["kms:CreateKey, kms:DescribeKey", "111122223333/eu-central-1", "111122223333/us-east-1"];
        one(&findings, Severity::Note, code::PERMISSION_NOT_ASKED, &words);
        assert!(world.ledger().count_requests("*") <= 5, "{shown}: {}", world.ledger());
    }
}

#[tokio::test]
async fn a_resource_that_iam_does_not_take_leaves_the_others() {
    let (_, access) = world(&json!([allow("s3:*")]));
    let needed = [needed("kms:CreateKey"), Permission::new(Side::Target, "kms:DescribeKey", "a key")];
    let findings = simulate(&access, &route(), &needed).await;
    let [missing, unasked] = &findings[..] else { panic!("{findings:#?}") };
    assert_eq!(missing.code, code::PERMISSION_MISSING);
    one(
        std::slice::from_ref(unasked),
        Severity::Note,
        code::PERMISSION_NOT_ASKED,
        &["kms:DescribeKey", "InvalidInput"],
    );
}

#[tokio::test]
async fn each_account_is_asked_about_its_own_caller() {
    let (world, access) = world(&json!([allow("kms:*")]));
    let route = Route::new("111122223333/me-central-1".parse().unwrap(), "444455556666/eu-central-1".parse().unwrap());
    let route = route.unwrap();
    let there = "arn:aws:iam::444455556666:role/rescue";
    world.iam(there).make();
    let needed = [Permission::new(Side::Source, "kms:CreateKey", "*"), needed("kms:CreateKey")];
    let both = access.clone().with_account(route.target.account.clone(), &world.sdk_config_as(there, "me").unwrap());
    let findings = simulate(&both, &route, &needed).await;
    one(&findings, Severity::Action, code::PERMISSION_MISSING, &["444455556666/eu-central-1", there]);
    let findings = simulate(&access, &route, &needed).await;
    one(&findings, Severity::Note, code::PERMISSION_NOT_ASKED, &["444455556666/eu-central-1", "another account"]);
}

#[tokio::test]
async fn iam_is_asked_where_the_partition_has_it() {
    for (partition, source, target, home) in [
        ("aws", "me-central-1", "eu-central-1", "us-east-1"),
        ("aws-cn", "cn-northwest-1", "cn-north-1", "cn-north-1"),
        ("aws-us-gov", "us-gov-east-1", "us-gov-west-1", "us-gov-west-1"),
    ] {
        let world = World::new();
        let role = format!("arn:{partition}:iam::111122223333:role/rescue");
        world.iam(&role).policy(&policy(&json!([allow("kms:*")]))).make();
        let access = Access::new(&world.sdk_config_as(&role, "me").unwrap()).with_clock(world.clock());
        let end = |region: &str| format!("111122223333/{region}").parse().unwrap();
        let route = Route::new(end(source), end(target)).unwrap();
        let needed = [Permission::new(Side::Source, "kms:DescribeKey", "arn:*:kms:*:*:key/mrk-*")];
        assert_eq!(simulate(&access, &route, &needed).await, [], "{partition}");
        let asked = world.ledger().actions();
        assert_eq!(asked.len(), 3);
        assert!(asked.iter().all(|(at, _)| *at == end(home)), "{asked:?}");
    }
}
