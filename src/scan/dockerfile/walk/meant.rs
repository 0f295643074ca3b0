//! What the name in a `FROM`, a `COPY --from` or a mount means: nothing, a stage of this file, or something outside.

use super::Walk;
use crate::scan::dockerfile::expand::{self, Expanded, Whole, expand};
use crate::scan::dockerfile::image::image;
use crate::scan::dockerfile::scope::{Hole, Value};
use crate::scan::dockerfile::{Joined, Source, spelling};
use crate::scan::{Input, Kind, Reference, Unresolved};

/// The platforms that are in use, for a build that does not say for which it is.
const IN_USE: [&str; 10] = [
    "linux/amd64",
    "linux/arm64",
    "linux/arm/v7",
    "linux/arm/v6",
    "linux/386",
    "linux/ppc64le",
    "linux/s390x",
    "linux/riscv64",
    "linux/loong64",
    "windows/amd64",
];

impl Walk<'_> {
    /// What a `FROM` begins with.
    pub(super) fn base(&self, word: &Joined, escape: char) -> Source {
        let expanded = match expand(word, &self.globals, escape) {
            Ok(expanded) => expanded,
            Err(why) => return outside(Kind::From, word, Err(Unresolved::Malformed(why))),
        };
        let of_platform = |hole: &Hole| matches!(self.globals.get(&hole.name), Value::Platform);
        if let Some(hole) = expanded.holes.first() {
            let stages = if expanded.holes.iter().all(of_platform) {
                self.stages_of_platforms(word, escape)
            } else {
                None
            };
            let alone = hole.plain && hole.range == (0..expanded.text.text.len());
            let unresolved = Unresolved::Argument { name: hole.name.clone(), alone };
            return match stages {
                Some(stages) => Source::Stages(stages),
                None => outside(Kind::From, word, Err(unresolved)),
            };
        }
        let text = expanded.text.text.as_str();
        if let Some(stage) = self.earlier(text) {
            return Source::Stages(vec![stage]);
        }
        if text == "scratch" {
            return Source::Scratch;
        }
        let input = image(&expanded.text, self.digest_end(word, &expanded, escape));
        let input = input.map_err(|unresolved| match &expanded.undeclared {
            Some(name) => {
                let why = format!(
                    "{name} is no argument before the first FROM, so `{}` becomes `{text}`",
                    expand::shortened(&word.text)
                );
                Unresolved::Malformed(why)
            }
            None => unresolved,
        });
        outside(Kind::From, word, input.map(Input::Image))
    }

    /// Where the digest of an image would be written that a `FROM` names.
    fn digest_end(&self, word: &Joined, expanded: &Expanded, escape: char) -> Option<usize> {
        match &expanded.whole {
            Some(Whole::Alternative(end)) => Some(*end),
            Some(Whole::Argument(name)) if !self.partial.contains(name) => match self.globals.get(name) {
                Value::Known(known) => known.end,
                _ => None,
            },
            _ => Some(expand::append_at(word, escape)),
        }
    }

    /// The stage before the present place that a `FROM` means by a name.
    fn earlier(&self, name: &str) -> Option<usize> {
        let stages = self.names.get(&name.to_lowercase())?;
        stages[..stages.partition_point(|stage| *stage < self.left.len())].last().copied()
    }

    /// The stages that a `FROM` means, if it means one for each platform.
    fn stages_of_platforms(&self, word: &Joined, escape: char) -> Option<Vec<usize>> {
        let stage = |platform: &str| {
            let expanded = expand(word, &self.globals.on(platform), escape).ok()?;
            expanded.holes.is_empty().then(|| self.earlier(&expanded.text.text))?
        };
        let mut stages: Vec<usize> = match self.platforms {
            [] => IN_USE.into_iter().filter_map(stage).collect(),
            platforms => platforms.iter().map(|platform| stage(platform)).collect::<Option<_>>()?,
        };
        stages.sort_unstable();
        stages.dedup();
        (!stages.is_empty()).then_some(stages)
    }

    /// What a `COPY` or a mount means.
    pub(super) fn source(&self, kind: Kind, word: &Joined) -> Source {
        let text = word.text.as_str();
        if text.contains('$') {
            return outside(kind, word, Err(Unresolved::NotExpanded(text.to_owned())));
        }
        let own = self.left.len().saturating_sub(1);
        let number = text.parse::<i64>().ok().filter(|_| kind == Kind::CopyFrom);
        let stage = match number {
            Some(number) => Some(usize::try_from(number).ok().filter(|number| *number < own)),
            // The builder looks among all stages, takes the last one of that name, and refuses it if it isn't done.
            None => {
                let stages = self.names.get(&text.to_lowercase());
                stages.and_then(|stages| stages.last()).map(|stage| Some(*stage).filter(|stage| *stage < own))
            }
        };
        match stage {
            Some(Some(stage)) => Source::Stages(vec![stage]),
            Some(None) => {
                let why = format!("`{text}` is no stage before this one");
                outside(kind, word, Err(Unresolved::Malformed(why)))
            }
            None if text == "scratch" => Source::Scratch,
            None => {
                let input = image(&spelling::written(word), Some(word.end()));
                outside(kind, word, input.map(Input::Image))
            }
        }
    }
}

/// Something that is not of this file.
pub(super) fn outside(kind: Kind, word: &Joined, input: Result<Input, Unresolved>) -> Source {
    Source::Outside(Reference { kind, span: word.span(0..word.text.len()), input })
}
