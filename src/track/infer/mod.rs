//! A track from a tag that a person wrote.
//!
//! A tag is split at `-`. The first segment that is a version, a date or a time moves; so does what belongs to it:
//! a prerelease, a number or a hash directly after it, and counters and dates anywhere after it. Everything else is
//! another axis (`php8.3`, `alpine3.20`, `fpm`) and stays.

mod calendar;
mod literal;
mod segment;
mod words;

pub use literal::why_literal;
pub(super) use words::{counts, is_hash};

use super::{Field, Prerelease, Track, TrackError};

use segment::Segment;

/// The track whose shape `tag` has: its first version or date moves, all else stays.
///
/// A tag without either (`bookworm-slim`, `php8.3-fpm`) is its own track. Numbers that belong to a word, such as
/// `php8.3`, are another axis and stay. Of a prerelease with one or two numbers (`1.24rc2`) the release has one more
/// (`1.24.0`), in brackets.
pub fn infer(tag: &str) -> Result<Track, TrackError> {
    if let Some(character) = tag.chars().find(|c| "{}[]".contains(*c)) {
        return Err(TrackError::Character { text: tag.into(), character });
    }
    let inferred = shape(tag).and_then(|shape| Track::parse(&shape).ok());
    match inferred.filter(|track| track.matches(tag)) {
        Some(track) => Ok(track),
        None => Track::parse(tag),
    }
}

/// The track of a release, and where its tag may be followed by a prerelease the two ways of writing that: `-rc1`, `rc1`.
pub fn infer_prereleases(tag: &str) -> Option<[Track; 2]> {
    let release = infer(tag).ok().filter(|track| !track.is_literal() && !track.has(Field::Pre))?;
    let core = ["{patch}", "{minor}", "{major}", "{day}", "{month}"];
    let end = core.iter().find_map(|field| Some(release.as_str().find(field)? + field.len()))?;
    let (version, rest) = release.as_str().split_at(end);
    let track = |pre: &str| Track::parse(&format!("{version}{pre}{rest}")).ok();
    let tracks = [track("-{pre}")?, track("{pre}")?];
    tracks.iter().all(|track| track.matches(tag)).then_some(tracks)
}

/// The text of the track; `None` where nothing in the tag has an order.
fn shape(tag: &str) -> Option<String> {
    // A git tag's folders and package, as in `release/1.2.3` and `@scope/cli@1.2.3`.
    let name = tag.rfind(['/', '@']).map_or(0, |slash| slash + 1);
    if literal::is_signature(&tag[name..]) {
        return None;
    }
    let segments: Vec<&str> = tag[name..].split('-').collect();
    let mut shape =
        Shape { out: vec![tag[..name].to_owned()], phase: Phase::Before, core: None, hashes: vec![] };
    let mut at = 0;
    while at < segments.len() {
        at += shape.take(&segments, at);
    }
    shape.finish().or_else(|| build_alone(tag))
}

/// Where the segments are in relation to the version.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Phase {
    Before,
    /// Directly after it: what is here belongs to it.
    Within,
    /// After a word that is another axis.
    After,
}

struct Shape<'t> {
    /// The folder, and then one for each segment.
    out: Vec<String>,
    phase: Phase,
    /// The version: its place in `out`, and what it is.
    core: Option<(usize, Segment)>,
    /// What would be hashes if something gave them an order.
    hashes: Vec<(usize, &'t str)>,
}

impl<'t> Shape<'t> {
    /// Takes one or more of the segments from `at`; how many.
    fn take(&mut self, segments: &[&'t str], at: usize) -> usize {
        let segment = segments[at];
        let before = self.phase == Phase::Before;
        if let Some((used, text)) = calendar::read(&segments[at..]) {
            return self.push(text, Phase::Within, used);
        }
        if before {
            if let Some(core) = self.version(segments, at) {
                self.out.push(core.text.clone());
                self.core = Some((self.out.len() - 1, core));
                self.phase = Phase::Within;
                return 1;
            }
        } else if let Some((used, is_numbered, tail)) = self.prerelease(&segments[at..]) {
            if is_numbered {
                self.bracket();
            }
            return self.push(format!("{{pre}}{tail}"), self.phase, used);
        } else if let Some(text) = self.java_build(segment).or_else(|| self.further(segment)) {
            return self.push(text, self.phase, 1);
        }
        let after_sha = at > 0 && segments[at - 1] == "sha";
        if let Some(text) = words::hash(segment, after_sha) {
            self.hashes.push((self.out.len(), segment));
            return self.push(text, self.phase, 1);
        }
        let is_sha =
            segment == "sha" && segments.get(at + 1).is_some_and(|next| words::hash(next, true).is_some());
        let after = if before || is_sha { self.phase } else { Phase::After };
        self.push(segment.to_owned(), after, 1)
    }

    fn push(&mut self, text: String, phase: Phase, used: usize) -> usize {
        self.out.push(text);
        self.phase = phase;
        used
    }

    /// The segment as the version that moves.
    fn version(&self, segments: &[&str], at: usize) -> Option<Segment> {
        if at == 1 && words::is_channel_build(segments[0], segments[1]) {
            return Some(segment::moving("{build}".to_owned()));
        }
        let core = segment::read(segments[at])?;
        if at > 0 && words::is_distribution(segments[at - 1], segments[at]) {
            return None;
        }
        if !core.is_lone {
            return Some(core);
        }
        // A lone number is a version at the start only, and not where a version follows it.
        let stands = match segments[at].starts_with(|c: char| c.is_ascii_digit()) {
            true => {
                let follows = |next: &&str| {
                    next.strip_prefix('v').unwrap_or(next).starts_with(|c: char| c.is_ascii_digit())
                };
                at == 0 && !segments.get(1).is_some_and(|next| follows(next) && !is_further(next))
            }
            // `linux-arm-v7` is a processor.
            false => at == 0 || !segments[at - 1].starts_with("arm"),
        };
        stands.then_some(core)
    }

    /// `2.0.0-rc1`: the segments after the version that say which prerelease of it: how many, whether by
    /// a number, and the track of what is directly behind it.
    fn prerelease(&self, segments: &[&str]) -> Option<(usize, bool, String)> {
        let (_, core) = self.core.as_ref()?;
        // Behind another axis only where the word says so: `11.7.1-ubi-rc`.
        let word = segments[0].trim_end_matches(|c: char| c.is_ascii_digit() || c == '.');
        let stands = self.phase == Phase::Within || words::names_a_prerelease(word);
        if !stands || core.has_pre || self.out.iter().any(|text| text.contains("{pre}")) {
            return None;
        }
        let (prerelease, rest) = Prerelease::read(segments[0])?;
        if !(rest.is_empty() || rest.starts_with(['+', '.'])) || self.java_build(segments[0]).is_some() {
            return None;
        }
        let (tail, _) = segment::tail(rest, true)?;
        // `RC-3`
        let is_dated = segments.len() > 1 && calendar::read(&segments[1..]).is_some();
        let is_number = |next: &&&str| rest.is_empty() && words::is_short(next) && !is_dated;
        let number = segments.get(1).filter(is_number);
        let used = if !prerelease.is_numbered() && number.is_some() { 2 } else { 1 };
        let is_numbered = prerelease.is_numbered() || used == 2;
        (is_numbered || words::names_a_prerelease(segments[0])).then_some((used, is_numbered, tail))
    }

    /// Puts the number that the prerelease lacks in brackets.
    fn bracket(&mut self) {
        if let Some((place, core)) = &self.core
            && let Some(bracketed) = &core.bracketed
            && *place + 1 == self.out.len()
        {
            self.out[*place] = bracketed.clone();
        }
    }

    /// The `b05` of `8u422-b05`, which elsewhere is a beta.
    fn java_build(&self, segment: &str) -> Option<String> {
        let (_, core) = self.core.as_ref().filter(|_| self.phase == Phase::Within)?;
        let is_build = segment.strip_prefix('b').is_some_and(words::is_short);
        (is_build && core.text.contains("u{minor}")).then(|| "b{build}".to_owned())
    }

    /// What moves along after the version.
    fn further(&self, segment: &str) -> Option<String> {
        let within = self.phase == Phase::Within;
        let number = || if within { segment::further(segment) } else { segment::dated(segment) };
        words::counter(segment).or_else(number)
    }

    /// Joined, if something has an order.
    fn finish(mut self) -> Option<String> {
        if self.phase == Phase::Before {
            return None;
        }
        for (place, text) in std::mem::take(&mut self.hashes) {
            // A second one would be the same placeholder twice.
            if self.out[..place].iter().any(|earlier| earlier.contains("{hash}")) {
                text.clone_into(&mut self.out[place]);
            }
        }
        let folder = self.out.remove(0);
        Some(format!("{folder}{}", self.out.join("-")))
    }
}

/// `server-b3561`: a counter of builds, where there is no version.
fn build_alone(tag: &str) -> Option<String> {
    let mut segments: Vec<String> = tag.split('-').map(str::to_owned).collect();
    let mut builds = segments.iter_mut().filter(|segment| words::is_build(segment));
    let (Some(build), None) = (builds.next(), builds.next()) else {
        return None;
    };
    *build = format!("{}{{build}}", &build[..1]);
    // `r314-a1b2c3d`
    if let Some(hash) = segments.iter_mut().find(|segment| words::is_hash(segment)) {
        "{hash}".clone_into(hash);
    }
    Some(segments.join("-"))
}

fn is_further(segment: &str) -> bool {
    segment::further(segment).is_some()
}

#[cfg(test)]
mod tests;
