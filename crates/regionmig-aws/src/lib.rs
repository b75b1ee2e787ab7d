#![doc = include_str!("../README.md")]

mod access;
mod attempts;
mod caller;
mod clients;
mod endpoint;
mod error;
mod pace;
mod pages;
#[cfg(feature = "iam")]
mod simulate;
mod time;

pub use access::Access;
pub use caller::code;
pub use clients::Clients;
pub use error::Error;
pub use pace::Pace;
pub use pages::{Answer, Pages, pages};
#[cfg(feature = "iam")]
pub use simulate::simulate;
pub use time::timestamp;
