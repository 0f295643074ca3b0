//! The table of facts, where images come from, and what is not known.

use super::{Caps, and_more, code, names};
use crate::evidence::{Details, Evidence, GitEvidence, ImageEvidence, Origin, PlatformStep, Side, Together};
use crate::model::{CommitId, Learnt, Pin};
use crate::report::human::count;
use crate::report::size;

/// What the pin says, before and after.
pub(super) fn table(evidence: &Evidence, caps: Caps) -> String {
    let mut text = String::from("| | before | after |\n|---|---|---|\n");
    let mut row = |name: &str, from: Option<String>, to: String| {
        let cell = |text: String| if text.is_empty() { text } else { code(&text) };
        let after = if from.as_ref() == Some(&to) { "the same".to_owned() } else { cell(to) };
        let before = cell(from.unwrap_or_default());
        text.push_str(&format!("| {name} | {before} | {after} |\n"));
    };
    let Evidence { from, to, .. } = evidence;
    let from = from.as_ref();
    row("upstream", from.map(Pin::upstream), to.upstream());
    row("tag", from.map(|from| from.tag().to_owned()), to.tag().to_owned());
    let content = if matches!(to, Pin::Image(_)) { "digest" } else { "commit" };
    row(content, from.map(Pin::content), to.content());
    let (was, is) = (from.and_then(tag_object), tag_object(to));
    if was.is_some() || is.is_some() {
        row("tag object", was, is.unwrap_or_default());
    }
    if let Details::Image(image) = &evidence.details {
        platforms(&mut text, image, caps);
    }
    text
}

fn tag_object(pin: &Pin) -> Option<String> {
    match pin {
        Pin::Git(pin) => pin.tag_object.as_ref().map(CommitId::to_string),
        Pin::Image(_) => None,
    }
}

fn platforms(text: &mut String, image: &ImageEvidence, caps: Caps) {
    let shown = image.platforms.iter().take(caps.platforms);
    for step in shown {
        let cell = |side: &Option<Side>| side.as_ref().map_or(String::new(), self::side);
        let after = if step.is_same() { "the same".to_owned() } else { cell(&step.to) + &reused(step) };
        let name = code(&step.platform.to_string());
        text.push_str(&format!("| {name} | {} | {after} |\n", cell(&step.from)));
    }
    let more = image.platforms.len().saturating_sub(caps.platforms);
    if more > 0 {
        text.push_str(&format!("| {more} more platforms | | |\n"));
    }
}

fn side(side: &Side) -> String {
    let digest = code(&side.digest.short());
    match &side.size {
        Learnt::Known(bytes) => format!("{digest}, {}", size(*bytes)),
        Learnt::Unknown(_) => digest,
    }
}

fn reused(step: &PlatformStep) -> String {
    match &step.reused {
        Learnt::Known(reuse) => format!(
            "; {} of {} kept, {} of {}",
            reuse.layers,
            count(reuse.of_layers, "layer"),
            size(reuse.bytes),
            size(reuse.of_bytes)
        ),
        Learnt::Unknown(_) => String::new(),
    }
}

/// Where images say that they come from.
pub(super) fn origins(origins: &[Together<Learnt<Origin>>], caps: Caps) -> String {
    let known = |group: &Together<Learnt<Origin>>| {
        group.what.known().map(|origin| (group.platforms.clone(), origin.clone()))
    };
    let known: Vec<_> = origins.iter().filter_map(known).collect();
    let mut text = String::new();
    for (platforms, origin) in known.iter().take(caps.groups) {
        let of = match known.len() {
            1 => String::new(),
            _ => format!(" ({})", names(platforms, caps)),
        };
        text.push_str(&format!("Source{of}: {}\n", self::origin(origin)));
    }
    text + &and_more(known.len(), caps.groups)
}

fn origin(origin: &Origin) -> String {
    let Origin { revision, compare, .. } = origin;
    let source = origin.repositories();
    if source.iter().chain(revision).all(Option::is_none) {
        return "the images claim none.".into();
    }
    let before_and_after = |[was, is]: &[Option<String>; 2]| {
        let shown = |text: &Option<String>| text.as_ref().map_or("(none)".into(), |text| code(text));
        if was == is || was.is_none() { shown(is) } else { format!("{} → {}", shown(was), shown(is)) }
    };
    let link = match compare {
        Learnt::Known(link) => format!("[compare]({link})"),
        Learnt::Unknown(why) => format!("no link: {why}"),
    };
    format!(
        "the images claim, unsigned, {}, revision {}; {link}.",
        before_and_after(&source),
        before_and_after(revision)
    )
}

/// The page that compares two commits.
pub(super) fn compare(git: &GitEvidence) -> String {
    match &git.compare {
        Learnt::Known(link) => format!("[Compare the two]({link}).\n"),
        Learnt::Unknown(why) => format!("No link to compare the two: {why}.\n"),
    }
}

/// What is not known, and why.
pub(super) fn gaps(evidence: &Evidence, caps: Caps) -> String {
    let gaps = evidence.gaps();
    let mut text = String::new();
    for gap in gaps.iter().take(caps.gaps) {
        let of = match gap.platforms.is_empty() {
            true => String::new(),
            false => format!(" of {}", names(&gap.platforms, caps)),
        };
        text.push_str(&format!("- not known: {}{of}: {}\n", gap.what.what.join(", "), code(&gap.what.why)));
    }
    match gaps.len().saturating_sub(caps.gaps) {
        0 => text,
        more => text + &format!("- {more} more are not known\n"),
    }
}
