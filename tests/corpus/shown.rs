//! What is found in a file, and what a lock makes of it, as lines that a person can judge.

use std::fmt::Write as _;
use std::ops::Range;

use solera_pin::model::Pin;
use solera_pin::references::{Standing, Wrong};
use solera_pin::scan::{Input, Kind, Reference, Scan, Unresolved};

use crate::laws::{Outcome, has_room};
use crate::made_up::{MadeUp, Version};

/// The sections of the claim about a file.
pub fn sections(path: &str, text: &str, outcome: &Outcome) -> Vec<(&'static str, String)> {
    let mut sections = vec![("found", found(path, text, &outcome.found))];
    match (&outcome.moved, &outcome.pinned) {
        (Some(moved), _) => sections.push(("moved", changed(text, moved, &outcome.found))),
        (None, Some(pinned)) => sections.push(("pinned", changed(text, pinned, &outcome.found))),
        (None, None) => {}
    }
    if !outcome.stuck.is_empty() {
        let stands = outcome.pinned.as_deref().unwrap_or(text);
        let number = |at: usize| stands[..at].matches('\n').count() + 1;
        let line = |(at, why): &(usize, String)| format!("{}: {why}\n", number(*at));
        sections.push(("stuck", outcome.stuck.iter().map(line).collect()));
    }
    sections
}

fn found(path: &str, text: &str, scan: &Scan) -> String {
    let made_up = MadeUp::of(scan, Version::First);
    let register = made_up.register();
    let mut lines = String::new();
    for reference in &scan.references {
        let standing = standing(reference, &register.judge(path, reference));
        let says = input(reference);
        let _ = writeln!(lines, "{} {} {says}{standing}", place(text, &reference.span), reference.kind);
    }
    for output in &scan.outputs {
        let _ = writeln!(lines, "{} output {}", place(text, &output.span), output.name);
    }
    for build in &scan.builds {
        let arguments = build.arguments.iter().map(|(name, value)| format!(" {name}={}", value.text));
        let platforms = build.platforms.iter().map(|platform| format!(" {platform}"));
        let said: String = arguments.chain(platforms).collect();
        let dockerfile = build.path_from(path).unwrap_or("outside the repository".into());
        let _ = writeln!(lines, "build {dockerfile}{said}");
    }
    for suppression in &scan.suppressions {
        let (at, covers) = (place(text, &suppression.span), place(text, &suppression.covers));
        let _ = writeln!(lines, "{at} ignore {:?} for {covers}: {}", suppression.rules, suppression.reason);
    }
    for bot in &scan.bots {
        let value = bot.value.as_ref().map_or("nothing", |value| value.text.as_str());
        let _ = writeln!(lines, "{} bot {} {} = {value}", place(text, &bot.span), bot.datasource, bot.name);
    }
    for unread in &scan.unread {
        let _ = writeln!(lines, "{} unread: {}", place(text, &unread.span), unread.why);
    }
    lines
}

/// What a reference names.
fn input(reference: &Reference) -> String {
    match &reference.input {
        Ok(Input::Image(image)) => {
            let tag = image.tag.as_ref().map_or(String::new(), |tag| format!(":{}", tag.text));
            let digest = image.digest.as_ref().map_or(String::new(), |digest| format!("@{}", short(digest)));
            format!("{}{tag}{digest}", image.repository)
        }
        Ok(Input::Git(git)) => {
            let revision = git.revision.as_ref().map_or(String::new(), |tag| format!(" {}", tag.text));
            let commit = git.commit.as_ref().map_or(String::new(), |commit| format!(" {}", short(commit)));
            format!("git {}{revision}{commit}", git.url)
        }
        Ok(Input::Fetch(fetch)) => format!("{}: {}", fetch.tool, fetch.what),
        Ok(Input::Bound(bound)) => {
            let value = bound.value.as_ref().map_or("nothing", |value| value.text.as_str());
            format!("{}.{} = {}", bound.pin, bound.field, short(value))
        }
        Err(Unresolved::Checked { name, checksum }) => format!("? {name}, checked by {checksum}"),
        Err(Unresolved::Argument { name, alone: true }) => format!("? {name} alone"),
        Err(Unresolved::Argument { name, alone: false }) => format!("? {name}"),
        Err(Unresolved::Template(text)) => format!("? template {text}"),
        Err(Unresolved::NotExpanded(text)) => format!("? not expanded {text}"),
        Err(Unresolved::Elsewhere(why)) => format!("? {why}"),
        Err(Unresolved::Malformed(why)) => format!("! {why}"),
    }
}

/// How it stands to the lock that was made up for it, where it is not simply locked or can be.
fn standing(reference: &Reference, standing: &Standing<'_>) -> String {
    match standing {
        Standing::Wrong(Wrong::Unresolved(_)) => String::new(),
        Standing::Wrong(Wrong::NotPinned(_)) if has_room(reference) => String::new(),
        Standing::Wrong(Wrong::NotPinned(_)) => " (no room)".into(),
        Standing::Wrong(Wrong::Malformed(why)) => format!(" ! {why}"),
        Standing::Wrong(Wrong::Floating { .. }) => " ! floats".into(),
        Standing::Wrong(Wrong::Unlocked(_)) => " ! unlocked".into(),
        Standing::Wrong(Wrong::Differs { .. }) => " ! differs from another".into(),
        Standing::Wrong(Wrong::Binding(why)) => format!(" ! {why}"),
        Standing::Wrong(other) => format!(" ! {other:?}"),
        Standing::Sealed(by) => format!(" (sealed by {by})"),
        Standing::Locked(_) if reference.kind == Kind::HelmDependency => " (by its version)".into(),
        Standing::Locked(_) | Standing::Own => String::new(),
    }
}

/// The lines that a lock changes.
fn changed(before: &str, after: &str, scan: &Scan) -> String {
    assert_eq!(before.lines().count(), after.lines().count(), "a pin is no line");
    let lines = before.lines().zip(after.lines()).enumerate().filter(|(_, (before, after))| before != after);
    let shown = |(number, (_, after)): (usize, (&str, &str))| format!("{}: {after}\n", number + 1);
    visible(&masked(&lines.map(shown).collect::<String>(), scan))
}

/// A text whose characters can all be seen.
fn visible(text: &str) -> String {
    let shown = |c: char| match c {
        '\n' | '\t' => c.to_string(),
        c if c.is_control() || c == '\u{feff}' => c.escape_default().to_string(),
        c => c.to_string(),
    };
    text.chars().map(shown).collect()
}

/// A text with names for what the locks made up.
fn masked(text: &str, scan: &Scan) -> String {
    let mut masked = text.to_owned();
    for version in [Version::First, Version::Next] {
        for pin in MadeUp::of(scan, version).lock.pins.values() {
            let name = if matches!(pin, Pin::Image(_)) { "DIGEST" } else { "COMMIT" };
            masked = masked.replace(&pin.content(), name);
        }
    }
    masked
}

/// A digest or commit that can be told from others.
fn short(text: &str) -> String {
    let hash = text.strip_prefix("sha256:").or(text.strip_prefix("sha512:")).unwrap_or(text);
    match hash.len() >= 40 && hash.bytes().all(|b| b.is_ascii_hexdigit()) {
        true => format!("{}…", &text[..text.len() - hash.len() + 6]),
        false => text.to_owned(),
    }
}

fn place(text: &str, span: &Range<usize>) -> String {
    format!("{}-{}", position(text, span.start), position(text, span.end))
}

/// Line and column, both from 1; the column counts characters.
fn position(text: &str, at: usize) -> String {
    let line = text[..at].rfind('\n').map_or(0, |end| end + 1);
    format!("{}:{}", text[..at].matches('\n').count() + 1, text[line..at].chars().count() + 1)
}
