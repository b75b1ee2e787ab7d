//! What the tests of every service share: an account, and requests by AWS's own hand.

use std::fmt::Debug;
use std::time::Duration;

use aws_smithy_runtime_api::client::result::SdkError;
use aws_smithy_types::error::metadata::ProvideErrorMetadata;
use regionmig_core::End;
use regionmig_testkit::World;
use serde_json::Value;

pub(crate) const ACCOUNT: &str = "111122223333";

/// The account's end in `region`.
pub(crate) fn end(region: &str) -> End {
    format!("{ACCOUNT}/{region}").parse().unwrap()
}

/// Asks for something that must be done.
pub(crate) fn done(world: &World, end: &End, action: &str, input: Value) -> Value {
    world.ask(end, action, input.clone()).unwrap_or_else(|refusal| {
        panic!("{action} {input} was refused: {} {}", refusal.code, refusal.message);
    })
}

/// Asks for something that must be refused; returns code and message.
pub(crate) fn refused(world: &World, end: &End, action: &str, input: Value) -> (String, String) {
    match world.ask(end, action, input.clone()) {
        Ok(answer) => panic!("{action} {input} was not refused: {answer}"),
        Err(refusal) => (refusal.code, refusal.message),
    }
}

/// The code of the error that the SDK makes of a refusal.
pub(crate) fn sdk_code<T: Debug, E: ProvideErrorMetadata, R>(result: Result<T, SdkError<E, R>>) -> String {
    match result {
        Ok(answer) => panic!("was not refused: {answer:?}"),
        Err(error) => error.code().unwrap_or("no code").to_owned(),
    }
}

pub(crate) fn days(n: u64) -> Duration {
    Duration::from_secs(n * 86_400)
}
