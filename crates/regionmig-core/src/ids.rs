//! Identifiers, bindings, and what the source's identifiers become in the target.

mod arn;
mod binding;
mod identifier;
mod map;

pub use arn::Arn;
pub use binding::{Binding, Template};
pub use identifier::{AliasName, Identifier, KeyArn, ResourceId};
pub use map::{IdMap, RebindError, UnresolvedError};
