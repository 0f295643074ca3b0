//! How a reference stands to the lock.

use super::register::{Owners, Register};
use crate::catalog::{Declaration, Mode, Upstream};
use crate::model::{
    Architecture, Digest, GitPin, ImagePin, Pin, PinName, Platform, Repository, Tag, same_git,
};
use crate::scan::{Bound, Fetch, GitInput, ImageInput, Input, Kind, Reference, Unresolved};

/// How a reference stands to the lock.
#[derive(Debug)]
pub enum Standing<'a> {
    /// It names what this pin is locked at.
    Locked(&'a PinName),
    /// Its own text makes sure that it gets the same bytes each time, by this.
    Sealed(&'static str),
    /// It names an image that is built here.
    Own,
    /// A build could get other bytes than those of the lock.
    Wrong(Wrong<'a>),
}

/// Why a build could get other bytes than those of the lock.
#[derive(Debug)]
pub enum Wrong<'a> {
    /// No builder would take it.
    Malformed(String),
    /// `latest`, no tag, or a branch: what is meant changes without a word.
    Floating {
        /// What it names, without tag.
        subject: String,
        /// What is written for a version, if anything.
        tag: Option<String>,
    },
    /// No pin follows it.
    NoPin {
        /// What it names, without tag.
        subject: String,
        /// Its tag.
        tag: Option<String>,
        /// The pins of the same upstream, which do not match.
        others: Vec<&'a Declaration>,
    },
    /// Several pins follow it.
    Several(Vec<&'a Declaration>),
    /// Its pin is in no lock.
    NotLocked(&'a Declaration),
    /// It names the locked tag, and not the locked content.
    NotPinned(&'a Declaration),
    /// It names something else than its pin.
    Differs {
        /// The pin.
        pin: &'a Declaration,
        /// What is written.
        written: String,
        /// What is locked.
        locked: String,
    },
    /// It names one platform's manifest, where the pin's index is meant.
    Child {
        /// The pin.
        pin: &'a Declaration,
        /// The platform.
        platform: Platform,
    },
    /// The file alone does not tell what it names.
    Unresolved(Unresolved),
    /// It downloads something that nothing pins.
    Unlocked(Fetch),
    /// A comment that binds its line to something that is not there.
    Binding(String),
}

impl<'a> Register<'a> {
    /// How a reference in the file at `path` stands to the lock.
    pub fn judge(&self, path: &str, reference: &Reference) -> Standing<'a> {
        match &reference.input {
            Err(unresolved) => self.unresolved(reference.kind, unresolved),
            Ok(Input::Image(image)) => self.image(path, reference.kind, image),
            Ok(Input::Git(git)) => self.git(path, reference.kind, git),
            Ok(Input::Bound(bound)) => self.bound(bound),
            Ok(Input::Fetch(fetch)) => self.fetch(fetch),
        }
    }

    /// What apt gets is the lock's where its suites are held against those of a pin.
    fn fetch(&self, fetch: &Fetch) -> Standing<'a> {
        let argument = fetch.packages.as_ref().and_then(|packages| packages.checked.as_ref());
        let holds = |pin: &&Declaration| {
            matches!(pin.upstream, Upstream::Debian(_)) && pin.name.debian_arguments().last() == argument
        };
        let pin = argument.and_then(|_| self.catalog.declarations.values().find(holds));
        // What a file gives that argument in place of the lock.
        let given = fetch.packages.as_ref().and_then(|packages| packages.given.as_ref());
        match (pin, fetch.locked_by) {
            (Some(pin), _) => match (self.locked(pin), given) {
                (Some(Pin::Debian(locked)), Some(given)) if locked.digests().join(",") != *given => {
                    Standing::Wrong(differs(pin, given, &locked.digests().join(",")))
                }
                (Some(_), _) => Standing::Locked(&pin.name),
                (None, _) => Standing::Wrong(Wrong::NotLocked(pin)),
            },
            (None, Some(by)) => Standing::Sealed(by),
            (None, None) => Standing::Wrong(Wrong::Unlocked(fetch.clone())),
        }
    }

    /// The pin that carries an argument.
    fn carrier(&self, argument: &str) -> Option<&'a Declaration> {
        let carries = |pin: &&Declaration| pin.arguments().iter().any(|known| known == argument);
        self.catalog.declarations.values().find(carries)
    }

    /// What stands for a pin as a whole.
    fn by_argument(&self, pin: &'a Declaration) -> Standing<'a> {
        match self.locked(pin) {
            Some(_) => Standing::Locked(&pin.name),
            None => Standing::Wrong(Wrong::NotLocked(pin)),
        }
    }

    /// An argument of a pin has the lock's value in every build that reads it.
    fn unresolved(&self, kind: Kind, unresolved: &Unresolved) -> Standing<'a> {
        if let Unresolved::Checked { name, checksum } = unresolved {
            return match self.carrier(name) {
                Some(pin) if *checksum == format!("{name}_SHA256") => self.by_argument(pin),
                Some(_) => Standing::Wrong(Wrong::Unresolved(unresolved.clone())),
                None => Standing::Sealed("--checksum"),
            };
        }
        if let Unresolved::Argument { name, alone } = unresolved {
            let owner = self.carrier(name);
            let is_archive = |pin: &&Declaration| matches!(pin.upstream, Upstream::Archive(_));
            if kind == Kind::Add && *alone && owner.is_some_and(|pin| is_archive(&pin)) {
                // The lock gives the URL, and what is there may change.
                let (what, locked_by) = (format!("${{{name}}}"), None);
                return Standing::Wrong(Wrong::Unlocked(Fetch {
                    tool: "ADD",
                    what,
                    locked_by,
                    checksum: None,
                    packages: None,
                }));
            }
            let whole = |pin: &&Declaration| match &pin.upstream {
                // `ADD https://…#${PIN_X_COMMIT}` names the locked commit too.
                Upstream::Git(_) => kind == Kind::Add,
                Upstream::Image(_) => *alone && kind == Kind::From,
                Upstream::Archive(_) | Upstream::Debian(_) => false,
            };
            if let Some(pin) = owner.filter(whole) {
                return self.by_argument(pin);
            }
        }
        Standing::Wrong(Wrong::Unresolved(unresolved.clone()))
    }

    fn image(&self, path: &str, kind: Kind, image: &ImageInput) -> Standing<'a> {
        self.try_image(path, kind, image).unwrap_or_else(Standing::Wrong)
    }

    fn try_image(&self, path: &str, kind: Kind, image: &ImageInput) -> Result<Standing<'a>, Wrong<'a>> {
        let (repository, digest) = parse(image)?;
        let tag = image.tag.as_ref().map(|tag| tag.text.as_str());
        let subject = || repository.to_string();
        let floating = tag == Some("latest") || (tag.is_none() && digest.is_none());
        if floating {
            return Err(Wrong::Floating { subject: subject(), tag: tag.map(str::to_owned) });
        }
        if self.has_own() && self.is_own(&subject()) {
            return Ok(Standing::Own);
        }
        let declaration = match self.image_owners(&repository, path, tag) {
            Owners::One(declaration) => declaration,
            Owners::None(others) => {
                return Err(Wrong::NoPin { subject: subject(), tag: tag.map(str::to_owned), others });
            }
            Owners::Several(several) => match (tag, &digest) {
                // Without a tag only the content tells.
                (None, Some(digest)) => *several
                    .iter()
                    .find(|pin| matches!(self.locked(pin), Some(Pin::Image(pin)) if names(pin, digest)))
                    .ok_or(Wrong::Several(several.clone()))?,
                _ => return Err(Wrong::Several(several)),
            },
        };
        let Some(Pin::Image(pin)) = self.locked(declaration) else {
            return Err(Wrong::NotLocked(declaration));
        };
        if tag.is_some_and(|tag| tag != pin.tag.as_str()) {
            return Err(differs(declaration, tag.unwrap_or_default(), pin.tag.as_str()));
        }
        let by_tag = self.policy.mode == Mode::Policy || kind == Kind::HelmDependency;
        match digest {
            None if by_tag => Ok(Standing::Locked(&declaration.name)),
            None => Err(Wrong::NotPinned(declaration)),
            Some(digest) if digest == pin.digest => Ok(Standing::Locked(&declaration.name)),
            Some(digest) => Err(match child(pin, &digest) {
                Some(platform) => Wrong::Child { pin: declaration, platform },
                None => differs(declaration, &digest.to_string(), &pin.digest.to_string()),
            }),
        }
    }

    fn git(&self, path: &str, kind: Kind, git: &GitInput) -> Standing<'a> {
        self.try_git(path, kind, git).unwrap_or_else(Standing::Wrong)
    }

    fn try_git(&self, path: &str, kind: Kind, git: &GitInput) -> Result<Standing<'a>, Wrong<'a>> {
        let revision = git.revision.as_ref().map(|revision| revision.text.as_str());
        let subject = git.url.clone();
        if self.is_own(&same_git(&git.url)) {
            return Ok(Standing::Own);
        }
        let none = |others| match (revision, &git.commit) {
            (None, None) => Wrong::Floating { subject: subject.clone(), tag: None },
            _ => Wrong::NoPin { subject: subject.clone(), tag: revision.map(str::to_owned), others },
        };
        let declaration = match self.git_owners(&git.url, path, revision) {
            Owners::One(declaration) => declaration,
            Owners::None(others) => return Err(none(others)),
            Owners::Several(several) => {
                let is_locked = |pin: &&&Declaration| matches!(self.locked(pin), Some(Pin::Git(pin)) if git.commit.as_deref() == Some(pin.commit.as_str()));
                match several.iter().find(is_locked).filter(|_| revision.is_none()) {
                    Some(one) => one,
                    None => return Err(Wrong::Several(several)),
                }
            }
        };
        let Some(Pin::Git(pin)) = self.locked(declaration) else {
            return Err(Wrong::NotLocked(declaration));
        };
        if let Some(revision) = revision.filter(|revision| *revision != pin.tag.as_str()) {
            return Err(differs(declaration, revision, pin.tag.as_str()));
        }
        let under_policy = self.policy.mode == Mode::Policy && kind == Kind::Add;
        match &git.commit {
            Some(commit) if is_commit(pin, commit) => Ok(Standing::Locked(&declaration.name)),
            Some(commit) => Err(differs(declaration, commit, pin.commit.as_str())),
            None if revision.is_none() => Err(Wrong::Floating { subject, tag: None }),
            None if under_policy => Ok(Standing::Locked(&declaration.name)),
            None => Err(Wrong::NotPinned(declaration)),
        }
    }

    fn bound(&self, bound: &Bound) -> Standing<'a> {
        self.try_bound(bound).unwrap_or_else(Standing::Wrong)
    }

    fn try_bound(&self, bound: &Bound) -> Result<Standing<'a>, Wrong<'a>> {
        let pins = &self.catalog.declarations;
        let name = bound.pin.parse::<PinName>().ok();
        let declaration = name.and_then(|name| pins.get(&name)).ok_or_else(|| {
            let known = crate::document::meant(&bound.pin, pins.keys().map(PinName::as_str));
            let meant = known.map_or_else(String::new, |known| format!("; did you mean `{known}`?"));
            Wrong::Binding(format!("no pin is called `{}`{meant}", bound.pin))
        })?;
        let pin = self.locked(declaration).ok_or(Wrong::NotLocked(declaration))?;
        let locked = value(pin, &bound.field)
            .ok_or_else(|| Wrong::Binding(format!("the pin `{}` has no `{}`", bound.pin, bound.field)))?;
        let Some(written) = &bound.value else {
            return Err(Wrong::Binding(format!(
                "the line below has no value for `{}.{}`",
                bound.pin, bound.field
            )));
        };
        match written.text == locked {
            true => Ok(Standing::Locked(&declaration.name)),
            false => Err(differs(declaration, &written.text, &locked)),
        }
    }
}

/// The value of a pin that a comment can bind a line to.
pub(super) fn value(pin: &Pin, field: &str) -> Option<String> {
    match (pin, field) {
        // The lock has the version, and not the tag that it came from.
        (Pin::Archive(_), "tag") => None,
        (_, "tag") => Some(pin.tag().to_owned()),
        (Pin::Archive(pin), "version") => Some(pin.version.clone()),
        (_, "version") => Some(version(pin.tag()).to_owned()),
        (Pin::Image(pin), "digest") => Some(pin.digest.to_string()),
        (Pin::Git(pin), "commit") => Some(pin.commit.to_string()),
        (Pin::Archive(pin), field) => {
            let of = field.strip_prefix("sha256.");
            let mut files = pin.files().into_iter();
            let is_meant = |found: Option<&Architecture>| found.map(Architecture::as_str) == of;
            let (_, file, _) =
                files.find(|(found, ..)| (field == "sha256" || of.is_some()) && is_meant(*found))?;
            Some(file.digest.hex().to_owned())
        }
        _ => None,
    }
}

/// A tag from its first digit on: `v1.4.2` is the version 1.4.2.
fn version(tag: &str) -> &str {
    tag.find(|c: char| c.is_ascii_digit()).map_or(tag, |at| &tag[at..])
}

/// The repository and digest of an image as it is written. Its tag is looked at too.
pub(super) fn parse<'a>(image: &ImageInput) -> Result<(Repository, Option<Digest>), Wrong<'a>> {
    let repository = image.repository.parse().map_err(|error| malformed(image, error))?;
    if let Some(tag) = &image.tag {
        tag.text.parse::<Tag>().map_err(|error| malformed(image, error))?;
    }
    let digest = image.digest.as_ref().map(|digest| digest.parse().map_err(|error| malformed(image, error)));
    Ok((repository, digest.transpose()?))
}

fn malformed<'a>(image: &ImageInput, error: impl std::fmt::Display) -> Wrong<'a> {
    let tag = image.tag.iter().map(|tag| tag.text.as_str());
    let parts = [image.repository.as_str()].into_iter().chain(tag).chain(image.digest.as_deref());
    let text = parts.collect::<Vec<_>>().join(":");
    // `Dockerfile.j2`, `Dockerfile.erb`: somebody else fills it in before a builder reads it.
    match ["{{", "{%", "<%"].into_iter().any(|mark| text.contains(mark)) {
        true => Wrong::Unresolved(Unresolved::Template(text)),
        false => Wrong::Malformed(error.to_string()),
    }
}

fn names(pin: &ImagePin, digest: &Digest) -> bool {
    pin.digest == *digest || child(pin, digest).is_some()
}

fn child(pin: &ImagePin, digest: &Digest) -> Option<Platform> {
    let is_child = |(_, child): &(&Platform, &Digest)| *child == digest;
    pin.platforms.iter().find(is_child).map(|(platform, _)| platform.clone())
}

fn is_commit(pin: &GitPin, commit: &str) -> bool {
    pin.commit.as_str() == commit || pin.tag_object.as_ref().is_some_and(|object| object.as_str() == commit)
}

fn differs<'a>(pin: &'a Declaration, written: &str, locked: &str) -> Wrong<'a> {
    Wrong::Differs { pin, written: written.to_owned(), locked: locked.to_owned() }
}
