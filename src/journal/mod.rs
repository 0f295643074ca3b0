//! What was seen of each pin, and when first, kept in the git ref `refs/solera-pin/journal`.
//!
//! [`Journal`] is the content: pure, and the same in whatever order journals are merged. `text` writes it as files of
//! lines. [`load`] gives the [`Handle`] of a folder's journal: [`Handle::record`] adds to it by one commit,
//! [`Handle::merge_from`] brings two together, wherever the other came from, and [`History`] tells since when a line can be believed. Work tree, index and `HEAD` are never touched.
//!
//! A root below the top of its repository has its files below that path in the journal's tree, each part of it with
//! a mark in front: `@services/@pay/wordpress`. So no folder is ever in the way of a pin's file.

mod attempts;
mod contents;
mod error;
mod history;
mod merge;
mod message;
mod objects;
mod store;
mod text;

pub use contents::{Acceptance, Journal, MAX_REASON, MAX_WORD, WordError};
pub use error::Error;
pub use history::History;
pub use merge::Merged;
pub use message::Decision;
pub use store::{Handle, Recorded, State, load, open};
pub use text::{JournalFile, TextError, decode, encode, files};

/// The ref.
pub const REF: &str = "refs/solera-pin/journal";

/// What stands before each part of a folder's path in the journal's tree.
const FOLDER_MARK: &[u8] = b"@";

#[cfg(test)]
mod history_tests;
#[cfg(test)]
pub(crate) mod merge_tests;
#[cfg(test)]
pub(crate) mod tests;
