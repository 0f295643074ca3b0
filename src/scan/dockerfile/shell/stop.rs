//! Whether a command that fails keeps those behind it from running: by `set -e`, `&&` or `|| exit`. Where that is not
//! certain, it does not.

use super::Word;
use super::command::{Command, Operator, errexit};

/// Words that begin a compound command, and those that end one.
const OPEN: [&str; 7] = ["if", "while", "until", "for", "case", "select", "{"];
const CLOSE: [&str; 4] = ["fi", "done", "esac", "}"];

/// Whether a command that runs at `then` does so only where the one at `check` succeeded.
pub(super) fn stops(commands: &[Command], check: usize, then: usize) -> bool {
    let Some(command) = commands.get(check).filter(|_| check < then) else {
        return false;
    };
    if command.inside.is_some() {
        return false;
    }
    let list = List::new(commands, command.list);
    let Some(at) = list.members.iter().position(|member| member.index == check) else {
        return false;
    };
    list.stops(commands, at, then)
}

/// The commands of one list, without those of its groups and substitutions.
struct List {
    members: Vec<Member>,
}

#[derive(Clone, Copy)]
struct Member {
    index: usize,
    before: Operator,
    /// How many compound commands are open where it begins.
    outer: usize,
    /// How many of them are open when it runs.
    inner: usize,
}

impl List {
    fn new(commands: &[Command], list: usize) -> Self {
        let mut depth = 0_usize;
        let mut members = Vec::new();
        let its = commands.iter().enumerate().filter(|(_, command)| command.list == list);
        for (index, command) in its {
            let outer = depth;
            let mut words = command.words.iter().map(Word::text);
            if command.words.first().is_some_and(|word| CLOSE.contains(&word.text())) {
                depth = depth.saturating_sub(1);
            }
            let keyword = |word: &&str| OPEN.contains(word) || matches!(*word, "then" | "else" | "do" | "!");
            while let Some(word) = words.next().filter(keyword) {
                depth += usize::from(OPEN.contains(&word));
            }
            members.push(Member { index, before: command.before, outer, inner: depth });
        }
        Self { members }
    }

    fn stops(&self, commands: &[Command], at: usize, then: usize) -> bool {
        let Some((check, rest)) = self.members.get(at..).and_then(<[_]>::split_first) else {
            return false;
        };
        let is_negated = |member: &Member| {
            commands
                .get(member.index)
                .is_some_and(|command| command.words.iter().any(|word| word.text() == "!"))
        };
        if check.outer > 0 || check.inner > 0 || is_negated(check) {
            return false;
        }
        let first = self.chain_start(at);
        let Some(first) = first else {
            return false;
        };
        match rest.first().map_or(Operator::Sequence, |next| next.before) {
            Operator::Sequence => first == at && self.ends_at_failure(commands, at),
            Operator::And => rest
                .iter()
                .take_while(|member| member.outer > 0 || member.before == Operator::And)
                .any(|member| member.index == then),
            Operator::Or => self.exits(commands, at + 1, then),
            Operator::Pipe | Operator::Background => false,
        }
    }

    /// The first command of the chain that one stands in, if each of its commands runs only after the one before it
    /// succeeded.
    fn chain_start(&self, at: usize) -> Option<usize> {
        let mut first = at;
        loop {
            let member = self.members.get(first)?;
            match member.before {
                Operator::Sequence | Operator::Background => return (member.outer == 0).then_some(first),
                Operator::And => first = first.checked_sub(1)?,
                Operator::Or | Operator::Pipe => return None,
            }
        }
    }

    /// Whether the script ends where the command fails, because it was told to.
    fn ends_at_failure(&self, commands: &[Command], at: usize) -> bool {
        let Some(command) = self.members.get(at).and_then(|member| commands.get(member.index)) else {
            return false;
        };
        // Within `( … )` it depends on what stands around.
        if command.grouped {
            return false;
        }
        let earlier = self.members.iter().take(at).filter(|member| member.inner == 0);
        let mut on = command.errexit;
        for call in earlier.filter_map(|member| commands.get(member.index)?.call()) {
            if call.name == "set" {
                let words = || call.arguments.iter().map(Word::text);
                let off = words().any(|word| word.starts_with('+') && word.contains('e'));
                on = (on || errexit(words())) && !off;
            }
        }
        on
    }

    /// Whether the command there ends the script, alone or as the last thing of a `{ … }`, before `then`.
    fn exits(&self, commands: &[Command], at: usize, then: usize) -> bool {
        let Some(member) = self.members.get(at) else {
            return false;
        };
        let exit = |member: &&Member| {
            let call = commands.get(member.index).and_then(Command::call);
            call.is_some_and(|call| {
                let fails = call.arguments.first().is_none_or(|word| word.text() != "0");
                matches!(call.name.as_str(), "exit" | "return") && fails
            })
        };
        let mut group =
            self.members.iter().skip(at).take_while(|next| next.index == member.index || next.outer > 0);
        let is_plain = |member: &&Member| {
            member.inner <= 1 && matches!(member.before, Operator::Sequence | Operator::Or)
        };
        match member.inner {
            0 => exit(&member) && member.index < then,
            _ => group.by_ref().take_while(is_plain).any(|next| exit(&next) && next.index < then),
        }
    }
}
