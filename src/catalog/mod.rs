//! What people write: `refresh/` (or `pins.toml`) and `images/`, as validated declarations.
//!
//! [`parse`] takes the files' texts and gives a [`Catalog`] or every mistake with its place. Pure: who reads
//! the files is not known here.

mod archive;
mod debian;
mod declaration;
mod duration;
mod git;
mod image;
mod installed;
mod network;
mod paths;
mod policy;
mod propose;
mod schedule;
mod template;
mod upstream;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

pub use archive::{Archive, Versions};
pub use debian::{ArchiveBase, ArchivePlace, Debian, Wanted};
pub use declaration::{Declaration, Hold};
pub use duration::parse as parse_duration;
pub use git::{GitMirror, GitToken, TokenSource};
pub use image::{Class, Image, Origin};
pub use installed::Installed;
pub use network::{ClientFiles, Network, RegistryPolicy, parse_user};
pub use paths::PathGlobs;
pub use policy::{Edition, Level, Mode, Policy, References};
pub use propose::{Author, Digests, ForgeKind, GroupBy, Propose, Sign};
pub use schedule::Timetable;
pub use template::{Template, TemplatePart};
pub use upstream::Upstream;

use crate::document::{Problem, Section, SourceFile, meant, parse_toml};
use crate::model::{Architecture, ImageName, PackageName, PinName, Platform};

/// The files of a configuration, as they were read.
#[derive(Default)]
pub struct Files {
    /// `pins.toml`
    pub pins: Option<Arc<SourceFile>>,
    /// `refresh/upstreams.toml`
    pub upstreams: Option<Arc<SourceFile>>,
    /// `refresh/policy.toml`
    pub policy: Option<Arc<SourceFile>>,
    /// Each folder of `images/` that has an `image.toml`.
    pub images: Vec<ImageFiles>,
}

/// The files of one image.
pub struct ImageFiles {
    /// The folder's name.
    pub folder: String,
    /// `image.toml`
    pub manifest: Arc<SourceFile>,
    /// `Dockerfile`
    pub dockerfile: Option<Arc<SourceFile>>,
}

/// Everything declared, each pin that an image names being there.
#[derive(Debug)]
pub struct Catalog {
    /// The file that a new pin is declared in.
    pub declared_in: String,
    /// What is followed.
    pub declarations: BTreeMap<PinName, Declaration>,
    /// When and how.
    pub policy: Policy,
    /// The images of this repository.
    pub images: BTreeMap<ImageName, Image>,
}

/// What a pin must have, by its declaration and by the images that read it. None stands for whatever there is.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Needs {
    /// The platforms that an image pin must cover.
    pub platforms: Option<BTreeSet<Platform>>,
    /// The architectures that an archive or a Debian pin must cover.
    pub architectures: Option<BTreeSet<Architecture>>,
    /// The packages that a Debian pin must name.
    pub packages: Option<BTreeSet<PackageName>>,
}

impl Catalog {
    /// What a pin must have.
    pub fn needs(&self, declaration: &Declaration) -> Needs {
        match &declaration.upstream {
            Upstream::Image(_) | Upstream::Git(_) => {
                Needs { platforms: self.platforms(declaration), ..Needs::default() }
            }
            Upstream::Archive(archive) => {
                let architectures = archive.architectures.keys().cloned().collect();
                Needs { architectures: Some(architectures), ..Needs::default() }
            }
            Upstream::Debian(debian) => Needs {
                architectures: debian.architectures.clone().or_else(|| self.architectures(declaration)),
                packages: match &debian.packages {
                    Wanted::Listed(packages) => Some(packages.clone()),
                    Wanted::FromDockerfiles => Some(self.installed(declaration)),
                },
                platforms: None,
            },
        }
    }

    /// The architectures of the images that read a pin.
    fn architectures(&self, declaration: &Declaration) -> Option<BTreeSet<Architecture>> {
        let platforms = self.readers(&declaration.name).flat_map(|image| &image.platforms);
        let architectures: BTreeSet<Architecture> = platforms.filter_map(Architecture::of).collect();
        (!architectures.is_empty()).then_some(architectures)
    }

    /// The packages that the images which read a Debian pin install.
    fn installed(&self, declaration: &Declaration) -> BTreeSet<PackageName> {
        let [_, argument] = declaration.name.debian_arguments();
        let readers = self.images.values().filter(|image| image.packages.as_ref() == Some(&declaration.name));
        readers.flat_map(|image| image.installed(&argument).packages).collect()
    }

    /// The platforms that a pin must cover: those declared, or else those of the images that read it. `None`
    /// stands for all that the index has.
    fn platforms(&self, declaration: &Declaration) -> Option<BTreeSet<Platform>> {
        if let Some(platforms) = &declaration.platforms {
            return Some(platforms.clone());
        }
        let readers = self.readers(&declaration.name);
        let platforms: BTreeSet<Platform> =
            readers.flat_map(|image| image.platforms.iter().cloned()).collect();
        (!platforms.is_empty()).then_some(platforms)
    }

    /// The images that read a pin.
    pub fn readers<'a>(&'a self, pin: &'a PinName) -> impl Iterator<Item = &'a Image> {
        self.images.values().filter(move |image| image.pins().any(|read| read == pin))
    }
}

/// Parses and validates a configuration.
pub fn parse(files: &Files) -> Result<Catalog, Vec<Problem>> {
    let mut problems = Vec::new();
    if let (Some(pins), Some(_)) = (&files.pins, &files.upstreams) {
        let problem =
            Problem::new(crate::document::Place::whole(pins), "there is a refresh/upstreams.toml as well");
        problems.push(problem.help("keep one of the two: they hold the same tables"));
    }
    let mut declarations = BTreeMap::new();
    let mut policy = Policy::default();
    for (file, has) in
        [(&files.pins, Tables::All), (&files.upstreams, Tables::Pins), (&files.policy, Tables::Policy)]
    {
        let Some(file) = file else { continue };
        match parse_toml(file) {
            Err(problem) => problems.push(problem),
            Ok(document) => {
                let mut root = Section::root(&document, file);
                if has != Tables::Policy {
                    declarations.extend(declaration::read(&mut root, &mut problems));
                }
                if has != Tables::Pins {
                    policy::read(&mut root, &mut policy, &mut problems);
                }
                root.finish(&mut problems);
            }
        }
    }
    check_arguments(&declarations, &mut problems);
    let images = read_images(&files.images, &declarations, &mut problems);
    match problems.is_empty() {
        true => {
            let folder = files.upstreams.is_some() || files.policy.is_some();
            let declared_in =
                if folder && files.pins.is_none() { "refresh/upstreams.toml" } else { "pins.toml" };
            let declared_in = declared_in.to_owned();
            Ok(Catalog { declared_in, declarations, policy, images })
        }
        false => Err(problems),
    }
}

#[derive(PartialEq)]
enum Tables {
    All,
    Pins,
    Policy,
}

/// Two pins may not be read under one build argument, suffixes included.
fn check_arguments(declarations: &BTreeMap<PinName, Declaration>, problems: &mut Vec<Problem>) {
    let mut owners: BTreeMap<String, &PinName> = BTreeMap::new();
    for declaration in declarations.values() {
        for argument in declaration.arguments() {
            if let Some(owner) = owners.insert(argument.clone(), &declaration.name) {
                let message =
                    format!("both `{owner}` and `{}` would be read as {argument}", declaration.name);
                problems.push(Problem::new(declaration.place.clone(), message).help("rename one of the two"));
            }
        }
    }
}

fn read_images(
    folders: &[ImageFiles],
    declarations: &BTreeMap<PinName, Declaration>,
    problems: &mut Vec<Problem>,
) -> BTreeMap<ImageName, Image> {
    let mut images = BTreeMap::new();
    for files in folders {
        let Some(image) = image::read(files, problems) else {
            continue;
        };
        for (pin, place) in image.named_pins() {
            if declarations.contains_key(pin) {
                continue;
            }
            let problem = Problem::new(place.clone(), format!("no pin is called `{pin}`"));
            problems.push(match meant(pin.as_str(), declarations.keys().map(PinName::as_str)) {
                Some(known) => problem.help(format!("did you mean `{known}`?")),
                None => problem.help(format!("declare it with `solera-pin add {pin} REFERENCE`")),
            });
        }
        images.insert(image.name.clone(), image);
    }
    images
}

#[cfg(test)]
mod tests;
