//! The text of `pins.toml`.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;

use super::proposal::Proposal;
use super::survey::Source;
use crate::lock::Lock;
use crate::model::{Pin, Platform, Repository};

/// What is declared for a repository.
pub struct Declared<'a> {
    /// The pins, by name.
    pub pins: &'a [Proposal],
    /// The repositories of images that are built here.
    pub own: &'a BTreeSet<&'a Repository>,
    /// What is locked, for the platforms; pins that it lacks cover all that upstream has.
    pub lock: &'a Lock,
}

const HEADER: &str = "\
# What this repository takes from outside, and by which rules that moves. `solera-pin refresh` moves it, `solera-pin
# verify` checks that every build file names what pins.lock holds.

";

impl Declared<'_> {
    /// The text of the file.
    pub fn text(&self) -> String {
        let mut text = format!("{HEADER}[references]\nmode = \"in-place\"\n");
        if !self.own.is_empty() {
            text.push_str(&list("own", self.own.iter().map(ToString::to_string)));
        }
        let usual = self.usual();
        if let Some(usual) = &usual {
            text.push_str("\n[defaults]\n");
            text.push_str(&list("platforms", usual.iter().map(ToString::to_string)));
        }
        for pin in self.pins {
            text.push_str(&self.table(pin, usual.as_ref()));
        }
        text
    }

    /// The platforms that most pins cover.
    fn usual(&self) -> Option<BTreeSet<Platform>> {
        let mut counts: BTreeMap<BTreeSet<Platform>, usize> = BTreeMap::new();
        for platforms in self.pins.iter().filter_map(|pin| self.platforms(pin)) {
            *counts.entry(platforms).or_default() += 1;
        }
        counts.into_iter().max_by_key(|(_, count)| *count).map(|(platforms, _)| platforms)
    }

    fn platforms(&self, pin: &Proposal) -> Option<BTreeSet<Platform>> {
        match self.lock.pins.get(&pin.name)? {
            Pin::Image(pin) => Some(pin.platforms.keys().cloned().collect()),
            Pin::Git(_) | Pin::Archive(_) | Pin::Debian(_) => None,
        }
    }

    fn table(&self, pin: &Proposal, usual: Option<&BTreeSet<Platform>>) -> String {
        let mut text = format!("\n[pin.{}]\n", pin.name);
        let (key, upstream) = match &pin.source {
            Source::Image(repository) => ("image", repository.to_string()),
            Source::Git(url) => ("git", url.to_string()),
        };
        // Writing to a string cannot fail.
        let _ = writeln!(text, "{key} = {}\ntrack = {}", quoted(&upstream), quoted(pin.track.as_str()));
        if pin.is_moving_tag() {
            text.push_str("immutable = false\n");
        }
        if let Some(platforms) = self.platforms(pin).filter(|platforms| Some(platforms) != usual) {
            text.push_str(&list("platforms", platforms.iter().map(ToString::to_string)));
        }
        if !pin.paths.is_empty() {
            text.push_str(&list("paths", pin.paths.iter().cloned()));
        }
        text
    }
}

/// `key = ["a", "b"]`, on several lines where it is long.
fn list(key: &str, items: impl Iterator<Item = String>) -> String {
    const WIDTH: usize = 100;
    let items: Vec<String> = items.map(|item| quoted(&item)).collect();
    let line = format!("{key} = [{}]\n", items.join(", "));
    match line.len() > WIDTH {
        true => {
            format!("{key} = [\n{}]\n", items.iter().map(|item| format!("    {item},\n")).collect::<String>())
        }
        false => line,
    }
}

fn quoted(text: &str) -> String {
    toml_edit::Value::from(text).to_string()
}
