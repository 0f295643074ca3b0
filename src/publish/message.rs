//! The message of a bump commit: for people, with trailers for machines. Pure.
//!
//! No word of upstream is in it but tags and digests: what closes an issue or calls a person in a pull request does so in
//! a commit too, and there nothing can be quoted.

use std::fmt::Write as _;

use super::bump::{Bump, Kind, Target};
use crate::model::{Lane, Pin, harmless};
use crate::plan::Cause;

/// More characters than a subject that is read.
const SUBJECT: usize = 120;

/// The first line: what moves, from where to where.
pub fn subject(bump: &Bump) -> String {
    let name = &bump.name;
    let tag = |pin: &Pin| word(pin.tag());
    let text = match (bump.kind, &bump.from, &bump.to) {
        (Kind::Step(Lane::Digest), Some(_), Some(to)) => {
            format!("bump {name} {} to {}", tag(to), to.short_content())
        }
        (Kind::Step(_), Some(from), Some(to)) if from.tag() != to.tag() => {
            format!("bump {name} {} to {}", tag(from), tag(to))
        }
        (Kind::References, _, Some(to)) => format!("pin {name} {} in place", tag(to)),
        (_, Some(from), Some(to)) if from.tag() != to.tag() => {
            format!("lock {name} anew: {} to {}", tag(from), tag(to))
        }
        (_, Some(_), Some(to)) => format!("lock {name} {} anew", tag(to)),
        (_, None, Some(to)) => format!("lock {name} {}", tag(to)),
        (_, _, None) => format!("drop {name}"),
    };
    text.chars().take(SUBJECT).collect()
}

/// The whole message. `root` is the folder of `pins.lock` below the top of the repository; empty where it is the top.
pub fn message(bump: &Bump, root: &str) -> String {
    let mut text = format!("{}\n\n{}\n", subject(bump), body(bump));
    let root = Some(("Root", harmless(root))).filter(|(_, root)| !root.is_empty());
    for (key, value) in root.into_iter().chain(trailers(bump)) {
        let _ = write!(text, "\n{key}: {value}");
    }
    text.push('\n');
    text
}

/// What changed, and why it may.
fn body(bump: &Bump) -> String {
    let upstream = bump.to.as_ref().or(bump.from.as_ref()).map(Pin::upstream).unwrap_or_default();
    let mut text = match bump.kind {
        Kind::Step(lane) => format!("A {lane} step of {}.", word(&upstream)),
        Kind::First => format!("From {}.", word(&upstream)),
        Kind::Drop => "It is declared nowhere any more.".into(),
        Kind::References => "The lock stays as it is.".into(),
    };
    if let Some(cause) = &bump.cause {
        let _ = write!(text, " {}", cause_in_words(cause));
    }
    if bump.superseded {
        text.push_str(" Upstream has replaced it under its tag since; what replaced it is not old enough.");
    }
    let platforms = [("It has now", &bump.to, &bump.from), ("It no longer has", &bump.from, &bump.to)];
    for (what, pin, other) in platforms {
        let (Some(Pin::Image(pin)), Some(Pin::Image(other))) = (pin, other) else { continue };
        let only = pin.platforms.keys().filter(|platform| !other.platforms.contains_key(*platform));
        let only: Vec<String> = only.map(ToString::to_string).collect();
        if !only.is_empty() {
            let _ = write!(text, " {what} {}.", only.join(", "));
        }
    }
    wrapped(&text)
}

/// A cause without what upstream claims of it.
fn cause_in_words(cause: &Cause) -> &'static str {
    match cause {
        Cause::Platforms(_) => "Platforms were added.",
        Cause::Source { .. } => "Its source changed.",
        Cause::Base => "Its base was rebuilt.",
        Cause::Configuration => "Only its configuration changed.",
        Cause::Unknown => "Nothing that can be compared tells why.",
    }
}

fn trailers(bump: &Bump) -> Vec<(&'static str, String)> {
    let side = |pin: &Pin| format!("{} {}", word(pin.tag()), pin.content());
    let Target { pin, kind, content } = bump.target();
    let mut trailers = vec![("Pin", pin.to_string()), ("Lane", kind)];
    trailers.extend(bump.from.as_ref().map(|pin| ("From", side(pin))));
    trailers.extend(bump.to.as_ref().map(|pin| ("To", side(pin))));
    trailers.push(("Digest", content));
    trailers.extend(bump.first_seen.map(|time| ("First-Seen", time.to_string())));
    let because: Vec<&str> = bump.because.split_whitespace().collect();
    trailers.push(("Because", harmless(&because.join(" "))));
    trailers.push(("Fingerprint", bump.target().fingerprint()));
    trailers
}

/// The folder of `pins.lock` that a message of ours is about; empty where it is the top.
pub fn root_of(message: &str) -> String {
    trailer(message, "Root").unwrap_or_default().into()
}

/// A trailer that a message has once.
fn trailer<'m>(message: &'m str, key: &str) -> Option<&'m str> {
    let (_, last) = message.trim_end().rsplit_once("\n\n")?;
    let mut values = last.lines().filter_map(|line| line.strip_prefix(key)?.strip_prefix(": "));
    values.next().filter(|_| values.next().is_none())
}

/// What a message of ours is about; none where it is not one, or was changed.
pub fn target_of(message: &str) -> Option<Target> {
    let find = |key: &str| trailer(message, key);
    let target = Target {
        pin: find("Pin")?.parse().ok()?,
        kind: find("Lane")?.into(),
        content: find("Digest")?.into(),
    };
    (find("Fingerprint")? == target.fingerprint()).then_some(target)
}

/// A word of upstream's that calls nobody: forges look for `@name` and `#1` in commits too.
fn word(text: &str) -> String {
    let mut safe = String::new();
    for c in harmless(text).chars() {
        safe.push(c);
        if matches!(c, '@' | '#' | '!') {
            safe.push('\u{200b}');
        }
    }
    safe
}

/// Lines of at most 100 characters where words allow it.
fn wrapped(text: &str) -> String {
    let mut lines: Vec<String> = vec![String::new()];
    for word in text.split(' ') {
        let Some(line) = lines.last_mut() else { continue };
        if !line.is_empty() && line.chars().count() + 1 + word.chars().count() > 100 {
            lines.push(word.into());
            continue;
        }
        if !line.is_empty() {
            line.push(' ');
        }
        line.push_str(word);
    }
    lines.join("\n")
}
