//! IAM, asked by a real client.

use aws_sdk_iam::error::ProvideErrorMetadata;
use aws_sdk_iam::types::{ContextEntry, ContextKeyTypeEnum, EvaluationResult};
use aws_sdk_iam::{Client, Error};
use regionmig_testkit::World;
use serde_json::{Value, json};

use crate::sts;

const ROLE: &str = "arn:aws:iam::111122223333:role/teams/rescue";
const KEY: &str = "arn:aws:kms:eu-central-1:111122223333:key/1";

fn policy(statements: &Value) -> String {
    json!({ "Version": "2012-10-17", "Statement": statements }).to_string()
}

fn allow(action: &str, resource: &str) -> Value {
    json!({ "Effect": "Allow", "Action": action, "Resource": resource })
}

fn client(world: &World) -> Client {
    Client::new(&world.sdk_config())
}

/// Simulates actions of the role on one resource, asked for in a region.
async fn simulated(
    world: &World,
    actions: &[&str],
    resource: &str,
    region: &str,
) -> Result<Vec<EvaluationResult>, Error> {
    let entry = ContextEntry::builder().context_key_name("aws:RequestedRegion").context_key_values(region);
    let request = client(world).simulate_principal_policy().policy_source_arn(ROLE).resource_arns(resource);
    let request = actions.iter().fold(request, |request, action| request.action_names(*action));
    let request = request.context_entries(entry.context_key_type(ContextKeyTypeEnum::String).build());
    Ok(request.send().await?.evaluation_results.unwrap_or_default())
}

async fn decided(world: &World, action: &str, resource: &str) -> String {
    let results = simulated(world, &[action], resource, "eu-central-1").await.unwrap();
    results[0].eval_decision().as_str().to_owned()
}

#[tokio::test]
async fn a_role_is_found_by_its_name_and_shown_with_its_path() {
    let world = World::new();
    world.iam(ROLE).make();
    let role = client(&world).get_role().role_name("rescue").send().await.unwrap().role.unwrap();
    assert_eq!((role.arn(), role.path(), role.role_name()), (ROLE, "/teams/", "rescue"));
    let other = Client::new(&world.sdk_config_of(&"444455556666".parse().unwrap()));
    for (client, name) in [(client(&world), "teams/rescue"), (client(&world), "escue"), (other, "rescue")] {
        let error = client.get_role().role_name(name).send().await.unwrap_err();
        assert_eq!((error.code(), error.raw_response().unwrap().status().as_u16()), (Some("NoSuchEntity"), 404));
    }
}

#[tokio::test]
async fn a_session_of_a_role_has_the_name_that_sts_gives_it() {
    let world = World::new();
    for (role, region, session) in [
        (ROLE, "us-east-1", "arn:aws:sts::111122223333:assumed-role/rescue/me"),
        ("arn:aws-cn:iam::444455556666:role/r", "cn-north-1", "arn:aws-cn:sts::444455556666:assumed-role/r/me"),
    ] {
        let config = world.sdk_config_as(role, "me").unwrap().into_builder();
        let config = config.region(aws_types::region::Region::new(region)).build();
        let identity = aws_sdk_sts::Client::new(&config).get_caller_identity().send().await.unwrap();
        assert_eq!(identity.arn(), Some(session));
    }
    assert_eq!(world.sdk_config_as("rescue", "me").map(drop).unwrap_err().code, "ValidationError");
    assert_eq!(sts(&world).get_caller_identity().send().await.unwrap().user_id(), Some("AIDAWORLD00000000000"));
}

/// What AWS was recorded to answer: `test_simulate_principle_policy` of localstack's snapshots.
#[tokio::test]
async fn what_no_policy_allows_is_denied_implicitly() {
    let world = World::new();
    world.organization_policy(&"111122223333".parse().unwrap(), &policy(&json!([allow("*", "*")])));
    world.iam(ROLE).policy(&policy(&json!([allow("s3:PutObject", "*")]))).make();
    let bucket = "arn:aws:s3:::bucket";
    let results = simulated(&world, &["s3:PutObject", "s3:GetObjectVersion"], bucket, "us-east-1").await.unwrap();
    let shown: Vec<_> = results
        .iter()
        .map(|result| {
            let [specific] = result.resource_specific_results() else { panic!("{result:?}") };
            assert_eq!(specific.eval_resource_decision(), result.eval_decision());
            assert_eq!((specific.eval_resource_name(), result.eval_resource_name()), (bucket, Some(bucket)));
            assert!(result.organizations_decision_detail().unwrap().allowed_by_organizations());
            assert!(result.permissions_boundary_decision_detail().is_none());
            (result.eval_action_name(), result.eval_decision().as_str(), result.matched_statements().len())
        })
        .collect();
    assert_eq!(shown, [("s3:PutObject", "allowed", 1), ("s3:GetObjectVersion", "implicitDeny", 0)]);
}

#[tokio::test]
async fn actions_and_resources_are_matched_by_their_patterns() {
    let world = World::new();
    let own = json!([
        allow("KMS:describe*", "arn:aws:kms:eu-central-1:111122223333:key/*"),
        { "Effect": "Allow", "NotAction": ["kms:*", "iam:*"], "NotResource": "arn:aws:s3:::secret" },
        { "Effect": "Deny", "Action": "s3:Delete?bject", "Resource": "*" },
    ]);
    world.iam(ROLE).policy(&policy(&own)).make();
    for (action, resource, expected) in [
        ("kms:DescribeKey", KEY, "allowed"),
        ("kms:DescribeKey", "*", "implicitDeny"),
        ("kms:GetKeyPolicy", KEY, "implicitDeny"),
        ("s3:GetObject", "arn:aws:s3:::open", "allowed"),
        ("s3:GetObject", "arn:aws:s3:::secret", "implicitDeny"),
        ("s3:DeleteObject", "arn:aws:s3:::open", "explicitDeny"),
    ] {
        assert_eq!(decided(&world, action, resource).await, expected, "{action} {resource}");
    }
}

#[tokio::test]
async fn boundary_and_organisation_limit_what_policies_allow() {
    let world = World::new();
    let all = policy(&json!([allow("*", "*")]));
    world.iam(ROLE).policy(&all).boundary(&policy(&json!([allow("kms:*", "*")]))).make();
    let elsewhere = json!({ "StringNotEquals": { "aws:RequestedRegion": ["eu-central-1", "us-east-1"] } });
    let regions = json!({ "Effect": "Deny", "NotAction": "iam:*", "Resource": "*", "Condition": elsewhere });
    world.organization_policy(&"111122223333".parse().unwrap(), &policy(&json!([allow("*", "*"), regions])));
    for (action, region, expected) in [
        ("kms:CreateKey", "eu-central-1", ("allowed", true, true)),
        ("kms:CreateKey", "me-central-1", ("explicitDeny", false, true)),
        ("sts:TagSession", "eu-central-1", ("implicitDeny", true, false)),
        ("iam:GetRole", "me-central-1", ("implicitDeny", true, false)),
    ] {
        let results = simulated(&world, &[action], "*", region).await.unwrap();
        let [result] = &results[..] else { panic!("{results:?}") };
        let organization = result.organizations_decision_detail().unwrap().allowed_by_organizations();
        let boundary = result.permissions_boundary_decision_detail().unwrap().allowed_by_permissions_boundary();
        assert_eq!((result.eval_decision().as_str(), organization, boundary), expected, "{action} {region}");
    }
}

#[tokio::test]
async fn keys_that_the_context_lacks_are_named_but_not_those_of_the_organisation() {
    let world = World::new();
    let on = |key: &str| json!({ "StringEquals": { key: "x" } });
    let own = json!([
        { "Effect": "Allow", "Action": "kms:*", "Resource": "*", "Condition": { "StringLike": { "aws:PrincipalArn": "*" } } },
        { "Effect": "Deny", "Action": "kms:Create*", "Resource": "*", "Condition": on("aws:PrincipalTag/team") },
    ]);
    world.iam(ROLE).policy(&policy(&own)).make();
    let denies = json!({ "Effect": "Deny", "Action": "*", "Resource": "*", "Condition": on("aws:SourceVpc") });
    world.organization_policy(&"111122223333".parse().unwrap(), &policy(&json!([allow("*", "*"), denies])));
    let results = simulated(&world, &["kms:CreateKey", "kms:ListKeys"], "*", "us-east-1").await.unwrap();
    let missing: Vec<_> = results.iter().map(|result| result.missing_context_values().to_vec()).collect();
    assert_eq!(missing, [vec!["aws:PrincipalTag/team".to_owned()], vec![]]);
    let results = simulated(&world, &["kms:CreateKey"], KEY, "us-east-1").await.unwrap();
    assert!(results[0].missing_context_values().is_empty(), "what is about a resource is said there");
    assert_eq!(results[0].resource_specific_results()[0].missing_context_values(), ["aws:PrincipalTag/team"]);
}

#[tokio::test]
async fn results_come_in_pages_that_a_test_can_make_small() {
    let world = World::new();
    world.iam(ROLE).make();
    world.quota("iam:results-per-page", 2);
    let (mut marker, mut sizes) = (None, Vec::new());
    loop {
        let request = client(&world).simulate_principal_policy().policy_source_arn(ROLE).set_marker(marker);
        let actions = ["a:A", "a:B", "a:C", "a:D", "a:E"].map(str::to_owned).to_vec();
        let page = request.set_action_names(Some(actions)).send().await.unwrap();
        sizes.push(page.evaluation_results().len());
        marker = page.marker;
        if !page.is_truncated {
            break;
        }
    }
    assert_eq!((sizes, marker), (vec![2, 2, 1], None));
}

#[tokio::test]
async fn what_cannot_be_simulated_is_refused() {
    let world = World::new();
    world.iam(ROLE).make();
    let request = || client(&world).simulate_principal_policy().policy_source_arn(ROLE).action_names("kms:ListKeys");
    for (request, code) in [
        (request().policy_source_arn("arn:aws:sts::111122223333:assumed-role/rescue/me"), "InvalidInput"),
        (request().policy_source_arn("arn:aws:iam::111122223333:root"), "InvalidInput"),
        (request().policy_source_arn("arn:aws:iam::111122223333:role/rescue"), "NoSuchEntity"),
        (request().resource_arns("arn:*:kms:*:*:key/1"), "InvalidInput"),
        (request().action_names("ListKeys"), "InvalidInput"),
        (request().marker("x"), "InvalidInput"),
        (request().resource_arns("*").resource_arns(KEY), "NotInThisWorld"),
        (request().policy_input_list("{}"), "NotInThisWorld"),
    ] {
        assert_eq!(request.send().await.unwrap_err().code(), Some(code));
    }
    let config = world.sdk_config_as(ROLE, "me").unwrap();
    let user = Client::new(&config).get_user().send().await.unwrap_err();
    assert_eq!(user.code(), Some("NotInThisWorld"));
}
