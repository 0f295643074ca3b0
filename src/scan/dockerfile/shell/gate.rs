//! Which installations run only where the suites were found to be a pin's. Only one plain shape of a script counts, which
//! a person can see to be right; whatever is written otherwise does not.
//!
//! The script compares at its top, not within another command, and ends where the suites are others: because of
//! `set -e`, by `&&` up to the installation, or by `|| exit 1`. Behind that nothing fetches other lists, and apt is
//! called as it is.

use std::collections::BTreeMap;
use std::ops::Range;

use super::command::{Call, Command, KEYWORDS, Operator, Shell, errexit};
use super::fetch::Setting;
use super::{Word, packages, suites};

/// Words that begin a compound command, each with the one that ends it.
const COMPOUND: [(&str, &str); 7] = [
    ("if", "fi"),
    ("while", "done"),
    ("until", "done"),
    ("for", "done"),
    ("select", "done"),
    ("case", "esac"),
    ("{", "}"),
];

/// The commands that install only where the suites are those of a pin, by their indices, each with the argument that
/// the suites were compared with. It looks at each command once, or twice in what follows a comparison.
pub(super) fn gated(commands: &[Command], setting: &Setting<'_>) -> BTreeMap<usize, String> {
    if setting.shell == Shell::Unknown || commands.iter().any(renames_commands) {
        return BTreeMap::new();
    }
    let mut starts: Vec<usize> = (0..commands.len()).filter(|index| commands[*index].top).collect();
    starts.push(commands.len());
    let tops = starts.windows(2).map(|pair| pair[0]..pair[1]).collect();
    let walk = Walk {
        commands,
        tops,
        setting,
        may_end: !commands.iter().any(unsets_errexit),
        errexit: setting.shell == Shell::Errexit,
        open: Vec::new(),
        chain: Chain::default(),
        gate: None,
        spoilt: false,
        pending: Vec::new(),
        found: BTreeMap::new(),
    };
    walk.run().unwrap_or_default()
}

/// Whether a command gives names other meanings: it defines a function, or an alias.
fn renames_commands(command: &Command) -> bool {
    let is_named = |call: Call<'_>| matches!(call.name.as_str(), "function" | "alias" | "enable");
    command.function || command.call().is_some_and(is_named)
}

/// Whether a command may take back `set -e`.
fn unsets_errexit(command: &Command) -> bool {
    let Some(call) = command.call() else {
        return false;
    };
    let words = || call.arguments.iter().map(Word::text);
    if call.name != "set" {
        return words().any(|word| word == "errexit");
    }
    let mut options = words().take_while(|word| *word != "--");
    let named = words().any(|word| word == "errexit");
    options.any(|word| {
        let letters = word.strip_prefix('+').unwrap_or_default();
        letters.contains('e') || letters.contains('o') && named || word.contains(['$', '`'])
    })
}

/// What is known of the commands from the start of a list of `&&` and `||` to where the walk is.
#[derive(Clone, Copy, Debug, Default)]
struct Chain {
    /// Whether nothing but `&&` was between them.
    and: bool,
    /// Whether they are calls of `set` alone.
    sets: bool,
}

/// A comparison that ends the script.
struct Gate {
    argument: String,
    /// What ends it is behind this one of the top commands.
    at: usize,
    /// Whether it holds only as far as `&&` goes.
    chained: bool,
}

struct Walk<'a> {
    commands: &'a [Command],
    /// The commands of the script's own list, each with those within it.
    tops: Vec<Range<usize>>,
    setting: &'a Setting<'a>,
    /// Whether nothing takes back that the script ends at a failure.
    may_end: bool,
    /// Whether it was told to.
    errexit: bool,
    /// The words that close the compound commands that are open.
    open: Vec<&'static str>,
    chain: Chain,
    gate: Option<Gate>,
    /// Whether apt's configuration, or a digest that suites are compared with, is no longer what it was.
    spoilt: bool,
    /// What is installed in the present compound command: what comes behind may come before it too, in a loop.
    pending: Vec<(usize, String)>,
    found: BTreeMap<usize, String>,
}

impl Walk<'_> {
    /// `None` where the script cannot be read.
    fn run(mut self) -> Option<BTreeMap<usize, String>> {
        for at in 0..self.tops.len() {
            let is_outside = self.open.is_empty();
            if is_outside {
                self.found.extend(self.pending.drain(..));
                self.follow_chain(at);
            }
            self.follow_compounds(at)?;
            self.follow_changes(at);
            let compared = if is_outside { self.compared(at) } else { None };
            if let Some(gate) = compared {
                self.gate = Some(gate);
            } else if is_outside && self.sets_errexit(at) {
                self.errexit = true;
            } else {
                self.install(at);
            }
        }
        self.found.extend(self.pending);
        self.open.is_empty().then_some(self.found)
    }

    fn command(&self, at: usize) -> Option<&Command> {
        self.commands.get(self.tops.get(at)?.start)
    }

    fn words(&self, at: usize) -> Vec<&str> {
        self.command(at).map(|command| command.words.iter().map(Word::text).collect()).unwrap_or_default()
    }

    /// What stands between a command and the one before it; the end of the script is like that of a line.
    fn before(&self, at: usize) -> Operator {
        self.command(at).map_or(Operator::Sequence, |command| command.before)
    }

    fn follow_chain(&mut self, at: usize) {
        let sets = self.command(at).is_some_and(|command| command.first() == "set");
        let before = self.before(at);
        let chain = match before {
            Operator::Sequence => Chain { and: true, sets: true },
            Operator::And => self.chain,
            _ => Chain::default(),
        };
        self.chain = Chain { sets: chain.sets && sets, ..chain };
        if before != Operator::And && self.gate.as_ref().is_some_and(|gate| gate.chained) {
            self.gate = None;
        }
    }

    /// Takes in what a command opens and closes.
    fn follow_compounds(&mut self, at: usize) -> Option<()> {
        let closes = |word: &str| COMPOUND.iter().any(|(_, end)| *end == word);
        let Some(command) = self.commands.get(self.tops.get(at)?.start) else { return Some(()) };
        if closes(command.first()) && self.open.pop() != Some(command.first()) {
            return None;
        }
        for word in command.words.iter().map(Word::text) {
            match COMPOUND.iter().find(|(begin, _)| *begin == word) {
                Some((_, end)) => self.open.push(end),
                None if KEYWORDS.contains(&word) => {}
                None => break,
            }
        }
        Some(())
    }

    /// Takes in that a command, or one within it, fetches lists or changes what was compared.
    fn follow_changes(&mut self, at: usize) {
        let all = self.tops.get(at).and_then(|range| self.commands.get(range.clone())).unwrap_or_default();
        self.spoilt |= all.iter().any(sets_what_counts);
        if self.spoilt || all.iter().any(may_fetch_lists) {
            self.gate = None;
            self.pending.clear();
        }
    }

    /// Whether from here on the script ends at the first failure, by a `set -e` that always runs.
    fn sets_errexit(&self, at: usize) -> bool {
        let words = self.words(at);
        let always = self.chain.sets && matches!(self.before(at + 1), Operator::Sequence | Operator::And);
        always && words.split_first().is_some_and(|(_, options)| errexit(options.iter().copied()))
    }

    /// The comparison there, if the script ends where it fails.
    fn compared(&self, at: usize) -> Option<Gate> {
        let words = self.words(at);
        let (negated, words) = match words.as_slice() {
            ["if", "!", words @ ..] => (true, words),
            words => (false, words),
        };
        let range = self.tops.get(at)?;
        let argument = suites::compared(words, self.commands.get(range.start + 1..range.end)?)?;
        if !self.chain.and || !(self.setting.given)(argument) {
            return None;
        }
        let is_alone = self.before(at) == Operator::Sequence;
        let (at, chained) = match (negated, self.before(at + 1)) {
            (true, Operator::Sequence) if is_alone => (self.exits(at + 1, "then")?, false),
            (false, Operator::Sequence) if is_alone && self.errexit && self.may_end => (at, false),
            (false, Operator::And) => (at, true),
            (false, Operator::Or) => (self.exits(at + 1, "{")?, false),
            _ => return None,
        };
        Some(Gate { argument: argument.to_owned(), at, chained })
    }

    /// The last of the commands from `at` on that end the script: `exit`, or simple commands behind the word `open`
    /// of which the last is `exit 1`.
    fn exits(&self, at: usize, open: &str) -> Option<usize> {
        let words = self.words(at);
        let first = match words.as_slice() {
            ["exit"] | ["exit", _] if open == "{" => {
                let ends = words.len() == 1 || is_exit(&words);
                return (ends && self.before(at + 1) == Operator::Sequence).then_some(at);
            }
            [word, rest @ ..] if *word == open => rest,
            _ => return None,
        };
        let close = if open == "{" { "}" } else { "fi" };
        let mut exits = is_exit(first);
        for next in at + 1..self.tops.len() {
            let words = self.words(next);
            let is_simple = words.first().is_some_and(|word| {
                *word == close || !KEYWORDS.contains(word) && !COMPOUND.iter().any(|(begin, _)| begin == word)
            });
            if !is_simple || self.before(next) != Operator::Sequence {
                return None;
            }
            if words == [close] {
                return (exits && self.before(next + 1) == Operator::Sequence).then_some(next);
            }
            exits = is_exit(&words);
        }
        None
    }

    /// Takes in an installation that apt itself is called for.
    fn install(&mut self, at: usize) {
        let Some(gate) = self.gate.as_ref().filter(|gate| gate.at < at) else { return };
        let Some(index) = self.tops.get(at).map(|range| range.start) else { return };
        let call = self.commands.get(index).and_then(Command::plain_call);
        let is_apt = |call: &Call<'_>| matches!(call.name.as_str(), "apt" | "apt-get" | "aptitude");
        if call.is_some_and(|call| is_apt(&call) && packages::keeps_lists(&call)) {
            self.pending.push((index, gate.argument.clone()));
        }
    }
}

/// `exit 1`: with a number that a build takes for a failure.
fn is_exit(words: &[&str]) -> bool {
    match words {
        ["exit", status] => {
            status.bytes().all(|b| b.is_ascii_digit()) && status.parse::<u8>().is_ok_and(|status| status > 0)
        }
        _ => false,
    }
}

/// Whether a command, by one of its words, may fetch lists, or runs what is not read here.
fn may_fetch_lists(command: &Command) -> bool {
    let is_part = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_');
    let parts = || {
        let texts = command.words.iter().map(Word::text);
        texts.flat_map(move |text| text.split(move |c| !is_part(c)))
    };
    let is_apt = |part: &str| part.starts_with("apt");
    let updates = |part: &str| part.trim_start_matches('-') == "update";
    let unread = |call: Call<'_>| {
        matches!(call.name.as_str(), "." | "source" | "eval")
            || call.is_interpreter()
            || call.name.contains(['$', '`'])
    };
    parts().any(|part| part == "add-apt-repository")
        || parts().any(is_apt) && parts().any(updates)
        || command.call().is_some_and(unread)
}

/// Whether a command has a word that names apt's configuration, or digests of suites, as what assigns to it does.
fn sets_what_counts(command: &Command) -> bool {
    let names = |word: &Word| {
        let text = word.text();
        let end = text.find(|c: char| !c.is_ascii_alphanumeric() && c != '_').unwrap_or(text.len());
        let (name, rest) = text.split_at(end);
        let names = |name: &str| name == "APT_CONFIG" || suites::is_inrelease(name);
        let expands = text.split("${").skip(1).filter_map(|rest| rest.split_once('='));
        names(name) && (rest.is_empty() || rest.starts_with(['=', '+', '[']))
            || expands.into_iter().any(|(name, _)| names(name.trim_end_matches(':')))
    };
    command.words.iter().any(names)
}
