//! What a pin follows: the key that names its upstream, and what goes with that.

use super::{Archive, Debian, archive, debian};
use crate::document::{Problem, Section};
use crate::model::{GitUrl, Repository};
use crate::track::Track;

/// A place that publishes versions.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Upstream {
    /// `image = …`
    Image(Repository),
    /// `git = …`
    Git(GitUrl),
    /// `archive = …`
    Archive(Box<Archive>),
    /// `suites = …`
    Debian(Box<Debian>),
}

impl std::fmt::Display for Upstream {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Image(repository) => write!(f, "{repository}"),
            Self::Git(url) => write!(f, "{url}"),
            Self::Archive(archive) => write!(f, "{}", archive.url),
            Self::Debian(debian) => f.write_str(&debian.names()),
        }
    }
}

/// Keys that say nothing of this kind of upstream.
pub(super) fn refuse_foreign(upstream: &Upstream, section: &mut Section<'_>, problems: &mut Vec<Problem>) {
    let (what, keys): (&str, &[&'static str]) = match upstream {
        Upstream::Image(_) => return,
        Upstream::Git(_) => ("a git repository has no platforms", &["platforms"]),
        Upstream::Archive(_) => {
            ("an archive has `architectures`, and no tags that are rebuilt", &["platforms", "rebuilt"])
        }
        Upstream::Debian(_) => (
            "a Debian suite has no such thing: its states are chosen by their time",
            &["platforms", "rebuilt", "settle", "prerelease", "version", "paths"],
        ),
    };
    for key in keys {
        if let Some(entry) = section.take(key) {
            problems.push(entry.problem(format!("`{key}`: {what}")));
        }
    }
}

/// The track of the times that states of an archive have.
const STATES: &str = "{date}T{build}Z";

/// What is followed, and the track of its tags where the pin's own `track` does not say it.
pub(super) fn read(
    section: &mut Section<'_>,
    problems: &mut Vec<Problem>,
) -> Option<(Upstream, Option<Track>)> {
    let before = problems.len();
    let image = section.read("image", problems, |entry| {
        let repository = entry.parse();
        let tagged = entry.text()?.parse::<crate::model::ImageRef>();
        match tagged.is_ok_and(|reference| reference.tag().is_some() || reference.digest().is_some()) {
            true => Err(entry.problem("`image` names a repository: its tags are chosen by `track`")),
            false => repository.map(Upstream::Image),
        }
    });
    let git = section.read("git", problems, |entry| entry.parse().map(Upstream::Git));
    let url = section.read("archive", problems, archive::template);
    let suites = section.read("suites", problems, debian::set);
    if problems.len() > before {
        // What goes with it is not judged without it.
        let beside =
            ["versions", "architectures", "checksums", "signature", "checksums-signature", "signed-by"];
        let of_suites = ["packages", "components", "snapshot", "mirror", "live"];
        for key in beside.into_iter().chain(of_suites) {
            section.take(key);
        }
        return None;
    }
    match (image, git, url, suites) {
        (Some(image), None, None, None) => Some((image, None)),
        (None, Some(git), None, None) => Some((git, None)),
        (None, None, Some(url), None) => {
            let (archive, track) = archive::read(url, section, problems)?;
            Some((Upstream::Archive(Box::new(archive)), Some(track)))
        }
        (None, None, None, Some(suites)) => {
            let debian = debian::read(suites, section, problems)?;
            Some((Upstream::Debian(Box::new(debian)), Track::parse(STATES).ok()))
        }
        (None, None, None, None) => {
            let problem = section.problem("the pin says nothing to follow");
            problems.push(problem.help(
                "add `image = \"REPOSITORY\"`, `git = \"URL\"`, `archive = \"URL\"` or `suites = [\"SUITE\"]`",
            ));
            None
        }
        _ => {
            problems.push(
                section.problem("a pin follows one of `image`, `git`, `archive` and `suites`, not several"),
            );
            None
        }
    }
}
