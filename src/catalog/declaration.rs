//! `[pin.NAME]`: what is followed, and by which rule.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::Duration;

use super::network::web_url;
use super::schedule::cron;
use super::{PathGlobs, Upstream, duration, paths, upstream};
use crate::document::{Entry, Place, Problem, Section, SourceFile, meant, parse_toml};
use crate::model::{Allow, GroupName, PinName, Platform};
use crate::schedule::Cron;
use crate::track::{Field, Glob, Track};

/// One pin, as declared.
#[derive(Clone, Debug)]
pub struct Declaration {
    /// Its name.
    pub name: PinName,
    /// Where its versions come from.
    pub upstream: Upstream,
    /// Which of its tags are eligible.
    pub track: Track,
    /// Cargo's version requirement, on the numbers that the track has.
    pub version: Option<semver::VersionReq>,
    /// The largest step taken.
    pub allow: Allow,
    /// Tags that are never taken.
    pub ignore: Vec<Glob>,
    /// Why it does not move at present.
    pub hold: Option<Hold>,
    /// Whether prereleases are eligible.
    pub prerelease: bool,
    /// Whether a tag that moves is an alarm.
    pub immutable: bool,
    /// How long upstream must have named the same content, as far as anybody saw, before it is taken.
    pub min_age: Duration,
    /// How long a tag must have stayed what it is, whatever the age that is asked for.
    pub settle: Duration,
    /// Whether upstream rebuilds more often than `min_age`, so that what it has replaced may be taken too.
    pub rebuilt: bool,
    /// The platforms that must be covered, where they are not those of the images.
    pub platforms: Option<BTreeSet<Platform>>,
    /// The files whose references it is for; every file where there is no pattern.
    pub paths: PathGlobs,
    /// The proposal that its bumps are a part of.
    pub group: Option<GroupName>,
    /// When the daemon asks about it, where that is not when it asks about its group.
    pub schedule: Option<Cron>,
    /// Where upstream tells what changed.
    pub changelog: Option<url::Url>,
    /// The table's place.
    pub place: Place,
}

/// `hold` and `hold-until`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Hold {
    /// The reason given.
    pub why: String,
    /// The first day on which it no longer holds.
    pub until: Option<jiff::civil::Date>,
}

impl Declaration {
    /// The keyring that signatures are checked against, where one is declared.
    pub fn signed_by(&self) -> Option<&str> {
        match &self.upstream {
            Upstream::Archive(archive) => archive.signed_by.as_deref(),
            Upstream::Debian(debian) => Some(&debian.signed_by),
            Upstream::Image(_) | Upstream::Git(_) => None,
        }
    }

    /// The hold that is in force on a day.
    pub fn held(&self, today: jiff::civil::Date) -> Option<&Hold> {
        self.hold.as_ref().filter(|hold| hold.until.is_none_or(|until| today < until))
    }

    /// The build arguments that carry it.
    pub fn arguments(&self) -> Vec<String> {
        match &self.upstream {
            Upstream::Image(_) => vec![self.name.argument()],
            Upstream::Git(_) => self.name.git_arguments().into(),
            Upstream::Debian(_) => self.name.debian_arguments().into(),
            Upstream::Archive(archive) => {
                let mut arguments = vec![self.name.version_argument()];
                match archive.url.has_architecture() {
                    true => {
                        let each = archive.architectures.keys();
                        arguments.extend(each.flat_map(|of| self.name.file_arguments(Some(of))));
                    }
                    false => arguments.extend(self.name.file_arguments(None)),
                }
                arguments
            }
        }
    }
}

impl Declaration {
    /// The keys that [`Declaration::changed`] knows.
    pub const POLICY: [&str; 10] = [
        "allow",
        "hold",
        "hold-until",
        "ignore",
        "immutable",
        "min-age",
        "prerelease",
        "rebuilt",
        "settle",
        "version",
    ];

    /// The same pin under another policy: what the keys of a TOML file say instead.
    pub fn changed(&self, file: &Arc<SourceFile>) -> Result<Self, Vec<Problem>> {
        let document = parse_toml(file).map_err(|problem| vec![problem])?;
        let mut section = Section::root(&document, file);
        let mut problems = Vec::new();
        let unknown = section.entries().into_iter().filter(|(key, _)| !Self::POLICY.contains(key));
        for (key, _) in unknown.collect::<Vec<_>>() {
            let message = format!("`{key}` is no key of a policy");
            let problem = Problem::new(section.key_place(key), message);
            problems.push(match meant(key, Self::POLICY) {
                Some(known) => problem.help(format!("did you mean `{known}`?")),
                None => problem.help(format!("known here: {}", Self::POLICY.join(", "))),
            });
        }
        let shared = Shared::read(&mut section, &Shared::of(self), &mut problems);
        let version = section.read("version", &mut problems, |entry| requirement(entry, Some(&self.track)));
        let ignore = section.read("ignore", &mut problems, globs);
        let hold = read_hold(&mut section, &mut problems);
        if !problems.is_empty() {
            return Err(problems);
        }
        let before = self.clone();
        Ok(Self {
            version: version.or(before.version),
            allow: shared.allow,
            ignore: ignore.unwrap_or(before.ignore),
            hold: hold.or(before.hold),
            prerelease: shared.prerelease,
            immutable: shared.immutable.unwrap_or(before.immutable),
            min_age: shared.min_age,
            settle: shared.settle,
            rebuilt: shared.rebuilt,
            ..before
        })
    }
}

fn track(entry: &Entry<'_>) -> Result<Track, Problem> {
    Track::parse(entry.text()?).map_err(|error| entry.problem(error.to_string()))
}

fn globs(entry: &Entry<'_>) -> Result<Vec<Glob>, Problem> {
    entry.elements()?.iter().map(|pattern| pattern.text().map(Glob::new)).collect()
}

/// Reads `[defaults]` and every `[pin.NAME]`.
pub(super) fn read(root: &mut Section<'_>, problems: &mut Vec<Problem>) -> BTreeMap<PinName, Declaration> {
    let mut defaults = Shared::default();
    if let Some(mut section) = root.read("defaults", problems, Entry::section) {
        defaults = Shared::read(&mut section, &Shared::default(), problems);
        section.finish(problems);
    }
    let mut declarations = BTreeMap::new();
    for (key, entry) in root.read("pin", problems, Entry::section).iter().flat_map(Section::entries) {
        let section = match entry.section() {
            Ok(section) => section,
            Err(problem) => {
                problems.push(problem);
                continue;
            }
        };
        match key.parse::<PinName>() {
            Ok(name) => {
                if let Some(declaration) = read_pin(&name, section, &defaults, problems) {
                    declarations.insert(name, declaration);
                }
            }
            Err(error) => problems.push(section.problem(error.to_string())),
        }
    }
    declarations
}

/// Three days: most withdrawn releases are withdrawn within that time.
const MIN_AGE: Duration = Duration::from_hours(72);

/// The keys that may stand in `[defaults]` too.
#[derive(Clone)]
struct Shared {
    allow: Allow,
    prerelease: bool,
    immutable: Option<bool>,
    min_age: Duration,
    settle: Duration,
    rebuilt: bool,
    platforms: Option<BTreeSet<Platform>>,
    group: Option<GroupName>,
}

impl Default for Shared {
    fn default() -> Self {
        Self {
            allow: Allow::default(),
            prerelease: false,
            immutable: None,
            min_age: MIN_AGE,
            settle: Duration::ZERO,
            rebuilt: false,
            platforms: None,
            group: None,
        }
    }
}

impl Shared {
    fn of(declaration: &Declaration) -> Self {
        Self {
            allow: declaration.allow,
            prerelease: declaration.prerelease,
            immutable: Some(declaration.immutable),
            min_age: declaration.min_age,
            settle: declaration.settle,
            rebuilt: declaration.rebuilt,
            platforms: declaration.platforms.clone(),
            group: declaration.group.clone(),
        }
    }

    fn read(section: &mut Section<'_>, defaults: &Self, problems: &mut Vec<Problem>) -> Self {
        let allow = section.read("allow", problems, |entry| {
            let words = || "`allow` must be digest, patch, minor or major";
            entry.text()?.parse().map_err(|()| entry.problem(words()))
        });
        Self {
            allow: allow.unwrap_or(defaults.allow),
            prerelease: section.read("prerelease", problems, Entry::boolean).unwrap_or(defaults.prerelease),
            immutable: section.read("immutable", problems, Entry::boolean).or(defaults.immutable),
            min_age: section.read("min-age", problems, duration::read).unwrap_or(defaults.min_age),
            settle: section.read("settle", problems, duration::read).unwrap_or(defaults.settle),
            rebuilt: section.read("rebuilt", problems, Entry::boolean).unwrap_or(defaults.rebuilt),
            platforms: section.read("platforms", problems, platforms).or_else(|| defaults.platforms.clone()),
            group: section.read("group", problems, Entry::parse).or_else(|| defaults.group.clone()),
        }
    }
}

fn read_pin(
    name: &PinName,
    mut section: Section<'_>,
    defaults: &Shared,
    problems: &mut Vec<Problem>,
) -> Option<Declaration> {
    let before = problems.len();
    let place = section.place();
    let (upstream, track) = match upstream::read(&mut section, problems) {
        Some((upstream, Some(track))) => (Some(upstream), Some(track)),
        Some((upstream, None)) => (Some(upstream), section.require("track", problems, track)),
        None => (None, section.read("track", problems, track)),
    };
    let version = section.read("version", problems, |entry| requirement(entry, track.as_ref()));
    let ignore = section.read("ignore", problems, globs);
    let hold = read_hold(&mut section, problems);
    let shared = Shared::read(&mut section, defaults, problems);
    let schedule = section.read("schedule", problems, cron);
    let changelog = section.read("changelog", problems, |entry| web_url(entry, false));
    let paths = section.read("paths", problems, paths::read).unwrap_or_default();
    if let (Some(Upstream::Image(_)), Some(track)) = (&upstream, &track)
        && track.as_str().contains(['/', '+'])
    {
        problems.push(section.problem(format!("`{track}` has `/` or `+`, which no image tag has")));
    }
    if let Some(upstream) = &upstream {
        upstream::refuse_foreign(upstream, &mut section, problems);
    }
    section.finish(problems);
    if problems.len() > before {
        return None;
    }
    let (upstream, track) = (upstream?, track?);
    Some(Declaration {
        name: name.clone(),
        version,
        allow: shared.allow,
        ignore: ignore.unwrap_or_default(),
        hold,
        prerelease: shared.prerelease,
        immutable: shared.immutable.unwrap_or(!matches!(upstream, Upstream::Image(_))),
        min_age: shared.min_age,
        settle: shared.settle,
        rebuilt: shared.rebuilt,
        platforms: shared.platforms,
        paths,
        group: shared.group,
        schedule,
        changelog,
        place,
        upstream,
        track,
    })
}

fn requirement(entry: &Entry<'_>, track: Option<&Track>) -> Result<semver::VersionReq, Problem> {
    let requirement = entry.parse()?;
    match track {
        Some(track) if !track.has(Field::Major) => {
            Err(entry
                .problem(format!("`version` has nothing to compare: the track `{track}` has no {{major}}")))
        }
        _ => Ok(requirement),
    }
}

fn read_hold(section: &mut Section<'_>, problems: &mut Vec<Problem>) -> Option<Hold> {
    let why = section.read("hold", problems, |entry| match entry.text()?.trim() {
        "" => Err(entry.problem("`hold` must say why")),
        why => Ok(why.to_owned()),
    });
    let until = section.read("hold-until", problems, |entry| Ok((entry.date()?, entry.clone())));
    match (why, until) {
        (Some(why), until) => Some(Hold { why, until: until.map(|(date, _)| date) }),
        (None, Some((_, entry))) => {
            problems.push(entry.problem("`hold-until` needs a `hold` that says why"));
            None
        }
        (None, None) => None,
    }
}

/// A non-empty array of platforms.
pub(super) fn platforms(entry: &Entry<'_>) -> Result<BTreeSet<Platform>, Problem> {
    let platforms = entry.elements()?.iter().map(Entry::parse).collect::<Result<BTreeSet<_>, _>>()?;
    match platforms.is_empty() {
        true => Err(entry.problem(format!("`{}` must name at least one platform", entry.path))),
        false => Ok(platforms),
    }
}
