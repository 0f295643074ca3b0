//! The table of facts, where images come from, and what is not known.

use super::{Caps, and_more, code, names};
use crate::evidence::{
    Details, Evidence, GitEvidence, ImageEvidence, NOTHING_BEFORE, Origin, PlatformStep, Side, Together,
};
use crate::model::{Architecture, ArchiveFile, ArchivePin, CommitId, Learnt, Pin};
use crate::report::human::count;
use crate::report::size;

/// What the pin says, before and after; upstream and tag where they differ, and of the platforms those that do.
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
    if let Some(from) = from.filter(|from| from.upstream() != to.upstream()) {
        row("upstream", Some(from.upstream()), to.upstream());
    }
    if let Some(from) = from.filter(|from| from.tag() != to.tag()) {
        let tag = if matches!(to, Pin::Archive(_)) { "version" } else { "tag" };
        row(tag, Some(from.tag().to_owned()), to.tag().to_owned());
    }
    match to {
        Pin::Archive(to) => files(from, to).into_iter().for_each(|(name, was, is)| row(&name, was, is)),
        Pin::Git(_) => row("commit", from.map(Pin::content), to.content()),
        Pin::Image(_) | Pin::Debian(_) => row("digest", from.map(Pin::content), to.content()),
    }
    if let (Some(was), is) = (from.and_then(media_type), media_type(to))
        && is.as_ref() != Some(&was)
    {
        row("form", Some(was), is.unwrap_or_default());
    }
    let (was, is) = (from.and_then(tag_object), tag_object(to));
    if was != is {
        row("tag object", was, is.unwrap_or_default());
    }
    if let Details::Image(image) = &evidence.details {
        platforms(&mut text, image, caps);
    }
    text
}

/// Each file of an archive, before and after.
fn files(from: Option<&Pin>, to: &ArchivePin) -> Vec<(String, Option<String>, String)> {
    let said = |file: &ArchiveFile| format!("sha256:{}, {}", file.digest.hex(), size(file.size));
    let of = |pin: &ArchivePin| -> Vec<(String, String)> {
        let name = |of: Option<&Architecture>| of.map_or_else(|| "file".to_owned(), ToString::to_string);
        pin.files().into_iter().map(|(architecture, file, _)| (name(architecture), said(file))).collect()
    };
    let before = match from {
        Some(Pin::Archive(from)) => of(from),
        _ => Vec::new(),
    };
    let was = |name: &str| before.iter().find(|(known, _)| known == name).map(|(_, said)| said.clone());
    of(to).into_iter().map(|(name, is)| (name.clone(), was(&name), is)).collect()
}

fn tag_object(pin: &Pin) -> Option<String> {
    match pin {
        Pin::Git(pin) => pin.tag_object.as_ref().map(CommitId::to_string),
        Pin::Image(_) | Pin::Archive(_) | Pin::Debian(_) => None,
    }
}

/// As an index or a manifest, and whose.
fn media_type(pin: &Pin) -> Option<String> {
    match pin {
        Pin::Image(pin) => Some(pin.media_type.to_string()),
        Pin::Git(_) | Pin::Archive(_) | Pin::Debian(_) => None,
    }
}

fn platforms(text: &mut String, image: &ImageEvidence, caps: Caps) {
    let differ = || image.platforms.iter().filter(|step| !step.is_same());
    for step in differ().take(caps.platforms) {
        let cell = |side: &Option<Side>| side.as_ref().map_or("-".into(), self::side);
        let created = step.to.as_ref().and_then(|side| side.created.as_ref());
        let created = created.map_or(String::new(), |created| format!("; made {}", code(created)));
        let after = cell(&step.to) + &reused(step) + &created;
        let name = code(&step.platform.to_string());
        text.push_str(&format!("| {name} | {} | {after} |\n", cell(&step.from)));
    }
    let more = differ().count().saturating_sub(caps.platforms);
    if more > 0 {
        text.push_str(&format!("| {more} more platforms | | |\n"));
    }
}

/// The platforms whose images stay.
pub(super) fn unchanged(image: &ImageEvidence, caps: Caps) -> String {
    let same = image.platforms.iter().filter(|step| step.is_same());
    let same: Vec<_> = same.map(|step| step.platform.clone()).collect();
    if same.is_empty() {
        String::new()
    } else {
        format!("The same images as before: {}.\n", names(&same, caps))
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
        Learnt::Known(reuse) if reuse.of_layers > 0 && reuse.layers == 0 => "; no layer kept".into(),
        Learnt::Known(reuse) if reuse.of_layers > 0 => format!(
            "; {} of {} kept, {} of {}",
            reuse.layers,
            count(reuse.of_layers, "layer"),
            size(reuse.bytes),
            size(reuse.of_bytes)
        ),
        _ => String::new(),
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
        Learnt::Known(link) => format!("; [compare]({link})"),
        Learnt::Unknown(why) if why == NOTHING_BEFORE => String::new(),
        Learnt::Unknown(why) => format!("; no link: {why}"),
    };
    format!(
        "the images claim, unsigned, {}, revision {}{link}.",
        before_and_after(&source),
        before_and_after(revision)
    )
}

/// The page that compares two commits.
pub(super) fn compare(git: &GitEvidence) -> String {
    match &git.compare {
        Learnt::Known(link) => format!("[Compare the two]({link}).\n"),
        Learnt::Unknown(why) if why == NOTHING_BEFORE => String::new(),
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
