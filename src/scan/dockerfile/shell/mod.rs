//! The commands of a shell script, and which of them fetch something. A script is only read as far as that needs:
//! words, quotes, substitutions, pipes, the words that stand before a command; no expansion.

mod command;
mod fetch;
mod gate;
mod languages;
mod lock;
mod node;
mod options;
mod packages;
mod python;
mod reader;
mod suites;
mod tools;

use std::ops::Range;

pub(super) use command::{Command, Shell, is_shell};
pub(super) use fetch::{Found, Setting, fetches, may_matter};
pub(super) use reader::{exec, script};

use super::Joined;

/// One word of a command.
#[derive(Clone, Debug, Default)]
pub(super) struct Word {
    /// Without quotes and escapes; substitutions are as they are written.
    pub(super) text: Joined,
    /// In the file.
    pub(super) span: Range<usize>,
}

impl Word {
    fn text(&self) -> &str {
        &self.text.text
    }
}
