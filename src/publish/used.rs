//! Which files of a commit name which pin.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Mutex, PoisonError};

use super::place::Snapshot;
use crate::error::Error;
use crate::model::PinName;
use crate::references::{Register, Standing};
use crate::scanned::{Scanned, Scanner};
use crate::tree::{File, Tree as _};

/// The files that name what each pin has locked, in words or by a build argument.
pub fn used_in(base: &Snapshot) -> Result<BTreeMap<PinName, BTreeSet<String>>, Error> {
    let catalog = &base.workspace.catalog;
    let references = &catalog.policy.references;
    let register = Register::new(catalog, &base.lock, references);
    let scanner = Scanner::new(&base.tree, catalog, references)?;
    let found = Mutex::new(BTreeMap::<PinName, BTreeSet<String>>::new());
    let take = |scanned: &Scanned| {
        let path = &scanned.file.path;
        for reference in &scanned.scan.references {
            if let Standing::Locked(pin) = register.judge(path, reference) {
                let mut found = found.lock().unwrap_or_else(PoisonError::into_inner);
                found.entry(pin.clone()).or_default().insert(path.clone());
            }
        }
    };
    let visit = |path: &str, file: File<'_>| match file {
        File::Bytes(bytes) if scanner.may_matter(path, bytes) => take(&scanner.scan(path, bytes)),
        _ => {}
    };
    base.tree.each(&[], &|path| scanner.wants(path), &visit)?;
    scanner.overlooked().iter().for_each(take);
    Ok(found.into_inner().unwrap_or_else(PoisonError::into_inner))
}
