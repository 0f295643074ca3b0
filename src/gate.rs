//! Runs the gate over the files of a repository: of its folder, or of a commit. Reads, and writes nothing.

use std::sync::{Arc, Mutex, PoisonError};

use crate::document::{Place, SourceFile};
use crate::references::Register;
use crate::scan::{Scan, Unread};
use crate::scanned::{Scanned, Scanner};
use crate::tree::{File, Tree, TreeError};
use crate::verify::{Input, Seen, look};

/// Looks at every file, or at those of `within`.
pub fn see(tree: &dyn Tree, input: &Input<'_>, within: &[String]) -> Result<Seen, TreeError> {
    let register = Register::new(input.catalog, input.lock, &input.policy.references);
    let total = Mutex::new(Seen::default());
    // Where every file is looked at, what builds say can wait until the end: no second walk.
    let references = &input.policy.references;
    let scanner = match within {
        [] => Scanner::by_names(tree, input.catalog, references),
        _ => Scanner::new(tree, input.catalog, references)?,
    };
    let wanted = |path: &str| scanner.wants(path);
    let visit = |path: &str, file: File<'_>| {
        let seen = match file {
            File::Bytes(bytes) if scanner.may_matter(path, bytes) => {
                let Scanned { file, scan } = scanner.scan(path, bytes);
                look(input, &register, &file, &scan)
            }
            File::Bytes(_) => return,
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
    let mut total = total.into_inner().unwrap_or_else(PoisonError::into_inner);
    if within.is_empty() {
        for Scanned { file, scan } in scanner.overlooked() {
            total.merge(look(input, &register, &file, &scan));
        }
    }
    Ok(total)
}

fn unreadable(input: &Input<'_>, register: &Register<'_>, path: &str, why: String) -> Seen {
    let file = SourceFile::new(path, "");
    let unread = vec![Unread { span: Place::whole(&file).span, why: why.clone() }];
    let mut seen = look(input, register, &Arc::clone(&file), &Scan { unread, ..Scan::default() });
    seen.unread(path, why);
    seen
}
