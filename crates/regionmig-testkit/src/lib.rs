#![doc = include_str!("../README.md")]

mod ask;
mod call;
mod clock;
mod conforms;
mod connector;
mod disk;
mod exchange;
mod face;
mod fault;
mod grown;
mod history;
mod holding;
mod ids;
mod invariants;
mod kms;
mod ledger;
mod memory;
mod model;
mod ordeal;
mod page;
mod paging;
mod plug;
mod policy;
mod protocol;
mod remote;
mod secrets;
mod services;
mod shelf;
mod state;
mod world;

pub use call::{Call, Refusal};
pub use clock::VirtualClock;
pub use conforms::{Conformed, CrashingJournal, Extent, Survived, conforms, conforms_on, survives};
pub use disk::{DiskCall, DiskEntry, DiskFault, Remains, SimulatedDisk};
pub use face::Face;
pub use fault::{Fault, Loss};
pub use holding::Holding;
pub use invariants::{Breach, Invariant};
pub use kms::{
    GrantSeed, GrantView, KeySeed, KeyStoreSeed, KeyView, KmsTiming, MultiRegionView, every_kind_of_key, other_keys,
    reference_account,
};
pub use ledger::{Entry, Ledger};
pub use memory::{Recall, TokenMemory};
pub use ordeal::{Failure, Lost, Mishap, Mode, Ordeal, Scenario, Setting, Trouble, Undergone};
pub use plug::Plugged;
pub use remote::RemoteWorld;
pub use secrets::{
    ReplicaView, RotationView, SecretBytesView, SecretSeed, SecretView, SecretsTiming, VersionView,
    every_kind_of_secret, reference_secrets,
};
pub use services::PrincipalSeed;
pub use world::World;
