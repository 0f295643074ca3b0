//! Findings as SARIF 2.1.0, for code scanning.
//!
//! Every rule is described, found or not. Paths are relative to the repository, so that the report of one machine is
//! that of any other.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use serde_json::{Value, json};

use super::{corners, harmless, in_order, marked, told};
use crate::catalog::Level;
use crate::document::Place;
use crate::model::{Digest, PinName};
use crate::served;
use crate::verify::{self, Finding};

const SCHEMA: &str =
    "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json";

/// What all paths are relative to.
const ROOT: &str = "%SRCROOT%";

/// A pin whose upstream gave no answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NotAsked {
    /// Its name.
    pub name: PinName,
    /// Why.
    pub reason: String,
}

/// The report of a run that could look at everything.
pub fn sarif(findings: &[Finding]) -> String {
    sarif_of_part(findings, &[])
}

/// The report of a run that could not ask about some pins: what it does not find is not thereby gone.
pub fn sarif_of_part(findings: &[Finding], not_asked: &[NotAsked]) -> String {
    let (ids, rules) = rules();
    let mut occurrences = BTreeMap::new();
    let results: Vec<Value> =
        in_order(findings).into_iter().map(|finding| result(finding, &ids, &mut occurrences)).collect();
    let notification = |failed: &NotAsked| {
        let text = format!("the pin `{}` could not be checked: {}", failed.name, failed.reason);
        json!({ "level": "error", "message": { "text": harmless(&text) } })
    };
    let notifications: Vec<Value> = not_asked.iter().map(notification).collect();
    let log = json!({
        "$schema": SCHEMA,
        "version": "2.1.0",
        "runs": [{
            "tool": { "driver": {
                "name": env!("CARGO_PKG_NAME"),
                "version": env!("CARGO_PKG_VERSION"),
                "informationUri": env!("CARGO_PKG_REPOSITORY"),
                "rules": rules,
            } },
            "invocations": [{
                "executionSuccessful": not_asked.is_empty(),
                "toolExecutionNotifications": notifications,
            }],
            "originalUriBaseIds": { ROOT: { "description": { "text": "The root of the repository." } } },
            "columnKind": "unicodeCodePoints",
            "results": results,
        }],
    });
    format!("{log:#}\n")
}

/// Every rule: the ids in the report's order, and their descriptions.
fn rules() -> (Vec<&'static str>, Vec<Value>) {
    let offline = verify::RULES.iter().map(|rule| (rule.id, rule.level, rule.reason));
    let upstream = served::RULES.iter().map(|rule| (rule.id, rule.level, rule.reason));
    let mut all: Vec<_> = offline.chain(upstream).collect();
    all.sort_by_key(|(id, ..)| *id);
    let described = |(id, weight, reason): &(&str, Level, &str)| {
        json!({
            "id": id,
            "shortDescription": { "text": reason },
            "defaultConfiguration": { "level": level(*weight) },
        })
    };
    (all.iter().map(|(id, ..)| *id).collect(), all.iter().map(described).collect())
}

fn level(level: Level) -> &'static str {
    match level {
        Level::Error => "error",
        Level::Warning => "warning",
        Level::Off => "note",
    }
}

fn result(finding: &Finding, ids: &[&str], occurrences: &mut BTreeMap<String, usize>) -> Value {
    let mut value = json!({
        "ruleId": finding.rule,
        "level": level(finding.level),
        "message": { "text": told(finding) },
        "locations": [{ "physicalLocation": {
            "artifactLocation": { "uri": uri(&finding.place.file.path), "uriBaseId": ROOT },
            "region": region(&finding.place),
        } }],
        "partialFingerprints": { "ruleAndLine/v1": fingerprint(finding, occurrences) },
    });
    if let Some(index) = ids.iter().position(|id| *id == finding.rule) {
        value["ruleIndex"] = index.into();
    }
    value
}

fn region(place: &Place) -> Value {
    let ((line, column), (end_line, end_column)) = corners(place);
    let bytes = marked(place);
    json!({
        "startLine": line,
        "startColumn": column,
        "endLine": end_line,
        "endColumn": end_column,
        "byteOffset": bytes.start,
        "byteLength": bytes.len(),
    })
}

/// The same for the same finding after lines above it came or went: of the rule, the file and the line's text. Where
/// those are the same for several, their order tells them apart.
fn fingerprint(finding: &Finding, occurrences: &mut BTreeMap<String, usize>) -> String {
    let file = &finding.place.file;
    let (line, _) = file.position(finding.place.span.start);
    let text = file.text.lines().nth(line - 1).unwrap_or_default().trim();
    let hash = Digest::sha256([finding.rule, &file.path, text].join("\0").as_bytes());
    let occurrence = occurrences.entry(hash.hex().to_owned()).or_default();
    *occurrence += 1;
    format!("{}:{occurrence}", hash.hex())
}

/// A path as a relative reference: a colon in its first segment would make a scheme of what stands before.
fn uri(path: &str) -> String {
    let mut uri = String::with_capacity(path.len());
    for byte in path.bytes() {
        match byte {
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'-' | b'.' | b'_' | b'~' | b'/' => {
                uri.push(char::from(byte));
            }
            // Writing to a string does not fail.
            _ => drop(write!(uri, "%{byte:02X}")),
        }
    }
    uri
}
