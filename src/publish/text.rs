//! The title and the text of a pull request. Pure.
//!
//! The text begins with a marker that is not shown: what the proposal is about, and which commit the text tells of. It
//! is read back where a person closed, merged or reopened it, also below what a person wrote above it. Nothing of
//! upstream's stands before it, and in what stands behind it no such marker can be made.

use std::fmt::Write as _;

use super::bump::{Bump, Kind, Target};
use super::group::Proposal;
use super::message;
use crate::catalog::Catalog;
use crate::evidence::Evidence;
use crate::model::{CommitId, Lane, Pin, harmless};
use crate::report::human::count;
use crate::report::markdown::{self, code};

/// With its marker a text stays below what every forge takes, in characters: GitHub takes 65,536.
const MAX_BODY: usize = 60_000;

/// What a bump of many has at least; where not all have as much, the last are in the table alone.
const MIN_SHARE: usize = 1_500;

/// More names than are read in a title or a list.
const MAX_NAMES: usize = 5;
const MAX_FILES: usize = 20;

/// How a marker begins and ends, each on a line.
const BEGIN: &str = "<!-- solera-pin 1 ";
const END: &str = "-->";

/// What a pull request's text says to us.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Marker {
    /// How far it is.
    pub stage: Stage,
    /// The commit that the text tells of.
    pub tip: CommitId,
    /// What it is about.
    pub targets: Vec<Target>,
}

/// How far a pull request is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Stage {
    /// It is open, and labels and reviewers are still to be added.
    New,
    /// All is done.
    Open,
    /// We closed it: nobody declined it.
    Closed,
}

const STAGES: [(Stage, &str); 3] = [(Stage::New, "new"), (Stage::Open, "open"), (Stage::Closed, "closed")];

impl Marker {
    /// The comment that a text begins with.
    fn text(&self) -> String {
        let stage = STAGES.iter().find(|(stage, _)| *stage == self.stage).map_or("", |(_, word)| word);
        let mut text = format!("{BEGIN}{stage} {}\n", self.tip);
        for target in &self.targets {
            let _ = writeln!(text, "{target}");
        }
        let _ = writeln!(text, "{END}");
        text
    }

    /// The marker of a text. A person may have written above it; nothing of upstream's stands there.
    pub fn read(text: &str) -> Option<Self> {
        Self::find(text).map(|(marker, ..)| marker)
    }

    /// The marker of a text, and where it begins and ends.
    fn find(text: &str) -> Option<(Self, usize, usize)> {
        let mut at = 0;
        let mut lines = text.split_inclusive('\n').map(|line| {
            at += line.len();
            (at - line.len(), line.trim_end())
        });
        let (begin, first) = lines.find(|(_, line)| line.starts_with(BEGIN))?;
        let mut words = first.strip_prefix(BEGIN)?.split(' ');
        let (stage, tip) = (words.next()?, words.next()?.parse().ok()?);
        let stage = STAGES.iter().find(|(_, word)| *word == stage)?.0;
        let mut targets = Vec::new();
        for (at, line) in lines {
            if line == END {
                return Some((Self { stage, tip, targets }, begin, at + END.len()));
            }
            targets.push(line.parse().ok()?);
        }
        None
    }

    /// A text with this marker in place of the one that it has, and below it what is `said`.
    pub fn put(&self, said: &str, text: &str) -> String {
        let (above, below) = match Self::find(text) {
            Some((_, begin, end)) => (&text[..begin], text[end..].trim_start_matches(['\r', '\n'])),
            None => ("", text),
        };
        let said = if said.is_empty() { String::new() } else { format!("\n{said}") };
        format!("{above}{}{said}\n{below}", self.text())
    }
}

/// One bump of a proposal, with what is known of it.
pub struct Section<'a> {
    /// What is proposed.
    pub bump: &'a Bump,
    /// What changed upstream; none where nothing was to be asked.
    pub evidence: Option<Evidence>,
    /// The places in files that come to name it, as `path:line`.
    pub places: Vec<String>,
    /// The places in files that name it and stay as they are.
    pub others: Vec<String>,
}

/// The title: the commit's subject, or the group with its pins.
pub fn title(proposal: &Proposal) -> String {
    match (&proposal.group, proposal.bumps.as_slice()) {
        (_, [bump]) => message::subject(bump),
        (group, bumps) => {
            let names: Vec<&str> = bumps.iter().take(MAX_NAMES).map(|bump| bump.name.as_str()).collect();
            let more = match bumps.len().saturating_sub(MAX_NAMES) {
                0 => String::new(),
                more => format!(" and {more} more"),
            };
            format!("bump {}: {}{more}", group.as_deref().unwrap_or("pins"), names.join(", "))
        }
    }
}

/// The text below the marker.
pub fn body(catalog: &Catalog, sections: &[Section<'_>]) -> String {
    let marker: usize = sections.iter().map(|it| it.bump.target().to_string().len() + 1).sum();
    let mut left = MAX_BODY.saturating_sub(marker + 300 + FOOTER.len());
    let mut text = match sections {
        [_, _, ..] => table(sections, left / 2),
        _ => String::new(),
    };
    left = left.saturating_sub(text.chars().count());
    for (at, section) in sections.iter().enumerate() {
        let more = sections.len() - at;
        let told = told(catalog, section, sections.len() > 1, (left / more).max(MIN_SHARE));
        let length = told.chars().count();
        if length > left {
            let pins = count(more, "more pin");
            let _ = writeln!(
                text,
                "\nThe evidence for {pins} is too long for this text: `solera-pin diff --upstream` shows it."
            );
            break;
        }
        left -= length;
        text.push_str(&told);
    }
    text.push_str(FOOTER);
    text
}

const FOOTER: &str = "\n---\nClose this to decline it: the same step is not proposed again, a later one is. A commit of \
yours on this branch is left alone, and so is the branch from then on; delete the branch to have it made anew.\n";

/// A row for each bump, in so many characters.
fn table(sections: &[Section<'_>], mut left: usize) -> String {
    let mut text = "| pin | from | to | step |\n| --- | --- | --- | --- |\n".to_owned();
    let mut rows = 0;
    for Section { bump, .. } in sections {
        let (from, to) = sides(bump);
        let row = format!("| {} | {from} | {to} | {} |\n", bump.name, bump.kind);
        let Some(rest) = left.checked_sub(row.chars().count()) else { break };
        (left, rows) = (rest, rows + 1);
        text.push_str(&row);
    }
    if let Some(more @ 1..) = sections.len().checked_sub(rows) {
        let _ = writeln!(text, "\nand {more} more, each with a commit");
    }
    text
}

/// What a bump goes from and to, as far as the two differ.
fn sides(bump: &Bump) -> (String, String) {
    let digest = bump.kind == Kind::Step(Lane::Digest);
    let side = |pin: &Option<Pin>| match pin {
        Some(pin) if digest => code(&pin.short_content()),
        Some(pin) => code(pin.tag()),
        None => "-".into(),
    };
    (side(&bump.from), side(&bump.to))
}

/// What is said of one bump, in about so many characters.
fn told(catalog: &Catalog, section: &Section<'_>, heading: bool, share: usize) -> String {
    let Section { bump, evidence, .. } = section;
    let mut text = String::new();
    if heading {
        let _ = writeln!(text, "\n### {}\n", bump.name);
    }
    let step = step(bump);
    let _ = writeln!(text, "**{}**: {step}.\n", bump.name);
    let mut points = vec![format!("Why it may be taken: {}.", code(&bump.because))];
    if let Some(seen) = bump.first_seen {
        points.push(format!("First seen {seen}."));
    }
    if let Some(cause) = &bump.cause {
        points.push(format!("Why the tag moved, as far as the images tell: {}.", code(&cause.to_string())));
    }
    if bump.superseded {
        points
            .push("Upstream has replaced it under its tag since; what replaced it is not old enough.".into());
    }
    points.extend(used(catalog, section));
    let declaration = catalog.declarations.get(&bump.name);
    if let Some(changelog) = declaration.and_then(|declaration| declaration.changelog.as_ref()) {
        points.push(format!("[What upstream says of its changes]({changelog})"));
    }
    for point in points {
        let _ = writeln!(text, "- {point}");
    }
    if let Some(evidence) = evidence {
        let left = share.saturating_sub(text.chars().count() + 1);
        let _ = write!(text, "\n{}", markdown::evidence(evidence, left));
    }
    text
}

/// The step in a sentence.
fn step(bump: &Bump) -> String {
    let upstream = bump.to.as_ref().or(bump.from.as_ref()).map(Pin::upstream).unwrap_or_default();
    let upstream = code(&upstream);
    let (from, to) = sides(bump);
    match bump.kind {
        Kind::Step(lane) => match (&bump.from, &bump.to) {
            (Some(from), Some(to)) => markdown::step(from, to, Some(lane), false),
            _ => format!("a {lane} step of {upstream} from {from} to {to}"),
        },
        Kind::First if bump.from.is_some() => {
            format!("locked anew, from {from} to {to} of {upstream}: what was locked is not what is declared")
        }
        Kind::First => format!("{to} of {upstream} is locked for the first time"),
        Kind::Drop => format!("it is declared nowhere any more; it was {from} of {upstream}"),
        Kind::References => format!("files come to name what {to} of {upstream} is locked at"),
    }
}

/// Where the pin is used: the images that read it, and the files that name it, whether they change or not.
fn used(catalog: &Catalog, section: &Section<'_>) -> Vec<String> {
    let Section { bump, places, others, .. } = section;
    let images: Vec<String> = catalog.readers(&bump.name).map(|image| image.name.to_string()).collect();
    let places: Vec<String> = places.iter().map(|place| code(&harmless(place))).collect();
    let others: Vec<String> = others.iter().map(|place| code(&harmless(place))).collect();
    let all = [
        ("Images that read it", images),
        ("Files that change", places),
        ("Files that name it and stay as they are", others),
    ];
    let points = all.iter().filter(|(_, names)| !names.is_empty());
    let points: Vec<String> = points.map(|(what, names)| format!("{what}: {}.", some(names))).collect();
    match points.is_empty() {
        true => vec!["No image of the catalog and no file here names it.".into()],
        false => points,
    }
}

/// The names, as many as are read.
fn some(names: &[String]) -> String {
    let shown = names[..names.len().min(MAX_FILES)].join(", ");
    match names.len().saturating_sub(MAX_FILES) {
        0 => shown,
        more => format!("{shown} and {more} more"),
    }
}
