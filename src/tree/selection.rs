//! Some files of a tree, as if there were no others to visit.

use std::collections::BTreeSet;

use super::{File, MAX_FILE, Tree, TreeError, Visit, Want, Wanted, covers, is_binary};

/// A tree of which only some files are visited; all can be read by their paths.
pub struct Selection<'a> {
    below: &'a dyn Tree,
    paths: BTreeSet<String>,
}

impl<'a> Selection<'a> {
    /// The files of `below` at `paths`.
    pub fn new(below: &'a dyn Tree, paths: impl IntoIterator<Item = String>) -> Self {
        Self { below, paths: paths.into_iter().collect() }
    }
}

impl Tree for Selection<'_> {
    fn read(&self, path: &str) -> Result<Option<Vec<u8>>, TreeError> {
        self.below.read(path)
    }

    fn folders(&self, path: &str) -> Result<Vec<String>, TreeError> {
        self.below.folders(path)
    }

    fn each(&self, within: &[String], wanted: &Wanted<'_>, visit: &Visit<'_>) -> Result<(), TreeError> {
        for path in self.paths.iter().filter(|path| covers(within, path)) {
            let want = wanted(path);
            if want == Want::Nothing {
                continue;
            }
            match self.below.read(path)? {
                Some(bytes) if want == Want::Text && is_binary(&bytes) => {}
                Some(bytes) if bytes.len() as u64 > MAX_FILE => {}
                Some(bytes) => visit(path, File::Bytes(&bytes)),
                None => {}
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Mutex;

    use super::super::WorkTree;
    use super::*;

    #[test]
    fn only_what_is_selected_is_visited_and_all_can_be_read() {
        let folder = tempfile::tempdir().unwrap();
        std::fs::create_dir(folder.path().join("b")).unwrap();
        for (path, text) in [("a", "a"), ("b/c", "c"), ("b/d", "d"), ("binary", "\0")] {
            crate::files::replace(&folder.path().join(path), text.as_bytes()).unwrap();
        }
        let below = WorkTree::new(folder.path());
        let selection = Selection::new(&below, ["a", "b/c", "binary", "gone"].map(str::to_owned));
        let visited = |within: &[String]| {
            let seen = Mutex::new(Vec::new());
            let visit = |path: &str, _: File<'_>| seen.lock().unwrap().push(path.to_owned());
            selection.each(within, &|_| Want::Text, &visit).unwrap();
            seen.into_inner().unwrap()
        };
        assert_eq!(visited(&[]), ["a", "b/c"]);
        assert_eq!(visited(&["b".into()]), ["b/c"]);
        assert_eq!(selection.read("b/d").unwrap().unwrap(), b"d");
        assert_eq!(selection.folders("").unwrap(), ["b"]);
    }
}
