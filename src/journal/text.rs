//! A journal's files as text.
//!
//! A pin's file has a line `tag content first-seen` for each pair, in the order of time, then tag, then content. Two
//! more files have a line `pin fingerprint time` for what was told, with the reason behind it for what was accepted.

use std::collections::BTreeSet;

use std::fmt::Write as _;

use jiff::Timestamp;

use super::contents::{Journal, MAX_REASON, MAX_WORD, word};
use crate::model::{PinName, Sighting, harmless};

/// No pin's name has a `_`, so that these are never a pin's file.
const ANNOUNCED: &str = "_announced";
const ACCEPTED: &str = "_accepted";

/// More than any line that is written: three words and a time, or a reason of four bytes a character.
const MAX_LINE: usize = 3 * MAX_WORD + 4 * MAX_REASON;

/// One file of a journal.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum JournalFile {
    /// What was seen of a pin.
    Pin(PinName),
    /// What was told.
    Announced,
    /// What was accepted.
    Accepted,
}

/// A line that is not one of a journal.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("line {line}: {why}")]
pub struct TextError {
    /// Counted from one.
    pub line: usize,
    /// What is wrong with it.
    pub why: String,
}

impl JournalFile {
    /// The file of this name; `None` where it is not one that this version knows.
    pub fn named(name: &[u8]) -> Option<Self> {
        match std::str::from_utf8(name).ok()? {
            ANNOUNCED => Some(Self::Announced),
            ACCEPTED => Some(Self::Accepted),
            pin => pin.parse().ok().map(Self::Pin),
        }
    }

    /// Its name.
    pub fn name(&self) -> &str {
        match self {
            Self::Pin(pin) => pin.as_str(),
            Self::Announced => ANNOUNCED,
            Self::Accepted => ACCEPTED,
        }
    }
}

/// The files that a journal needs.
pub fn files(journal: &Journal) -> Vec<JournalFile> {
    let pins = journal.pins().cloned().map(JournalFile::Pin);
    let announced = journal.announcements().next().map(|_| JournalFile::Announced);
    let accepted = journal.acceptances().next().map(|_| JournalFile::Accepted);
    pins.chain(announced).chain(accepted).collect()
}

/// A file's text.
pub fn encode(journal: &Journal, file: &JournalFile) -> String {
    let mut text = String::new();
    match file {
        JournalFile::Pin(pin) => {
            for Sighting { tag, content, first_seen } in
                journal.seen(pin).into_iter().flat_map(|sightings| sightings.lines())
            {
                let _ = writeln!(text, "{tag} {content} {first_seen}");
            }
        }
        JournalFile::Announced => {
            for (pin, print, at) in journal.announcements() {
                let _ = writeln!(text, "{pin} {print} {at}");
            }
        }
        JournalFile::Accepted => {
            for (pin, print, what) in journal.acceptances() {
                let space = if what.reason.is_empty() { "" } else { " " };
                let _ = writeln!(text, "{pin} {print} {}{space}{}", what.at, what.reason);
            }
        }
    }
    text
}

/// Takes a file's lines into a journal, which is of no use where that fails.
///
/// The order of the lines is not checked: nothing follows from it.
pub fn decode(journal: &mut Journal, file: &JournalFile, bytes: &[u8]) -> Result<(), TextError> {
    if bytes.is_empty() {
        return Ok(());
    }
    let cut = !bytes.ends_with(b"\n");
    let lines = bytes.strip_suffix(b"\n").unwrap_or(bytes).split(|b| *b == b'\n');
    let mut last = 0;
    for (i, line) in lines.enumerate() {
        last = i + 1;
        read_line(journal, file, line).map_err(|why| TextError { line: last, why })?;
    }
    match cut {
        true => Err(TextError { line: last, why: "it does not end: the file was cut".into() }),
        false => Ok(()),
    }
}

/// The tags and contents of a pin's file. What else is on a line is not looked at.
pub(super) fn pairs(bytes: &[u8]) -> BTreeSet<(String, String)> {
    let text = String::from_utf8_lossy(bytes);
    let pair = |line: &str| {
        let mut words = line.split(' ');
        Some((words.next()?.to_owned(), words.next()?.to_owned()))
    };
    text.lines().filter_map(pair).collect()
}

fn read_line(journal: &mut Journal, file: &JournalFile, line: &[u8]) -> Result<(), String> {
    if line.len() > MAX_LINE {
        return Err(format!("it has more than {MAX_LINE} bytes"));
    }
    let line = std::str::from_utf8(line).map_err(|_| "it is not UTF-8".to_owned())?;
    if line.bytes().any(|b| b.is_ascii_control()) {
        return Err(format!("`{}` has a control character", shown(line)));
    }
    let told = |error: super::WordError| error.to_string();
    match file {
        JournalFile::Pin(pin) => {
            let [tag, content, time] = fields(line, "tag content first-seen")?;
            let sighting =
                Sighting { tag: tag.into(), content: content.into(), first_seen: read_time(time)? };
            journal.note(pin, sighting).map_err(told)?;
        }
        JournalFile::Announced => {
            let [pin, print, time] = fields(line, "pin fingerprint time")?;
            journal.announce(&read_pin(pin)?, print, read_time(time)?).map_err(told)?;
        }
        JournalFile::Accepted => {
            let mut parts = line.splitn(4, ' ');
            let mut next = || parts.next().unwrap_or_default();
            let (pin, print, time) = (read_pin(next())?, next(), read_time(next())?);
            let reason = parts.next();
            word(print).map_err(told)?;
            if reason.is_some_and(|reason| reason.is_empty() || super::contents::one_line(reason) != reason) {
                return Err(format!("`{}` is not a reason on one line", shown(reason.unwrap_or_default())));
            }
            journal.accept(&pin, print, time, reason.unwrap_or_default()).map_err(told)?;
        }
    }
    Ok(())
}

/// The three fields of a line.
fn fields<'a>(line: &'a str, form: &str) -> Result<[&'a str; 3], String> {
    let fields: Vec<&str> = line.split(' ').collect();
    match <[&str; 3]>::try_from(fields) {
        Ok(fields) if fields.iter().all(|field| !field.is_empty()) => Ok(fields),
        _ => Err(format!("`{}` is not `{form}`", shown(line))),
    }
}

fn read_pin(text: &str) -> Result<PinName, String> {
    text.parse().map_err(|_| format!("`{}` is not the name of a pin", shown(text)))
}

/// A time in the one form in which it is written.
fn read_time(text: &str) -> Result<Timestamp, String> {
    let time = text.parse::<Timestamp>().ok().filter(|time| text.len() == 20 && time.to_string() == text);
    time.ok_or_else(|| format!("`{}` is not a time such as `2026-05-12T06:00:00Z`", shown(text)))
}

fn shown(text: &str) -> String {
    harmless(text).chars().take(200).collect()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::journal::tests::any_journal;

    fn pin(name: &str) -> JournalFile {
        JournalFile::Pin(name.parse().unwrap())
    }

    #[test]
    fn lines_are_in_the_order_of_time() {
        let text = "1.1 sha256:bb 2026-05-12T06:00:00Z\n1.0 sha256:aa 2026-05-13T06:00:00Z\n";
        let mut journal = Journal::default();
        decode(&mut journal, &pin("tool"), text.as_bytes()).unwrap();
        assert_eq!(encode(&journal, &pin("tool")), text);
        assert_eq!(files(&journal), [pin("tool")]);
    }

    #[test]
    fn a_wrong_line_is_named() {
        let good = "1.0 aa 2026-05-13T06:00:00Z\n";
        for (bad, why) in [
            ("", "is not `tag content first-seen`"),
            ("1.0 aa", "is not `tag"),
            ("1.0 aa 2026-05-13T06:00:00Z x", "is not `tag"),
            ("1.0  2026-05-13T06:00:00Z", "is not `tag"),
            ("1.0 aa 2026-05-13", "is not a time"),
            ("1.0 aa 2026-05-13T06:00:00+00:00", "is not a time"),
            ("1.0 aa 2026-05-13T08:00:00.5Z", "is not a time"),
            ("1.0 aa 2026-05-13T06:00:00Z\r", "control character"),
            (&"x".repeat(9000), "more than"),
            (&format!("{} aa 2026-05-13T06:00:00Z", "x".repeat(1025)), "too long"),
            ("<<<<<<< ours", "is not `tag"),
        ] {
            let text = format!("{good}{bad}\n{good}");
            let error = decode(&mut Journal::default(), &pin("tool"), text.as_bytes()).unwrap_err();
            assert_eq!(error.line, 2, "{bad}");
            assert!(error.why.contains(why) && error.why.len() < 400, "{bad}: {error}");
        }
        let error =
            decode(&mut Journal::default(), &pin("tool"), b"1.0 aa 2026-05-13T06:00:00Z").unwrap_err();
        assert!(error.to_string().contains("cut"), "{error}");
        let error =
            decode(&mut Journal::default(), &pin("tool"), b"1.0 \xff 2026-05-13T06:00:00Z\n").unwrap_err();
        assert!(error.to_string().contains("UTF-8"), "{error}");
    }

    #[test]
    fn what_is_told_and_accepted_has_its_own_form() {
        let mut journal = Journal::default();
        let lines =
            b"tool moved:1.0 2026-05-13T06:00:00Z they told us: a new build\ntool x 2026-05-13T06:00:00Z\n";
        decode(&mut journal, &JournalFile::Accepted, lines).unwrap();
        assert_eq!(encode(&journal, &JournalFile::Accepted).as_bytes(), lines);
        let accepted = journal.accepted(&"tool".parse().unwrap(), "moved:1.0").unwrap();
        assert_eq!(accepted.reason, "they told us: a new build");
        for bad in [
            "tool x 2026-05-13T06:00:00Z ",
            "tool x 2026-05-13T06:00:00Z a  b",
            "tool  2026-05-13T06:00:00Z",
            "_ x y",
        ] {
            let text = format!("{bad}\n");
            assert!(
                decode(&mut Journal::default(), &JournalFile::Accepted, text.as_bytes()).is_err(),
                "{bad}"
            );
        }
        assert!(decode(&mut journal, &JournalFile::Announced, b"Tool x 2026-05-13T06:00:00Z\n").is_err());
        for name in [ANNOUNCED, ACCEPTED] {
            assert!(name.parse::<PinName>().is_err());
            assert_eq!(JournalFile::named(name.as_bytes()).unwrap().name(), name);
        }
    }

    proptest! {
        #[test]
        fn what_is_written_is_read_back(journal in any_journal()) {
            let mut read = Journal::default();
            for file in files(&journal) {
                let text = encode(&journal, &file);
                prop_assert!(text.ends_with('\n'));
                decode(&mut read, &file, text.as_bytes()).unwrap();
            }
            prop_assert_eq!(read, journal);
        }

        #[test]
        fn any_bytes_are_read_or_refused(bytes in proptest::collection::vec(any::<u8>(), 0..200), text in "([a-z] ?|[0-9TZ:-]{20}|\n){0,30}") {
            for file in [pin("a"), JournalFile::Announced, JournalFile::Accepted] {
                let _ = decode(&mut Journal::default(), &file, &bytes);
                let _ = decode(&mut Journal::default(), &file, text.as_bytes());
            }
        }
    }
}
