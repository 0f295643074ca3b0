//! A simple command, and what stands before its name.

use std::ops::Range;

use super::Word;
use super::options::{self, Options};
use crate::scan::dockerfile::Joined;

/// A simple command as it is written.
#[derive(Clone, Debug, Default)]
pub(in crate::scan::dockerfile) struct Command {
    /// Without redirections; keywords, assignments and the likes of `sudo` are still there.
    pub(super) words: Vec<Word>,
    /// The command that reads its output.
    pub(super) piped_to: Option<usize>,
    /// The command that has it within a word, as `$(…)`.
    pub(super) inside: Option<usize>,
    /// What stands between it and the command before it.
    pub(super) before: Operator,
    /// Whether it stands in its script itself: not in a substitution, in `( … )`, or in a script within the script.
    pub(super) top: bool,
    /// Whether it is the `()` behind the name of a function.
    pub(super) function: bool,
}

/// What stands between two commands.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) enum Operator {
    /// `;`, the end of a line, or nothing.
    #[default]
    Sequence,
    /// `&&`
    And,
    /// `||`
    Or,
    /// `|`
    Pipe,
    /// `&`
    Background,
}

/// What runs a script.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(in crate::scan::dockerfile) enum Shell {
    /// A shell that goes on after a failure.
    #[default]
    Plain,
    /// One that was called to end at the first: `sh -e`.
    Errexit,
    /// Something else.
    Unknown,
}

impl Shell {
    /// What a command's words call.
    pub(in crate::scan::dockerfile) fn called<'a>(words: impl IntoIterator<Item = &'a str>) -> Self {
        let mut words = words.into_iter();
        match words.next() {
            Some(name) if !is_shell(&base_name(name)) => Self::Unknown,
            None => Self::Unknown,
            Some(_) if errexit(words) => Self::Errexit,
            Some(_) => Self::Plain,
        }
    }
}

/// What a command runs.
#[derive(Clone, Debug)]
pub(super) struct Call<'a> {
    /// Without folders, in lower case.
    pub(super) name: String,
    pub(super) arguments: &'a [Word],
    /// The variables that are set for it: `NAME=VALUE`.
    pub(super) variables: Vec<&'a str>,
    /// Whether more arguments come from elsewhere, as `xargs` has them.
    pub(super) fed: bool,
    /// From its name to its last argument.
    pub(super) span: Range<usize>,
}

/// Words that stand before a command.
pub(super) const KEYWORDS: [&str; 9] = ["if", "then", "elif", "else", "while", "until", "do", "{", "!"];

/// A command that runs another: its options that have a value, and how many words it takes itself.
type Wrapper = (&'static str, &'static [&'static str], usize);

const WRAPPERS: [Wrapper; 24] = [
    ("sudo", &["-u", "-g", "-h", "-p", "-C", "-T", "-U", "-r", "-t", "--user", "--group"], 0),
    ("doas", &["-u", "-C"], 0),
    ("env", &["-u", "-C", "--unset", "--chdir"], 0),
    ("exec", &["-a"], 0),
    ("command", &[], 0),
    ("builtin", &[], 0),
    ("nohup", &[], 0),
    ("setsid", &[], 0),
    ("time", &["-f", "-o"], 0),
    ("nice", &["-n"], 0),
    ("ionice", &["-c", "-n"], 0),
    ("stdbuf", &["-i", "-o", "-e"], 0),
    ("eatmydata", &[], 0),
    ("busybox", &[], 0),
    ("linux32", &[], 0),
    ("linux64", &[], 0),
    ("xvfb-run", &["-n", "-s"], 0),
    ("xargs", &["-a", "-d", "-E", "-I", "-L", "-n", "-P", "-s", "--arg-file", "--max-args"], 0),
    ("timeout", &["-k", "-s", "--signal", "--kill-after"], 1),
    ("gosu", &[], 1),
    ("su-exec", &[], 1),
    ("setpriv", &[], 0),
    ("chroot", &[], 1),
    ("runuser", &["-u", "-g"], 0),
];

impl Command {
    /// What it runs, past keywords, assignments and commands that run another.
    pub(super) fn call(&self) -> Option<Call<'_>> {
        self.call_past(wrapper)
    }

    /// What it runs, past keywords and assignments.
    pub(super) fn plain_call(&self) -> Option<Call<'_>> {
        self.call_past(|_| None)
    }

    fn call_past(&self, wrapper: fn(&str) -> Option<Wrapper>) -> Option<Call<'_>> {
        let (mut words, mut variables, mut fed) = (self.words.as_slice(), Vec::new(), false);
        loop {
            let (first, rest) = words.split_first()?;
            if KEYWORDS.contains(&first.text()) {
                words = rest;
            } else if is_assignment(first.text()) {
                variables.push(first.text());
                words = rest;
            } else if let Some((name, valued, own)) = wrapper(first.text()) {
                if name == "command" && rest.iter().any(|word| matches!(word.text(), "-v" | "-V")) {
                    return None;
                }
                fed |= name == "xargs";
                words = past(rest, valued, own);
            } else {
                let last = words.last().unwrap_or(first);
                let span = first.span.start..last.span.end.max(first.span.end);
                return Some(Call { name: base_name(first.text()), arguments: rest, variables, fed, span });
            }
        }
    }

    /// Its first word.
    pub(super) fn first(&self) -> &str {
        self.words.first().map_or("", Word::text)
    }

    /// Whether there is nothing but redirections.
    pub(in crate::scan::dockerfile) fn is_empty(&self) -> bool {
        self.words.is_empty()
    }

    /// Whether it leaves nothing behind, wherever its output does not go.
    pub(in crate::scan::dockerfile) fn is_idle(&self) -> bool {
        const IDLE: [&str; 10] = ["true", ":", "echo", "printf", "set", "exit", "test", "[", "pwd", "sleep"];
        self.call().is_none_or(|call| IDLE.contains(&call.name.as_str()))
    }

    /// Whether it is a shell that reads its script from what is redirected to it.
    pub(in crate::scan::dockerfile) fn reads_script(&self) -> bool {
        let is_shell = |call: &Call<'_>| {
            let options = call.options(&["-o", "+o"]);
            is_shell(&call.name)
                && (options.others.is_empty() || options.has(&["-s"]))
                && !options.has(&["-c"])
        };
        self.call().as_ref().is_some_and(is_shell)
    }

    /// The shell that it is.
    pub(in crate::scan::dockerfile) fn shell(&self) -> Shell {
        Shell::called(self.words.iter().map(Word::text))
    }

    /// The scripts that it has a shell run: of `sh -c`, `su -c`, `eval`, `powershell -Command`.
    pub(super) fn inner_scripts(&self) -> Vec<Joined> {
        let Some(call) = self.call() else {
            return Vec::new();
        };
        let scripts = match call.name.as_str() {
            "eval" => call.arguments,
            "powershell" | "pwsh" => after_option(call.arguments, |option| {
                option.len() > 1 && "-command".starts_with(&option.to_ascii_lowercase())
            }),
            "cmd" => after_option(call.arguments, |option| option.eq_ignore_ascii_case("/c")),
            name if is_shell(name) || matches!(name, "su" | "runuser") => {
                let script = after_option(call.arguments, |option| {
                    option == "--command"
                        || option.starts_with('-') && !option.starts_with("--") && option.ends_with('c')
                });
                script.get(..1).unwrap_or_default()
            }
            _ => &[],
        };
        joined(scripts)
    }
}

impl<'a> Call<'a> {
    /// Its arguments, the options with a value among them told.
    pub(super) fn options(&self, valued: &'static [&'static str]) -> Options<'a> {
        Options::new(self.arguments, valued)
    }

    /// Whether it is one that runs what it reads.
    pub(super) fn is_interpreter(&self) -> bool {
        let reads = self.arguments.first().is_none_or(|word| word.text() == "-");
        let name = self.name.as_str();
        let other = matches!(name, "perl" | "ruby" | "node" | "php") || name.starts_with("python");
        is_shell(name) || other && reads
    }
}

/// Words as one script, as a shell puts them together.
fn joined(words: &[Word]) -> Vec<Joined> {
    let mut script = Joined::default();
    for word in words {
        if !script.text.is_empty() {
            script.push_char(' ', word.span.start);
        }
        script.extend(&word.text, 0..word.text.text.len());
    }
    if script.text.is_empty() { Vec::new() } else { vec![script] }
}

fn after_option(words: &[Word], is_option: impl Fn(&str) -> bool) -> &[Word] {
    let at = words.iter().position(|word| is_option(word.text()));
    at.map_or(&[], |at| &words[at + 1..])
}

fn wrapper(word: &str) -> Option<Wrapper> {
    let name = base_name(word);
    WRAPPERS.into_iter().find(|(wrapper, ..)| *wrapper == name)
}

/// The words behind a wrapper's options and own words.
fn past<'a>(words: &'a [Word], valued: &[&str], own: usize) -> &'a [Word] {
    let mut rest = words;
    while let Some((option, behind)) = rest.split_first().filter(|(word, _)| word.text().starts_with('-')) {
        let skip = usize::from(valued.contains(&option.text()));
        rest = behind.get(skip..).unwrap_or_default();
        if option.text() == "--" {
            break;
        }
    }
    rest.get(own..).unwrap_or_default()
}

/// Whether options of a shell, or of `set`, have it end at the first failure.
pub(super) fn errexit<'a>(words: impl IntoIterator<Item = &'a str>) -> bool {
    let mut words = words.into_iter();
    let mut on = false;
    while let Some(word) = words.next() {
        let is_option = word.len() > 1 && word.starts_with(['-', '+']) && !word.starts_with("--");
        if !is_option {
            break;
        }
        let named = word.ends_with('o') && words.next() == Some("errexit");
        let given = named || word.contains('e');
        if given && word.starts_with('+') {
            return false;
        }
        on |= given;
    }
    on
}

pub(in crate::scan::dockerfile) fn is_shell(name: &str) -> bool {
    matches!(name, "sh" | "bash" | "dash" | "ash" | "zsh" | "ksh" | "mksh")
}

/// A command's name without its folder.
pub(super) fn base_name(word: &str) -> String {
    let name = word.rsplit(['/', '\\']).next().unwrap_or_default().to_ascii_lowercase();
    name.strip_suffix(".exe").map_or_else(|| name.clone(), str::to_owned)
}

/// `NAME=VALUE`
fn is_assignment(word: &str) -> bool {
    let name = word.split_once('=').map_or("", |(name, _)| name.trim_end_matches('+'));
    name.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_') && options::is_name(name)
}
