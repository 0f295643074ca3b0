//! What changed between two pins, as Markdown for a pull request; and text of upstream made fit to be in one.

use crate::evidence::Evidence;

/// The evidence of one step.
pub fn evidence(evidence: &Evidence) -> String {
    let _ = evidence;
    String::new()
}

/// Text of upstream as a code span, neutralised.
pub fn code(text: &str) -> String {
    format!("`{text}`")
}
