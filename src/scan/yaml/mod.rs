//! YAML as a tree in which each node knows the bytes that it stands in.
//!
//! [`parse`] gives a [`Stream`] of documents, and what of it could not be read. A [`Node`] is a cheap handle. Its
//! lookups follow aliases and see through merge keys (`<<`); [`Node::written`] is for a walk over a whole document,
//! which meets every node once, where it stands. [`Node::places`] says which bytes spell a scalar to the letter.
//!
//! A hostile text costs no more than its size: nodes under an anchor are shared, not copied, an alias to what it
//! stands in leads nowhere, nesting ends at what the parser allows (255 levels each of block and flow), and what is
//! spent on aliases is bounded for the whole stream ([`Stream::unread`] says if that was not enough).

mod build;
mod node;
mod places;
#[cfg(test)]
mod tests;

use std::borrow::Cow;
use std::cell::Cell;
use std::ops::Range;

pub use build::parse;
pub use granit_parser::ScalarStyle as Style;
pub use node::{Node, Written};
pub use places::Places;

use super::Unread;

/// How many nodes may be visited through aliases. Real files need some thousand.
const ALIAS_BUDGET: usize = 1 << 19;

/// The documents of a text.
#[derive(Debug)]
pub struct Stream<'t> {
    text: &'t str,
    nodes: Vec<Data<'t>>,
    documents: Vec<usize>,
    unread: Vec<Unread>,
    /// What is left of [`ALIAS_BUDGET`].
    budget: Cell<usize>,
    /// Whether a lookup ended because nothing was left.
    exhausted: Cell<bool>,
}

/// A node of the tree. Others are named by their index in [`Stream::nodes`].
#[derive(Debug)]
struct Data<'t> {
    span: Range<usize>,
    tag: Option<Box<str>>,
    content: Content<'t>,
}

#[derive(Debug)]
enum Content<'t> {
    Scalar {
        value: Cow<'t, str>,
        style: Style,
    },
    Sequence(Vec<usize>),
    Mapping {
        /// In order; keys may repeat.
        pairs: Vec<(usize, usize)>,
        /// The values of its merge keys.
        merges: Vec<usize>,
    },
    Alias(usize),
    /// An alias that leads nowhere.
    Nothing,
}

impl Stream<'_> {
    /// The root of each document that could be read, in order.
    pub fn documents(&self) -> impl Iterator<Item = Node<'_>> {
        self.documents.iter().map(|&at| Node::new(self, at))
    }

    /// What could not be read. To be asked when all lookups are done.
    pub fn unread(&self) -> Vec<Unread> {
        let exhausted = self.exhausted.get().then(|| Unread {
            span: 0..self.text.len(),
            why: "its aliases lead to more values than are looked at; references in them may be missed"
                .into(),
        });
        self.unread.iter().cloned().chain(exhausted).collect()
    }
}
