//! A made-up lock: for every reference of a file that says by itself what it names, a pin of exactly that.
//!
//! Its declarations have literal tracks, so that no pin follows the references of another, and each of them can be
//! locked at any tag.

use std::collections::BTreeMap;

use solera_pin::catalog::{Catalog, Declaration, PathGlobs, Policy, Upstream};
use solera_pin::document::{Place, SourceFile};
use solera_pin::lock::Lock;
use solera_pin::model::{
    Allow, CommitId, Digest, GitPin, GitUrl, ImagePin, ImageRef, MediaType, Pin, PinName, Repository, Tag,
};
use solera_pin::references::Register;
use solera_pin::scan::{Bound, GitInput, ImageInput, Input, Scan};
use solera_pin::track::Track;

/// Declarations and a lock that agree with each other.
pub struct MadeUp {
    pub catalog: Catalog,
    pub lock: Lock,
}

/// Which of the locks that can be made up for one file.
#[derive(Clone, Copy, PartialEq)]
pub enum Version {
    /// What the file says, with content made up where it says none.
    First,
    /// The same tags with other content.
    Rebuilt,
    /// Other tags, where a tag has a number, and other content.
    Next,
}

/// What a pin is to be locked at.
#[derive(Clone, Debug)]
enum Wanted {
    Image { repository: Repository, tag: Option<String>, digest: Option<Digest> },
    Git { url: GitUrl, tag: Option<String>, commit: Option<CommitId> },
}

impl MadeUp {
    /// The lock for what was found in a file.
    pub fn of(scan: &Scan, version: Version) -> Self {
        let mut made = Self { catalog: empty(), lock: Lock::default() };
        for (key, wanted) in wanted(scan) {
            made.add(&key, wanted, version);
        }
        made
    }

    pub fn register(&self) -> Register<'_> {
        Register::new(&self.catalog, &self.lock, &self.catalog.policy.references)
    }

    /// Locks a pin, unless no tag could be declared for it.
    fn add(&mut self, key: &str, wanted: Wanted, version: Version) {
        let name = match key.strip_prefix("bound ") {
            Some(name) => name.parse::<PinName>(),
            None => format!("made-up-{}", self.lock.pins.len()).parse(),
        };
        let Ok(name) = name else { return };
        let seed = format!("{version} {key}");
        let Some((upstream, pin)) = wanted.locked(&seed, version) else { return };
        let Ok(track) = Track::parse(pin.tag()) else { return };
        self.catalog.declarations.insert(name.clone(), declaration(&name, upstream, track));
        self.lock.pins.insert(name, pin);
    }
}

impl Wanted {
    fn locked(self, seed: &str, version: Version) -> Option<(Upstream, Pin)> {
        let tag = |tag: Option<String>| match tag {
            Some(tag) if version == Version::Next => next(&tag),
            Some(tag) => tag,
            // The reference has only its content; the pin has some tag too.
            None => "untold".into(),
        };
        Some(match self {
            Self::Image { repository, tag: written, digest } => {
                let tag = tag(written).parse::<Tag>().ok()?;
                let digest = match digest {
                    Some(digest) if version == Version::First => digest,
                    // What was one content is one content again, whoever follows it.
                    Some(digest) => Digest::sha256(format!("{version} {digest}").as_bytes()),
                    None => Digest::sha256(seed.as_bytes()),
                };
                let media_type = MediaType::OciIndex;
                let upstream = Upstream::Image(repository.clone());
                let pin = ImagePin { repository, tag, digest, media_type, platforms: BTreeMap::new() };
                (upstream, Pin::Image(pin))
            }
            Self::Git { url, tag: written, commit } => {
                let tag = tag(written).parse().ok()?;
                let made_up = || Digest::sha256(seed.as_bytes()).hex()[..40].parse().ok();
                let commit = commit.filter(|_| version == Version::First).or_else(made_up)?;
                let upstream = Upstream::Git(url.clone());
                (upstream, Pin::Git(GitPin { url, tag, commit, tag_object: None }))
            }
        })
    }
}

impl std::fmt::Display for Version {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::First => "first",
            Self::Rebuilt => "rebuilt",
            Self::Next => "next",
        })
    }
}

/// Another tag of the same shape; the same one for the same tag, so that what shares an argument moves together.
pub fn next(tag: &str) -> String {
    match tag.find(|c: char| c.is_ascii_digit()) {
        Some(at) => format!("{}7{}", &tag[..at], &tag[at..]),
        None => tag.to_owned(),
    }
}

/// An image's parts, where they are well formed and say by themselves which image it is.
pub fn parsed(image: &ImageInput) -> Option<ImageRef> {
    let mut text = image.repository.clone();
    image.tag.iter().for_each(|tag| text.extend([":", &tag.text]));
    image.digest.iter().for_each(|digest| text.extend(["@", digest]));
    let parsed: ImageRef = text.parse().ok()?;
    let floats = match parsed.tag() {
        Some(tag) => tag.as_str() == "latest",
        None => parsed.digest().is_none(),
    };
    (!floats).then_some(parsed)
}

/// What each pin is locked at, by a key; the first that says more than the others of its key counts.
fn wanted(scan: &Scan) -> BTreeMap<String, Wanted> {
    let mut found: BTreeMap<String, Wanted> = BTreeMap::new();
    for reference in &scan.references {
        let entry = match &reference.input {
            Ok(Input::Image(image)) => image_wanted(image),
            Ok(Input::Git(git)) => git_wanted(git),
            Ok(Input::Bound(bound)) => bound_wanted(bound),
            _ => None,
        };
        let Some((key, wanted)) = entry else { continue };
        match found.get_mut(&key) {
            Some(known) => known.complete(wanted),
            None => drop(found.insert(key, wanted)),
        }
    }
    found
}

impl Wanted {
    fn complete(&mut self, other: Self) {
        match (self, other) {
            (Self::Image { tag, digest, .. }, Self::Image { tag: other_tag, digest: other_digest, .. }) => {
                *tag = tag.take().or(other_tag);
                *digest = digest.take().or(other_digest);
            }
            (Self::Git { tag, commit, .. }, Self::Git { tag: other_tag, commit: other_commit, .. }) => {
                *tag = tag.take().or(other_tag);
                *commit = commit.take().or(other_commit);
            }
            _ => {}
        }
    }
}

fn image_wanted(image: &ImageInput) -> Option<(String, Wanted)> {
    let parsed = parsed(image)?;
    let digest = parsed.digest().cloned();
    let tag = parsed.tag().map(|tag| tag.as_str().to_owned());
    let of = match (&tag, &digest) {
        (Some(tag), _) => tag.clone(),
        (None, digest) => digest.as_ref()?.to_string(),
    };
    let repository = parsed.repository().clone();
    Some((format!("image {repository} {of}"), Wanted::Image { repository, tag, digest }))
}

fn git_wanted(git: &GitInput) -> Option<(String, Wanted)> {
    let tag = git.revision.as_ref().map(|revision| revision.text.clone());
    let commit: Option<CommitId> = git.commit.as_ref().and_then(|commit| commit.parse().ok());
    let of = tag.clone().or_else(|| commit.as_ref().map(ToString::to_string))?;
    let url = git.url.parse::<GitUrl>().ok()?;
    // Spellings of one repository are one upstream.
    let same = git.url.trim_end_matches('/').trim_end_matches(".git").to_ascii_lowercase();
    Some((format!("git {same} {of}"), Wanted::Git { url, tag, commit }))
}

fn bound_wanted(bound: &Bound) -> Option<(String, Wanted)> {
    let value = bound.value.as_ref()?.text.clone();
    let key = format!("bound {}", bound.pin);
    let image = |tag, digest| Wanted::Image {
        repository: format!("bound.example/{}", bound.pin).parse().unwrap(),
        tag,
        digest,
    };
    let git = |tag, commit| Wanted::Git {
        url: format!("https://bound.example/{}.git", bound.pin).parse().unwrap(),
        tag,
        commit,
    };
    let wanted = match bound.field.as_str() {
        "tag" | "version" => image(Some(value), None),
        "digest" => image(None, Some(value.parse().ok()?)),
        "commit" => git(None, Some(value.parse().ok()?)),
        _ => return None,
    };
    Some((key, wanted))
}

fn empty() -> Catalog {
    Catalog {
        declared_in: "pins.toml".into(),
        declarations: BTreeMap::new(),
        policy: Policy::default(),
        images: BTreeMap::new(),
    }
}

fn declaration(name: &PinName, upstream: Upstream, track: Track) -> Declaration {
    Declaration {
        name: name.clone(),
        upstream,
        track,
        version: None,
        allow: Allow::default(),
        ignore: Vec::new(),
        hold: None,
        prerelease: true,
        immutable: false,
        min_age: std::time::Duration::ZERO,
        settle: std::time::Duration::ZERO,
        rebuilt: false,
        platforms: None,
        paths: PathGlobs::default(),
        place: Place::whole(&SourceFile::new("pins.toml", "")),
        group: None,
        schedule: None,
        changelog: None,
    }
}
