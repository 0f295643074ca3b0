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

/// Checks a suite's `Release`, as text that was signed. No path of it leads elsewhere.
pub fn release(bytes: &[u8]) {
    let Ok(text) = std::str::from_utf8(bytes) else { return };
    let Ok(release) = solera_pin::debian::Release::parse(text) else { return };
    for path in release.paths() {
        assert!(
            !path.starts_with('/') && !path.contains("..") && !path.contains(char::is_whitespace),
            "{path:?}"
        );
    }
}

/// Checks a list of packages: each is found by its name, and what any of them could bring in has an end.
pub fn packages(bytes: &[u8]) {
    use solera_pin::debian::{Index, Version, closure};
    let Ok(index) = Index::read(bytes, "amd64") else { return };
    let names: Vec<String> = index.names().map(str::to_owned).collect();
    for name in &names {
        assert!(index.get(name).next().is_some_and(|package| package.name() == name));
        let versions: Vec<Version> =
            index.get(name).filter_map(|package| package.version().parse().ok()).collect();
        for (a, b) in versions.iter().zip(versions.iter().skip(1)) {
            assert_eq!(a.cmp(b), b.cmp(a).reverse());
        }
    }
    let all = closure(&[&index], names.iter().map(String::as_str));
    assert!(names.iter().all(|name| all.contains(name)));
}

/// Checks a signed file, a signature and a keyring: whatever it is, none of these keys has signed it.
pub fn openpgp(bytes: &[u8]) {
    use solera_pin::openpgp::Keyring;
    static KEYRING: std::sync::OnceLock<Keyring> = std::sync::OnceLock::new();
    let ours = include_bytes!("../../tests/openpgp/good.gpg");
    let keys = KEYRING.get_or_init(|| Keyring::parse(ours).expect("a keyring"));
    let now = Timestamp::from_second(1_800_000_000).expect("a time");
    let signed = include_bytes!("../../tests/openpgp/good.20.asc");
    if let Ok(found) = keys.verify_inline(bytes, now) {
        let own = keys.verify_inline(signed, now).expect("it is signed");
        assert_eq!(found, own, "only what was signed can be taken for signed");
    }
    let _ = keys.verify_detached(&b"content"[..], bytes, now).map(|found| assert!(found.is_err()));
    if let Ok(others) = Keyring::parse(bytes) {
        let keys: Vec<_> = others.fingerprints().cloned().collect();
        let again = Keyring::parse(others.armored(&keys).as_bytes()).expect("what was written is read");
        assert!(again.fingerprints().eq(keys.iter()));
    }
}
