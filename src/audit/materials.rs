//! Materials: each must be in the lock, by its content.

use super::{Finding, Locked, NOT_LOCKED, NOT_OF_IMAGE, NOT_UNDERSTOOD};
use crate::model::{Digest, GitPin, ImagePin, Pin, PinName, Platform, Repository, same_git};
use crate::provenance::{GitUse, ImageUse, Material, Provenance, Source, Start};

/// The repositories of the images that find out what is in an image. A build uses one where it is asked for an SBOM.
const SCANNERS: [&str; 2] = ["docker.io/docker/buildkit-syft-scanner", "docker.io/docker/scout-sbom-indexer"];

/// What the lock says of a material.
enum Standing<'a> {
    /// It has it.
    Locked(&'a PinName),
    /// It is the repository itself, at the revision.
    Own,
    /// It does not, and this is what it has instead.
    Not(String),
}

impl<'a> Locked<'a> {
    /// What a build used and the lock does not have. `platform` is what it was built for.
    pub fn materials(&self, provenance: &Provenance, platform: Option<&Platform>) -> Vec<Finding> {
        let find = |material: &Material| self.material(provenance, platform, material);
        let mut findings: Vec<Finding> = provenance.materials.iter().filter_map(find).collect();
        // Where something else was used instead of the base, that is told above.
        let missing = self.missing(provenance).filter(|_| findings.is_empty());
        findings.extend(missing.map(|message| Finding {
            rule: NOT_UNDERSTOOD,
            platform: platform.cloned(),
            subject: String::new(),
            message,
            help: "do not trust it: build it anew with `--provenance=mode=max`".into(),
        }));
        findings
    }

    /// What provenance must name and does not.
    fn missing(&self, provenance: &Provenance) -> Option<String> {
        // A builder writes the same for nothing as for what it keeps to itself: no list. A tool is in no image.
        let is_tool = |material: &Material| is_tool(provenance, &material.source);
        if let (true, Some(why)) = (provenance.materials.iter().all(is_tool), unfounded(&provenance.start)) {
            return Some(format!("its provenance names nothing that went into the image, and {why}"));
        }
        let name = self.base?;
        // A base that the lock does not have is found by whatever was used instead.
        let Some(Pin::Image(pin)) = self.lock.pins.get(name) else { return None };
        let is_it =
            |digest: &Digest| pin.digest == *digest || pin.platforms.values().any(|own| own == digest);
        let is_named = provenance.materials.iter().any(|material| match &material.source {
            Source::Image(used) => is_it(&used.digest),
            Source::Layout(digest) => is_it(digest),
            _ => false,
        });
        let message =
            || format!("its provenance does not name `{name}` as it is locked, which the image is built on");
        (!is_named).then(message)
    }

    fn material(
        &self,
        provenance: &Provenance,
        platform: Option<&Platform>,
        material: &Material,
    ) -> Option<Finding> {
        let is_tool = is_tool(provenance, &material.source);
        let found = |rule, message: String, help: String| {
            let subject = material.shown();
            Some(Finding { rule, platform: platform.cloned(), subject, message, help })
        };
        let standing = match &material.source {
            Source::Unknown(why) => {
                let message = format!("{} cannot be compared with the lock: {why}", material.shown());
                return found(NOT_UNDERSTOOD, message, "build from what a pin can lock".into());
            }
            Source::Image(used) => self.image(used, is_tool),
            Source::Layout(digest) => self.layout(digest),
            Source::Git(used) => self.git(provenance, material, used),
            Source::Http(url, digest) => self.file(url, digest),
        };
        match standing {
            Standing::Own => None,
            Standing::Locked(name) if is_tool || self.reads(name) => None,
            Standing::Locked(name) => {
                let message =
                    format!("{} is locked by `{name}`, which the image does not read", named(material));
                found(
                    NOT_OF_IMAGE,
                    message,
                    format!("name `{name}` in the image's image.toml, or do not use it"),
                )
            }
            Standing::Not(instead) => {
                let what =
                    if is_scanner(&material.source) { ", which scanned the image for its SBOM," } else { "" };
                let message = format!("{}{what} is not in the lock: {instead}", named(material));
                found(NOT_LOCKED, message, help(&material.source).into())
            }
        }
    }

    fn image(&self, used: &ImageUse, is_tool: bool) -> Standing<'a> {
        let of = |(name, pin): (&'a PinName, &'a Pin)| match pin {
            Pin::Image(pin) => Some((name, pin)),
            _ => None,
        };
        let images: Vec<(&PinName, &ImagePin)> = self.pins().filter_map(of).collect();
        let own = images.iter().filter(|(_, pin)| pin.repository == used.repository);
        let same = own.clone().filter(|(_, pin)| is_content(pin, used)).map(|(name, _)| *name);
        if let Some(standing) = self.best(same.collect()) {
            return standing;
        }
        let shown = |(name, pin): &(&PinName, &ImagePin)| format!("{} as `{name}`", pin.reference());
        let has = list(own.filter(|(name, _)| is_tool || self.reads(name)).map(shown));
        let elsewhere = images.iter().find(|(_, pin)| pin.digest == used.digest);
        Standing::Not(match (has, elsewhere) {
            (Some(has), _) => format!("the lock has {has}"),
            (None, Some((name, pin))) => {
                format!("the lock has its content as `{name}`, from {}", pin.repository)
            }
            (None, None) => format!("the lock has nothing of {}", used.repository),
        })
    }

    /// What lay in a folder has no name that counts: only its content does.
    fn layout(&self, digest: &Digest) -> Standing<'a> {
        let is_it = |pin: &Pin| match pin {
            Pin::Image(pin) => pin.digest == *digest || pin.platforms.values().any(|own| own == digest),
            _ => false,
        };
        let same = self.pins().filter(|(_, pin)| is_it(pin)).map(|(name, _)| name);
        let none = || Standing::Not(format!("the lock has no image with {digest}"));
        self.best(same.collect()).unwrap_or_else(none)
    }

    fn git(&self, provenance: &Provenance, material: &Material, used: &GitUse) -> Standing<'a> {
        let is_context = provenance.context.as_deref() == Some(material.uri());
        if is_context && self.commit == Some(used.commit.as_str()) {
            return Standing::Own;
        }
        let of = |(name, pin): (&'a PinName, &'a Pin)| match pin {
            Pin::Git(pin) if same_git(pin.url.as_str()) == used.repository => Some((name, pin)),
            _ => None,
        };
        let own: Vec<(&PinName, &GitPin)> = self.pins().filter_map(of).collect();
        let is_it = |pin: &GitPin| pin.commit == used.commit || pin.tag_object.as_ref() == Some(&used.commit);
        let same = own.iter().filter(|(_, pin)| is_it(pin)).map(|(name, _)| *name);
        if let Some(standing) = self.best(same.collect()) {
            return standing;
        }
        let shown = |(name, pin): &(&PinName, &GitPin)| format!("{} at {} as `{name}`", pin.tag, pin.commit);
        Standing::Not(match list(own.iter().map(shown)) {
            Some(has) => format!("the lock has {has}"),
            None if is_context => format!(
                "the build ran in it, and it is not the revision{}",
                self.commit.map(|commit| format!(" {commit}")).unwrap_or_default()
            ),
            None => format!("the lock has nothing of {}", used.repository),
        })
    }

    fn file(&self, url: &str, digest: &Digest) -> Standing<'a> {
        let (mut same, mut instead) = (Vec::new(), None);
        for (name, pin) in self.pins() {
            let Pin::Archive(pin) = pin else { continue };
            for (_, file, at) in pin.files() {
                let is_there = url::Url::parse(&at).is_ok_and(|at| at.as_str() == url);
                match (is_there, file.digest == *digest) {
                    (true, true) => same.push(name),
                    (true, false) => {
                        instead = Some(format!("the lock has {} there, as `{name}`", file.digest));
                    }
                    (false, true) if instead.is_none() => {
                        instead = Some(format!("the lock has its content as `{name}`, from elsewhere"));
                    }
                    (false, _) => {}
                }
            }
        }
        let instead = instead.unwrap_or_else(|| "the lock has no archive of this URL".into());
        self.best(same).unwrap_or(Standing::Not(instead))
    }

    /// Of pins that lock the same content one that the image reads goes first.
    fn best(&self, mut same: Vec<&'a PinName>) -> Option<Standing<'a>> {
        same.sort_by_key(|name| !self.reads(name));
        same.first().map(|name| Standing::Locked(name))
    }
}

/// Why it cannot be that nothing from outside was used, unless what the steps started with says so.
fn unfounded(start: &Start) -> Option<String> {
    match start {
        Start::Local => None,
        Start::Untold => Some("it does not tell the steps".into()),
        Start::Nothing => Some("no step started with anything".into()),
        Start::Outside(source) => Some(format!("a step started with {source}")),
    }
}

/// Whether what was used is what is locked: the index, or what it has for the platform.
fn is_content(pin: &ImagePin, used: &ImageUse) -> bool {
    let is_manifest = match &used.platform {
        Some(platform) => pin.platforms.get(platform) == Some(&used.digest),
        None => pin.platforms.values().any(|own| *own == used.digest),
    };
    pin.digest == used.digest || is_manifest
}

fn list(all: impl Iterator<Item = String>) -> Option<String> {
    let all: Vec<String> = all.collect();
    (!all.is_empty()).then(|| all.join(" and "))
}

/// A material as people know it.
fn named(material: &Material) -> String {
    match &material.source {
        Source::Image(used) => {
            let tag = used.tag.as_ref().map(|tag| format!(":{tag}")).unwrap_or_default();
            format!("{}{tag}@{}", used.repository, used.digest)
        }
        Source::Git(used) => format!("{} at {}", used.repository, used.commit),
        Source::Http(_, digest) => format!("{} with {digest}", material.shown()),
        Source::Layout(_) | Source::Unknown(_) => material.shown(),
    }
}

/// Whether an image is none that goes into what is built: it reads the Dockerfile, or looks at the result.
fn is_tool(provenance: &Provenance, source: &Source) -> bool {
    let Source::Image(used) = source else { return false };
    let reads = |of: &Repository| *of == used.repository;
    is_scanner(source) || provenance.frontend.as_ref().is_some_and(|frontend| reads(frontend.repository()))
}

fn is_scanner(source: &Source) -> bool {
    matches!(source, Source::Image(used) if SCANNERS.contains(&used.repository.to_string().as_str()))
}

fn help(source: &Source) -> &'static str {
    match source {
        source if is_scanner(source) => {
            "lock the scanner's image with a pin of its own, or build without an SBOM"
        }
        Source::Git(_) => {
            "build from the argument of the pin, `PIN_NAME`; or declare a pin of it and lock it"
        }
        Source::Http(..) => {
            "build from the arguments of the pin, with `ADD --checksum`; or declare a pin of it"
        }
        _ => "build under the emitted policy, from the argument of a pin; or declare a pin of it and lock it",
    }
}
