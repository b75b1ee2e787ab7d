//! Installs in a world what a scenario has go wrong there.

use std::time::Duration;

use jiff::SignedDuration;

use crate::fault::Fault;
use crate::kms::KmsTiming;
use crate::ordeal::Ordeal;
use crate::ordeal::machine::Machine;
use crate::ordeal::mishap::{Mishap, part_of_hundred};
use crate::ordeal::scenario::{Scenario, Trouble};
use crate::secrets::SecretsTiming;
use crate::world::World;

/// Longer than a process lives that is killed in the same poll.
const NEVER: Duration = Duration::from_secs(24 * 3600);

/// Installs what goes wrong with requests. What goes wrong with the process itself is not the world's.
pub(super) fn install(ordeal: &Ordeal, scenario: &Scenario, world: &World, machine: &Machine) {
    for trouble in &scenario.troubles {
        match trouble {
            Trouble::ClockIsSet { nth, by } => {
                let (machine, by) = (machine.clone(), *by);
                world.fault(Fault::meanwhile("*", move |_| machine.set_clock(by)).nth(*nth));
            }
            Trouble::KilledAtRequest { nth, executed_after } => kill(world, machine, *nth, *executed_after),
            Trouble::Meddling { nth, what } => {
                if let Some(act) = ordeal.meddlings.get(what).cloned() {
                    world.fault(Fault::meanwhile("*", move |world| act(world)).nth(*nth));
                }
            }
            Trouble::Requests { action, region, nth, times, mishap } => {
                world.fault(within(mishap.fault(action), region.as_ref()).from_nth(*nth).times(*times));
            }
            Trouble::SlowKeys { seconds } => {
                let creation = SignedDuration::from_secs(i64::try_from(*seconds).unwrap_or(i64::MAX));
                world.kms_timing(KmsTiming { creation, ..KmsTiming::default() });
                world.secrets_timing(SecretsTiming { replication: creation, ..SecretsTiming::default() });
            }
            Trouble::Spell { nth, seconds, action, region, percent, mishap } => {
                let fault = within(mishap.fault(action), region.as_ref()).lasting(Duration::from_secs(*seconds));
                let fault = if *percent < 100 { fault.chance(part_of_hundred(*percent)) } else { fault };
                world.fault(Fault::meanwhile("*", move |world| world.fault(fault.clone())).nth(*nth));
            }
            Trouble::AppendFails { .. }
            | Trouble::DiskIsFull { .. }
            | Trouble::Dropped { .. }
            | Trouble::JournalIsLost { .. }
            | Trouble::KilledAtAppend { .. }
            | Trouble::MachineDies { .. }
            | Trouble::ObserverPanics { .. }
            | Trouble::SecondOperator { .. }
            | Trouble::Stopped { .. }
            | Trouble::SyncFails { .. } => {}
        }
    }
}

fn within(fault: Fault, region: Option<&String>) -> Fault {
    match region {
        Some(region) => fault.in_region(region),
        None => fault,
    }
}

/// The answer never comes, and whoever waits for it is killed before the clock moves.
fn kill(world: &World, machine: &Machine, nth: u64, executed_after: Option<u64>) {
    let machine = machine.clone();
    world.fault(Fault::meanwhile("*", move |_| machine.kill()).nth(nth));
    world.fault(Fault::latency("*", NEVER).nth(nth));
    match executed_after {
        None => world.fault(Mishap::LostRequest.fault("*").nth(nth)),
        Some(0) => {}
        Some(seconds) => world.fault(Mishap::Late(seconds).fault("*").nth(nth)),
    }
}
