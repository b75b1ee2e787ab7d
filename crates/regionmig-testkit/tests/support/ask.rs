//! Requests by AWS's own hand, for the tests of every service.

use regionmig_core::End;
use regionmig_testkit::World;
use serde_json::Value;

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
