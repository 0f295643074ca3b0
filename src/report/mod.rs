//! What a command says: one file a format. Pure.

pub mod human;
pub mod json;
mod snippet;

pub use crate::model::harmless;
pub use snippet::{problem, snippet};

/// The version of every JSON document that a command prints.
pub const SCHEMA_VERSION: u32 = 1;
