//! Lists of stanzas, such as `Packages`: read one after the other, so that a list is never in memory as a whole.

use std::io::{self, Read};

use crate::model::harmless;

/// How much is read at once, and the most that one stanza may have.
const PIECE: usize = 256 << 10;
const STANZA: usize = 1 << 20;

/// Why a list could not be read.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ListError {
    /// It could not be unpacked, or is not as long as it should be.
    #[error("{0}")]
    Unreadable(String),
    /// A stanza is not what it must be.
    #[error("its stanza {number} {why}")]
    Malformed {
        /// Counted from one.
        number: usize,
        /// What is wrong.
        why: String,
    },
}

/// Goes through the stanzas of a list.
pub(super) fn each(
    mut input: impl Read,
    mut visit: impl FnMut(&[u8]) -> Result<(), String>,
) -> Result<(), ListError> {
    let mut buffer: Vec<u8> = Vec::with_capacity(2 * PIECE);
    let mut number = 0;
    loop {
        let read = fill(&mut input, &mut buffer)?;
        let mut rest = buffer.as_slice();
        while let Some((stanza, after)) = split(rest, read == 0) {
            rest = after;
            // Where more than one line is empty, the others begin what comes next.
            let empty = stanza.iter().take_while(|byte| **byte == b'\n').count();
            let stanza = stanza[empty..].trim_ascii_end();
            if !stanza.is_empty() {
                number += 1;
                visit(stanza).map_err(|why| ListError::Malformed { number, why })?;
            }
        }
        if read == 0 {
            return Ok(());
        }
        let consumed = buffer.len() - rest.len();
        buffer.drain(..consumed);
        if buffer.len() > STANZA {
            return Err(ListError::Malformed { number: number + 1, why: "is too long".into() });
        }
    }
}

fn fill(input: &mut impl Read, buffer: &mut Vec<u8>) -> Result<usize, ListError> {
    let start = buffer.len();
    buffer.resize(start + PIECE, 0);
    loop {
        match input.read(&mut buffer[start..]) {
            Ok(length) => {
                buffer.truncate(start + length);
                return Ok(length);
            }
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(ListError::Unreadable(harmless(&error.to_string()))),
        }
    }
}

/// The next stanza and what comes after the empty line that ends it; at the end of the list, what is left.
fn split(rest: &[u8], last: bool) -> Option<(&[u8], &[u8])> {
    match memchr::memmem::find(rest, b"\n\n") {
        Some(at) => Some((&rest[..at], &rest[at + 2..])),
        None if last && !rest.is_empty() => Some((rest, &[])),
        None => None,
    }
}

/// The fields of a stanza: name, and value with the lines that continue it.
pub(super) fn fields(stanza: &[u8]) -> impl Iterator<Item = Result<(&[u8], &[u8]), String>> {
    let mut rest = stanza;
    std::iter::from_fn(move || {
        if rest.is_empty() {
            return None;
        }
        let end = end_of_field(rest);
        let (field, after) = rest.split_at(end);
        rest = after;
        let line = || harmless(&String::from_utf8_lossy(field).chars().take(80).collect::<String>());
        let colon = memchr::memchr(b':', field);
        let name = colon.map(|at| &field[..at]).filter(|name| is_name(name));
        Some(match (name, colon) {
            (Some(name), Some(at)) => Ok((name, field[at + 1..].trim_ascii())),
            _ => Err(format!("has a line that is not `Name: value`: `{}`", line().trim_end())),
        })
    })
}

fn is_name(name: &[u8]) -> bool {
    !name.is_empty() && !name.starts_with(b"-") && name.iter().all(|byte| byte.is_ascii_graphic())
}

/// A field goes on in lines that begin with white space.
fn end_of_field(rest: &[u8]) -> usize {
    let mut end = 0;
    loop {
        match memchr::memchr(b'\n', &rest[end..]) {
            None => return rest.len(),
            Some(at) => end += at + 1,
        }
        if !matches!(rest.get(end), Some(b' ' | b'\t')) {
            return end;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Gives a few bytes at a time.
    struct Slow<'a>(&'a [u8], usize);

    impl Read for Slow<'_> {
        fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
            let length = self.1.min(self.0.len()).min(buffer.len());
            buffer[..length].copy_from_slice(&self.0[..length]);
            self.0 = &self.0[length..];
            Ok(length)
        }
    }

    fn read(text: &str) -> Vec<String> {
        let mut read = Vec::new();
        for step in [1, 3, 1000] {
            let mut all = Vec::new();
            each(Slow(text.as_bytes(), step), |stanza| {
                all.push(String::from_utf8(stanza.to_vec()).unwrap());
                Ok(())
            })
            .unwrap();
            assert!(read.is_empty() || read == all);
            read = all;
        }
        read
    }

    #[test]
    fn stanzas_are_split_at_empty_lines() {
        assert_eq!(read(""), Vec::<String>::new());
        assert_eq!(read("A: 1\nB: 2\n\nA: 3\n"), ["A: 1\nB: 2", "A: 3"]);
        assert_eq!(read("\n\n\nA: 1\n\n\n\n\n\nA: 2\n\n\n"), ["A: 1", "A: 2"]);
    }

    #[test]
    fn fields_have_the_lines_that_continue_them() {
        let all: Vec<_> = fields(b"A: 1\nB:\n 2\n\t3\nC:4").collect::<Result<_, _>>().unwrap();
        let all: Vec<_> =
            all.iter().map(|(n, v)| (String::from_utf8_lossy(n), String::from_utf8_lossy(v))).collect();
        assert_eq!(all, [("A".into(), "1".into()), ("B".into(), "2\n\t3".into()), ("C".into(), "4".into())]);
        for wrong in ["no colon", " A: 1", ": 1", "A b: 1"] {
            assert!(fields(wrong.as_bytes()).any(|field| field.is_err()), "{wrong}");
        }
    }

    #[test]
    fn one_without_end_is_refused() {
        let error = each(io::repeat(b'x'), |_| Ok(())).unwrap_err();
        assert_eq!(error.to_string(), "its stanza 1 is too long");
        let error = each(&b"A: 1\n\nA: 2"[..], |stanza| match stanza {
            b"A: 1" => Ok(()),
            _ => Err("is not good".into()),
        });
        assert_eq!(error.unwrap_err().to_string(), "its stanza 2 is not good");
    }
}
