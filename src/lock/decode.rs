//! Reading a lock file: what is unknown, malformed or contradicts itself is refused with its place.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::{FORMAT, Lock, archive, debian};
use crate::document::{Entry, Problem, Section, SourceFile, parse_toml};
use crate::model::{Digest, GitPin, ImagePin, MediaType, Pin, PinName, Platform};

/// Parses a lock file's text.
pub fn decode(file: &Arc<SourceFile>) -> Result<Lock, Vec<Problem>> {
    let document = parse_toml(file).map_err(|problem| vec![problem])?;
    let mut problems = Vec::new();
    let mut root = Section::root(&document, file);
    if root.take("version").is_none() {
        problems.push(root.problem("the lock file has no `version`"));
    }
    root.read("version", &mut problems, |entry| match entry.integer()? {
        FORMAT => Ok(()),
        other => Err(entry
            .problem(format!("the lock file has version {other}, and this solera-pin reads version {FORMAT}"))
            .help("use the release of solera-pin that wrote it, or a later one")),
    });
    let mut pins = BTreeMap::new();
    for (key, entry) in root.read("pin", &mut problems, Entry::section).iter().flat_map(Section::entries) {
        match read_pin(key, &entry, &mut problems) {
            Ok(Some((name, pin))) => drop(pins.insert(name, pin)),
            Ok(None) => {}
            Err(problem) => problems.push(problem),
        }
    }
    root.finish(&mut problems);
    match problems.is_empty() {
        true => Ok(Lock { pins }),
        false => Err(problems),
    }
}

fn read_pin(
    key: &str,
    entry: &Entry<'_>,
    problems: &mut Vec<Problem>,
) -> Result<Option<(PinName, Pin)>, Problem> {
    let mut section = entry.section()?;
    let name: PinName =
        key.parse().map_err(|error: crate::model::NameError| section.problem(error.to_string()))?;
    let before = problems.len();
    let kinds = ["image", "git", "archive", "suites"];
    let mut has = kinds.into_iter().filter(|kind| section.take(kind).is_some());
    let kind = has.next().filter(|_| has.next().is_none());
    let pin = match kind {
        Some("image") => read_image(&mut section, problems).map(Pin::Image),
        Some("git") => read_git(&mut section, problems).map(Pin::Git),
        Some("archive") => archive::read(&mut section, problems).map(Pin::Archive),
        Some(_) => debian::read(&mut section, problems).map(Pin::Debian),
        None => {
            let must = format!("`pin.{name}` must have one of `image`, `git`, `archive` and `suites`");
            return Err(section.problem(must));
        }
    };
    section.finish(problems);
    Ok(pin.filter(|_| problems.len() == before).map(|pin| (name, pin)))
}

fn read_image(section: &mut Section<'_>, problems: &mut Vec<Problem>) -> Option<ImagePin> {
    let repository = section.require("image", problems, Entry::parse);
    let tag = section.require("tag", problems, Entry::parse);
    let digest: Option<Digest> = section.require("digest", problems, Entry::parse);
    let media_type: Option<MediaType> = section.require("media-type", problems, Entry::parse);
    let platforms =
        section.require("platforms", problems, |entry| read_platforms(entry, media_type, digest.as_ref()));
    Some(ImagePin {
        repository: repository?,
        tag: tag?,
        digest: digest?,
        media_type: media_type?,
        platforms: platforms?,
    })
}

fn read_platforms(
    entry: &Entry<'_>,
    media_type: Option<MediaType>,
    digest: Option<&Digest>,
) -> Result<BTreeMap<Platform, Digest>, Problem> {
    let mut platforms = BTreeMap::new();
    for (key, value) in entry.section()?.entries() {
        let platform: Platform =
            key.parse().map_err(|error: crate::model::PlatformError| value.problem(error.to_string()))?;
        let child: Digest = value.parse()?;
        if media_type.is_some_and(|media_type| media_type.is_index() == (Some(&child) == digest)) {
            return Err(value.problem(match media_type.is_some_and(MediaType::is_index) {
                true => format!("the manifest of {platform} cannot be the index itself"),
                false => {
                    format!("the manifest of {platform} must be the one that `digest` names: it is no index")
                }
            }));
        }
        if platforms.insert(platform.clone(), child).is_some() {
            return Err(value.problem(format!("{platform} is locked twice")));
        }
    }
    match platforms.is_empty() {
        true => Err(entry.problem("a locked image must have at least one platform")),
        false => Ok(platforms),
    }
}

/// A SHA-256 as bare hexadecimal digits.
pub(super) fn sha256(entry: &Entry<'_>) -> Result<Digest, Problem> {
    let wrong = |error: crate::model::DigestError| entry.problem(format!("`{}`: {error}", entry.path));
    format!("sha256:{}", entry.text()?).parse().map_err(wrong)
}

/// A number of bytes.
pub(super) fn number(entry: &Entry<'_>) -> Result<u64, Problem> {
    u64::try_from(entry.integer()?).map_err(|_| entry.problem("a size cannot be negative"))
}

fn read_git(section: &mut Section<'_>, problems: &mut Vec<Problem>) -> Option<GitPin> {
    let url = section.require("git", problems, Entry::parse);
    let tag = section.require("tag", problems, Entry::parse);
    let commit = section.require("commit", problems, Entry::parse);
    let tag_object = section.read("tag-object", problems, Entry::parse);
    Some(GitPin { url: url?, tag: tag?, commit: commit?, tag_object })
}
