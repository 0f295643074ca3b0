//! The keys of a pin that follows archives: where they are, which versions there are, and what vouches for them.

use std::collections::BTreeMap;

use super::network::check_web;
use crate::document::{Entry, Problem, Section};
use crate::model::{Architecture, ArchiveUrl, GitUrl, fills_url};
use crate::track::Track;

/// Files that a server publishes by version.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Archive {
    /// Where.
    pub url: ArchiveUrl,
    /// Which versions there are.
    pub versions: Versions,
    /// The architectures, each as the URL spells it; none where the URL has none.
    pub architectures: BTreeMap<Architecture, String>,
    /// A published file of checksums.
    pub checksums: Option<ArchiveUrl>,
    /// A detached OpenPGP signature of each file.
    pub signature: Option<ArchiveUrl>,
    /// A detached OpenPGP signature of the file of checksums.
    pub checksums_signature: Option<ArchiveUrl>,
    /// The keyring that signatures are checked against, a file of the repository.
    pub signed_by: Option<String>,
}

/// Where the versions of an archive come from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Versions {
    /// There is this one.
    Literal(String),
    /// The tags of a git repository.
    Git {
        /// Its URL.
        url: GitUrl,
        /// Which tags; a version is the part of a tag between the track's first and last placeholder.
        tags: Track,
    },
}

impl Archive {
    /// The version that a tag of the git repository stands for; a literal version is its own tag.
    pub fn version_of<'t>(&self, tag: &'t str) -> Option<&'t str> {
        match &self.versions {
            Versions::Literal(version) => (tag == version).then_some(tag),
            Versions::Git { tags, .. } => {
                let (before, _, after) = tags.affixes();
                tags.read(tag)?;
                tag.strip_prefix(before)?.strip_suffix(after)
            }
        }
    }

    /// The tag of a version.
    pub fn tag_of(&self, version: &str) -> String {
        match &self.versions {
            Versions::Literal(_) => version.to_owned(),
            Versions::Git { tags, .. } => {
                let (before, _, after) = tags.affixes();
                format!("{before}{version}{after}")
            }
        }
    }
}

/// Reads the keys beside `archive`. The track is that of the versions.
pub(super) fn read(
    url: ArchiveUrl,
    section: &mut Section<'_>,
    problems: &mut Vec<Problem>,
) -> Option<(Archive, Track)> {
    let versions = section.require("versions", problems, versions);
    let architectures = section.read("architectures", problems, architectures);
    let mut template = |key| section.read(key, problems, template);
    let (checksums, signature, checksums_signature) =
        (template("checksums"), template("signature"), template("checksums-signature"));
    let signed_by = section.read("signed-by", problems, |entry| entry.text().map(str::to_owned));
    let signed = signature.is_some() || checksums_signature.is_some();
    let mut wrong = |message: &str| problems.push(section.problem(message));
    match (url.has_architecture(), &architectures) {
        (true, None) => wrong("the URL has {arch}, and `architectures` does not say which there are"),
        (false, Some(_)) => wrong("`architectures` has nothing to fill in: the URL has no {arch}"),
        _ => {}
    }
    if signed && signed_by.is_none() {
        wrong("a signature needs `signed-by`, the keyring that it is checked against");
    }
    if signed_by.is_some() && !signed && checksums.is_none() {
        wrong("`signed-by` has nothing to check: add `signature` or `checksums-signature`");
    }
    if checksums_signature.is_some() && checksums.is_none() {
        wrong("`checksums-signature` has nothing to check: add `checksums`");
    }
    let (versions, track) = versions?;
    if matches!(versions, Versions::Git { .. }) && !url.has_version() {
        wrong("the URL has no {version}, so that every version would be the same file");
    }
    let architectures = architectures.unwrap_or_default();
    let archive =
        Archive { url, versions, architectures, checksums, signature, checksums_signature, signed_by };
    Some((archive, track))
}

/// A version, or a git repository with a track.
fn versions(entry: &Entry<'_>) -> Result<(Versions, Track), Problem> {
    let track =
        |text: &str, at: &Entry<'_>| Track::parse(text).map_err(|error| at.problem(error.to_string()));
    if let Ok(text) = entry.text() {
        let literal = track(text, entry)?;
        return match literal.is_literal() {
            true if !fills_url(text) => Err(entry.problem("this would not be a part of a file's name")),
            true => Ok((Versions::Literal(text.into()), literal)),
            false => Err(entry
                .problem("a version has no placeholders")
                .help("versions of a git repository: versions = { git = \"URL\", track = \"v{version}\" }")),
        };
    }
    let mut section = entry.section()?;
    let mut problems = Vec::new();
    let url = section.require("git", &mut problems, Entry::parse);
    let tags = section.require("track", &mut problems, |entry| {
        let tags = track(entry.text()?, entry)?;
        match tags.is_literal() {
            true => Err(entry.problem("the track has no placeholder, so that it has no version")),
            false => Ok(tags),
        }
    });
    section.finish(&mut problems);
    match (problems.into_iter().next(), url, tags) {
        (Some(problem), ..) => Err(problem),
        (None, Some(url), Some(tags)) => {
            let inner = track(tags.affixes().1, entry)?;
            Ok((Versions::Git { url, tags }, inner))
        }
        (None, ..) => Err(entry.problem("`versions` must have `git` and `track`")),
    }
}

/// A list of architectures, or a table of how the URL spells each.
fn architectures(entry: &Entry<'_>) -> Result<BTreeMap<Architecture, String>, Problem> {
    let named = |name: &str, at: &Entry<'_>| {
        name.parse::<Architecture>().map_err(|error| at.problem(error.to_string()))
    };
    let mut found = BTreeMap::new();
    if let Ok(section) = entry.section() {
        for (name, spelled) in section.entries() {
            let word = spelled.text()?;
            if !fills_url(word) {
                return Err(spelled.problem("this would not be a part of a file's name"));
            }
            found.insert(named(name, &spelled)?, word.to_owned());
        }
    } else {
        for element in entry.elements()? {
            let name = element.text()?;
            found.insert(named(name, &element)?, name.to_owned());
        }
    }
    match found.is_empty() {
        true => Err(entry.problem("`architectures` must name at least one")),
        false => Ok(found),
    }
}

/// The URL of an archive, over TLS or of this machine.
pub(super) fn template(entry: &Entry<'_>) -> Result<ArchiveUrl, Problem> {
    let url: ArchiveUrl = entry.parse()?;
    let filled = url.at("0", "a").parse().map_err(|_| entry.problem("this is no URL"))?;
    // Where it is not to be had over TLS there is no way to say so: a mirror may be.
    let help = "use https, or declare an https mirror: [archives.\"http://HOST/\"]";
    check_web(entry, filled, false).map(|_| url).map_err(|problem| problem.help(help))
}
