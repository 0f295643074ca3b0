//! `pins.lock`: what every build reads.
//!
//! [`decode`] reads a file strictly; [`encode`] writes one whose bytes depend only on the pins and on the comments
//! that a person added; [`changes`] compares two, and [`merge`] brings together what two sides made of one; [`Store`] loads
//! the file and replaces it whole.

mod archive;
mod changes;
mod comments;
mod debian;
mod decode;
mod encode;
mod locate;
mod merge;
mod store;

use std::collections::BTreeMap;

pub use changes::{Change, changes};
pub use decode::decode;
pub use encode::encode;
pub use locate::locate;
pub use merge::{Merged, merge};
pub use store::{Committed, Store, StoreError, text};

use crate::model::{Pin, PinName};

/// The version of the format that is read and written.
pub const FORMAT: i64 = 1;

/// The name of the file.
pub const FILE_NAME: &str = "pins.lock";

/// The content of a lock file.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Lock {
    /// By name.
    pub pins: BTreeMap<PinName, Pin>,
}

#[cfg(test)]
mod merge_tests;
#[cfg(test)]
mod tests;
