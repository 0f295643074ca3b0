//! Adopting a repository as it is: from what its files name to declarations that a person could have written. Pure.
//!
//! A [`Survey`] collects what the files name; [`proposals`] makes a pin of each image and git repository at each tag, and
//! tells those of one upstream apart; [`Declared`] is the text of `pins.toml`. What stays open after that is [`Undecided`].
//! [`ci`] has the jobs that keep it all true.

mod apart;
mod bots;
pub mod ci;
mod declared;
mod names;
mod platforms;
mod proposal;
mod survey;
#[cfg(test)]
mod tests;
mod undecided;

pub use bots::unbound;
pub use declared::Declared;
pub use platforms::settle;
pub use proposal::{Proposal, proposals};
pub use survey::{Source, Spot, Survey, Uses};
pub use undecided::{Failures, Undecided, failure};
