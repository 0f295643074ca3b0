//! The arguments of a command, options told from the others.

use super::Word;

/// The arguments of a command.
#[derive(Clone, Debug)]
pub(super) struct Options<'a> {
    options: Vec<Given<'a>>,
    /// The others, in order.
    pub(super) others: Vec<&'a str>,
}

#[derive(Clone, Copy, Debug)]
struct Given<'a> {
    /// With its dashes, without a value that follows `=`.
    name: &'a str,
    value: Option<&'a str>,
    /// Of short options that stand together, the letters that have no value.
    letters: &'a str,
    /// And the one that has.
    letter: Option<char>,
}

impl<'a> Options<'a> {
    /// Sorts arguments. `valued` are the options that have a value, which may be the next word.
    pub(super) fn new(words: &'a [Word], valued: &[&str]) -> Self {
        let (mut options, mut others) = (Vec::new(), Vec::new());
        let mut words = words.iter().map(Word::text);
        while let Some(word) = words.next() {
            if word == "--" {
                others.extend(words);
                break;
            }
            if !word.starts_with('-') || word == "-" {
                others.push(word);
            } else if let Some((name, value)) = word.split_once('=').filter(|_| word.starts_with("--")) {
                options.push(Given { name, value: Some(value), letters: "", letter: None });
            } else if valued.contains(&word) {
                options.push(Given { name: word, value: words.next(), letters: "", letter: None });
            } else if word.starts_with("--") {
                options.push(Given { name: word, value: None, letters: "", letter: None });
            } else {
                let given = together(word, valued);
                let next = given.value == Some("");
                options.push(Given { value: if next { words.next() } else { given.value }, ..given });
            }
        }
        Self { options, others }
    }

    /// Whether one of the options is there.
    pub(super) fn has(&self, names: &[&str]) -> bool {
        let is_letter = |given: &Given<'_>, name: &str| {
            let letter = name.strip_prefix('-').filter(|letter| letter.chars().count() == 1);
            letter.is_some_and(|letter| given.letters.contains(letter))
        };
        let is_given = |given: &Given<'_>| {
            names.contains(&given.name) || names.iter().any(|name| is_letter(given, name))
        };
        self.options.iter().any(is_given)
    }

    /// The value of an option.
    pub(super) fn value(&self, names: &[&str]) -> Option<&'a str> {
        self.options.iter().find(|given| names.contains(&given.name)).and_then(|given| given.value)
    }

    /// Whether an option is there, alone or among others, its name in whatever case where it is a long one.
    pub(super) fn is_given_in_any_case(&self, name: &str) -> bool {
        let letter = short(name);
        self.options.iter().any(|given| {
            is_named(given, name)
                || letter.is_some_and(|letter| given.letter == Some(letter) || given.letters.contains(letter))
        })
    }

    /// The values of an option that has two names, each time that it is given, the long name in whatever case.
    pub(super) fn values(&self, short_name: &str, long: &str) -> impl Iterator<Item = &'a str> {
        let letter = short(short_name);
        let is_it = move |given: &&Given<'a>| {
            is_named(given, short_name) || is_named(given, long) || letter.is_some() && given.letter == letter
        };
        self.options.iter().filter(is_it).filter_map(|given| given.value)
    }

    /// The first word that is no option, and those behind it: a subcommand and its arguments.
    pub(super) fn subcommand(&self) -> (&'a str, &[&'a str]) {
        self.others.split_first().map_or(("", &[]), |(first, rest)| (first, rest))
    }
}

/// Short options in one word: the letters up to the first that has a value, whose value is what follows it; an empty
/// one is the next word.
fn together<'a>(word: &'a str, valued: &[&str]) -> Given<'a> {
    let letters = word.strip_prefix('-').unwrap_or(word);
    let takes = |letter: char| {
        let mut names = valued.iter().filter_map(|name| name.strip_prefix('-'));
        names.any(|name| name.strip_prefix(letter) == Some(""))
    };
    match letters.char_indices().find(|(_, letter)| takes(*letter)) {
        Some((at, letter)) => {
            let value = &letters[at + letter.len_utf8()..];
            Given { name: word, value: Some(value), letters: &letters[..at], letter: Some(letter) }
        }
        None => Given { name: word, value: None, letters, letter: None },
    }
}

fn is_named(given: &Given<'_>, name: &str) -> bool {
    if name.starts_with("--") { given.name.eq_ignore_ascii_case(name) } else { given.name == name }
}

/// The letter of a short option.
fn short(name: &str) -> Option<char> {
    let mut letters = name.strip_prefix('-')?.chars();
    letters.next().filter(|letter| *letter != '-' && letters.next().is_none())
}

/// Whether a text can be a variable's name.
pub(super) fn is_name(text: &str) -> bool {
    !text.is_empty() && text.chars().all(|c| c.is_ascii_alphanumeric() || c == '_')
}
