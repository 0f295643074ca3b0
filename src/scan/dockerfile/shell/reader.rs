//! Splits a script into its simple commands, those within substitutions, subshells and `sh -c` too.

use super::command::Operator;
use super::{Command, Word};
use crate::scan::dockerfile::Joined;

/// Deeper than any script that a person writes.
const MAX_DEPTH: usize = 24;

/// The commands of a script, in order. `escape` is `\`, or the backtick of a shell of Windows;
pub(in crate::scan::dockerfile) fn script(text: &Joined, escape: char) -> Vec<Command> {
    let mut commands = Vec::new();
    read(text, escape, &mut commands, &Place::default());
    commands
}

/// The commands of one that is given as its words.
pub(in crate::scan::dockerfile) fn exec(words: Vec<Joined>, escape: char) -> Vec<Command> {
    let word = |text: Joined| Word { span: text.span(0..text.text.len()), text };
    let mut commands = vec![Command { words: words.into_iter().map(word).collect(), ..Command::default() }];
    read_inner(0, escape, &mut commands, 0);
    commands
}

/// Where a script stands.
#[derive(Clone, Copy, Debug, Default)]
struct Place {
    depth: usize,
    /// The command that a substitution is a word of.
    inside: Option<usize>,
}

fn read(text: &Joined, escape: char, commands: &mut Vec<Command>, place: &Place) {
    if place.depth < MAX_DEPTH {
        let mut reader = Reader {
            text,
            at: 0,
            escape,
            commands,
            place: *place,
            pipe: None,
            operator: Operator::Sequence,
            groups: 0,
            heredocs: Vec::new(),
        };
        reader.list(None);
    }
}

/// Reads the script that a command has as an argument.
fn read_inner(index: usize, escape: char, commands: &mut Vec<Command>, depth: usize) {
    let Some(command) = commands.get(index) else {
        return;
    };
    for text in command.inner_scripts() {
        read(&text, escape, commands, &Place { depth: depth + 1, inside: None });
    }
}

struct Reader<'a> {
    text: &'a Joined,
    at: usize,
    escape: char,
    commands: &'a mut Vec<Command>,
    place: Place,
    /// The command whose output the next one reads.
    pipe: Option<usize>,
    /// What stands before the next command.
    operator: Operator,
    /// How many `(` are open.
    groups: usize,
    /// The names of the heredocs that begin on the next line.
    heredocs: Vec<String>,
}

impl Reader<'_> {
    fn rest(&self) -> &str {
        &self.text.text[self.at..]
    }

    fn peek(&self) -> Option<char> {
        self.rest().chars().next()
    }

    fn skip(&mut self) {
        self.at += self.peek().map_or(0, char::len_utf8);
    }

    fn skip_if(&mut self, text: &str) -> bool {
        let found = self.rest().starts_with(text);
        self.at += if found { text.len() } else { 0 };
        found
    }

    /// Reads commands to the end or to the `)` that closes a substitution.
    fn list(&mut self, stop: Option<char>) {
        let outer = self.groups;
        while let Some(c) = self.peek() {
            match c {
                ')' if stop == Some(')') && self.groups <= outer => return self.skip(),
                ')' => {
                    self.groups = outer.max(self.groups.saturating_sub(1));
                    self.skip();
                }
                '(' => {
                    // A command without words stands for the group among its neighbours.
                    let index = self.push();
                    self.groups += 1;
                    self.skip();
                    let blank = |c: char| c.is_whitespace() || c == self.escape;
                    let closes = self.rest().trim_start_matches(blank).starts_with(')');
                    self.commands[index].function = closes;
                }
                '\n' => {
                    self.skip();
                    self.skip_heredocs();
                }
                '|' if !self.rest().starts_with("||") => {
                    self.skip();
                    self.skip_if("&");
                    self.operator = Operator::Pipe;
                    self.pipe = self.commands.len().checked_sub(1).map(|last| self.outer(last));
                }
                ';' | '&' | '|' => {
                    self.pipe = None;
                    self.operator = self.operator();
                }
                '#' => self.skip_line(),
                c if c.is_whitespace() => self.skip(),
                _ => self.simple(),
            }
        }
    }

    /// Takes what separates two commands, and is no pipe.
    fn operator(&mut self) -> Operator {
        let operators = [
            ("&&", Operator::And),
            ("||", Operator::Or),
            ("&", Operator::Background),
            (";", Operator::Sequence),
        ];
        let found = operators.into_iter().find(|(text, _)| self.skip_if(text));
        found.map_or(Operator::Sequence, |(_, operator)| operator)
    }

    /// The command of this list that a substitution belongs to.
    fn outer(&self, index: usize) -> usize {
        let mut outer = index;
        while let Some(inside) = self.commands.get(outer).and_then(|command| command.inside) {
            if Some(inside) == self.place.inside {
                break;
            }
            outer = inside;
        }
        outer
    }

    fn skip_line(&mut self) {
        self.at += self.rest().find('\n').unwrap_or(self.rest().len());
    }

    /// Skips the text of the heredocs that the line before opened.
    fn skip_heredocs(&mut self) {
        for name in std::mem::take(&mut self.heredocs) {
            while !self.rest().is_empty() {
                let start = self.at;
                self.skip_line();
                let line = self.text.text[start..self.at].trim_matches(['\t', '\r']);
                self.skip();
                if line == name {
                    break;
                }
            }
        }
    }

    /// Adds a command that has no words yet.
    fn push(&mut self) -> usize {
        let index = self.commands.len();
        self.commands.push(Command {
            inside: self.place.inside,
            before: std::mem::take(&mut self.operator),
            top: self.place.depth == 0 && self.groups == 0,
            ..Command::default()
        });
        index
    }

    /// Reads one command to the operator that ends it.
    fn simple(&mut self) {
        let input = self.pipe.take();
        let index = self.push();
        if let Some(before) = input.and_then(|before| self.commands.get_mut(before)) {
            before.piped_to = Some(index);
        }
        while let Some(c) = self.peek() {
            match c {
                '\n' | ';' | '&' | '|' | '(' | ')' if !self.rest().starts_with("&>") => break,
                '<' | '>' | '&' => self.redirect(index),
                '#' => self.skip_line(),
                c if c.is_whitespace() => self.skip(),
                c if c == self.escape && self.is_line_end() => self.skip_line_end(),
                _ => {
                    let word = self.word(index);
                    // `2>` and the like: the number of what is redirected is no word.
                    let number = word.text().bytes().all(|b| b.is_ascii_digit());
                    if !(number && matches!(self.peek(), Some('<' | '>'))) {
                        self.commands[index].words.push(word);
                    }
                }
            }
        }
        read_inner(index, self.escape, self.commands, self.place.depth);
    }

    /// Reads a redirection and what it redirects to.
    fn redirect(&mut self, index: usize) {
        if self.rest().starts_with("<(") || self.rest().starts_with(">(") {
            let word = self.word(index);
            return self.commands[index].words.push(word);
        }
        let here = self.rest().starts_with("<<") && !self.rest().starts_with("<<<");
        while matches!(self.peek(), Some('<' | '>' | '&')) || here && self.peek() == Some('-') {
            self.skip();
        }
        while matches!(self.peek(), Some(' ' | '\t')) {
            self.skip();
        }
        let target = self.word(index);
        if here {
            self.heredocs.push(target.text.text);
        }
    }

    fn is_line_end(&self) -> bool {
        let rest = &self.rest()[self.escape.len_utf8()..];
        rest.starts_with('\n') || rest.starts_with("\r\n")
    }

    fn skip_line_end(&mut self) {
        self.skip_line();
        self.skip();
    }

    /// Reads one word; the commands of its substitutions come before those that follow.
    fn word(&mut self, index: usize) -> Word {
        let (start, mut text) = (self.at, Joined::default());
        while let Some(c) = self.peek() {
            match c {
                '\n' | ';' | '&' | '|' | '(' | ')' => break,
                '<' | '>' if !self.rest()[1..].starts_with('(') => break,
                '<' | '>' => self.substitution(index, &mut text),
                c if c.is_whitespace() => break,
                '\'' => self.single_quoted(&mut text),
                '"' => self.double_quoted(index, &mut text),
                c if c == self.escape && self.is_line_end() => self.skip_line_end(),
                c if c == self.escape => {
                    self.skip();
                    self.keep(&mut text);
                }
                '$' => self.substitution(index, &mut text),
                '`' => self.backticks(index, &mut text),
                _ => self.keep(&mut text),
            }
        }
        Word { text, span: self.text.span(start..self.at) }
    }

    /// Takes a character into the word.
    fn keep(&mut self, text: &mut Joined) {
        let start = self.at;
        self.skip();
        text.extend(self.text, start..self.at);
    }

    fn single_quoted(&mut self, text: &mut Joined) {
        self.skip();
        let start = self.at;
        self.at += self.rest().find('\'').unwrap_or(self.rest().len());
        text.extend(self.text, start..self.at);
        self.skip();
    }

    fn double_quoted(&mut self, index: usize, text: &mut Joined) {
        self.skip();
        while let Some(c) = self.peek() {
            match c {
                '"' => return self.skip(),
                c if c == self.escape && self.is_line_end() => self.skip_line_end(),
                c if c == self.escape => {
                    let escapes = self.rest()[1..].starts_with(['"', '$', '`', '\\']);
                    if escapes {
                        self.skip();
                    }
                    self.keep(text);
                }
                '$' => self.substitution(index, text),
                '`' => self.backticks(index, text),
                _ => self.keep(text),
            }
        }
    }

    /// `$(…)`, `<(…)`, `$((…))`, `${…}`, `$NAME`, which stay in the word as they are written.
    fn substitution(&mut self, index: usize, text: &mut Joined) {
        let start = self.at;
        self.skip();
        if self.rest().starts_with("((") || self.rest().starts_with('{') {
            self.bracketed();
        } else if self.skip_if("(") {
            self.nested(index);
        }
        text.extend(self.text, start..self.at);
    }

    /// Skips what brackets of one kind enclose.
    fn bracketed(&mut self) {
        let mut open = 0_usize;
        while let Some(c) = self.peek() {
            self.skip();
            match c {
                '(' | '{' => open += 1,
                ')' | '}' => open = open.saturating_sub(1),
                _ => {}
            }
            if open == 0 {
                return;
            }
        }
    }

    /// Reads the commands of a substitution.
    fn nested(&mut self, index: usize) {
        if self.place.depth + 1 >= MAX_DEPTH {
            self.at = self.text.text.len();
            return;
        }
        let before = (self.place, self.pipe.take(), self.groups, self.operator);
        self.place = Place { depth: self.place.depth + 1, inside: Some(index) };
        self.list(Some(')'));
        (self.place, self.pipe, self.groups, self.operator) = before;
    }

    /// `` `…` ``
    fn backticks(&mut self, index: usize, text: &mut Joined) {
        // On Windows it is the escape character.
        if self.escape == '`' {
            return self.keep(text);
        }
        let start = self.at;
        self.skip();
        let end = self.at + self.rest().find('`').unwrap_or(self.rest().len());
        let inner = self.text.slice(self.at..end);
        let place = Place { depth: self.place.depth + 1, inside: Some(index) };
        read(&inner, self.escape, self.commands, &place);
        self.at = end;
        self.skip();
        text.extend(self.text, start..self.at);
    }
}
