//! Identifiers, bindings, and what the source's identifiers become in the target.

mod arn;
mod binding;
mod identifier;
mod known;
mod map;
mod resource;

pub use arn::Arn;
pub(crate) use binding::says_more;
pub use binding::{Binding, Template};
pub use identifier::Identifier;
pub use known::{
    AliasName, AppClientId, CertificateArn, CertificateAuthorityArn, DetectorId, IdentityPoolId, KeyArn, SecretArn,
    UserPoolId,
};
pub use map::{IdMap, RebindError, UnresolvedError};
pub use resource::ResourceId;
pub(crate) use resource::joined;
