//! What changed between two pins, as Markdown for a pull request. Pure.
//!
//! Entry point: [`evidence`]; [`code`] makes text of upstream fit to be in it. All that is not ours goes through it:
//! names and versions, settings, messages, and the reasons why something is not known, which may quote a server.
//! `facts` is the table, `changes` are the lists below it.

mod changes;
mod code;
mod facts;
#[cfg(test)]
mod tests;

pub use code::code;

use crate::evidence::{Details, Evidence, Step, Together};
use crate::model::Platform;
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

/// The evidence of one step, in at most 12,000 characters: where lists are long, less of each is shown.
pub fn evidence(evidence: &Evidence) -> String {
    let mut text = String::new();
    for of in [1, 2, 4, 8, 16, 32, 64] {
        text = page(evidence, Caps::part(of));
        if text.chars().count() <= LENGTH {
            break;
        }
    }
    text
}

/// All that differs between two locks.
pub fn differences(differences: &[Difference]) -> String {
    let one = |difference: &Difference| {
        let heading = format!("### {}\n\n", code(difference.name.as_str()));
        match (&difference.from, &difference.to) {
            (from, Some(to)) => {
                let asked = difference.evidence.as_ref();
                let known = asked.map_or_else(|| evidence(&Evidence::not_asked(from.as_ref(), to)), evidence);
                heading + &known
            }
            (Some(from), None) => {
                format!("{heading}Dropped: {} at {}.\n", code(from.tag()), code(&from.content()))
            }
            (None, None) => heading,
        }
    };
    differences.iter().map(one).collect::<Vec<_>>().join("\n")
}

fn page(evidence: &Evidence, caps: Caps) -> String {
    let mut parts = vec![step(evidence.step).to_owned(), facts::table(evidence, caps)];
    match &evidence.details {
        Details::Image(image) => {
            parts.push(facts::origins(&image.origins, caps));
            parts.push(changes::configuration(&image.configuration, caps));
            parts.push(changes::packages(&image.packages, caps));
        }
        Details::Git(git) => {
            parts.push(facts::compare(git));
            parts.push(changes::commits(git, caps));
        }
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

fn step(step: Step) -> &'static str {
    match step {
        Step::First => "New: there is nothing to compare with.",
        Step::Digest => "The same tag names other content.",
        Step::Tag => "Another tag.",
        Step::Platforms => "The same content, with other platforms or another form of its tag.",
        Step::Upstream => "Another upstream.",
        Step::Same => "Nothing changed.",
    }
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
