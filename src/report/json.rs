//! Decisions and findings for a machine.

use serde_json::{Value, json};

use super::SCHEMA_VERSION;
use crate::model::Pin;
use crate::plan::{Candidate, Decision, Notice, Outcome, Verdict};
use crate::verify::{Coverage, Finding, Tally};

/// A document of a command, with its schema version.
pub fn document<const N: usize>(command: &str, content: [(&str, Value); N]) -> String {
    let mut document = json!({ "schema_version": SCHEMA_VERSION, "command": command });
    for (key, value) in content {
        document[key] = value;
    }
    format!("{document:#}\n")
}

/// A locked pin.
pub fn pin(pin: &Pin) -> Value {
    match pin {
        Pin::Image(pin) => json!({
            "kind": "image",
            "image": pin.repository,
            "tag": pin.tag,
            "digest": pin.digest,
            "media_type": pin.media_type.as_str(),
            "platforms": pin.platforms,
        }),
        Pin::Git(pin) => {
            json!({ "kind": "git", "git": pin.url, "tag": pin.tag, "commit": pin.commit, "tag_object": pin.tag_object })
        }
    }
}

/// A pin whose upstream gave no answer.
pub fn failed(error: &impl std::fmt::Display) -> Value {
    json!({ "outcome": "failed", "reason": error.to_string() })
}

/// A decision without its candidates.
pub fn outcome(outcome: &Outcome) -> Value {
    match outcome {
        Outcome::Keep { note } => json!({ "outcome": "keep", "reason": note }),
        Outcome::Held(why) => json!({ "outcome": "held", "reason": why }),
        Outcome::Move { to, lane, superseded } => {
            json!({ "outcome": "move", "lane": lane, "to": pin(to), "superseded": superseded })
        }
        Outcome::First { to } => json!({ "outcome": "first", "to": pin(to) }),
        Outcome::Ambiguous(tags) => json!({ "outcome": "ambiguous", "choices": tags }),
        Outcome::Refused { reason, hint } => json!({ "outcome": "refused", "reason": reason, "hint": hint }),
        Outcome::Nothing(reason) => json!({ "outcome": "nothing", "reason": reason }),
        Outcome::Alarm(alarm) => json!({ "outcome": "alarm", "reason": alarm.to_string() }),
    }
}

/// A decision without its candidates, with what is known beside it.
pub fn summary(decision: &Decision) -> Value {
    let mut value = outcome(&decision.outcome);
    if let Some(cause) = &decision.cause {
        value["cause"] = json!({ "kind": cause.name(), "text": cause.to_string() });
    }
    let notice = |notice: &Notice| json!({ "mark": notice.mark(), "text": notice.to_string() });
    value["notices"] = decision.notices.iter().map(notice).collect();
    value
}

/// A decision with every candidate.
pub fn decision(decision: &Decision) -> Value {
    let mut value = summary(decision);
    value["candidates"] = decision.candidates.iter().map(candidate).collect();
    value["other_shapes"] = json!(decision.other_shapes);
    value
}

/// A tag, and what became of it.
pub fn candidate(candidate: &Candidate) -> Value {
    let (verdict, reason) = match &candidate.verdict {
        Verdict::Selected => ("selected", None),
        Verdict::Eligible => ("eligible", None),
        Verdict::Rejected(rejection) => ("rejected", Some(rejection.to_string())),
    };
    let wait = candidate.wait().map(|wait| wait.as_secs());
    json!({
        "tag": candidate.tag,
        "lane": candidate.lane,
        "verdict": verdict,
        "reason": reason,
        "eligible_in_seconds": wait,
    })
}

/// A finding.
pub fn finding(finding: &Finding) -> Value {
    let (line, column) = finding.place.file.position(finding.place.span.start);
    json!({
        "rule": finding.rule,
        "level": finding.level,
        "path": finding.place.file.path,
        "line": line,
        "column": column,
        "start": finding.place.span.start,
        "end": finding.place.span.end,
        "message": finding.message,
        "help": finding.help,
    })
}

/// What became of each outside input.
pub fn coverage(coverage: &Coverage) -> Value {
    let tally = |tally: Tally| {
        json!({
            "inputs": tally.total(),
            "locked": tally.locked,
            "own": tally.own,
            "suppressed": tally.suppressed,
            "open": tally.open,
        })
    };
    let mut value = tally(coverage.all);
    value["files"] = json!(coverage.files);
    value["images"] = coverage.images.iter().map(|(image, of)| (image.to_string(), tally(*of))).collect();
    let open = coverage.open.iter().map(|open| {
        let (line, column) = open.place.file.position(open.place.span.start);
        json!({
            "path": open.place.file.path,
            "line": line,
            "column": column,
            "start": open.place.span.start,
            "end": open.place.span.end,
            "kind": open.kind.to_string(),
            "rule": open.rule,
            "image": open.image,
        })
    });
    value["left_open"] = open.collect();
    let unread = coverage.unread.iter().map(|(path, why)| json!({ "path": path, "reason": why }));
    value["not_read"] = unread.collect();
    value
}
