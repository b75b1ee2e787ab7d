//! Real processes, really killed, with their journal on a real disk: nothing is lost, and nothing is done twice.
//!
//! The world is in this process, and the process under test lives by its clock; so no window is shortened, and none costs time.
// REQ: E-14, E-15
#![cfg(unix)]
#![expect(clippy::unwrap_used, clippy::print_stdout, reason = "tests")]

#[path = "crash_process/account.rs"]
mod account;
#[path = "crash_process/child.rs"]
mod child;
#[path = "crash_process/full.rs"]
mod full;
#[path = "crash_process/interrupts.rs"]
mod interrupts;
#[path = "crash_process/kills.rs"]
mod kills;
#[path = "crash_process/life.rs"]
mod life;
#[path = "crash_process/two.rs"]
mod two;

/// Not a test, but the process that the tests start and kill. Without an order it does nothing.
#[test]
#[ignore = "the other tests start it in a process of its own"]
fn the_process_that_the_other_tests_start() {
    child::main();
}
