//! Identifiers, bindings, and what the source's identifiers become in the target.

mod arn;
mod binding;
mod identifier;
mod map;

pub use arn::Arn;
pub(crate) use binding::says_more;
pub use binding::{Binding, Template};
pub use identifier::{
    AliasName, AppClientId, CertificateArn, CertificateAuthorityArn, DetectorId, Identifier, IdentityPoolId, KeyArn,
    ResourceId, SecretArn, UserPoolId,
};
pub use map::{IdMap, RebindError, UnresolvedError};
