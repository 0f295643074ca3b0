//! Comments that suppress findings: what they cover, and what is wrong with them.

use std::collections::BTreeSet;
use std::sync::Arc;

use super::{Check, Finding, Input, RULES, Raw, Rule, Seen};
use crate::catalog::Level;
use crate::document::{Place, SourceFile, meant};
use crate::scan::Suppression;

/// Takes out what trusted comments cover, which it gives, and adds what the rules about suppressions find.
pub(super) fn apply(
    input: &Input<'_>,
    seen: &mut Seen,
    whole: bool,
    trusted: impl Fn(&SourceFile, &Suppression, &Finding) -> bool,
) -> Vec<Finding> {
    let suppressions = std::mem::take(&mut seen.suppressions);
    let mut used: BTreeSet<(usize, &str)> = BTreeSet::new();
    let mut taken: Vec<Finding> = Vec::new();
    seen.findings.retain(|finding| {
        let mut is_kept = true;
        for (i, (file, suppression)) in suppressions.iter().enumerate() {
            if let Some(rule) = names(file, suppression, finding) {
                used.insert((i, rule));
                if !suppression.reason.is_empty() && trusted(file, suppression, finding) {
                    is_kept = false;
                }
            }
        }
        if !is_kept {
            taken.push(finding.clone());
        }
        is_kept
    });
    seen.coverage.suppress(|open| {
        let is_it = |finding: &Finding| {
            finding.rule == open.rule
                && finding.place.span == open.place.span
                && finding.place.file.path == open.place.file.path
        };
        taken.iter().any(is_it)
    });
    for rule in RULES.iter().filter(|rule| matches!(rule.check, Check::Suppressions)) {
        let level = rule.level_under(input.policy);
        if level == Level::Off {
            continue;
        }
        let found = suppressions.iter().enumerate().flat_map(|(i, (file, suppression))| {
            let is_used = |id: &str| used.contains(&(i, id));
            wrong_with(rule, input, file, suppression, whole, is_used)
        });
        seen.findings.extend(found.map(|raw| rule.finding(raw, level)));
    }
    taken
}

/// The word of a suppression that covers a finding.
fn names<'s>(file: &SourceFile, suppression: &'s Suppression, finding: &Finding) -> Option<&'s str> {
    let at = finding.place.span.start;
    let covers =
        suppression.covers.contains(&at) || (at == suppression.covers.end && at == finding.place.span.end);
    if finding.place.file.path != file.path || !covers {
        return None;
    }
    suppression.rules.iter().map(String::as_str).find(|rule| *rule == finding.rule)
}

fn wrong_with(
    rule: &Rule,
    input: &Input<'_>,
    file: &Arc<SourceFile>,
    suppression: &Suppression,
    whole: bool,
    is_used: impl Fn(&str) -> bool,
) -> Vec<Raw> {
    let raw = |message: String, help: String| Raw {
        place: Place { file: Arc::clone(file), span: suppression.span.clone() },
        message,
        help,
    };
    match rule.id {
        "suppression-reason" if suppression.reason.is_empty() => vec![raw(
            "this comment suppresses a finding without saying why".into(),
            format!("add the reason: `solera-pin: ignore[{}] REASON`", suppression.rules.join(", ")),
        )],
        "unused-suppression" => {
            let unused = suppression.rules.iter().filter(|id| !is_used(id));
            unused.filter_map(|id| Some(raw(why_unused(input, id, whole)?, advice(id)))).collect()
        }
        _ => Vec::new(),
    }
}

/// Why a suppression covers nothing; `None` where that cannot be told.
fn why_unused(input: &Input<'_>, id: &str, whole: bool) -> Option<String> {
    match super::rule(id) {
        None => Some(format!("no rule is called `{id}`")),
        Some(rule) if rule.level_under(input.policy) == Level::Off => None,
        Some(Rule { check: Check::Used(_), .. }) if !whole => None,
        Some(_) => Some(format!("`{id}` finds nothing here")),
    }
}

fn advice(id: &str) -> String {
    match super::rule(id) {
        None => match meant(id, RULES.iter().map(|rule| rule.id)) {
            Some(known) => format!("did you mean `{known}`?"),
            None => "`solera-pin verify --explain` lists the rules".into(),
        },
        Some(_) => "remove the comment".into(),
    }
}
