//! What changed between two pins, as Markdown for a pull request. Pure.
//!
//! Entry points: [`evidence`], and [`step`] for the sentence above it; [`code`] makes text of upstream fit to be in it. All that is not ours goes through it:
//! names and versions, settings, messages, and the reasons why something is not known, which may quote a server.
//! `facts` is the table, `changes` are the lists below it.

mod changes;
mod code;
mod facts;
#[cfg(test)]
mod tests;

pub use code::code;

use crate::evidence::{Details, Evidence, Together};
use crate::model::{ImageName, Lane, Pin, Platform};
use crate::report::human::Difference;

/// How many characters the evidence of one step has at most: forges cut the text of a pull request.
const LENGTH: usize = 12_000;

/// How much of each list is shown.
#[derive(Clone, Copy)]
struct Caps {
    platforms: usize,
    groups: usize,
    gaps: usize,
    settings: usize,
    packages: usize,
    commits: usize,
}

impl Caps {
    const FULL: Self = Self { platforms: 20, groups: 8, gaps: 8, settings: 20, packages: 40, commits: 30 };

    /// A part of it all.
    fn part(of: usize) -> Self {
        let Self { platforms, groups, gaps, settings, packages, commits } = Self::FULL;
        Self {
            platforms: platforms / of,
            groups: groups / of,
            gaps: gaps / of,
            settings: settings / of,
            packages: packages / of,
            commits: commits / of,
        }
    }
}

/// The evidence of one step, in at most 12,000 characters and in `room` where that is less: where lists are long, less of
/// each is shown. Tag and upstream are not in it where they stay.
pub fn evidence(evidence: &Evidence, room: usize) -> String {
    let mut text = String::new();
    for of in [1, 2, 4, 8, 16, 32, 64] {
        text = page(evidence, Caps::part(of));
        if text.chars().count() <= LENGTH.min(room) {
            break;
        }
    }
    text
}

/// All that differs between two locks.
pub fn differences(differences: &[Difference]) -> String {
    let one = |difference: &Difference| {
        let heading = format!("### {}\n\n", code(difference.name.as_str()));
        let (from, to) = match (&difference.from, &difference.to) {
            (from, Some(to)) => (from.as_ref(), to),
            (Some(from), None) => {
                return format!("{heading}Dropped: {} at {}.\n", code(from.tag()), code(&from.content()));
            }
            (None, None) => return heading,
        };
        let step = match from {
            Some(from) => step(from, to, difference.lane, difference.down),
            None => format!("{} of {} is locked for the first time", code(to.tag()), code(&to.upstream())),
        };
        let images: Vec<&str> = difference.images.iter().map(ImageName::as_str).collect();
        let images = match images.is_empty() {
            true => String::new(),
            false => format!(" Images that read it: {}.", images.join(", ")),
        };
        let not_asked = || Evidence::not_asked(from, to);
        let known = difference.evidence.clone().unwrap_or_else(not_asked);
        format!("{heading}{}.{images}\n\n{}", first_upper(&step), evidence(&known, LENGTH))
    };
    differences.iter().map(one).collect::<Vec<_>>().join("\n")
}

/// A step in words, without a point at its end.
pub fn step(from: &Pin, to: &Pin, lane: Option<Lane>, down: bool) -> String {
    let (upstream, was, is) = (code(&to.upstream()), code(from.tag()), code(to.tag()));
    if from.upstream() != to.upstream() {
        return format!("another upstream: from {was} of {} to {is} of {upstream}", code(&from.upstream()));
    }
    if from.tag() == to.tag() {
        return match from.content() == to.content() {
            true => format!(
                "{is} of {upstream} names the same content, and other platforms or another form of it"
            ),
            false => {
                let (was, now) = (code(&from.short_content()), code(&to.short_content()));
                format!("a digest step: what {is} of {upstream} names has changed from {was} to {now}")
            }
        };
    }
    let lane = lane.map_or(String::new(), |lane| format!("{lane} "));
    let down = if down { " down" } else { "" };
    format!("a {lane}step{down} of {upstream} from {was} to {is}")
}

fn first_upper(text: &str) -> String {
    let mut letters = text.chars();
    letters.next().map_or(String::new(), |first| first.to_uppercase().collect::<String>() + letters.as_str())
}

fn page(evidence: &Evidence, caps: Caps) -> String {
    let mut parts = vec![facts::table(evidence, caps)];
    match &evidence.details {
        Details::Image(image) => {
            parts.push(facts::unchanged(image, caps));
            parts.push(facts::origins(&image.origins, caps));
            parts.push(changes::configuration(&image.configuration, caps));
            parts.push(changes::packages(&image.packages, caps));
        }
        Details::Git(git) => {
            parts.push(facts::compare(git));
            parts.push(changes::commits(git, caps));
        }
        Details::Packages(steps) => parts.push(changes::steps(steps, caps)),
        Details::Pins => {}
    }
    parts.push(facts::gaps(evidence, caps));
    let mut text = String::new();
    for part in parts.iter().filter(|part| !part.is_empty()) {
        if !text.is_empty() {
            text.push('\n');
        }
        text.push_str(part.trim_end());
        text.push('\n');
    }
    text
}

/// The names of platforms.
fn names(platforms: &[Platform], caps: Caps) -> String {
    let shown = platforms.iter().take(caps.platforms).map(|platform| code(&platform.to_string()));
    let mut names: Vec<String> = shown.collect();
    match platforms.len() - names.len() {
        0 => {}
        more if names.is_empty() => return format!("{more} platforms"),
        more => names.push(format!("{more} more")),
    }
    names.join(", ")
}

/// The line that says how much of a list is not shown.
fn and_more(total: usize, shown: usize) -> String {
    match total.saturating_sub(shown) {
        0 => String::new(),
        more => format!("\n… and {more} more.\n"),
    }
}

/// A heading for the platforms of a group, where there are several.
fn heading<T>(group: &Together<T>, of: usize, caps: Caps) -> String {
    if of > 1 { format!("\n{}:\n", names(&group.platforms, caps)) } else { String::new() }
}
