//! References and pins: which pin a reference belongs to, whether it says what is locked, and how a pin is written
//! into it. Pure.
//!
//! A [`Register`] holds what is declared and locked; [`Register::judge`] says how a reference stands to that;
//! [`write`] and [`take_back`] give the edits that put a pin into a file and take it out again; [`keep_in_step`] brings
//! a whole file from one lock to another.

mod edit;
mod judge;
mod register;
mod step;
#[cfg(test)]
mod tests;
mod write;

pub use edit::{Conflict, Edit, apply, splice};
pub use judge::{Standing, Wrong};
pub use register::Register;
pub use step::{Edited, Step, Stuck, Written, keep_in_step, unpin};
pub use write::{Unwritable, take_back, write};
