//! What may go wrong with one request.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use aws_sdk_dynamodb::config::timeout::TimeoutConfig;
use aws_sdk_dynamodb::error::{ProvideErrorMetadata, SdkError};
use aws_sdk_dynamodb::operation::put_item::PutItemError;
use regionmig_testkit::{Fault, Loss, Refusal, World};
use serde_json::json;

use crate::{HERE, THERE, client, end, names, put, world};

type Put = Result<(), SdkError<PutItemError>>;

/// Puts one item with one fault installed: what the client sees, how often it was done.
async fn struck(fault: Fault) -> (World, Put, usize) {
    let (world, _) = world();
    world.fault(fault);
    let result = put(&client(&world, HERE), "a").await;
    let done = world.ledger().count("dynamodb:PutItem");
    (world, result, done)
}

fn code(result: &Put) -> Option<&str> {
    result.as_ref().err()?.code()
}

fn status(result: &Put) -> u16 {
    match result {
        Err(error) => error.raw_response().map_or(0, |raw| raw.status().as_u16()),
        Ok(()) => 200,
    }
}

/// Returns the kind of the I/O error at the end of the chain.
fn io_kind(result: &Put) -> Option<std::io::ErrorKind> {
    let mut error: &dyn std::error::Error = result.as_ref().err()?;
    while let Some(source) = error.source() {
        error = source;
    }
    error.downcast_ref::<std::io::Error>().map(std::io::Error::kind)
}

#[tokio::test]
async fn a_lost_request_is_not_executed_and_looks_like_a_reset_connection() {
    let (world, result, done) = struck(Fault::lost_request("dynamodb:PutItem")).await;
    assert!(matches!(&result, Err(SdkError::DispatchFailure(failure)) if failure.is_io()));
    assert_eq!((io_kind(&result), done), (Some(std::io::ErrorKind::ConnectionReset), 0));
    assert_eq!(world.ledger().count_requests("dynamodb:PutItem"), 1);
}

#[tokio::test]
async fn an_unreachable_region_refuses_connections_and_the_other_answers() {
    let (world, _) = world();
    world.fault(Fault::unreachable("*").in_region(THERE));
    let result = put(&client(&world, THERE), "a").await;
    assert_eq!(io_kind(&result), Some(std::io::ErrorKind::ConnectionRefused));
    put(&client(&world, HERE), "a").await.unwrap();
    assert_eq!((world.ledger().mutations().count(), world.ledger().mutations_at(&end(HERE)).count()), (1, 1));
}

#[tokio::test]
async fn one_service_can_be_dead_alone() {
    let (world, _) = world();
    world.fault(Fault::unreachable("dynamodb:*"));
    assert!(put(&client(&world, HERE), "a").await.is_err());
    assert!(crate::sts(&world).get_caller_identity().send().await.is_ok());
}

#[tokio::test]
async fn every_kind_of_lost_answer_leaves_the_request_executed_once() {
    for loss in [Loss::Reset, Loss::Timeout, Loss::TruncatedBody, Loss::UnreadableBody, Loss::WrongContentType] {
        let (world, result, done) = struck(Fault::lost_answer("dynamodb:PutItem").by(loss)).await;
        let seen = match &result {
            Err(SdkError::DispatchFailure(failure)) if failure.is_io() => Loss::Reset,
            Err(SdkError::DispatchFailure(failure)) if failure.is_timeout() => Loss::Timeout,
            Err(SdkError::ResponseError(_)) => Loss::TruncatedBody,
            // What cannot be read counts as an error of the service, one without a code, although the status is 200.
            Err(error @ SdkError::ServiceError(_)) if error.code().is_none() && status(&result) == 200 => loss,
            other => panic!("{loss:?}: {other:?}"),
        };
        assert_eq!((seen, done), (loss, 1));
        assert!(world.ledger().requests().all(|entry| !entry.answered), "{}", world.ledger());
        let silence = if loss == Loss::Timeout { 60 } else { 0 };
        assert_eq!(world.clock().now(), World::new().clock().now() + Duration::from_secs(silence));
        world.clear_faults();
        assert_eq!(names(&client(&world, HERE)).await, ["a"]);
    }
}

#[tokio::test]
async fn of_what_was_refused_no_lost_answer_says_that_it_was_done() {
    for loss in [Loss::UnreadableBody, Loss::WrongContentType] {
        let (world, _) = world();
        world.fault(Fault::lost_answer("dynamodb:DeleteTable").by(loss));
        let refused = client(&world, HERE).delete_table().table_name("t").send().await;
        let error = refused.expect_err("the world knows no such operation");
        assert_eq!(error.raw_response().map(|raw| raw.status().as_u16()), Some(501), "{loss:?}");
        assert!(world.ledger().requests().all(|entry| entry.executed.is_none() && entry.code.is_some()));
    }
}

#[tokio::test]
async fn server_errors_come_before_or_after_execution() {
    for status_wanted in [500, 503] {
        let fault = Fault::server_error("dynamodb:PutItem", status_wanted);
        let (_, result, done) = struck(fault.clone()).await;
        assert_eq!((status(&result), done), (status_wanted, 0));
        let (world, result, done) = struck(fault.after_execution()).await;
        assert_eq!((status(&result), done), (status_wanted, 1));
        assert!(world.ledger().requests().all(|entry| entry.code.is_some()));
    }
}

#[tokio::test]
async fn throttles_have_every_form_and_execute_nothing() {
    for (status_wanted, code_wanted) in
        [(400, "ThrottlingException"), (429, "TooManyRequestsException"), (503, "ThrottlingException")]
    {
        let fault = Fault::throttle("dynamodb:*").status(status_wanted).retry_after(Duration::from_millis(1500));
        let (_, result, done) = struck(fault).await;
        assert_eq!((status(&result), code(&result), done), (status_wanted, Some(code_wanted), 0));
        let error = result.unwrap_err();
        let wait = error.raw_response().unwrap().headers().get("x-amz-retry-after");
        assert_eq!(wait, Some("1500"));
    }
}

#[tokio::test]
async fn a_storm_of_throttles_ends_with_its_time() {
    let (world, _) = world();
    world.fault(Fault::throttle("dynamodb:*").lasting(Duration::from_secs(60)));
    let client = client(&world, HERE);
    let mut tries = 0;
    while put(&client, "a").await.is_err() {
        tries += 1;
        world.clock().sleep(Duration::from_secs(10)).await;
    }
    assert_eq!(tries, 6);
}

#[tokio::test]
async fn denials_and_expired_credentials_are_told_as_aws_tells_them() {
    let (_, result, done) = struck(Fault::access_denied("dynamodb:PutItem")).await;
    assert_eq!((status(&result), code(&result), done), (400, Some("AccessDeniedException"), 0));
    let (_, result, done) = struck(Fault::expired_credentials("*")).await;
    assert_eq!((status(&result), code(&result), done), (400, Some("ExpiredTokenException"), 0));
    let world = World::new();
    world.fault(Fault::access_denied("sts:*"));
    let error = crate::sts(&world).get_caller_identity().send().await.unwrap_err();
    assert_eq!((error.code(), error.raw_response().unwrap().status().as_u16()), (Some("AccessDenied"), 403));
}

#[tokio::test]
async fn a_liar_refuses_after_executing() {
    let refusal = Refusal::new("LimitExceededException").message("no more");
    let (_, result, done) = struck(Fault::refused("dynamodb:PutItem", refusal).after_execution()).await;
    assert_eq!((status(&result), code(&result), done), (400, Some("LimitExceededException"), 1));
}

#[tokio::test]
async fn a_fault_strikes_when_it_is_told_to() {
    let (world, _) = world();
    world.fault(Fault::access_denied("dynamodb:PutItem").nth(2));
    world.fault(Fault::throttle("dynamodb:PutItem").from_nth(4).times(2));
    world.fault(Fault::server_error("dynamodb:PutItem", 500).when(|call| call.body["Item"]["name"]["S"] == "g"));
    world.fault(Fault::server_error("dynamodb:PutItem", 503).at(&end(THERE)));
    let (client, mut codes) = (client(&world, HERE), Vec::new());
    for name in ["a", "b", "c", "d", "e", "f", "g"] {
        let result = put(&client, name).await;
        codes.push(code(&result).map(str::to_owned));
    }
    let (denied, throttled) = (Some("AccessDeniedException"), Some("ThrottlingException"));
    let wanted = [None, denied, None, throttled, throttled, None, Some("InternalServerError")];
    assert_eq!(codes, wanted.map(|code| code.map(str::to_owned)));
}

#[tokio::test]
async fn chances_come_from_the_seed() {
    async fn strikes(seed: u64) -> Vec<bool> {
        let world = World::seeded(seed);
        world.plug("dynamodb", crate::table);
        world.fault(Fault::throttle("dynamodb:*").chance(0.5));
        let (client, mut struck) = (client(&world, HERE), Vec::new());
        for n in 0..40 {
            struck.push(put(&client, &n.to_string()).await.is_err());
        }
        struck
    }
    let (first, other) = (strikes(1).await, strikes(2).await);
    assert_eq!(first, strikes(1).await);
    assert_ne!(first, other);
    assert!(first.contains(&true) && first.contains(&false));
}

#[tokio::test]
async fn a_late_answer_costs_virtual_time_and_a_deadline_ends_the_wait_but_not_the_request() {
    let (world, _) = world();
    world.fault(Fault::latency("dynamodb:PutItem", Duration::from_secs(30)));
    let before = world.clock().now();
    put(&client(&world, HERE), "a").await.unwrap();
    assert_eq!(world.clock().now(), before + Duration::from_secs(30));

    let timeouts = TimeoutConfig::builder().operation_attempt_timeout(Duration::from_secs(10)).build();
    let config = client(&world, HERE).config().to_builder().timeout_config(timeouts).build();
    let before = world.clock().now();
    let result = put(&aws_sdk_dynamodb::Client::from_conf(config), "b").await;
    assert!(matches!(result, Err(SdkError::TimeoutError(_))), "{result:?}");
    assert_eq!(world.clock().now(), before + Duration::from_secs(10));
    let timeouts = TimeoutConfig::builder().read_timeout(Duration::from_secs(10)).build();
    let config = client(&world, HERE).config().to_builder().timeout_config(timeouts).build();
    let before = world.clock().now();
    let result = put(&aws_sdk_dynamodb::Client::from_conf(config), "c").await;
    assert!(matches!(&result, Err(SdkError::DispatchFailure(failure)) if failure.is_timeout()), "{result:?}");
    assert_eq!(world.clock().now(), before + Duration::from_secs(10));
    assert_eq!(world.ledger().count("dynamodb:PutItem"), 3);
}

#[tokio::test]
async fn late_execution_happens_when_its_time_has_come() {
    for delay in [1, 60, 299, 900].map(Duration::from_secs) {
        let (world, result, done) = struck(Fault::late_execution("dynamodb:PutItem", delay).once()).await;
        assert!(matches!(&result, Err(SdkError::DispatchFailure(_))));
        assert_eq!(done, 0);
        let due = world.clock().now() + delay;
        let client = client(&world, HERE);
        world.clock().advance(delay - Duration::from_millis(1));
        assert_eq!(names(&client).await, [""; 0]);
        world.clock().advance(Duration::from_millis(1));
        assert_eq!(names(&client).await, ["a"]);
        let ledger = world.ledger();
        assert_eq!(
            ledger.mutations().map(|entry| (entry.executed, entry.answered)).collect::<Vec<_>>(),
            [(Some(due), false)]
        );
    }
}

#[tokio::test]
async fn somebody_else_acts_between_a_request_and_its_execution() {
    let (world, table) = world();
    let acted = Arc::new(AtomicBool::new(false));
    let seen = Arc::clone(&acted);
    world.fault(Fault::meanwhile("dynamodb:PutItem", move |world| {
        seen.store(true, Ordering::Relaxed);
        world.ask(&end(HERE), "dynamodb:PutItem", json!({ "Item": { "name": { "S": "a" } } })).unwrap();
    }));
    let result = put(&client(&world, HERE), "a").await;
    assert_eq!(code(&result), Some("ConditionalCheckFailedException"));
    assert!(acted.load(Ordering::Relaxed));
    assert_eq!((table.get(&end(HERE)).len(), world.ledger().count("*")), (1, 0));
}
