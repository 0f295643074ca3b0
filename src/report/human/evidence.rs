//! What changed between two pins, for a terminal, in full.

use super::count;
use crate::evidence::{
    Details, Evidence, GitEvidence, ImageEvidence, NOTHING_BEFORE, Origin, PackageChange, PlatformStep,
    SettingChange, Side, Together,
};
use crate::model::Learnt;
use crate::report::size;

/// How many characters of a setting's value are shown; JSON has all of them.
const VALUE: usize = 1000;

/// The lines of the evidence of one step, not yet made harmless.
pub(super) fn lines(evidence: &Evidence) -> Vec<String> {
    let mut lines = Vec::new();
    match &evidence.details {
        Details::Image(image) => self::image(image, &mut lines),
        Details::Git(git) => self::git(git, &mut lines),
        // The step itself tells which packages differ.
        Details::Packages(_) | Details::Pins => {}
    }
    for gap in evidence.gaps() {
        let of = if gap.platforms.is_empty() { String::new() } else { format!(" of {}", gap.names()) };
        lines.push(format!("not known: {}{of}: {}", gap.what.what.join(", "), gap.what.why));
    }
    lines
}

fn image(image: &ImageEvidence, lines: &mut Vec<String>) {
    lines.extend(image.platforms.iter().filter(|step| !step.is_same()).filter_map(platform));
    for group in &image.origins {
        if let Learnt::Known(origin) = &group.what {
            lines.push(format!("source of {}, claimed, unsigned: {}", group.names(), self::origin(origin)));
            lines.extend(origin.compare.known().map(|link| format!("  {link}")));
        }
    }
    changes(&image.configuration, ("configuration", "setting"), setting, lines);
    changes(&image.packages, ("packages", "package"), package, lines);
}

/// The sizes, where any is known.
fn platform(step: &PlatformStep) -> Option<String> {
    let bytes = |side: &Side| side.size.known().map(|bytes| size(*bytes));
    let sides: Vec<Option<String>> = step.from.iter().chain(&step.to).map(bytes).collect();
    if sides.iter().all(Option::is_none) {
        return None;
    }
    let shown: Vec<&str> = sides.iter().map(|side| side.as_deref().unwrap_or("unknown")).collect();
    let sizes = match (&step.from, &step.to) {
        (Some(_), None) => format!("{} before", shown.join("")),
        _ => shown.join(" -> "),
    };
    let reused = step.reused.known().filter(|reuse| reuse.of_layers > 0);
    let reused = reused.map_or(String::new(), |reuse| {
        let (layers, of) = (reuse.layers, count(reuse.of_layers, "layer"));
        format!("; {layers} of {of} kept, {} of {}", size(reuse.bytes), size(reuse.of_bytes))
    });
    let created = step.to.as_ref().and_then(|side| side.created.as_ref());
    let created = created.map_or(String::new(), |created| format!("; made {created}"));
    Some(format!("{}: {sizes}{reused}{created}", step.platform))
}

fn origin(origin: &Origin) -> String {
    let Origin { revision, compare, .. } = origin;
    let source = origin.repositories();
    if source.iter().chain(revision).all(Option::is_none) {
        return "none".into();
    }
    let shown = |text: &Option<String>| text.clone().unwrap_or("none".into());
    let before_and_after = |[was, is]: &[Option<String>; 2]| match was == is || was.is_none() {
        true => shown(is),
        false => format!("{} -> {}", shown(was), shown(is)),
    };
    let why = match compare {
        Learnt::Known(_) => String::new(),
        Learnt::Unknown(why) if why == NOTHING_BEFORE => String::new(),
        Learnt::Unknown(why) => format!(" (no link: {why})"),
    };
    format!("{}, revision {}{why}", before_and_after(&source), before_and_after(revision))
}

/// A value of which a terminal is not filled.
fn cut(value: &str) -> String {
    match value.char_indices().nth(VALUE) {
        None => value.to_owned(),
        Some((end, _)) => format!("{}… ({} more)", &value[..end], size((value.len() - end) as u64)),
    }
}

/// The changes of each group of platforms where they are known.
fn changes<T>(
    groups: &[Together<Learnt<Vec<T>>>],
    (what, one): (&str, &str),
    line: fn(&T) -> String,
    lines: &mut Vec<String>,
) {
    for group in groups {
        match &group.what {
            Learnt::Unknown(_) => {}
            Learnt::Known(changes) if changes.is_empty() => {
                lines.push(format!("{what} of {}: no change", group.names()));
            }
            Learnt::Known(changes) => {
                let differ = if changes.len() == 1 { "differs" } else { "differ" };
                let number = count(changes.len(), one);
                lines.push(format!("{what} of {}: {number} {differ}", group.names()));
                lines.extend(changes.iter().map(|change| format!("  {}", line(change))));
            }
        }
    }
}

fn setting(change: &SettingChange) -> String {
    let SettingChange { setting, from, to } = change;
    let [from, to] = [from, to].map(|value| value.as_deref().map(cut));
    match (from, to) {
        (None, to) => format!("+ {setting}={}", to.as_deref().unwrap_or_default()),
        (Some(from), None) => format!("- {setting}={from}"),
        (Some(from), Some(to)) => format!("  {setting}: {from} -> {to}"),
    }
}

fn package(change: &PackageChange) -> String {
    let PackageChange { kind, name, from, to } = change;
    let kind = if kind.is_empty() { String::new() } else { format!("{kind} ") };
    match change.word() {
        "added" => format!("+ {kind}{name} {}", to.join(", ")),
        "removed" => format!("- {kind}{name} {}", from.join(", ")),
        _ => format!("  {kind}{name} {} -> {}", from.join(", "), to.join(", ")),
    }
}

fn git(git: &GitEvidence, lines: &mut Vec<String>) {
    match &git.compare {
        Learnt::Known(link) => lines.push(link.clone()),
        Learnt::Unknown(why) if why == NOTHING_BEFORE => {}
        Learnt::Unknown(why) => lines.push(format!("no link: {why}")),
    }
    if let Learnt::Known(between) = &git.commits {
        lines.push(count(between.total, "commit"));
        lines.extend(
            between.commits.iter().map(|(commit, message)| format!("  {} {message}", commit.short())),
        );
        let more = between.total.saturating_sub(between.commits.len());
        if more > 0 {
            lines.push(format!("  and {more} more"));
        }
    }
}
