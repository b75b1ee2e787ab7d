#![doc = include_str!("../README.md")]

mod call;
mod ids;
mod kms;
mod state;

pub use call::{Call, Refusal};
