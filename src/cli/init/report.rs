//! What `init` says.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use super::{Adoption, DECLARED_IN, Done};
use crate::adopt::Proposal;
use crate::cli::session::Session;
use crate::cli::written;
use crate::error::Error;
use crate::lock::FILE_NAME;
use crate::report::harmless;
use crate::report::human::count;
use crate::report::json as report_json;

pub(super) fn show(session: &mut Session<'_>, adoption: &Adoption, done: Done) -> Result<(), Error> {
    let mut text = pins(adoption);
    for own in &adoption.own {
        text.push_str(&format!("own: {own}\n"));
    }
    text.push_str(&written::lines(&adoption.after.files));
    session.output.data(&text)?;
    if !adoption.open.undecided.is_empty() {
        session.output.data(&format!("\ncould not decide:\n{}", open(adoption)))?;
    }
    session.output.note(&format!("\n{}", summary(adoption, done)));
    Ok(())
}

fn pins(adoption: &Adoption) -> String {
    let pins = &adoption.asked.pins;
    let width = |text: fn(&Proposal) -> usize| pins.iter().map(text).max().unwrap_or_default();
    let (name, tag) = (width(|pin| pin.name.as_str().len()), width(|pin| pin.tag.len()));
    let line = |pin: &Proposal| {
        let content = adoption.asked.lock.pins.get(&pin.name).map(|pin| pin.short_content());
        let (content, shown) = (content.unwrap_or_default(), harmless(&pin.tag));
        format!("{:<name$}  {shown:<tag$}  {content}  follows {}\n", pin.name, harmless(pin.track.as_str()))
    };
    pins.iter().map(line).collect()
}

/// Each place once, with what is written there; once for all that are open for one reason, why, and what to do.
fn open(adoption: &Adoption) -> String {
    let mut reasons: Vec<(&str, &str)> = Vec::new();
    let mut places: BTreeMap<(&str, &str), String> = BTreeMap::new();
    for open in &adoption.open.undecided {
        let reason = (open.why.as_str(), open.help.as_str());
        if !places.contains_key(&reason) {
            reasons.push(reason);
        }
        let place = format!("{}:{}  {}", open.path, open.line, open.written);
        places.entry(reason).or_default().push_str(&format!("{}\n", harmless(place.trim_end())));
    }
    let said = |(why, help): &(&str, &str)| {
        let places = places.get(&(*why, *help)).cloned().unwrap_or_default();
        format!("{places}  {}\n  {}\n", harmless(why), harmless(help))
    };
    reasons.iter().map(said).collect()
}

fn summary(adoption: &Adoption, done: Done) -> String {
    let (files, open) = (adoption.after.files.len(), adoption.open.undecided.len());
    let would = if done == Done::Written { "pinned" } else { "would be pinned" };
    let mut text = format!(
        "{} in {} {would}, {open} could not be decided\n",
        count(adoption.asked.pins.len(), "pin"),
        count(files, "file")
    );
    if adoption.open.fetches > 0 {
        let downloads = count(adoption.open.fetches, "download");
        text.push_str(&format!(
            "{downloads} in RUN or ADD that nothing pins: `solera-pin verify` lists them\n"
        ));
    }
    for (path, why) in &adoption.open.unread {
        text.push_str(&format!("not read: {}: {}\n", harmless(path), harmless(why)));
    }
    if adoption.assumed && !adoption.asked.pins.is_empty() {
        text.push_str(
            "nothing here says which platforms are built for: linux/amd64 and linux/arm64 are assumed\n",
        );
    }
    let narrowed: Vec<&str> =
        adoption.asked.pins.iter().filter(|pin| pin.narrowed).map(|pin| pin.name.as_str()).collect();
    if !narrowed.is_empty() {
        let names = narrowed.join(", ");
        text.push_str(&format!(
            "only the content of their one tag moves: {names}; to follow versions, give each a track and `paths` or `version`\n"
        ));
    }
    if let Some(note) = adoption.job.as_ref().and_then(|job| job.note).filter(|_| done != Done::Unanswered) {
        text.push_str(&format!("{note}\n"));
    }
    text.push_str(&end(adoption, done));
    text
}

/// What was written beside the files, and what comes next.
fn end(adoption: &Adoption, done: Done) -> String {
    match done {
        Done::Dry => "nothing was written\n".into(),
        Done::Unanswered => {
            "nothing was written, for nothing could be pinned: mend what is listed, then run `solera-pin init` again\n".into()
        }
        Done::Written => {
            let lock = (!adoption.asked.pins.is_empty()).then_some(FILE_NAME);
            let job = adoption.job.as_ref().map(|job| job.path);
            let new: Vec<&str> = [Some(DECLARED_IN), lock, job].into_iter().flatten().collect();
            let elsewhere = adoption.elsewhere.as_ref().map(|root| format!(" in {}", root.display()));
            format!(
                "new{}: {}\nnext: read `git diff`, commit it with them, and run `solera-pin verify` for every change\n",
                elsewhere.unwrap_or_default(),
                new.join(", ")
            )
        }
    }
}

pub(super) fn document(adoption: &Adoption, done: Done) -> String {
    let pin = |pin: &Proposal| {
        let mut value = adoption.asked.lock.pins.get(&pin.name).map_or(Value::Null, report_json::pin);
        value["name"] = json!(pin.name);
        value["track"] = json!(pin.track.as_str());
        value["paths"] = json!(pin.paths);
        value
    };
    let open = adoption.open.undecided.iter().map(|open| {
        json!({ "path": open.path, "line": open.line, "written": open.written, "why": open.why, "help": open.help })
    });
    let content = [
        ("pins", adoption.asked.pins.iter().map(pin).collect()),
        ("own", json!(adoption.own)),
        ("files", written::document(&adoption.after.files)),
        ("undecided", open.collect()),
        ("unpinned_downloads", json!(adoption.open.fetches)),
        ("platforms_assumed", json!(adoption.assumed)),
        ("written", json!(done == Done::Written)),
    ];
    report_json::document("init", content)
}
