//! Names for pins: short, and no two alike.

use std::collections::BTreeSet;

use super::apart::Draft;
use super::survey::Source;
use crate::model::{PinName, Repository};

/// The names that are taken.
#[derive(Default)]
pub(super) struct Names {
    bases: BTreeSet<String>,
    names: BTreeSet<String>,
    /// The build arguments that carry pins: two pins may not share one.
    arguments: BTreeSet<String>,
}

impl Names {
    /// The order in which upstreams get their names: official images first, whose names everybody knows.
    pub(super) fn in_order<'a>(&self, sources: impl Iterator<Item = &'a Source>) -> Vec<&'a Source> {
        let mut sources: Vec<&Source> = sources.collect();
        let is_official = |source: &Source| match source {
            Source::Image(repository) => is_official(repository),
            Source::Git(_) => false,
        };
        sources.sort_by_key(|source| (!is_official(source), (*source).clone()));
        sources
    }

    /// A name for each pin of an upstream: the upstream's, and, where there are several, what stays fixed of its tag.
    pub(super) fn of(&mut self, source: &Source, drafts: &[Draft<'_>]) -> Vec<PinName> {
        let is_git = matches!(source, Source::Git(_));
        let base = self.base(source);
        let short = |draft: &Draft<'_>| joined(&base, &fixed(draft.track.as_str()));
        let of_tag = |draft: &Draft<'_>| joined(&base, &word(draft.tag));
        let is_alone = |name: &String| drafts.iter().filter(|draft| short(draft) == *name).count() == 1;
        let wanted: Vec<String> = match drafts {
            [_] => vec![base.clone()],
            _ => drafts
                .iter()
                .map(|draft| Some(short(draft)).filter(is_alone).unwrap_or(of_tag(draft)))
                .collect(),
        };
        wanted.into_iter().filter_map(|name| self.take(&name, is_git)).collect()
    }

    fn base(&mut self, source: &Source) -> String {
        let choices = bases(source);
        let free = choices.iter().find(|base| !self.bases.contains(*base));
        let base = free.or(choices.last()).cloned().unwrap_or_default();
        self.bases.insert(base.clone());
        base
    }

    /// The name, or the first free one with a number behind it.
    fn take(&mut self, wanted: &str, is_git: bool) -> Option<PinName> {
        let numbered = (2..).map(|number| format!("{wanted}-{number}"));
        let mut choices = std::iter::once(wanted.to_owned()).chain(numbered);
        choices.find_map(|choice| {
            let name: PinName = choice.parse().ok()?;
            let arguments = match is_git {
                true => name.git_arguments().to_vec(),
                false => vec![name.argument()],
            };
            let is_free = !self.names.contains(&choice)
                && !arguments.iter().any(|argument| self.arguments.contains(argument));
            is_free.then(|| {
                self.names.insert(choice);
                self.arguments.extend(arguments);
                name
            })
        })
    }
}

fn is_official(repository: &Repository) -> bool {
    repository.registry().is_docker_hub() && repository.path().starts_with("library/")
}

/// What an upstream could be called, the shortest first.
fn bases(source: &Source) -> Vec<String> {
    let (host, path, least) = match source {
        Source::Image(repository) => {
            let path = repository.path();
            let path = if is_official(repository) { path.trim_start_matches("library/") } else { path };
            (repository.registry().to_string(), path.to_owned(), 1)
        }
        Source::Git(url) => {
            let rest = url.as_str().split_once("://").map_or(url.as_str(), |(_, rest)| rest);
            let (host, path) = rest.split_once(['/', ':']).unwrap_or(("", rest));
            (host.to_owned(), path.trim_end_matches(".git").to_owned(), 2)
        }
    };
    let parts: Vec<&str> = path.split('/').filter(|part| !part.is_empty()).collect();
    let of_last = |count: usize| parts[parts.len().saturating_sub(count)..].join("-");
    let mut choices: Vec<String> = (least..=parts.len().max(least)).map(of_last).collect();
    choices.push(format!("{host}-{}", of_last(parts.len())));
    choices
        .iter()
        .map(|choice| word(choice))
        .map(|word| if word.is_empty() { "pin".into() } else { word })
        .collect()
}

/// What stays of a track when its placeholders are taken out; a `v` before them says nothing.
fn fixed(track: &str) -> String {
    let mut rest = track;
    let mut fixed = String::new();
    while let Some((before, after)) = rest.split_once('{') {
        fixed.push_str(before);
        fixed.push('-');
        rest = after.split_once('}').map_or("", |(_, after)| after);
    }
    fixed.push_str(rest);
    let words = word(&fixed);
    match words.split_once('-') {
        _ if words == "v" => String::new(),
        Some(("v", rest)) => rest.to_owned(),
        _ => words,
    }
}

fn joined(base: &str, rest: &str) -> String {
    if rest.is_empty() { base.to_owned() } else { format!("{base}-{rest}") }
}

/// Lower-case letters and digits, with single dashes for all else.
fn word(text: &str) -> String {
    let lower = text.to_ascii_lowercase();
    let parts = lower.split(|c: char| !c.is_ascii_alphanumeric()).filter(|part| !part.is_empty());
    parts.collect::<Vec<_>>().join("-")
}
