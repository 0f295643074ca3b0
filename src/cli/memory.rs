//! What the journal remembers of each pin, for the commands that decide.

use crate::model::PinName;
use crate::plan::Past;

/// What is remembered.
pub(crate) struct Memory;

impl Memory {
    /// Of a pin.
    pub(crate) fn of(&self, _pin: &PinName) -> Past<'_> {
        Past::Nobody
    }
}
