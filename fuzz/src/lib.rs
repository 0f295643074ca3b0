//! What every fuzz target checks: no crash, every place inside the file, and a file that is pinned, moved and unpinned
//! has its own bytes again. The checks are those of the corpus tests.

#[path = "../../tests/support/laws.rs"]
mod laws;
#[path = "../../tests/support/made_up.rs"]
mod made_up;

use std::time::Duration;

use jiff::Timestamp;
use solera_pin::document::SourceFile;
use solera_pin::journal::{Journal, JournalFile, decode, encode};
use solera_pin::model::Lane;
use solera_pin::plan::next::{Next, Rules};
use solera_pin::track::infer;

/// Checks a file of this path, read as the gate reads it.
pub fn file(path: &str, bytes: &[u8]) {
    let file = SourceFile::from_bytes(path, bytes.to_vec());
    laws::hold(path, &file.text);
}

/// Checks a Dockerfile of two arguments and a name that is put together from them: one line of the input each.
pub fn expansion(bytes: &[u8]) {
    let text = String::from_utf8_lossy(bytes);
    let mut lines = text.splitn(3, '\n').map(|line| line.replace('\n', " "));
    let mut line = || lines.next().unwrap_or_default();
    let (first, second, name) = (line(), line(), line());
    laws::hold("Dockerfile", &format!("ARG A={first}\nARG B={second}\nFROM {name}\nFROM node:${{A}}\n"));
}

/// Checks a Dockerfile whose only command is the input, on one line and as a heredoc.
pub fn shell(bytes: &[u8]) {
    let text = String::from_utf8_lossy(bytes);
    laws::hold("Dockerfile", &format!("FROM scratch\nRUN {}\n", text.replace('\n', " ")));
    laws::hold("Dockerfile", &format!("FROM scratch\nRUN <<EOF\n{text}\nEOF\n"));
}

/// Checks tags, one a line: the first is in use, the others are there. A tag that a track reads is written back, and
/// what comes next is never older.
pub fn tags(bytes: &[u8]) {
    let text = String::from_utf8_lossy(bytes);
    let mut lines = text.lines();
    let tag = lines.next().unwrap_or_default();
    let Ok(track) = infer(tag) else { return };
    let from = track.read(tag).expect("an inferred track reads its tag");
    assert_eq!(track.write(&from), tag);
    let rules =
        Rules { min_age: Duration::ZERO, prerelease: true, now: Timestamp::UNIX_EPOCH, reasons: true };
    let mut next = Next::new(track.clone(), tag, rules).expect("an inferred track reads its tag");
    for other in lines {
        match track.read(other) {
            Some(version) => {
                assert_eq!(track.write(&version), other);
                assert!(track.sibling(other).is_none());
            }
            None => {
                if let Some(sibling) = track.sibling(other) {
                    // What no registry would take for a tag makes no track.
                    assert!(sibling.tag().is_none_or(|tag| tag == other));
                }
            }
        }
        next.take(other, None);
    }
    for (lane, to) in next.answer().lanes {
        assert!(lane == Lane::Shape || track.read(&to).is_some_and(|to| to > from), "{tag} -> {to}");
    }
}

/// Checks a file of the journal: what is read is written again as it counts.
pub fn journal(bytes: &[u8]) {
    for name in [b"pin".as_slice(), b"_announced", b"_accepted"] {
        let Some(file) = JournalFile::named(name) else { continue };
        let mut journal = Journal::default();
        if decode(&mut journal, &file, bytes).is_ok() {
            let written = encode(&journal, &file);
            let mut again = Journal::default();
            decode(&mut again, &file, written.as_bytes()).expect("what was written is read");
            assert_eq!(journal, again);
        }
    }
}

/// Checks what a git server says, with its packets as they are, and each line of it in a packet of its own. No name of a
/// reference leads elsewhere.
pub fn git(bytes: &[u8]) {
    let mut framed = Vec::new();
    for line in bytes.split(|byte| *byte == b'\n') {
        match line.is_empty() {
            true => framed.extend_from_slice(b"0000"),
            false => {
                let line = &line[..line.len().min(65_000)];
                framed.extend_from_slice(format!("{:04x}", line.len() + 4).as_bytes());
                framed.extend_from_slice(line);
            }
        }
    }
    for message in [bytes, &framed] {
        for name in solera_pin::git::read_as_all(message) {
            assert!(
                !name.contains("..") && !name.starts_with('/') && !name.contains(char::is_control),
                "{name:?}"
            );
        }
    }
}
