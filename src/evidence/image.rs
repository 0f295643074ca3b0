//! What changed between two locked images.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use super::group::{Together, together};
use super::{Facts, NOTHING_BEFORE, compare_link};
use crate::model::{
    Anatomy, Configuration, Depth, Digest, ImagePin, Layer, Learnt, Package, Part, Platform, Setting,
};

/// What changed between two locked images.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ImageEvidence {
    /// Each platform of either side.
    pub platforms: Vec<PlatformStep>,
    /// Where the images say that they come from.
    pub origins: Vec<Together<Learnt<Origin>>>,
    /// How they are run and labelled: of the platforms that both sides have, and whose images differ.
    pub configuration: Vec<Together<Learnt<Vec<SettingChange>>>>,
    /// What is installed in them: of the same platforms.
    pub packages: Vec<Together<Learnt<Vec<PackageChange>>>>,
}

/// What became of one platform.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PlatformStep {
    /// Which.
    pub platform: Platform,
    /// Before, where it was there.
    pub from: Option<Side>,
    /// After, where it is there.
    pub to: Option<Side>,
    /// The layers that stayed; of the same image and of one that came or went that says nothing.
    pub reused: Learnt<Reuse>,
}

impl PlatformStep {
    /// Whether the image stays.
    pub fn is_same(&self) -> bool {
        self.from.as_ref().zip(self.to.as_ref()).is_some_and(|(from, to)| from.digest == to.digest)
    }
}

/// The image of one platform on one side.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Side {
    /// Of its manifest.
    pub digest: Digest,
    /// The bytes of its layers, compressed.
    pub size: Learnt<u64>,
    /// When it was made, as it claims.
    pub created: Option<String>,
}

/// The layers of an image that its predecessor had too.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Reuse {
    /// How many.
    pub layers: usize,
    /// Of how many.
    pub of_layers: usize,
    /// Their bytes.
    pub bytes: u64,
    /// Of how many.
    pub of_bytes: u64,
}

/// Where an image says that it comes from. Claims of whoever made it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Origin {
    /// Its source, before and after.
    pub source: [Option<String>; 2],
    /// The revision of it, before and after.
    pub revision: [Option<String>; 2],
    /// The page that compares the two.
    pub compare: Learnt<String>,
}

impl Origin {
    /// The sources without what they repeat of the revision, as `…/postgres.git` of `…/postgres.git#2603e26:17/trixie`.
    pub fn repositories(&self) -> [Option<String>; 2] {
        self.source.each_ref().map(|source| source.as_deref().map(repository))
    }
}

/// The source without the revision and the folder that may follow it.
fn repository(source: &str) -> String {
    source.split('#').next().unwrap_or_default().to_owned()
}

/// A setting that changed; on one side it may be missing.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SettingChange {
    /// Which.
    pub setting: Setting,
    /// Before.
    pub from: Option<String>,
    /// After.
    pub to: Option<String>,
}

/// A package with other versions; none of one side is one that came or went.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PackageChange {
    /// As `deb`; empty where nothing says.
    pub kind: String,
    /// Its name.
    pub name: String,
    /// The versions that are gone.
    pub from: Vec<String>,
    /// The versions that are new.
    pub to: Vec<String>,
}

/// What is to be asked about each side, so that the two can be compared: nothing of images that are the same.
pub fn wanted(from: Option<&ImagePin>, to: &ImagePin) -> [BTreeMap<Platform, Depth>; 2] {
    let none = BTreeMap::new();
    let (was, is) = (from.map_or(&none, |from| &from.platforms), &to.platforms);
    let beyond = |these: &BTreeMap<Platform, Digest>, others: &BTreeMap<Platform, Digest>| {
        let differs = these.iter().filter(|(platform, digest)| others.get(*platform) != Some(*digest));
        let depth = |platform: &Platform| match others.contains_key(platform) {
            true => Depth::Whole,
            false => Depth::Size,
        };
        differs.map(|(platform, _)| (platform.clone(), depth(platform))).collect()
    };
    [beyond(was, is), beyond(is, was)]
}

impl PackageChange {
    /// What became of it, in one word.
    pub fn word(&self) -> &'static str {
        match (self.from.is_empty(), self.to.is_empty()) {
            (true, _) => "added",
            (_, true) => "removed",
            _ => "changed",
        }
    }
}

impl ImageEvidence {
    pub(super) fn of(from: Option<&ImagePin>, to: &ImagePin, facts: &Facts) -> Self {
        let not_asked = Learnt::not_asked();
        let (was, is) = match facts {
            Facts::Image { from, to } => (from, to),
            Facts::Git(_) | Facts::Tagged { .. } | Facts::Pins => (&not_asked, &not_asked),
        };
        let pairs = Pairs { from, to, was, is };
        let changed: Vec<&Platform> = pairs.changed().collect();
        let of_changed =
            || changed.iter().map(|platform| (*platform, part(was, platform), part(is, platform)));
        let configuration = of_changed().map(|(platform, was, is)| {
            let both = both(
                was.and_then(|it| it.configuration.as_ref()),
                is.and_then(|it| it.configuration.as_ref()),
            );
            (platform.clone(), both.map(|(was, is)| settings(was, is)))
        });
        let packages = of_changed().map(|(platform, was, is)| {
            let both = both(was.and_then(|it| it.packages.as_ref()), is.and_then(|it| it.packages.as_ref()));
            (platform.clone(), both.map(|(was, is)| packages(was, is)))
        });
        Self {
            platforms: pairs.platforms(),
            origins: pairs.origins(&changed),
            configuration: together(configuration),
            packages: together(packages),
        }
    }
}

/// Two pins, and what is known of each.
struct Pairs<'a> {
    from: Option<&'a ImagePin>,
    to: &'a ImagePin,
    was: &'a Learnt<Anatomy>,
    is: &'a Learnt<Anatomy>,
}

impl<'a> Pairs<'a> {
    /// The platforms of both sides whose images differ.
    fn changed(&self) -> impl Iterator<Item = &'a Platform> {
        let to = self.to;
        let was = self.from.into_iter().flat_map(|from| &from.platforms);
        let differs = move |(platform, digest): &(&Platform, &Digest)| {
            to.platforms.get(*platform).is_some_and(|now| now != *digest)
        };
        was.filter(differs).map(|(platform, _)| platform)
    }

    fn platforms(&self) -> Vec<PlatformStep> {
        let was = self.from.into_iter().flat_map(|from| from.platforms.keys());
        let names: BTreeSet<&Platform> = was.chain(self.to.platforms.keys()).collect();
        names.into_iter().map(|platform| self.platform(platform)).collect()
    }

    fn platform(&self, platform: &Platform) -> PlatformStep {
        let (was, is) = (part(self.was, platform), part(self.is, platform));
        let side = |digest: &Digest, part: &Learnt<&Part>| Side {
            digest: digest.clone(),
            size: part.clone().map(|part| total(&part.layers)),
            created: part
                .known()
                .and_then(|part| part.configuration.known())
                .and_then(|it| it.created.clone()),
        };
        let from = self.from.and_then(|from| from.platforms.get(platform)).map(|digest| side(digest, &was));
        let to = self.to.platforms.get(platform).map(|digest| side(digest, &is));
        let reused = match (&from, &to) {
            (Some(from), Some(to)) if from.digest == to.digest => {
                Learnt::Unknown("it is the same image".into())
            }
            (Some(_), Some(_)) => both(was, is).map(|(was, is)| reuse(&was.layers, &is.layers)),
            _ => Learnt::Unknown(NOTHING_BEFORE.into()),
        };
        PlatformStep { platform: platform.clone(), from, to, reused }
    }

    /// Of the images that changed; of all where nothing was there before.
    fn origins(&self, changed: &[&Platform]) -> Vec<Together<Learnt<Origin>>> {
        let Some(_) = self.from else {
            let each = self.to.platforms.keys().map(|platform| {
                let origin = part(self.is, platform).map(|is| origin(None, is));
                (platform.clone(), origin)
            });
            return together(each);
        };
        together(changed.iter().map(|platform| {
            let both = both(part(self.was, platform), part(self.is, platform));
            ((*platform).clone(), both.map(|(was, is)| origin(Some(was), is)))
        }))
    }
}

/// What is known of one platform's image.
fn part<'a>(anatomy: &'a Learnt<Anatomy>, platform: &Platform) -> Learnt<&'a Part> {
    anatomy.as_ref().and_then(|anatomy| match anatomy.platforms.get(platform) {
        Some(part) => part.as_ref(),
        None => Learnt::not_asked(),
    })
}

/// Both sides, or why they are not known: of which it is, unless that holds for both.
fn both<T, U>(from: Learnt<T>, to: Learnt<U>) -> Learnt<(T, U)> {
    Learnt::Unknown(match (from, to) {
        (Learnt::Known(from), Learnt::Known(to)) => return Learnt::Known((from, to)),
        (Learnt::Unknown(was), Learnt::Unknown(is)) if was == is => was,
        (Learnt::Unknown(was), Learnt::Unknown(is)) => format!("before: {was}; after: {is}"),
        (Learnt::Unknown(was), Learnt::Known(_)) => format!("before: {was}"),
        (Learnt::Known(_), Learnt::Unknown(is)) => format!("after: {is}"),
    })
}

fn total(layers: &[Layer]) -> u64 {
    layers.iter().fold(0, |sum, layer| sum.saturating_add(layer.size))
}

/// A layer that an image has twice is reused as often as it was there.
fn reuse(was: &[Layer], is: &[Layer]) -> Reuse {
    let mut left: HashMap<&Digest, usize> = HashMap::new();
    for layer in was {
        *left.entry(&layer.digest).or_default() += 1;
    }
    let mut reuse = Reuse { layers: 0, of_layers: is.len(), bytes: 0, of_bytes: total(is) };
    for layer in is {
        if let Some(times) = left.get_mut(&layer.digest).filter(|times| **times > 0) {
            *times -= 1;
            reuse.layers += 1;
            reuse.bytes = reuse.bytes.saturating_add(layer.size);
        }
    }
    reuse
}

fn origin(was: Option<&Part>, is: &Part) -> Origin {
    let source = [was.and_then(|was| was.source.clone()), is.source.clone()];
    let revision = [was.and_then(|was| was.revision.clone()), is.revision.clone()];
    let unknown = |why: &str| Learnt::Unknown(why.to_owned());
    let compare = match (was, &source, &revision) {
        (None, ..) => unknown(NOTHING_BEFORE),
        (_, [Some(was), Some(is)], _) if repository(was) != repository(is) => unknown("it is another source"),
        (_, [Some(_), Some(_)], [Some(was), Some(is)]) if was == is => unknown("it is the same revision"),
        (_, [Some(_), Some(source)], [Some(was), Some(is)]) => compare_link(source, was, is),
        (_, [Some(_), Some(_)], _) => unknown("the images do not both name a revision"),
        _ => unknown("the images do not both name their source"),
    };
    Origin { source, revision, compare }
}

fn settings(was: &Configuration, is: &Configuration) -> Vec<SettingChange> {
    let names: BTreeSet<&Setting> = was.settings.keys().chain(is.settings.keys()).collect();
    let change = |setting: &Setting| SettingChange {
        setting: setting.clone(),
        from: was.settings.get(setting).cloned(),
        to: is.settings.get(setting).cloned(),
    };
    names.into_iter().map(change).filter(|change| change.from != change.to).collect()
}

fn packages(was: &BTreeSet<Package>, is: &BTreeSet<Package>) -> Vec<PackageChange> {
    let mut changes: BTreeMap<(&str, &str), PackageChange> = BTreeMap::new();
    for (package, gone) in was
        .difference(is)
        .map(|package| (package, true))
        .chain(is.difference(was).map(|package| (package, false)))
    {
        let Package { kind, name, version } = package;
        let change = changes.entry((name, kind)).or_insert_with(|| PackageChange {
            kind: kind.clone(),
            name: name.clone(),
            from: Vec::new(),
            to: Vec::new(),
        });
        if gone { change.from.push(version.clone()) } else { change.to.push(version.clone()) }
    }
    changes.into_values().collect()
}

#[cfg(test)]
mod tests;
