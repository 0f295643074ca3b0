//! What `init` says.

use serde_json::{Value, json};

use super::Adoption;
use crate::adopt::Proposal;
use crate::cli::session::Session;
use crate::cli::written;
use crate::error::Error;
use crate::report::harmless;
use crate::report::human::count;
use crate::report::json as report_json;

pub(super) fn show(session: &mut Session<'_>, adoption: &Adoption, dry_run: bool) -> Result<(), Error> {
    let mut text = pins(adoption);
    for own in &adoption.own {
        text.push_str(&format!("own: {own}\n"));
    }
    text.push_str(&written::lines(&adoption.after.files));
    session.output.data(&text)?;
    if !adoption.open.undecided.is_empty() {
        session.output.data(&format!("\ncould not decide:\n{}", open(adoption)))?;
    }
    session.output.note(&format!("\n{}", summary(adoption, dry_run)));
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

/// Each place once, with what is written there, why it is open, and what to do.
fn open(adoption: &Adoption) -> String {
    let mut text = String::new();
    for open in &adoption.open.undecided {
        let place = format!("{}:{}  {}", open.path, open.line, open.written);
        text.push_str(&format!("{}\n", harmless(place.trim_end())));
        text.push_str(&format!("  {}\n  {}\n", harmless(&open.why), harmless(&open.help)));
    }
    text
}

fn summary(adoption: &Adoption, dry_run: bool) -> String {
    let (files, open) = (adoption.after.files.len(), adoption.open.undecided.len());
    let would = if dry_run { "would be pinned" } else { "pinned" };
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
    if let Some(note) = adoption.job.as_ref().and_then(|job| job.note) {
        text.push_str(&format!("{note}\n"));
    }
    text.push_str(match dry_run {
        true => "nothing was written\n",
        false => "next: read `git diff`, commit it, and run `solera-pin verify` for every change\n",
    });
    text
}

pub(super) fn document(adoption: &Adoption, dry_run: bool) -> String {
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
        ("written", json!(!dry_run)),
    ];
    report_json::document("init", content)
}
