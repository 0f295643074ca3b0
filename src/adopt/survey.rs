//! What the files of a repository name of the outside.

use std::collections::{BTreeMap, BTreeSet};

use crate::document::SourceFile;
use crate::model::{GitUrl, ImageRef, Platform, Repository};
use crate::scan::{GitInput, ImageInput, Input, Output, Reference, Scan};

/// An upstream.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Source {
    /// An image repository.
    Image(Repository),
    /// A git repository.
    Git(GitUrl),
}

/// A place in a file.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Spot {
    /// The file.
    pub path: String,
    /// From 1.
    pub line: usize,
}

/// How an upstream's tag is used.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Uses {
    /// Where.
    pub spots: BTreeSet<Spot>,
    /// The content that is written beside the tag: digests, or commits.
    pub written: BTreeSet<String>,
}

/// What the files of a repository name of the outside, and what is made in it.
#[derive(Debug, Default)]
pub struct Survey {
    uses: BTreeMap<(Source, String), Uses>,
    /// The repositories of images that are built here, each with the tags that they get.
    built: BTreeMap<Repository, BTreeSet<Option<String>>>,
    /// The platforms that something is built for.
    pub platforms: BTreeSet<Platform>,
}

impl Survey {
    /// Takes in a file.
    pub fn take(&mut self, file: &SourceFile, scan: &Scan) {
        for reference in &scan.references {
            let Some((source, tag, written)) = named(reference) else { continue };
            let uses = self.uses.entry((source, tag)).or_default();
            let line = file.position(reference.span.start).0;
            uses.spots.insert(Spot { path: file.path.clone(), line });
            uses.written.extend(written);
        }
        for output in &scan.outputs {
            if let Some((repository, tag)) = built(output) {
                self.built.entry(repository).or_default().insert(tag);
            }
        }
        let platforms = scan.builds.iter().flat_map(|build| &build.platforms);
        self.platforms.extend(platforms.filter_map(|platform| platform.parse::<Platform>().ok()));
    }

    /// Takes in what was seen elsewhere.
    pub fn merge(&mut self, other: Self) {
        for (key, uses) in other.uses {
            let mine = self.uses.entry(key).or_default();
            mine.spots.extend(uses.spots);
            mine.written.extend(uses.written);
        }
        for (repository, tags) in other.built {
            self.built.entry(repository).or_default().extend(tags);
        }
        self.platforms.extend(other.platforms);
    }

    /// The repositories whose images are built here.
    ///
    /// A name without a host and an account is Docker Hub's own, which nobody else can push to: where it is also used
    /// under a tag that nothing here makes, it is taken from there.
    pub fn own(&self) -> BTreeSet<&Repository> {
        let is_taken = |repository: &Repository, made: &BTreeSet<Option<String>>| {
            let official = repository.registry().is_docker_hub() && repository.path().starts_with("library/");
            let of_it = self.uses.keys().filter(|(source, _)| *source == Source::Image(repository.clone()));
            official
                && !made.contains(&None)
                && of_it.into_iter().any(|(_, tag)| !made.contains(&Some(tag.clone())))
        };
        let own = self.built.iter().filter(|(repository, made)| !is_taken(repository, made));
        own.map(|(repository, _)| repository).collect()
    }

    /// What is taken from outside, by upstream and tag.
    pub fn outside(&self) -> impl Iterator<Item = (&Source, &str, &Uses)> {
        let own = self.own();
        let is_own = move |source: &Source| matches!(source, Source::Image(name) if own.contains(name));
        let outside = self.uses.iter().filter(move |((source, _), _)| !is_own(source));
        outside.map(|((source, tag), uses)| (source, tag.as_str(), uses))
    }
}

/// The upstream and tag of a reference, and the content that is written beside them. `None` where it names no tag.
pub(super) fn named(reference: &Reference) -> Option<(Source, String, Option<String>)> {
    match &reference.input {
        Ok(Input::Image(image)) => image_named(image),
        Ok(Input::Git(git)) => git_named(git),
        _ => None,
    }
}

fn image_named(image: &ImageInput) -> Option<(Source, String, Option<String>)> {
    let tag = &image.tag.as_ref()?.text;
    let digest = image.digest.as_ref().map(|digest| format!("@{digest}")).unwrap_or_default();
    let parsed: ImageRef = format!("{}:{tag}{digest}", image.repository).parse().ok()?;
    (tag != "latest").then(|| {
        let digest = parsed.digest().map(ToString::to_string);
        (Source::Image(parsed.repository().clone()), tag.clone(), digest)
    })
}

fn git_named(git: &GitInput) -> Option<(Source, String, Option<String>)> {
    let tag = git.revision.as_ref()?.text.clone();
    Some((Source::Git(canonical(&git.url)?), tag, git.commit.clone()))
}

/// One spelling of a git repository: with `.git`, and on GitHub, whose names have no case, in lower case.
fn canonical(url: &str) -> Option<GitUrl> {
    let lower = url.to_ascii_lowercase();
    let url = if lower.starts_with("https://github.com/") { lower } else { url.to_owned() };
    url.parse::<GitUrl>().ok()?.for_builders().parse().ok()
}

/// The repository that an output is pushed to, and its tag where the file says it.
fn built(output: &Output) -> Option<(Repository, Option<String>)> {
    // A tag is often put together where the image is built; the name before it says enough.
    let slash = output.name.rfind('/').map_or(0, |slash| slash + 1);
    let (name, tag) = match output.name[slash..].split_once(':') {
        Some((last, tag)) => (format!("{}{last}", &output.name[..slash]), Some(tag.to_owned())),
        None => (output.name.clone(), Some("latest".to_owned())),
    };
    let tag = tag.filter(|tag| tag.parse::<crate::model::Tag>().is_ok());
    Some((name.parse().ok()?, tag))
}
