//! What `ADD` fetches: a URL, or a git repository.

use std::ops::Range;

use super::expand::{Expanded, expand};
use super::joined::is_blank;
use super::scope::Scope;
use super::syntax::strings;
use super::{Instruction, Joined, spelling};
use crate::scan::{Fetch, GitInput, Input, Kind, Reference, Spelled, Unresolved};

/// What an `ADD` names of the outside.
pub(super) fn references(instruction: &Instruction, scope: &Scope) -> Vec<Reference> {
    let (_, rest) = instruction.flags();
    let checksum = instruction.values("checksum").pop();
    let checksum = checksum.and_then(|word| expand(&word, scope, instruction.escape).ok());
    let mut words = match serde_json::from_str::<Vec<String>>(&rest.text) {
        Ok(_) => strings(rest).into_iter().map(|literal| literal.text).collect(),
        Err(_) => rest.split(is_blank),
    };
    // The last one is where it goes.
    words.pop();
    let is_file = |word: &Joined| !word.text.starts_with("<<");
    let reference = |word: Joined| {
        let input = match expand(&word, scope, instruction.escape) {
            Ok(expanded) => input(&expanded, checksum.as_ref())?,
            Err(why) => Err(Unresolved::Malformed(why)),
        };
        Some(Reference { kind: Kind::Add, span: word.span(0..word.text.len()), input })
    };
    words.into_iter().filter(is_file).filter_map(reference).collect()
}

/// What a source names; `None` for a file of the build's context.
fn input(source: &Expanded, checksum: Option<&Expanded>) -> Option<Result<Input, Unresolved>> {
    let text = source.text.text.as_str();
    let unresolved = source.holes.first().map(|hole| {
        let alone = hole.plain && hole.range == (0..text.len());
        Unresolved::Argument { name: hole.name.clone(), alone }
    });
    // An argument at the beginning can be a URL as well as a file.
    if source.holes.first().is_some_and(|hole| hole.range.start == 0) {
        return match checksum.filter(|checksum| is_checksum(checksum)) {
            None => unresolved.map(Err),
            Some(checksum) => unresolved.map(|unresolved| checked(unresolved, text, checksum)),
        };
    }
    if is_git(text) {
        let git = git(&source.text, checksum.map(|checksum| checksum.text.text.as_str()));
        return Some(unresolved.map_or(Ok(Input::Git(git)), Err));
    }
    if !text.starts_with("http://") && !text.starts_with("https://") {
        return None;
    }
    Some(Ok(fetch(text, checksum)))
}

/// A file from the network.
fn fetch(url: &str, checksum: Option<&Expanded>) -> Input {
    let checksum = checksum.filter(|checksum| is_checksum(checksum));
    let locked_by = checksum.map(|_| "--checksum");
    let text = checksum.map(|checksum| &checksum.text.text).filter(|text| is_complete(text));
    let (what, checksum) = (url.to_owned(), text.cloned());
    Input::Fetch(Fetch { tool: "ADD", what, locked_by, checksum, packages: None })
}

/// What an argument names that must have a checksum: nothing but a file from the network can.
fn checked(unresolved: Unresolved, text: &str, checksum: &Expanded) -> Result<Input, Unresolved> {
    let hex = "sha256:".len()..checksum.text.text.len();
    let argument = checksum.holes.iter().find(|hole| hole.plain && hole.range == hex);
    match (unresolved, argument) {
        (Unresolved::Argument { name, alone: true }, Some(hole)) => {
            Err(Unresolved::Checked { name, checksum: hole.name.clone() })
        }
        _ => Ok(fetch(text, Some(checksum))),
    }
}

/// Whether what is fetched must have a checksum. One that an argument completes counts: without the argument the
/// builder refuses what is left of it. Nothing at all is no checksum.
fn is_checksum(checksum: &Expanded) -> bool {
    let text = checksum.text.text.as_str();
    let Some((algorithm, _)) = text.split_once(':').filter(|(algorithm, _)| length(algorithm).is_some())
    else {
        return false;
    };
    let completed = checksum.holes.iter().any(|hole| hole.range.start > algorithm.len());
    completed || is_complete(text)
}

/// How many digits a checksum has.
fn length(algorithm: &str) -> Option<usize> {
    match algorithm {
        "sha256" => Some(64),
        "sha384" => Some(96),
        "sha512" => Some(128),
        _ => None,
    }
}

fn is_complete(checksum: &str) -> bool {
    let of = |(algorithm, hex): (&str, &str)| {
        length(algorithm) == Some(hex.len()) && hex.bytes().all(|b| b.is_ascii_hexdigit())
    };
    checksum.split_once(':').is_some_and(of)
}

/// Whether a source is a git repository: by its scheme, by `.git` at the end of a path, or as `user@host:path`.
fn is_git(text: &str) -> bool {
    let Some((scheme, rest)) = text.split_once("://").filter(|(scheme, _)| is_word(scheme, "")) else {
        return text
            .split_once(':')
            .and_then(|(host, _)| host.split_once('@'))
            .is_some_and(|(user, host)| is_word(user, "-_") && is_word(host, "-."));
    };
    match scheme.to_ascii_lowercase().as_str() {
        "ssh" | "git" => true,
        "http" | "https" => {
            let address = rest.split(['?', '#']).next().unwrap_or_default();
            address.split_once('/').is_some_and(|(_, path)| path.ends_with(".git"))
        }
        _ => false,
    }
}

fn is_word(text: &str, others: &str) -> bool {
    !text.is_empty() && text.chars().all(|c| c.is_ascii_alphanumeric() || others.contains(c))
}

/// The parts of `URL[?query][#revision[:folder]]`.
fn git(source: &Spelled, checksum: Option<&str>) -> GitInput {
    let text = source.text.as_str();
    let address = text.find('#').unwrap_or(text.len());
    let url = text[..address].find('?').unwrap_or(address);
    let fragment = (address + 1).min(text.len());
    let end = text[fragment..].find(':').map_or(text.len(), |colon| fragment + colon);
    let query = query((url + 1).min(address)..address, text);
    let named = |names: &[&str]| {
        let mut found = query.iter().filter(|(name, value)| names.contains(name) && !value.is_empty());
        found.next().map(|(_, value)| value.clone())
    };
    let revision = Some(fragment..end).filter(|range| !range.is_empty());
    let revision = revision.or_else(|| named(&["ref", "tag", "branch"]));
    let commit = named(&["commit", "checksum"]).map(|range| &text[range]).or(checksum);
    let commit = commit.filter(|commit| is_commit(commit)).map(str::to_owned);
    let own = revision.clone().map(|range| &text[range]).filter(|revision| is_commit(revision));
    GitInput {
        url: text[..url].to_owned(),
        commit: own.map(str::to_owned).or(commit),
        revision: revision.filter(|_| own.is_none()).map(|range| spelling::slice(source, range)),
        site: None,
    }
}

/// The names of a query with the places of their values.
fn query(range: Range<usize>, text: &str) -> Vec<(&str, Range<usize>)> {
    let (mut found, mut at) = (Vec::new(), range.start);
    for pair in text[range].split('&') {
        if let Some((name, value)) = pair.split_once('=') {
            found.push((name, at + pair.len() - value.len()..at + pair.len()));
        }
        at += pair.len() + 1;
    }
    found
}

/// Whether a text is a commit's full name.
pub(super) fn is_commit(text: &str) -> bool {
    matches!(text.len(), 40 | 64) && text.bytes().all(|b| b.is_ascii_hexdigit())
}
