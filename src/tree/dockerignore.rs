//! What a file such as `.dockerignore` says that a builder does not see. Pure, but for reading it.

use std::fs;
use std::path::Path;

use globset::{GlobBuilder, GlobMatcher};

use super::TreeError;

/// The patterns of such a file, in its order. The last that covers a path decides.
#[derive(Clone, Debug, Default)]
pub(super) struct Excluded(Vec<Pattern>);

#[derive(Clone, Debug)]
struct Pattern {
    glob: GlobMatcher,
    parts: Vec<String>,
    /// Whether it is an exception from those before it.
    keeps: bool,
}

impl Excluded {
    /// Those of a file.
    pub(super) fn of(path: &Path) -> Result<Self, TreeError> {
        match fs::read_to_string(path) {
            Ok(text) => Ok(Self::read(&text)),
            Err(error) => Err(TreeError::Io(path.into(), error)),
        }
    }

    /// Of a file with a pattern that is not understood, nothing counts.
    fn read(text: &str) -> Self {
        let text = text.strip_prefix('\u{feff}').unwrap_or(text);
        let lines = text.lines().filter(|line| !line.starts_with('#')).map(str::trim);
        let patterns = lines.filter(|line| !line.is_empty()).map(Pattern::read);
        Self(patterns.collect::<Option<Vec<_>>>().unwrap_or_default())
    }

    /// Whether an exception could be about something below a folder.
    pub(super) fn keeps_below(&self, folder: &str) -> bool {
        self.0.iter().filter(|pattern| pattern.keeps).any(|pattern| pattern.leads(folder))
    }

    /// Whether a builder does not see a path. What covers a folder covers all that is in it.
    pub(super) fn covers(&self, path: &str) -> bool {
        let ends = path.match_indices('/').map(|(at, _)| at).chain([path.len()]);
        let above: Vec<&str> = ends.map(|end| &path[..end]).collect();
        let matching = |pattern: &&Pattern| above.iter().any(|path| pattern.glob.is_match(path));
        self.0.iter().rev().find(matching).is_some_and(|pattern| !pattern.keeps)
    }
}

impl Pattern {
    /// A pattern that all builders read alike.
    fn read(line: &str) -> Option<Self> {
        let (text, keeps) = match line.strip_prefix('!') {
            Some(rest) => (rest.trim(), true),
            None => (line, false),
        };
        let parts: Vec<String> =
            text.split('/').filter(|part| !matches!(*part, "" | ".")).map(str::to_owned).collect();
        // A letter is one character to builders, and a byte here: what is kept would be too little.
        if keeps && text.contains('?') {
            return None;
        }
        let is_plain = |part: &String| part == "**" || (part != ".." && !part.contains("**"));
        if parts.is_empty() || text.contains(['[', ']', '{', '}', '\\']) || !parts.iter().all(is_plain) {
            return None;
        }
        let glob = GlobBuilder::new(&parts.join("/")).literal_separator(true).build().ok()?;
        Some(Self { glob: glob.compile_matcher(), parts, keeps })
    }

    /// Whether it could be about something below a folder, or about that.
    fn leads(&self, folder: &str) -> bool {
        for (part, name) in self.parts.iter().zip(folder.split('/')) {
            match part.as_str() {
                "**" => return true,
                part if part.contains(['*', '?']) => {}
                part if part != name => return false,
                _ => {}
            }
        }
        true
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn covered(text: &str, path: &str) -> bool {
        Excluded::read(text).covers(path)
    }

    #[test]
    fn patterns_are_read_as_builders_read_them() {
        for (text, path) in [
            ("target", "target"),
            ("target", "target/a/b"),
            ("/target/", "target/a"),
            ("./a//b", "a/b"),
            ("*.log", "x.log"),
            ("*", ".hidden"),
            ("**/*.log", "x.log"),
            ("**/*.log", "a/b/x.log"),
            ("a/**", "a/b/c"),
            ("a/?", "a/b"),
            ("*/b", "a/b/c"),
            ("*\n!a\nb", "b"),
            ("\u{feff}a", "a"),
            ("  a  ", "a"),
        ] {
            assert!(covered(text, path), "{text}: {path}");
        }
        for (text, path) in [
            ("target", "a/target"),
            ("*.log", "a/x.log"),
            ("# target", "# target"),
            ("a/**", "a"),
            ("*\n!a", "a/b"),
            ("a\n!a/b", "a/b/c"),
            // buildah sees less.
            ("*\n!**/*.log", "a/x.log"),
            // Not all read these alike.
            ("a\n[b]", "a"),
            ("a\nb**", "a"),
            ("a\n../b", "a"),
            ("a\n{b,c}", "a"),
            ("a\n\\!b", "a"),
            ("*\n!a/?", "b"),
        ] {
            assert!(!covered(text, path), "{text}: {path}");
        }
    }

    #[test]
    fn a_folder_is_looked_into_where_an_exception_could_be_about_it() {
        for (text, folder, looked) in [
            ("*", "target", false),
            ("*\n!src", "target", false),
            ("*\n!src", "src", true),
            ("*\n!a/b/c", "a/b", true),
            ("*\n!a/b", "a/c", false),
            ("*\n!a/*/c", "a/x", true),
            ("*\n!**/*.md", "a/b", true),
        ] {
            assert_eq!(Excluded::read(text).keeps_below(folder), looked, "{text}: {folder}");
        }
    }
}
