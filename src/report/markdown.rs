//! What changed between two pins, as Markdown for a pull request. Pure.
//!
//! Entry point: [`evidence`]; [`code`] makes text of upstream fit to be in it. All that is not ours goes through it:
//! names and versions, settings, messages, and the reasons why something is not known, which may quote a server.

mod code;

pub use code::code;

use crate::evidence::Evidence;

/// The evidence of one step.
pub fn evidence(evidence: &Evidence) -> String {
    let _ = evidence;
    String::new()
}
