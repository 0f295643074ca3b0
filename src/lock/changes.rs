//! What differs between two locks.

use super::Lock;
use crate::model::{Pin, PinName};

/// One pin that is not the same in both; at least one side is there.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Change {
    /// Its name.
    pub name: PinName,
    /// Before.
    pub from: Option<Pin>,
    /// After.
    pub to: Option<Pin>,
}

/// Every pin that differs, sorted by name.
pub fn changes(from: &Lock, to: &Lock) -> Vec<Change> {
    let mut names: Vec<&PinName> = from.pins.keys().chain(to.pins.keys()).collect();
    names.sort_unstable();
    names.dedup();
    let change = |name: &PinName| Change {
        name: name.clone(),
        from: from.pins.get(name).cloned(),
        to: to.pins.get(name).cloned(),
    };
    names.into_iter().map(change).filter(|change| change.from != change.to).collect()
}
