//! Who asks, and where they may.
// REQ: E-33

use std::time::Duration;

use aws_sdk_sts::config::{Credentials, SharedCredentialsProvider};
use aws_sdk_sts::error::ProvideErrorMetadata;
use aws_types::SdkConfig;
use aws_types::region::Region;
use regionmig_core::Caller;
use regionmig_testkit::World;

use crate::{HERE, THERE, client, end, names, put, sts, table, world};

const ROLE: &str = "arn:aws:iam::444455556666:role/teams/rescue";

async fn arn(config: &SdkConfig) -> Result<String, aws_sdk_sts::Error> {
    Ok(aws_sdk_sts::Client::new(config).get_caller_identity().send().await?.arn.unwrap())
}

/// Assumes the role, and returns a configuration with its credentials.
async fn assumed(world: &World) -> SdkConfig {
    let assume = sts(world).assume_role().role_arn(ROLE).role_session_name("me").duration_seconds(900);
    let given = assume.send().await.unwrap().credentials.unwrap();
    assert_eq!(given.expiration.secs(), (world.clock().now() + Duration::from_secs(900)).as_second());
    let token = Some(given.session_token);
    let credentials = Credentials::new(given.access_key_id, given.secret_access_key, token, None, "test");
    world.sdk_config().into_builder().credentials_provider(SharedCredentialsProvider::new(credentials)).build()
}

#[tokio::test]
async fn every_account_has_credentials_of_its_own_and_sees_its_own_things() {
    let (world, _) = world();
    let other = world.sdk_config_of(&"444455556666".parse().unwrap());
    assert_eq!(arn(&world.sdk_config()).await.unwrap(), "arn:aws:iam::111122223333:user/operator");
    assert_eq!(arn(&other).await.unwrap(), "arn:aws:iam::444455556666:user/operator");
    put(&client(&world, "us-east-1"), "a").await.unwrap();
    assert_eq!(names(&aws_sdk_dynamodb::Client::new(&other)).await, [""; 0]);
}

#[tokio::test]
async fn an_assumed_role_acts_as_its_account_until_it_expires() {
    let world = World::new();
    let config = assumed(&world).await;
    assert_eq!(arn(&config).await.unwrap(), "arn:aws:sts::444455556666:assumed-role/rescue/me");
    world.clock().advance(Duration::from_secs(899));
    assert!(arn(&config).await.is_ok());
    world.clock().advance(Duration::from_secs(1));
    assert_eq!(arn(&config).await.unwrap_err().code(), Some("ExpiredToken"));
    world.plug("dynamodb", table);
    let error = put(&aws_sdk_dynamodb::Client::new(&config), "a").await.unwrap_err();
    assert_eq!(error.code(), Some("ExpiredTokenException"));
}

#[tokio::test]
async fn a_session_with_another_token_and_a_key_of_nobody_are_not_recognized() {
    let world = World::new();
    let config = assumed(&world).await;
    let provider = config.credentials_provider().unwrap();
    let right = aws_sdk_sts::config::ProvideCredentials::provide_credentials(&provider).await.unwrap();
    for key in [right.access_key_id(), "AKIAIOSFODNN7EXAMPLE"] {
        let wrong = Credentials::new(key, "s", Some("t".to_owned()), None, "test");
        let config = config.to_builder().credentials_provider(SharedCredentialsProvider::new(wrong)).build();
        let error = aws_sdk_sts::Client::new(&config).get_caller_identity().send().await.unwrap_err();
        assert_eq!(
            (error.code(), error.raw_response().unwrap().status().as_u16()),
            (Some("InvalidClientTokenId"), 403)
        );
    }
}

#[tokio::test]
async fn a_role_that_is_none_and_a_time_that_is_too_long_are_refused() {
    let sts = sts(&World::new());
    for (role, seconds) in [("arn:aws:iam::444455556666:user/u", 3600), (ROLE, 43_201), (ROLE, 899)] {
        let assume = sts.assume_role().role_arn(role).role_session_name("me").duration_seconds(seconds);
        assert_eq!(assume.send().await.unwrap_err().code(), Some("ValidationError"), "{role} {seconds}");
    }
}

#[tokio::test]
async fn a_region_that_is_not_enabled_does_not_recognize_its_caller() {
    let (world, _) = world();
    world.disable_region(&end(THERE));
    let error = put(&client(&world, THERE), "a").await.unwrap_err();
    assert_eq!(error.code(), Some("UnrecognizedClientException"));
    put(&client(&world, HERE), "a").await.unwrap();
    let other = world.sdk_config_of(&"444455556666".parse().unwrap());
    let other = other.into_builder().region(Region::new(THERE)).build();
    put(&aws_sdk_dynamodb::Client::new(&other), "a").await.unwrap();
    let error = aws_sdk_sts::Client::new(&world.sdk_config().into_builder().region(Region::new(THERE)).build())
        .get_caller_identity()
        .send()
        .await
        .unwrap_err();
    assert_eq!((error.code(), error.raw_response().unwrap().status().as_u16()), (Some("InvalidClientTokenId"), 403));
    world.enable_region(&end(THERE));
    put(&client(&world, THERE), "a").await.unwrap();
}

#[tokio::test]
async fn the_account_service_tells_which_regions_are_enabled() {
    let world = World::new();
    world.disable_region(&end("af-south-1"));
    let account = aws_sdk_account::Client::new(&world.sdk_config());
    for (region, status) in [("af-south-1", "DISABLED"), (THERE, "ENABLED"), (HERE, "ENABLED_BY_DEFAULT")] {
        let got = account.get_region_opt_status().region_name(region).send().await.unwrap();
        assert_eq!(got.region_opt_status().unwrap().as_str(), status, "{region}");
    }
    let error = account.get_region_opt_status().region_name("nowhere").send().await.unwrap_err();
    assert_eq!(error.code(), Some("ValidationException"));
}

#[tokio::test]
async fn a_signature_older_than_five_minutes_is_refused() {
    let (world, _) = world();
    let late = world.fork();
    late.clock().advance(Duration::from_secs(301));
    let config =
        client(&world, HERE).config().to_builder().http_client(late.sdk_config().http_client().unwrap()).build();
    let client = aws_sdk_dynamodb::Client::from_conf(config);
    assert_eq!(put(&client, "a").await.unwrap_err().code(), Some("InvalidSignatureException"));
    world.clock().advance(Duration::from_secs(1));
    put(&client, "a").await.unwrap();
}

#[tokio::test]
async fn what_the_world_does_not_carry_is_refused_by_name() {
    let world = World::new();
    let error = put(&client(&world, HERE), "a").await.unwrap_err();
    assert_eq!((error.code(), error.raw_response().unwrap().status().as_u16()), (Some("NotInThisWorld"), 501));
    assert!(error.message().unwrap().contains("dynamodb:PutItem"));
    let error = sts(&world).get_session_token().send().await.unwrap_err();
    assert!(error.message().unwrap().contains("sts:GetSessionToken"));
    assert_eq!(world.ledger().count_requests("*"), 2, "and not repeated");
    assert_eq!(world.ledger().count("*"), 0);
    let asked: Vec<_> = world.ledger().actions().into_iter().map(|(end, action)| format!("{end} {action}")).collect();
    assert_eq!(asked, ["111122223333/eu-central-1 dynamodb:PutItem", "111122223333/us-east-1 sts:GetSessionToken"]);
}

#[tokio::test]
async fn the_access_of_a_world_acts_as_its_account_by_its_clock() {
    let world = World::new();
    let other: regionmig_core::AccountId = "444455556666".parse().unwrap();
    let access = world.access().with_account(other.clone(), &world.sdk_config_of(&other));
    let access: &dyn Caller = &access;
    assert_eq!(access.account(&end(HERE)).await.unwrap().as_str(), "111122223333");
    assert_eq!(access.account(&"444455556666/eu-central-1".parse().unwrap()).await.unwrap(), other);
    assert_eq!(access.clock().now(), world.clock().now());
    assert_eq!(world.ledger().count("sts:GetCallerIdentity"), 2);
}
