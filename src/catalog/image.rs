//! `images/NAME/image.toml`: one image of the catalog, and the pins it reads.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use super::declaration::platforms;
use super::policy::one_of;
use super::{ImageFiles, Template};
use crate::document::{Entry, Place, Problem, Section, SourceFile, parse_toml};
use crate::model::{ImageName, PinName, Platform};

/// How an image comes to be.
#[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Class {
    /// Extends an official image.
    UpstreamExtension,
    /// Built from source on one base, run on another.
    FromSource,
    /// Carries tools that other builds use.
    Toolchain,
    /// Source that other images are built from.
    SourceDep,
    /// A native library that other images link.
    NativeDep,
}

const CLASSES: [(&str, Class); 5] = [
    ("upstream-extension", Class::UpstreamExtension),
    ("from-source", Class::FromSource),
    ("toolchain", Class::Toolchain),
    ("source-dep", Class::SourceDep),
    ("native-dep", Class::NativeDep),
];

/// Where the source of a from-source image is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Origin {
    /// A pin.
    Pin(PinName),
    /// A folder below the image's own.
    Tree(String),
    /// A folder of the repository, from its root, where it is empty: what a builder sees in place of the image's own folder.
    Root(String),
}

/// One folder of `images/`.
#[derive(Clone, Debug)]
pub struct Image {
    /// The folder's name.
    pub name: ImageName,
    /// How it comes to be.
    pub class: Class,
    /// The pin that the runtime stage extends.
    pub runtime_base: PinName,
    /// The pin that the build stage extends.
    pub build_base: Option<PinName>,
    /// What is built.
    pub source: Option<Origin>,
    /// The pin of the Debian suites that it installs packages from.
    pub packages: Option<PinName>,
    /// The pins of archives that it downloads.
    pub archives: Vec<PinName>,
    /// The tag that it is pushed under.
    pub tag: Template,
    /// What it is built for.
    pub platforms: BTreeSet<Platform>,
    /// What it can be used for.
    pub capabilities: Vec<String>,
    /// What comes from upstream as it is.
    pub upstream_provides: Vec<String>,
    /// What is added: the reason for the image to exist.
    pub delta: Vec<String>,
    /// What it will not hold.
    pub refuses: Vec<String>,
    /// The text of its Dockerfile.
    pub dockerfile: Arc<SourceFile>,
    /// Where `delta` stands, for the rule that it must not be empty.
    pub delta_place: Place,
    /// Where its lists stand, by key.
    lists: BTreeMap<&'static str, Place>,
    named: Vec<(PinName, Place)>,
}

impl Image {
    /// The pins that it is built from, each once.
    pub fn pins(&self) -> impl Iterator<Item = &PinName> {
        let source = match &self.source {
            Some(Origin::Pin(pin)) => Some(pin),
            _ => None,
        };
        let pins: BTreeSet<&PinName> =
            [Some(&self.runtime_base), self.build_base.as_ref(), source, self.packages.as_ref()]
                .into_iter()
                .flatten()
                .chain(&self.archives)
                .collect();
        pins.into_iter()
    }

    /// Its own folder, from the root.
    pub fn folder(&self) -> String {
        format!("images/{}", self.name)
    }

    /// The folder that a builder sees, from the root, which is the empty one.
    pub fn context(&self) -> String {
        match &self.source {
            Some(Origin::Root(folder)) => folder.clone(),
            _ => self.folder(),
        }
    }

    /// Every mention of a pin, with its place.
    pub(super) fn named_pins(&self) -> &[(PinName, Place)] {
        &self.named
    }

    /// Where a list of its manifest stands; the whole of it, where there is no such list.
    pub fn place_of_key(&self, key: &str) -> Place {
        self.lists.get(key).cloned().unwrap_or_else(|| Place::whole(&self.delta_place.file))
    }

    /// Where its manifest names a pin.
    pub fn place_of(&self, pin: &PinName) -> Place {
        let named = self.named.iter().find(|(name, _)| name == pin);
        named.map_or_else(|| self.delta_place.clone(), |(_, place)| place.clone())
    }
}

pub(super) fn read(files: &ImageFiles, problems: &mut Vec<Problem>) -> Option<Image> {
    let before = problems.len();
    let whole = |message: String| Problem::new(Place::whole(&files.manifest), message);
    let name = files.folder.parse::<ImageName>().map_err(|error| problems.push(whole(error.to_string())));
    if files.dockerfile.is_none() {
        problems.push(whole(format!("images/{} has an image.toml but no Dockerfile", files.folder)));
    }
    let document = parse_toml(&files.manifest).map_err(|problem| problems.push(problem)).ok()?;
    let mut root = Section::root(&document, &files.manifest);
    let mut named = Vec::new();
    let class = root.require("class", problems, |entry| one_of(entry, &CLASSES));
    let runtime_base = root.require("runtime-base", problems, |entry| pin(entry, &mut named));
    let build_base = root.read("build-base", problems, |entry| pin(entry, &mut named));
    let source = root.read("source", problems, |entry| origin(entry, &mut named));
    let packages = root.read("packages", problems, |entry| pin(entry, &mut named));
    let archives = root.read("archives", problems, |entry| all_pins(entry, &mut named));
    let tag = root.require("tag", problems, |entry| template(entry, &mut named));
    let platforms = root.require("platforms", problems, platforms);
    let delta = root.require("delta", problems, |entry| Ok((entry.texts()?, entry.place())));
    let mut lists = BTreeMap::new();
    let mut list = |key| {
        let read = root.read(key, problems, |entry| Ok((entry.texts()?, entry.place())));
        let (texts, place) = read.unzip();
        lists.extend(place.map(|place| (key, place)));
        texts.unwrap_or_default()
    };
    let (capabilities, upstream_provides, refuses) =
        (list("capabilities"), list("upstream-provides"), list("refuses"));
    root.finish(problems);
    if class == Some(Class::FromSource) && problems.len() == before {
        let missing = [("build-base", build_base.is_none()), ("source", source.is_none())];
        let missing = missing.into_iter().filter(|(_, absent)| *absent);
        problems.extend(
            missing.map(|(key, _)| whole(format!("an image of class from-source needs the key `{key}`"))),
        );
    }
    if problems.len() > before {
        return None;
    }
    let (delta, delta_place) = delta?;
    lists.insert("delta", delta_place.clone());
    Some(Image {
        name: name.ok()?,
        class: class?,
        runtime_base: runtime_base?,
        build_base,
        source,
        packages,
        archives: archives.unwrap_or_default(),
        tag: tag?,
        platforms: platforms?,
        capabilities,
        upstream_provides,
        delta,
        refuses,
        dockerfile: Arc::clone(files.dockerfile.as_ref()?),
        delta_place,
        lists,
        named,
    })
}

fn all_pins(entry: &Entry<'_>, named: &mut Vec<(PinName, Place)>) -> Result<Vec<PinName>, Problem> {
    entry.elements()?.iter().map(|element| pin(element, named)).collect()
}

fn template(entry: &Entry<'_>, named: &mut Vec<(PinName, Place)>) -> Result<Template, Problem> {
    let template: Template = entry.parse()?;
    named.extend(template.pins().map(|pin| (pin.clone(), entry.place())));
    Ok(template)
}

fn pin(entry: &Entry<'_>, named: &mut Vec<(PinName, Place)>) -> Result<PinName, Problem> {
    let name: PinName = entry.parse()?;
    named.push((name.clone(), entry.place()));
    Ok(name)
}

/// A pin's name, a path that starts with a dot and is below the image's folder, or one that starts with a slash and is below
/// the root of the repository.
fn origin(entry: &Entry<'_>, named: &mut Vec<(PinName, Place)>) -> Result<Origin, Problem> {
    let text = entry.text()?;
    let climbs = || text.split('/').any(|part| part == "..");
    match text.strip_prefix('/') {
        Some(_) if climbs() => Err(entry.problem("`source` leaves the repository")),
        Some(below) => {
            let parts: Vec<&str> = below.split('/').filter(|part| !matches!(*part, "" | ".")).collect();
            Ok(Origin::Root(parts.join("/")))
        }
        None if text == "." || text.starts_with("./") => match climbs() {
            true => Err(entry.problem("`source` leaves the image's folder")),
            false => Ok(Origin::Tree(text.into())),
        },
        None => pin(entry, named).map(Origin::Pin),
    }
}
