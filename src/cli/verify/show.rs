//! What `verify` says.

use annotate_snippets::Level as Shown;
use serde_json::{Value, json};

use super::Verdict;
use crate::catalog::Level;
use crate::cli::session::Session;
use crate::error::Status;
use crate::report::human::{self, count};
use crate::report::{json as report_json, snippet};
use crate::verify::Finding;

/// For a person: each finding with its line, then what became of every outside input.
pub(super) fn human(session: &mut Session<'_>, verdict: &Verdict) {
    findings(session, &verdict.report.findings);
    session.output.note(&human::coverage(&verdict.report.coverage, session.globals.is_verbose()));
    if !verdict.known.is_empty() {
        let known = count(verdict.known.len(), "finding");
        session.output.note(&format!("{known} of the base revision left out\n"));
    }
    let findings = &verdict.report.findings;
    let errors = findings.iter().filter(|finding| finding.level == Level::Error).count();
    let warnings = count(findings.len() - errors, "warning");
    session.output.note(&match verdict.status {
        Status::Done => format!("verified: {}, {warnings}\n", count(verdict.pins, "pin")),
        _ => format!("not verified: {}, {warnings}\n", count(errors, "error")),
    });
}

/// Each finding with its line.
pub(in crate::cli) fn findings(session: &mut Session<'_>, findings: &[Finding]) {
    for finding in findings {
        let level = if finding.level == Level::Error { Shown::ERROR } else { Shown::WARNING };
        let text = snippet(level, Some(finding.rule), &finding.message, &finding.place, Some(&finding.help));
        match finding.level {
            Level::Error => session.output.say(&format!("{text}\n\n")),
            _ => session.output.note(&format!("{text}\n\n")),
        }
    }
}

/// For a machine.
pub(super) fn json(verdict: &Verdict) -> String {
    let all = |findings: &[Finding]| -> Vec<Value> { findings.iter().map(report_json::finding).collect() };
    let unasked = verdict.told.not_asked.iter();
    let unasked: Vec<Value> = unasked.map(|one| json!({ "name": one.name, "reason": one.reason })).collect();
    let content = [
        ("findings", json!(all(&verdict.report.findings))),
        ("known_findings", json!(all(&verdict.known))),
        ("coverage", report_json::coverage(&verdict.report.coverage)),
        ("notes", json!(verdict.told.notes)),
        ("not_asked", json!(unasked)),
    ];
    report_json::document("verify", content)
}
