//! Goes through a Dockerfile's instructions with what is known at each: arguments, variables, stages.

mod meant;

use std::collections::{BTreeMap, BTreeSet};

use super::expand::{self, Expanded, Whole, expand};
use super::reference::From;
use super::run::Memory;
use super::scope::{Fuel, Known, Scope, Value};
use super::{BuildStage, Instruction, Joined, Source, Stages, add, run, spelling};
use crate::scan::{Kind, Reference, Unresolved};
use meant::outside;

/// What it costs to look once more at what an `ONBUILD` names, against the fuel of a file.
const PULL: usize = 256;

/// What is known at one instruction.
pub(super) struct Walk<'a> {
    text: &'a str,
    given: &'a BTreeMap<String, String>,
    platforms: &'a [String],
    /// The `FROM`s ahead; `None` for one without an image.
    heads: std::vec::IntoIter<Option<From>>,
    /// The arguments before the first `FROM`.
    globals: Scope,
    /// Arguments that are a part of some image's name, or of another argument: a digest has no place in them.
    partial: BTreeSet<String>,
    /// The stages of each name, in lower case.
    names: BTreeMap<String, Vec<usize>>,
    /// What each stage leaves to one that begins with it.
    left: Vec<(Scope, Memory)>,
    /// The `ONBUILD`s of each stage.
    triggers: Vec<Triggers>,
    found: Stages,
}

/// What a stage leaves to those that begin with it.
#[derive(Default)]
struct Triggers {
    /// What they copy and mount from.
    words: Vec<(Kind, Joined)>,
    /// Whether a stage of this file begins with it, so that they were looked at there.
    are_pulled: bool,
}

impl<'a> Walk<'a> {
    pub(super) fn new(
        text: &'a str,
        given: &'a BTreeMap<String, String>,
        platforms: &'a [String],
        instructions: &[Instruction],
    ) -> Self {
        let mut walk = Self {
            text,
            given,
            platforms,
            heads: Vec::new().into_iter(),
            globals: Scope::global(&Fuel::default()),
            partial: BTreeSet::new(),
            names: BTreeMap::new(),
            left: Vec::new(),
            triggers: Vec::new(),
            found: Stages::default(),
        };
        for (name, value) in given {
            if matches!(walk.globals.get(name), Value::Platform) {
                walk.globals.set(name.clone(), known(value));
            }
        }
        let first = instructions.iter().position(|instruction| instruction.keyword == "FROM");
        let (before, stages) = instructions.split_at(first.unwrap_or(instructions.len()));
        before.iter().for_each(|instruction| walk.global(instruction));
        let froms = stages.iter().filter(|instruction| instruction.keyword == "FROM");
        let escape = stages.first().map_or('\\', |instruction| instruction.escape);
        let heads: Vec<_> = froms.map(Instruction::from).collect();
        for (index, head) in heads.iter().flatten().enumerate() {
            let name = head.name.as_ref().map(|name| name.text.to_lowercase());
            name.into_iter().for_each(|name| walk.names.entry(name).or_default().push(index));
            if head.image.text.contains('$') {
                let expanded = expand(&head.image, &walk.globals, escape);
                expanded.iter().for_each(|expanded| walk.note_names(expanded));
            }
        }
        walk.heads = heads.into_iter();
        walk
    }

    /// Remembers the arguments that are a part of a name.
    fn note_names(&mut self, expanded: &Expanded) {
        let whole = |name: &String| expanded.whole.as_ref() == Some(&Whole::Argument(name.clone()));
        self.partial.extend(expanded.names.iter().filter(|name| !whole(name)).cloned());
    }

    /// An `ARG` before the first `FROM`.
    fn global(&mut self, instruction: &Instruction) {
        if instruction.keyword != "ARG" {
            return;
        }
        for (name, default, _) in instruction.assignments() {
            let value = match (self.given.get(&name), default) {
                (Some(given), _) => known(given),
                (None, Some(default)) => {
                    let value = expand(&default, &self.globals, instruction.escape);
                    self.partial.extend(value.iter().flat_map(|value| value.names.iter().cloned()));
                    value.map_or(Value::Unset, |value| argument(value, &default, instruction.escape))
                }
                (None, None) if self.globals.has(&name) => continue,
                (None, None) => Value::Unset,
            };
            self.globals.set(name, value);
        }
    }

    /// Takes in the next instruction.
    pub(super) fn instruction(&mut self, instruction: &Instruction) {
        match instruction.keyword.as_str() {
            "FROM" => self.from(instruction),
            "ARG" if !self.left.is_empty() => self.arguments(instruction),
            "ENV" => self.variables(instruction),
            "SHELL" => {
                if let Some((_, memory)) = self.left.last_mut() {
                    memory.shell(&instruction.arguments.text);
                }
            }
            "ONBUILD" => instruction.triggered().iter().for_each(|trigger| self.trigger(trigger)),
            _ => {}
        }
        for (kind, word) in copied_and_mounted(instruction) {
            let source = self.source(kind, &word);
            match (self.found.list.last_mut(), source) {
                (Some(stage), source) => stage.sources.push(source),
                (None, Source::Outside(reference)) => self.found.outside.push(reference),
                (None, _) => {}
            }
        }
        let fetches = self.fetches(instruction);
        if !fetches.is_empty() {
            self.stage_references().extend(fetches);
        }
    }

    fn stage_references(&mut self) -> &mut Vec<Reference> {
        match self.found.list.last_mut() {
            Some(stage) => &mut stage.fetches,
            None => &mut self.found.outside,
        }
    }

    /// What an `ADD` or `RUN` fetches.
    fn fetches(&mut self, instruction: &Instruction) -> Vec<Reference> {
        if !matches!(instruction.keyword.as_str(), "ADD" | "RUN") {
            return Vec::new();
        }
        let mut fresh;
        let (scope, memory) = match self.left.last_mut() {
            Some(left) => left,
            None => {
                fresh = (Scope::of_stage(&self.globals.fuel, true), Memory::default());
                &mut fresh
            }
        };
        match instruction.keyword.as_str() {
            "ADD" => add::references(instruction, scope),
            _ => run::references(instruction, self.text, scope, memory),
        }
    }

    fn from(&mut self, instruction: &Instruction) {
        let Some(From { image: word, name, is_whole, .. }) = self.heads.next().flatten() else {
            let input = Err(Unresolved::Malformed("a FROM names an image".into()));
            let reference = Reference { kind: Kind::From, span: instruction.span.clone(), input };
            return self.stage_references().push(reference);
        };
        let base = match is_whole {
            true => self.base(&word, instruction.escape),
            false => {
                let why = "FROM takes an image, or an image, AS and a name";
                outside(Kind::From, &word, Err(Unresolved::Malformed(why.into())))
            }
        };
        let left = match &base {
            Source::Stages(stages) => stages.first().and_then(|stage| self.left.get(*stage)).cloned(),
            _ => None,
        };
        let open = base != Source::Scratch;
        let fresh = || (Scope::of_stage(&self.globals.fuel, open), Memory::default());
        self.left.push(left.unwrap_or_else(fresh));
        let name = name.as_ref().map(Joined::word);
        let bases = base.stages().to_vec();
        self.found.list.push(BuildStage { name, base, sources: Vec::new(), fetches: Vec::new() });
        self.triggers.push(Triggers::default());
        bases.into_iter().for_each(|base| self.pull(base));
    }

    /// An `ONBUILD`: what it fetches is fetched in the build that it triggers, wherever that is.
    fn trigger(&mut self, trigger: &Instruction) {
        let fetches = self.fetches(trigger);
        self.stage_references().extend(fetches);
        if let Some(triggers) = self.triggers.last_mut() {
            triggers.words.extend(copied_and_mounted(trigger));
        }
    }

    /// What the `ONBUILD`s of a stage copy and mount from in the present one, which begins with it.
    fn pull(&mut self, base: usize) {
        let Some(triggers) = self.triggers.get_mut(base).map(std::mem::take) else {
            return;
        };
        // Many stages can pull many of them.
        let are_pulled = self.globals.fuel.burn(triggers.words.len() * PULL).is_ok();
        if are_pulled {
            let sources: Vec<_> =
                triggers.words.iter().map(|(kind, word)| self.source(*kind, word)).collect();
            if let Some(stage) = self.found.list.last_mut() {
                stage.sources.extend(sources);
            }
        }
        self.triggers[base] = Triggers { are_pulled: are_pulled || triggers.are_pulled, ..triggers };
    }

    /// What was found. What an `ONBUILD` names that no stage pulls is looked up in another build.
    pub(super) fn found(mut self) -> Stages {
        for (stage, triggers) in self.found.list.iter_mut().zip(&self.triggers) {
            if triggers.are_pulled {
                continue;
            }
            for (kind, word) in &triggers.words {
                let why = "it is looked up in the build that this ONBUILD triggers";
                let input = Err(Unresolved::Elsewhere(why.into()));
                stage.fetches.push(Reference { kind: *kind, span: word.span(0..word.text.len()), input });
            }
        }
        self.found
    }

    /// An `ARG` in a stage.
    fn arguments(&mut self, instruction: &Instruction) {
        let Some((scope, _)) = self.left.last_mut() else {
            return;
        };
        for (name, default, _) in instruction.assignments() {
            let value = match (self.given.get(&name), default) {
                (Some(given), _) => known(given),
                (None, Some(default)) => expand(&default, scope, instruction.escape)
                    .map_or(Value::Unset, |value| argument(value, &default, instruction.escape)),
                (None, None) => match self.globals.get(&name) {
                    Value::Undeclared if scope.has(&name) => continue,
                    Value::Undeclared => Value::Unset,
                    value => value,
                },
            };
            scope.set(name, value);
        }
    }

    /// An `ENV`: its values see what was set before it.
    fn variables(&mut self, instruction: &Instruction) {
        let Some((scope, _)) = self.left.last_mut() else {
            return;
        };
        let before = scope.clone();
        for (name, value, _) in instruction.assignments() {
            let value = value.and_then(|value| {
                let expanded = expand(&value, &before, instruction.escape).ok()?;
                Some(argument(expanded, &value, instruction.escape))
            });
            scope.set(name, value.unwrap_or(Value::Unset));
        }
    }
}

/// What an instruction copies and mounts from.
fn copied_and_mounted(instruction: &Instruction) -> Vec<(Kind, Joined)> {
    if !instruction.arguments.has_flags() {
        return Vec::new();
    }
    let copies = instruction.copies().into_iter().map(|word| (Kind::CopyFrom, word));
    copies.chain(instruction.mounts().into_iter().map(|word| (Kind::MountFrom, word))).collect()
}

/// The value of an argument that the build is given.
fn known(text: &str) -> Value {
    Value::Known(Known { text: spelling::unwritten(text, true), holes: Vec::new(), end: None })
}

/// The value of an argument that the file gives.
fn argument(value: Expanded, written: &Joined, escape: char) -> Value {
    let end = (!written.text.is_empty()).then(|| expand::append_at(written, escape));
    Value::Known(Known { text: spelling::shared(value.text), holes: value.holes, end })
}
