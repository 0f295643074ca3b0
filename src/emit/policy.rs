//! What BuildKit's source policies and buildah's have in common: rules, one a line so that a person can read a change.

use serde::Serialize;

/// What becomes of a source.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "UPPERCASE")]
pub(super) enum Action {
    Allow,
    Deny,
    Convert,
}

/// A policy of these rules.
pub(super) fn text(rules: &[impl Serialize]) -> String {
    // Rules are texts and lists of texts, which always are JSON.
    let lines: Vec<String> = rules.iter().filter_map(|rule| serde_json::to_string(rule).ok()).collect();
    format!("{{\"rules\": [\n  {}\n]}}\n", lines.join(",\n  "))
}
