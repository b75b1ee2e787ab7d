#![doc = include_str!("../README.md")]

mod apply;
mod finding;
mod inventory;
mod options;
mod plan;
mod read;
mod rewriting;
mod service;
mod snapshot;
mod step;
mod verify;

pub use apply::revert_permissions;
pub use finding::code;
pub use options::{Keep, Mode};
pub use service::Secrets;
pub use snapshot::{CURRENT, PENDING, PREVIOUS, Replica, ReplicaStatus, Rotation, Secret, Snapshot, Versions};
pub use step::{
    AddTags, ChangeKey, ChangeTags, Create, EncryptedUnder, ForgetReplica, MoveStage, Overwritten, Promote,
    PromotedVersion, PutPolicy, PutVersion, Relink, Replaces, Replicate, SetDescription, SetRotation, Step,
};
pub use verify::check;

#[cfg(test)]
mod testing;
