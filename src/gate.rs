//! Runs the gate over the files of a repository: of its folder, or of a commit. Reads, and writes nothing.

use std::sync::{Arc, Mutex, PoisonError};

use crate::document::{Place, SourceFile};
use crate::references::Register;
use crate::scan::{self, Scan, Unread};
use crate::scanned::Scanned;
use crate::tree::{File, Tree, TreeError, Want};
use crate::verify::{Input, Seen, look};

/// Looks at every file, or at those of `within`.
pub fn see(tree: &dyn Tree, input: &Input<'_>, within: &[String]) -> Result<Seen, TreeError> {
    let register = Register::new(input.catalog, input.lock, &input.policy.references);
    let total = Mutex::new(Seen::default());
    let ignore = &input.policy.references.ignore;
    let wanted = |path: &str| match (ignore.matches(path), scan::is_known(path)) {
        (true, _) => Want::Nothing,
        (false, true) => Want::Whole,
        (false, false) => Want::Text,
    };
    let visit = |path: &str, file: File<'_>| {
        let seen = match file {
            File::Bytes(bytes) => match scan::may_matter(path, bytes) {
                true => see_file(tree, input, &register, path, bytes),
                false => return,
            },
            File::Unreadable(why) => unreadable(input, &register, path, why),
            File::Submodule => {
                let mut seen = Seen::default();
                seen.unread(path, "a submodule: another repository's files");
                seen
            }
        };
        total.lock().unwrap_or_else(PoisonError::into_inner).merge(seen);
    };
    tree.each(within, &wanted, &visit)?;
    Ok(total.into_inner().unwrap_or_else(PoisonError::into_inner))
}

fn see_file(tree: &dyn Tree, input: &Input<'_>, register: &Register<'_>, path: &str, bytes: &[u8]) -> Seen {
    let Scanned { file, scan } = Scanned::new(tree, input.catalog, path, bytes);
    look(input, register, &file, &scan)
}

fn unreadable(input: &Input<'_>, register: &Register<'_>, path: &str, why: String) -> Seen {
    let file = SourceFile::new(path, "");
    let unread = vec![Unread { span: Place::whole(&file).span, why: why.clone() }];
    let mut seen = look(input, register, &Arc::clone(&file), &Scan { unread, ..Scan::default() });
    seen.unread(path, why);
    seen
}
