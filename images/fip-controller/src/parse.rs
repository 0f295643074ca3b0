//! Reads lists of addresses, from arguments and from files with one address a line. Every problem of a list
//! is collected with its place, so that one run shows them all.

use std::fmt;

use crate::address::{Address, AddressError};

/// Where an address was written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Place {
    /// An argument of the command line.
    Argument,
    /// A line of a file, counted from 1.
    Line {
        /// The file as it was named, `standard input` for `-`.
        file: String,
        /// The line's number.
        line: usize,
    },
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Argument => f.write_str("argument"),
            Self::Line { file, line } => write!(f, "{file}:{line}"),
        }
    }
}

/// An address and where it was written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Listed {
    /// The address.
    pub address: Address,
    /// Its place.
    pub place: Place,
}

/// Something in a list that cannot be used.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Problem {
    /// Where it is.
    pub place: Place,
    /// What is wrong with it.
    pub reason: Reason,
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.place, self.reason)
    }
}

/// Why an entry of a list cannot be used.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Reason {
    /// It is not an address, or not one that the list may have.
    Address(AddressError),
    /// There is more than one word on the line.
    Several {
        /// The line without its comment.
        text: String,
    },
    /// The address is listed already.
    Duplicate {
        /// The address.
        address: Address,
        /// Where it is listed first.
        first: Place,
    },
}

impl fmt::Display for Reason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Address(error) => error.fmt(f),
            Self::Several { text } => {
                write!(f, "{text:?} is more than one word; expected one address a line")
            }
            Self::Duplicate { address, first } => {
                write!(f, "{address} is listed already ({first}); expected each address once")
            }
        }
    }
}

/// What a list is for, and so what it may have.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// Floating IPs that are wanted: host addresses, each once whatever its prefix.
    Wanted,
    /// What is bound now: any address, each once with the same prefix.
    Bound,
}

/// A list as far as it was read.
#[derive(Debug)]
pub struct List {
    kind: Kind,
    entries: Vec<Listed>,
    problems: Vec<Problem>,
}

impl List {
    /// An empty list.
    pub fn new(kind: Kind) -> Self {
        Self { kind, entries: Vec::new(), problems: Vec::new() }
    }

    /// Adds one argument.
    pub fn read_argument(&mut self, text: &str) {
        self.read_entry(text, Place::Argument);
    }

    /// Adds the lines of a file. `#` starts a comment; empty lines are skipped.
    pub fn read_lines(&mut self, file: &str, text: &str) {
        let text = text.strip_prefix('\u{feff}').unwrap_or(text);
        for (index, line) in text.lines().enumerate() {
            let entry = line.split('#').next().unwrap_or_default().trim();
            if !entry.is_empty() {
                self.read_entry(entry, Place::Line { file: file.into(), line: index + 1 });
            }
        }
    }

    /// The entries in the order they were read, or all the problems.
    pub fn finish(self) -> Result<Vec<Listed>, Vec<Problem>> {
        if self.problems.is_empty() { Ok(self.entries) } else { Err(self.problems) }
    }

    fn read_entry(&mut self, text: &str, place: Place) {
        match self.check(text) {
            Ok(address) => self.entries.push(Listed { address, place }),
            Err(reason) => self.problems.push(Problem { place, reason }),
        }
    }

    fn check(&self, text: &str) -> Result<Address, Reason> {
        if text.split_whitespace().nth(1).is_some() {
            return Err(Reason::Several { text: text.into() });
        }
        let address: Address = text.parse().map_err(Reason::Address)?;
        if self.kind == Kind::Wanted {
            address.check_alias().map_err(Reason::Address)?;
        }
        match self.entries.iter().find(|listed| self.is_same(listed.address, address)) {
            Some(listed) => Err(Reason::Duplicate { address, first: listed.place.clone() }),
            None => Ok(address),
        }
    }

    fn is_same(&self, one: Address, other: Address) -> bool {
        match self.kind {
            Kind::Wanted => one.ip() == other.ip(),
            Kind::Bound => one == other,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn lines(kind: Kind, text: &str) -> Result<Vec<String>, Vec<String>> {
        let mut list = List::new(kind);
        list.read_lines("aliases.txt", text);
        list.finish()
            .map(|entries| entries.iter().map(|listed| listed.address.to_string()).collect())
            .map_err(|problems| problems.iter().map(Problem::to_string).collect())
    }

    #[test]
    fn comments_blank_lines_and_foreign_line_ends_are_skipped() {
        let text =
            "\u{feff}# edge\r\n203.0.113.10 # web\r\n\r\n\t2001:db8::10/128\t#mail\r\n   #\n198.51.100.7";
        assert_eq!(
            lines(Kind::Wanted, text),
            Ok(vec!["203.0.113.10/32".into(), "2001:db8::10/128".into(), "198.51.100.7/32".into()])
        );
    }

    #[test]
    fn an_empty_file_is_an_empty_list() {
        assert_eq!(lines(Kind::Wanted, ""), Ok(vec![]));
        assert_eq!(lines(Kind::Wanted, "# nothing yet\n"), Ok(vec![]));
    }

    #[test]
    fn every_problem_is_told_with_its_line() {
        let problems =
            lines(Kind::Wanted, "203.0.113.10\n\nfip\n203.0.113.11 203.0.113.12\n127.0.0.1\n").unwrap_err();
        assert_eq!(
            problems,
            [
                "aliases.txt:3: \"fip\" is not an address; expected IPv4 or IPv6, with or without a prefix, such as \
                 203.0.113.10 or 2001:db8::10/128",
                "aliases.txt:4: \"203.0.113.11 203.0.113.12\" is more than one word; expected one address a line",
                "aliases.txt:5: 127.0.0.1/32 is a loopback address; expected one that other hosts can reach",
            ]
        );
    }

    #[test]
    fn a_wanted_address_is_listed_once_whatever_its_form_or_prefix() {
        for text in ["2001:db8::10\n2001:DB8:0::10\n", "2001:db8::10\n2001:db8::10/64\n"] {
            let problems = lines(Kind::Wanted, text).unwrap_err();
            assert_eq!(problems.len(), 1);
            assert!(problems[0].starts_with("aliases.txt:2: 2001:db8::10/"), "{problems:?}");
            assert!(problems[0].contains("listed already (aliases.txt:1)"), "{problems:?}");
        }
    }

    #[test]
    fn a_duplicate_is_found_across_arguments_and_files() {
        let mut list = List::new(Kind::Wanted);
        list.read_argument("203.0.113.10");
        list.read_lines("standard input", "203.0.113.10/32\n");
        let problems = list.finish().unwrap_err();
        assert_eq!(
            problems[0].to_string(),
            "standard input:1: 203.0.113.10/32 is listed already (argument); expected each address once"
        );
    }

    #[test]
    fn an_argument_is_one_address() {
        let mut list = List::new(Kind::Wanted);
        list.read_argument("203.0.113.10 203.0.113.11");
        list.read_argument("");
        let problems = list.finish().unwrap_err();
        assert!(matches!(problems[0].reason, Reason::Several { .. }));
        assert!(matches!(problems[1].reason, Reason::Address(_)));
    }

    #[test]
    fn what_is_bound_may_be_anything_an_interface_has() {
        let text = "10.0.0.5/24\n10.0.0.5/32\nfe80::1/64\n127.0.0.1/8\n";
        assert_eq!(lines(Kind::Bound, text).map(|entries| entries.len()), Ok(4));
        assert!(lines(Kind::Bound, "10.0.0.5/24\n10.0.0.5/24\n").is_err());
    }
}
