//! `verify --explain RULE`: what a rule finds, why, and what to do.

use crate::cli::session::Session;
use crate::document::meant;
use crate::error::{Error, Status};
use crate::served;
use crate::verify::RULES;

pub(super) fn run(session: &mut Session<'_>, id: &str) -> Result<Status, Error> {
    if id.is_empty() {
        session.output.data(&list())?;
        return Ok(Status::Done);
    }
    match text(id) {
        Some(text) => session.output.data(&text)?,
        None => {
            let error = Error::usage(format!("no rule is called `{id}`"));
            return Err(match meant(id, ids()) {
                Some(known) => error.hint(format!("did you mean `{known}`?")),
                None => error.hint("`solera-pin verify --explain` lists the rules"),
            });
        }
    }
    Ok(Status::Done)
}

fn ids() -> impl Iterator<Item = &'static str> {
    RULES.iter().map(|rule| rule.id).chain(served::RULES.iter().map(|rule| rule.id))
}

fn text(id: &str) -> Option<String> {
    let level = |level: crate::catalog::Level| format!("{level:?}").to_lowercase();
    if let Some(rule) = RULES.iter().find(|rule| rule.id == id) {
        return Some(format!(
            "{}: {}\n\n{}\n\nLevel: {}, since the edition {}. Another level: [verify] rules.{} = \"error\", \"warning\" or \"off\".\nOne place: a comment `solera-pin: ignore[{}] REASON` on its line, or on a line of its own above.\n",
            rule.id,
            rule.reason,
            rule.explanation,
            level(rule.level),
            rule.since,
            rule.id,
            rule.id
        ));
    }
    let rule = served::RULES.iter().find(|rule| rule.id == id)?;
    Some(format!(
        "{}: {}\n\nFound by `solera-pin verify --upstream`. Level: {}; it has no other, because it says what upstream did.\n",
        rule.id,
        rule.reason,
        level(rule.level)
    ))
}

fn list() -> String {
    let mut all: Vec<(&str, &str)> = RULES
        .iter()
        .map(|rule| (rule.id, rule.reason))
        .chain(served::RULES.iter().map(|rule| (rule.id, rule.reason)))
        .collect();
    all.sort_unstable();
    all.dedup();
    let width = all.iter().map(|(id, _)| id.len()).max().unwrap_or_default();
    all.iter().map(|(id, reason)| format!("{id:<width$}  {reason}\n")).collect()
}
