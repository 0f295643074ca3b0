//! What `RUN` fetches: its command as a script, as a list of words, or in a heredoc.

use std::ops::Range;

use super::scope::Scope;
use super::shell::{self, Command, Found, Setting, Shell};
use super::syntax::strings;
use super::{Instruction, Joined, heredoc};
use crate::scan::{Input, Kind, Reference};

/// What the `RUN`s of a stage leave to those behind them.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Memory {
    /// Whether Debian's packages come from a snapshot.
    snapshot: bool,
    /// Whether packages of Node are installed.
    modules: bool,
    /// Whether Bundler was told to keep to its lock file.
    frozen: bool,
    /// Whether commands are run by a shell of Windows.
    windows: bool,
    /// The shell that runs them.
    shell: Shell,
}

impl Memory {
    /// Takes in a `SHELL`.
    pub(super) fn shell(&mut self, arguments: &str) {
        let words: Vec<String> = serde_json::from_str(arguments).unwrap_or_default();
        self.shell = Shell::called(words.iter().map(String::as_str));
        let arguments = arguments.to_ascii_lowercase();
        self.windows = ["powershell", "pwsh", "cmd"].iter().any(|shell| arguments.contains(shell));
    }

    /// Takes in the text of a `RUN`.
    fn run(&mut self, text: &str) {
        let mentions = |name: &str| memchr::memmem::find(text.as_bytes(), name.as_bytes()).is_some();
        if mentions("snapshot") {
            let sources = ["snapshot.debian.org", "snapshot.ubuntu.com", "/snapshot"];
            self.snapshot |= sources.into_iter().any(mentions);
        }
        if mentions("bundle") {
            let bundle = ["bundle config", "bundle  config", "bundler config"];
            let keeps = ["frozen", "deployment"];
            self.frozen |= bundle.into_iter().any(mentions) && keeps.into_iter().any(mentions);
        }
    }

    /// Takes in what a `RUN` fetched.
    fn fetched(&mut self, found: &[Found]) {
        let installs = ["npm install", "npm ci", "yarn install", "yarn add", "pnpm install", "pnpm add"];
        self.modules |= found.iter().any(|found| installs.contains(&found.fetch.tool));
    }
}

impl Instruction {
    /// Whether it is a `RUN` that leaves nothing behind, as far as its commands tell: `RUN true`.
    pub fn is_idle_run(&self) -> bool {
        // What is redirected is left somewhere.
        let may_write = !self.heredocs.is_empty() || self.arguments.text.contains('>');
        self.keyword == "RUN"
            && !may_write
            && scripts(self, "", self.escape, Shell::default())
                .iter()
                .flat_map(|(commands, _)| commands)
                .all(Command::is_idle)
    }
}

/// What a `RUN` fetches.
pub(super) fn references(
    instruction: &Instruction,
    text: &str,
    scope: &Scope,
    memory: &mut Memory,
) -> Vec<Reference> {
    let texts = [&instruction.arguments.text, text.get(instruction.heredocs.clone()).unwrap_or_default()];
    if !texts.iter().any(|text| shell::may_matter(text)) {
        return Vec::new();
    }
    texts.iter().for_each(|text| memory.run(text));
    if instruction.values("network").last().is_some_and(|network| network.text == "none") {
        return Vec::new();
    }
    // A Dockerfile that escapes with backticks is one for Windows, where a backslash is a part of a path.
    let escape = if memory.windows || instruction.escape == '`' { '`' } else { '\\' };
    let variable = |name: &str| scope.text(name).map(str::to_owned);
    let mut references = Vec::new();
    let given = |name: &str| scope.is_left_to_build(name);
    for (commands, shell) in scripts(instruction, text, escape, memory.shell) {
        let shell = if escape == '`' { Shell::Unknown } else { shell };
        let setting = Setting {
            variable: &variable,
            given: &given,
            shell,
            snapshot: memory.snapshot,
            modules: memory.modules,
            frozen: memory.frozen,
        };
        let found = shell::fetches(&commands, &setting);
        memory.fetched(&found);
        let reference = |found: Found| Reference {
            kind: Kind::Run,
            span: found.span,
            input: Ok(Input::Fetch(found.fetch)),
        };
        references.extend(found.into_iter().map(reference));
    }
    references
}

/// The commands of what a `RUN` runs, and what runs them.
fn scripts(instruction: &Instruction, text: &str, escape: char, shell: Shell) -> Vec<(Vec<Command>, Shell)> {
    let (_, rest) = instruction.flags();
    if rest.text.starts_with('[') && serde_json::from_str::<Vec<String>>(&rest.text).is_ok() {
        let words = strings(rest).into_iter().map(|literal| literal.text).collect();
        return vec![(shell::exec(words, escape), Shell::Unknown)];
    }
    let commands = shell::script(rest, escape);
    let bodies = bodies(instruction, text);
    // A heredoc alone is the script; so is one that a shell reads. Any other is somebody's data.
    let alone = commands.iter().all(Command::is_empty);
    let mut scripts = Vec::new();
    if alone || commands.first().is_some_and(Command::reads_script) {
        let body = bodies.first().map(|body| (body, text.get(body.clone()).unwrap_or_default()));
        if let Some((body, script)) = body.filter(|(_, script)| is_for_shell(script)) {
            let mut joined = Joined::default();
            joined.push(script, body.start);
            let by = match commands.first().filter(|_| !alone) {
                Some(command) => command.shell(),
                None => interpreter(script)
                    .map_or(shell, |words| Shell::called(words.skip_while(|word| word.ends_with("/env")))),
            };
            scripts.push((shell::script(&joined, escape), by));
        }
    }
    scripts.push((commands, shell));
    scripts
}

/// The text of each heredoc, without the line that ends it.
fn bodies(instruction: &Instruction, text: &str) -> Vec<Range<usize>> {
    let mut at = instruction.heredocs.start;
    let mut bodies = Vec::new();
    if instruction.heredocs.is_empty() {
        return bodies;
    }
    for heredoc in heredoc::heredocs(&instruction.arguments.text) {
        let start = at;
        for line in text.get(at..instruction.heredocs.end).unwrap_or_default().split_inclusive('\n') {
            let end = at;
            at += line.len();
            let line = line.trim_end_matches(['\n', '\r']);
            if line == heredoc.name || heredoc.tabs && line.trim_start_matches('\t') == heredoc.name {
                bodies.push(start..end);
                break;
            }
        }
    }
    bodies
}

/// Whether a script is one for a shell, and not for what its first line names.
fn is_for_shell(script: &str) -> bool {
    interpreter(script).is_none_or(|words| words.flat_map(|word| word.split('/')).any(shell::is_shell))
}

/// The words of a script's first line, where it names what runs it.
fn interpreter(script: &str) -> Option<impl Iterator<Item = &str>> {
    let line = script.strip_prefix("#!")?.lines().next()?;
    Some(line.split([' ', '\t']).filter(|word| !word.is_empty()))
}
