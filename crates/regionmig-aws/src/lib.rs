#![doc = include_str!("../README.md")]

mod access;
mod clients;
mod endpoint;
mod error;
mod pages;

pub use access::Access;
pub use clients::Clients;
pub use error::Error;
pub use pages::{Answer, Pages, pages};
