//! Decisions and findings for a machine.

mod evidence;

use serde_json::{Value, json};

pub use evidence::{evidence, package_step};

use super::SCHEMA_VERSION;
use super::human::{Difference, Simulated, Window};
use crate::catalog::Declaration;
use crate::model::{Architecture, ArchiveFile, ArchivePin, DebianPin, InRelease, PackagePin, Pin, Suite};
use crate::plan::replay::{Bump, Held, Statistics};
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
        Pin::Archive(pin) => archive(pin),
        Pin::Debian(pin) => debian(pin),
    }
}

fn archive(pin: &ArchivePin) -> Value {
    let file = |(architecture, file, url): (Option<&Architecture>, &ArchiveFile, String)| json!({ "architecture": architecture, "url": url, "sha256": file.digest.hex(), "size": file.size });
    let files: Vec<Value> = pin.files().into_iter().map(file).collect();
    json!({ "kind": "archive", "archive": pin.url, "version": pin.version, "files": files })
}

fn debian(pin: &DebianPin) -> Value {
    let suite = |(name, suite): (&Suite, &InRelease)| {
        let value =
            json!({ "digest": suite.digest, "date": suite.date.to_string(), "signed_by": suite.signed_by });
        (name.to_string(), value)
    };
    let package = |(architecture, package): (&Architecture, &PackagePin)| {
        let value =
            json!({ "version": package.version, "sha256": package.digest.hex(), "size": package.size });
        (architecture.to_string(), value)
    };
    let packages = pin
        .packages
        .iter()
        .map(|(name, each)| (name.to_string(), Value::Object(each.iter().map(package).collect())));
    json!({
        "kind": "debian",
        "suites": Value::Object(pin.suites().iter().map(suite).collect()),
        "snapshot": pin.snapshot(),
        "packages": Value::Object(packages.collect()),
    })
}

/// What became of one pin between two locks.
pub fn difference(difference: &Difference) -> Value {
    let [with, without, changed] = difference.platforms();
    let mut value = json!({
        "name": difference.name,
        "change": difference.word(),
        "lane": difference.lane,
        "down": difference.down,
        "from": difference.from.as_ref().map(pin),
        "to": difference.to.as_ref().map(pin),
        "platforms": { "added": with, "removed": without, "changed": changed },
        "images": difference.images,
    });
    if let Some(known) = &difference.evidence {
        value["evidence"] = evidence(known);
    }
    value
}

/// A pin whose upstream gave no answer.
pub fn failed(error: &impl std::fmt::Display, asked: bool) -> Value {
    json!({ "outcome": if asked { "failed" } else { "not-asked" }, "reason": error.to_string() })
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
    if !decision.brought.is_empty() {
        value["brought"] = decision.brought.iter().map(package_step).collect();
    }
    value
}

/// A decision with every candidate.
pub fn decision(decision: &Decision) -> Value {
    let mut value = summary(decision);
    value["candidates"] = decision.candidates.iter().map(candidate).collect();
    value["not_listed"] = json!(decision.not_listed);
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

/// What policies would have done: one entry for each pin and policy.
pub fn simulation(simulated: &[Simulated], window: &Window) -> String {
    let replays = simulated.iter().map(|Simulated { declaration, policy, replayed }| {
        let stop = |stop: &crate::plan::replay::Stop| {
            let mut value = outcome(&stop.outcome);
            value["at"] = json!(stop.at.to_string());
            value["looks"] = json!(stop.looks);
            value
        };
        let mut value = statistics(&replayed.statistics, window);
        value["name"] = json!(declaration.name);
        value["policy"] = json!(policy);
        value["rules"] = rules(declaration);
        value["first"] = replayed
            .first
            .as_ref()
            .map_or(Value::Null, |(at, to)| json!({ "at": at.to_string(), "to": held(to) }));
        value["last"] = replayed.last.as_ref().map_or(Value::Null, held);
        value["bumps"] = replayed.bumps.iter().map(bump).collect();
        value["stops"] = replayed.stops.iter().map(stop).collect();
        value
    });
    let replays: Value = replays.collect();
    let (from, to) = (json!(window.from.to_string()), json!(window.to.to_string()));
    let every = json!(window.every.as_secs());
    document("simulate", [("from", from), ("to", to), ("every_seconds", every), ("replays", replays)])
}

fn rules(declaration: &Declaration) -> Value {
    json!({
        "track": declaration.track.as_str(),
        "version": declaration.version.as_ref().map(ToString::to_string),
        "allow": declaration.allow.to_string(),
        "ignore": declaration.ignore.iter().map(|pattern| pattern.as_str()).collect::<Vec<_>>(),
        "prerelease": declaration.prerelease,
        "immutable": declaration.immutable,
        "min_age_seconds": declaration.min_age.as_secs(),
        "settle_seconds": declaration.settle.as_secs(),
        "rebuilt": declaration.rebuilt,
        "hold": declaration.hold.as_ref().map(|hold| &hold.why),
    })
}

fn statistics(numbers: &Statistics, window: &Window) -> Value {
    let lanes = numbers.bumps.iter().map(|(lane, count)| {
        let number = json!({ "bumps": count, "a_year": tenths(numbers.a_year(*count)) });
        (lane.to_string(), number)
    });
    let total = numbers.total();
    json!({
        "looks": numbers.looks,
        "locked_looks": numbers.locked,
        "total": { "bumps": total, "a_year": tenths(numbers.a_year(total)) },
        "lanes": lanes.collect::<serde_json::Map<_, _>>(),
        "superseded": numbers.superseded,
        "behind_seconds": {
            "median": numbers.behind_median.as_secs(),
            "p95": numbers.behind_p95.as_secs(),
            "most": numbers.behind_most.as_secs(),
        },
        "beyond_seconds": numbers.beyond_most.as_secs(),
        "replaced_seconds": window.every.as_secs().saturating_mul(numbers.replaced as u64),
    })
}

/// Rounded, so that the text is the same everywhere.
fn tenths(number: Option<f64>) -> Option<f64> {
    number.map(|number| (number * 10.0).round() / 10.0)
}

fn bump(bump: &Bump) -> Value {
    let Bump { at, lane, from, to, superseded } = bump;
    json!({ "at": at.to_string(), "lane": lane, "from": held(from), "to": held(to), "superseded": superseded })
}

fn held(held: &Held) -> Value {
    json!({ "tag": held.tag, "since": held.since.map(|since| since.to_string()), "content": held.content })
}
