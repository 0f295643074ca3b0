//! Which files name which pins, whether they come to change or not.

use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};

use super::each;
use crate::catalog::Catalog;
use crate::lock::Lock;
use crate::model::PinName;
use crate::references::{Register, Standing, Wrong};
use crate::tree::{Tree, TreeError};

/// Of each pin the files that name it, with the first line that does.
pub type Named = BTreeMap<PinName, BTreeMap<String, usize>>;

/// Looks at all files once.
pub fn named(tree: &dyn Tree, catalog: &Catalog, lock: &Lock) -> Result<Named, TreeError> {
    let register = Register::new(catalog, lock, &catalog.policy.references);
    let named = Mutex::new(Named::new());
    each(tree, catalog, &|scanner, path, bytes| {
        if !scanner.may_matter(path, bytes) {
            return;
        }
        let scanned = scanner.scan(path, bytes);
        for reference in &scanned.scan.references {
            let Some(pin) = pin(&register.judge(path, reference)).cloned() else { continue };
            let line = scanned.line(reference.span.start);
            let mut named = named.lock().unwrap_or_else(PoisonError::into_inner);
            let first = named.entry(pin).or_default().entry(path.to_owned()).or_insert(line);
            *first = line.min(*first);
        }
    })?;
    Ok(named.into_inner().unwrap_or_else(PoisonError::into_inner))
}

/// The pin that a reference belongs to.
fn pin<'a>(standing: &Standing<'a>) -> Option<&'a PinName> {
    match standing {
        Standing::Locked(name) => Some(name),
        Standing::Wrong(
            Wrong::NotLocked(pin)
            | Wrong::NotPinned(pin)
            | Wrong::Differs { pin, .. }
            | Wrong::Child { pin, .. },
        ) => Some(&pin.name),
        Standing::Sealed(_) | Standing::Own | Standing::Wrong(_) => None,
    }
}
