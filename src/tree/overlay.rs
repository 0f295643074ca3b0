//! Files that stand before those of a tree, or in their place: what would be there after a run.

use std::collections::BTreeMap;

use super::{File, Tree, TreeError, Visit, Want, Wanted, covers, is_binary};

/// A tree with some files added or replaced.
pub struct Overlay<'a> {
    below: &'a dyn Tree,
    files: BTreeMap<String, Vec<u8>>,
}

impl<'a> Overlay<'a> {
    /// The files of `below`, and `files` by their paths.
    pub fn new(below: &'a dyn Tree, files: impl IntoIterator<Item = (String, Vec<u8>)>) -> Self {
        Self { below, files: files.into_iter().collect() }
    }
}

impl Tree for Overlay<'_> {
    fn read(&self, path: &str) -> Result<Option<Vec<u8>>, TreeError> {
        match self.files.get(path) {
            Some(bytes) => Ok(Some(bytes.clone())),
            None => self.below.read(path),
        }
    }

    fn folders(&self, path: &str) -> Result<Vec<String>, TreeError> {
        let mut folders = self.below.folders(path)?;
        let prefix = format!("{path}/");
        let new = self.files.keys().filter_map(|file| file.strip_prefix(&prefix)?.split_once('/'));
        folders.extend(new.map(|(folder, _)| folder.to_owned()));
        folders.sort_unstable();
        folders.dedup();
        Ok(folders)
    }

    fn each(&self, within: &[String], wanted: &Wanted<'_>, visit: &Visit<'_>) -> Result<(), TreeError> {
        for (path, bytes) in self.files.iter().filter(|(path, _)| covers(within, path)) {
            match wanted(path) {
                Want::Nothing => {}
                Want::Text if is_binary(bytes) => {}
                Want::Text | Want::Whole => visit(path, File::Bytes(bytes)),
            }
        }
        let not_ours = |path: &str| match self.files.contains_key(path) {
            true => Want::Nothing,
            false => wanted(path),
        };
        self.below.each(within, &not_ours, visit)
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Mutex;

    use super::super::WorkTree;
    use super::*;

    #[test]
    fn what_lies_above_is_seen_instead() {
        let folder = tempfile::tempdir().unwrap();
        std::fs::create_dir(folder.path().join("b")).unwrap();
        crate::files::replace(&folder.path().join("a"), b"old").unwrap();
        crate::files::replace(&folder.path().join("b/c"), b"c").unwrap();
        let below = WorkTree::new(folder.path());
        let above = [("a", "new"), ("d/e/f", "f"), ("d/skipped", "x")];
        let overlay =
            Overlay::new(&below, above.map(|(path, text)| (path.to_owned(), text.as_bytes().to_vec())));
        let seen = Mutex::new(Vec::new());
        let wanted = |path: &str| if path.ends_with("skipped") { Want::Nothing } else { Want::Text };
        let visit = |path: &str, file: File<'_>| {
            if let File::Bytes(bytes) = file {
                seen.lock().unwrap().push(format!("{path}={}", String::from_utf8_lossy(bytes)));
            }
        };
        overlay.each(&[], &wanted, &visit).unwrap();
        let mut all = std::mem::take(&mut *seen.lock().unwrap());
        all.sort();
        assert_eq!(all, ["a=new", "b/c=c", "d/e/f=f"]);
        overlay.each(&["d/e".into()], &wanted, &visit).unwrap();
        assert_eq!(*seen.lock().unwrap(), ["d/e/f=f"]);
        assert_eq!(overlay.read("a").unwrap().unwrap(), b"new");
        assert_eq!(overlay.read("b/c").unwrap().unwrap(), b"c");
        assert_eq!(overlay.read("nothing").unwrap(), None);
        assert_eq!(overlay.folders("d").unwrap(), ["e"]);
    }
}
