//! An image that a build would use, and that is neither a pin nor made by an earlier stage.

use std::collections::BTreeSet;

use crate::catalog::{Declaration, Image, Level, Upstream};
use crate::document::{Place, meant};
use crate::model::ImageRef;
use crate::scan::dockerfile::{self, Instruction, Word};
use crate::verify::{Input, Raw, Rule};

pub(in crate::verify) const RULE: Rule = Rule {
    id: "not-pinned",
    level: Level::Error,
    reason: "what the lock does not name can be other bytes in the next build",
    check,
};

fn check(input: &Input<'_>) -> Vec<Raw> {
    input.catalog.images.values().flat_map(|image| check_image(input, image)).collect()
}

fn check_image(input: &Input<'_>, image: &Image) -> Vec<Raw> {
    let instructions = dockerfile::instructions(&image.dockerfile.text);
    let stages = instructions.iter().filter_map(Instruction::stage);
    let stages = stages.map(|stage| stage.name.map(|name| name.text.to_lowercase())).collect();
    let mut judge = Judge { input, image, stages, begun: 0, globals: BTreeSet::new() };
    instructions.iter().flat_map(|instruction| judge.instruction(instruction)).collect()
}

/// Where an image is named.
#[derive(Clone, Copy, PartialEq)]
enum Use {
    From,
    Copy,
    Mount,
}

/// What is known of a Dockerfile at one of its instructions.
struct Judge<'a> {
    input: &'a Input<'a>,
    image: &'a Image,
    /// The names of all its stages, in lower case.
    stages: Vec<Option<String>>,
    /// How many of them have begun.
    begun: usize,
    /// The arguments before the first `FROM`.
    globals: BTreeSet<String>,
}

/// What is wrong, and what to do about it.
type Verdict = (String, String);

impl Judge<'_> {
    fn instruction(&mut self, instruction: &Instruction) -> Vec<Raw> {
        let mut used = Vec::new();
        if let Some(stage) = instruction.stage() {
            used.extend(self.verdict(&stage.image, Use::From));
            self.begun += 1;
        }
        if self.begun == 0 {
            self.globals.extend(instruction.declared().into_iter().map(|argument| argument.name));
        }
        used.extend(instruction.copied_from().iter().filter_map(|word| self.verdict(word, Use::Copy)));
        used.extend(instruction.mounted_from().iter().filter_map(|word| self.verdict(word, Use::Mount)));
        if let Some(trigger) = instruction.triggered() {
            let words = trigger.copied_from().into_iter().chain(trigger.mounted_from());
            used.extend(words.map(|word| self.in_trigger(&word)));
        }
        used
    }

    /// What an `ONBUILD` names is looked up in the build that it triggers, which this file knows nothing of.
    fn in_trigger(&self, word: &Word) -> Raw {
        Raw {
            place: Place { file: self.image.dockerfile.clone(), span: word.span.clone() },
            message: format!(
                "`{}` is looked up in the build that this ONBUILD triggers, not in this one",
                word.text
            ),
            help: "copy what is needed into a folder of this image, and let the trigger take it from there"
                .into(),
        }
    }

    /// Whether a text names an earlier stage for each platform that the image is built for.
    fn is_stage_of_each_platform(&self, text: &str) -> bool {
        self.image.platforms.iter().all(|platform| {
            let values = [
                ("TARGETARCH", platform.architecture()),
                ("TARGETOS", platform.os()),
                ("TARGETVARIANT", platform.variant().unwrap_or_default()),
            ];
            let expanded = values.into_iter().fold(text.to_owned(), |text, (name, value)| {
                text.replace(&format!("${{{name}}}"), value).replace(&format!("${name}"), value)
            });
            self.is_earlier_stage(&expanded, Use::From)
        })
    }

    fn verdict(&self, word: &Word, used: Use) -> Option<Raw> {
        // BuildKit takes the quotes off the image of a FROM; those of a flag are off already.
        let unquoted = word.text.strip_prefix('"').and_then(|text| text.strip_suffix('"'));
        let text = unquoted.filter(|_| used == Use::From).unwrap_or(&word.text);
        let verdict = match variable(text) {
            None if text == "scratch" || self.is_earlier_stage(text, used) => None,
            None => Some(self.literal(text, used)),
            Some(_) if used != Use::From => Some(self.not_expanded(text, used)),
            Some(_) if self.is_stage_of_each_platform(text) => None,
            Some(Variable::Alone(name)) => self.argument(text, name),
            Some(Variable::Changed(name)) if name.starts_with("PIN_") => Some((
                format!("`{text}` can stand for something else than the pin"),
                format!("write `${{{name}}}`: the lock gives the value"),
            )),
            Some(Variable::Changed(_)) => Some(self.other_argument(text)),
            Some(Variable::Part) => Some((
                format!("`{text}` is put together, and only a whole image can be a pin"),
                format!(
                    "declare a pin for the whole of it in {}, or make it name an earlier stage for each platform",
                    self.input.catalog.declared_in
                ),
            )),
        };
        verdict.map(|(message, help)| Raw {
            place: Place { file: self.image.dockerfile.clone(), span: word.span.clone() },
            message,
            help,
        })
    }

    fn is_earlier_stage(&self, text: &str, used: Use) -> bool {
        let earlier = self.earlier(used);
        let number = text.parse::<usize>().is_ok_and(|number| used == Use::Copy && number < earlier.len());
        number || is_named(earlier, text)
    }

    /// The stages that an instruction can use: not its own.
    fn earlier(&self, used: Use) -> &[Option<String>] {
        let count = if used == Use::From { self.begun } else { self.begun.saturating_sub(1) };
        self.stages.get(..count).unwrap_or_default()
    }

    fn literal(&self, text: &str, used: Use) -> Verdict {
        if is_named(&self.stages, text) {
            let message = match used {
                Use::From => format!("`{text}` is no stage yet, so this is an image of that name"),
                _ => format!("`{text}` is no stage before this one"),
            };
            return (message, format!("use a stage of another name, or move `{text}` above this one"));
        }
        if used == Use::Copy && text.parse::<usize>().is_ok() {
            let message = format!("there is no stage {text} before this one");
            return (message, "give the stage a name, and use that".into());
        }
        let message = format!("the image `{text}` is not pinned");
        let pin = self.pin_for(text);
        let argument = pin.map_or_else(|| "PIN_NAME".into(), |pin| pin.name.argument());
        let write = match used {
            Use::From if pin.is_some() && !self.globals.contains(&argument) => {
                format!("write `ARG {argument}` above the first FROM, and `${{{argument}}}` here")
            }
            Use::From => format!("write `${{{argument}}}` here"),
            _ => self.add_stage(&argument, used),
        };
        let help = match pin {
            Some(_) => write,
            None => format!(
                "declare a pin for it in {} and name that in images/{}/image.toml; then {write}",
                self.input.catalog.declared_in, self.image.name
            ),
        };
        (message, help)
    }

    fn add_stage(&self, argument: &str, used: Use) -> String {
        let flag = if used == Use::Copy { "--from=name" } else { "from=name" };
        format!("add a stage `FROM ${{{argument}}} AS name` above this one, and write `{flag}`")
    }

    fn not_expanded(&self, text: &str, used: Use) -> Verdict {
        let flag = if used == Use::Copy { "COPY --from" } else { "RUN --mount" };
        let argument = match variable(text) {
            Some(Variable::Alone(name) | Variable::Changed(name)) if name.starts_with("PIN_") => name,
            _ => "PIN_NAME",
        };
        (format!("BuildKit does not expand `{text}` in {flag}"), self.add_stage(argument, used))
    }

    /// Judges `$NAME` and `${NAME}` in a `FROM`.
    fn argument(&self, text: &str, name: &str) -> Option<Verdict> {
        if !name.starts_with("PIN_") {
            return Some(self.other_argument(text));
        }
        let declared = &self.input.catalog.declarations;
        let carries = |pin: &&Declaration| pin.arguments().iter().any(|argument| argument == name);
        match declared.values().find(carries) {
            Some(pin) if !matches!(pin.upstream, Upstream::Image(_)) => Some((
                format!("`{text}` is no image: the pin `{}` is a git repository", pin.name),
                "write the argument of an image's pin; `ADD` takes a git repository".into(),
            )),
            Some(_) if self.globals.contains(name) => None,
            Some(_) => Some((
                format!("`{text}` is empty here: {name} is no argument before the first FROM"),
                format!("write `ARG {name}` above the first FROM"),
            )),
            None => {
                let known: Vec<String> = declared.values().map(|pin| pin.name.argument()).collect();
                let help = match meant(name, known.iter().map(String::as_str)) {
                    Some(known) => format!("did you mean `${{{known}}}`?"),
                    None => format!("declare the pin in {}", self.input.catalog.declared_in),
                };
                Some((format!("`{text}` is no pin"), help))
            }
        }
    }

    fn other_argument(&self, text: &str) -> Verdict {
        let message = format!("`{text}` is no pin: a build can set it to any image");
        (message, format!("declare a pin in {}, and write `${{PIN_NAME}}`", self.input.catalog.declared_in))
    }

    /// The pin that follows an image's repository.
    fn pin_for(&self, text: &str) -> Option<&Declaration> {
        let image: ImageRef = text.parse().ok()?;
        let follows = |pin: &&Declaration| pin.upstream == Upstream::Image(image.repository().clone());
        self.input.catalog.declarations.values().find(follows)
    }
}

fn is_named(stages: &[Option<String>], text: &str) -> bool {
    let name = text.to_lowercase();
    stages.iter().any(|stage| stage.as_ref() == Some(&name))
}

#[derive(Clone, Copy)]
enum Variable<'a> {
    /// `$NAME`, `${NAME}`
    Alone(&'a str),
    /// `${NAME:-…}` and the like.
    Changed(&'a str),
    /// One among other text.
    Part,
}

/// What a text has of variables.
fn variable(text: &str) -> Option<Variable<'_>> {
    if !text.contains('$') {
        return None;
    }
    let Some(rest) = text.strip_prefix('$') else {
        return Some(Variable::Part);
    };
    let inner = rest.strip_prefix('{').and_then(|rest| rest.strip_suffix('}'));
    let name = inner.unwrap_or(rest);
    let end = name.find(|c: char| !c.is_alphanumeric() && c != '_').unwrap_or(name.len());
    Some(match (&name[..end], inner.is_some(), &name[end..]) {
        ("", ..) => Variable::Part,
        (name, _, "") => Variable::Alone(name),
        (name, true, rest) if !rest.starts_with('}') => Variable::Changed(name),
        _ => Variable::Part,
    })
}
