//! Patterns over paths, as in `paths = ["services/pay/**"]`.

use globset::{GlobBuilder, GlobSet, GlobSetBuilder};

use crate::document::{Entry, Problem};

/// Patterns over paths that are relative to the repository: `*` stays within a folder, `**` does not, and a pattern
/// that names a folder covers what is in it.
#[derive(Clone, Debug, Default)]
pub struct PathGlobs {
    patterns: Vec<String>,
    set: GlobSet,
}

impl PathGlobs {
    /// Whether there is no pattern.
    pub fn is_empty(&self) -> bool {
        self.patterns.is_empty()
    }

    /// As written.
    pub fn patterns(&self) -> &[String] {
        &self.patterns
    }

    /// Whether a pattern covers a path.
    pub fn matches(&self, path: &str) -> bool {
        !self.is_empty() && self.set.is_match(path)
    }
}

/// An array of patterns.
pub(super) fn read(entry: &Entry<'_>) -> Result<PathGlobs, Problem> {
    let mut set = GlobSetBuilder::new();
    for element in entry.elements()? {
        let pattern = element.text()?.trim_start_matches("./").trim_end_matches('/');
        if pattern.is_empty() || pattern.starts_with('/') {
            return Err(
                element.problem("a pattern is relative to the top of the repository, as in `docs/**`")
            );
        }
        for pattern in [pattern.to_owned(), format!("{pattern}/**")] {
            let glob = GlobBuilder::new(&pattern).literal_separator(true).build();
            set.add(glob.map_err(|error| element.problem(format!("not a pattern: {}", error.kind())))?);
        }
    }
    let set = set.build().map_err(|error| entry.problem(format!("not patterns: {}", error.kind())))?;
    Ok(PathGlobs { patterns: entry.texts()?, set })
}
