//! What every fuzz target checks: no crash, every place inside the file, and a file that is pinned, moved and unpinned
//! has its own bytes again. The checks are those of the corpus tests.

#[path = "../../tests/support/laws.rs"]
mod laws;
#[path = "../../tests/support/made_up.rs"]
mod made_up;

use solera_pin::document::SourceFile;

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
