//! Integers without an upper bound.

use std::cmp::Ordering;
use std::fmt;

use super::short::Short;

/// An integer of any size, kept as it was written.
#[derive(Clone, Debug)]
pub struct Number(Short);

impl Number {
    /// Of digits that were found to be such.
    pub(super) fn of(digits: &str) -> Self {
        Self(Short::of(digits))
    }

    /// Without leading zeros, so empty for zero.
    pub(super) fn significant(&self) -> &str {
        self.digits().trim_start_matches('0')
    }

    /// The value, where it fits.
    pub fn to_u64(&self) -> Option<u64> {
        self.digits().parse().ok()
    }

    /// The digits as written.
    pub(super) fn digits(&self) -> &str {
        self.0.as_str()
    }
}

impl fmt::Display for Number {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.digits())
    }
}

impl Ord for Number {
    fn cmp(&self, other: &Self) -> Ordering {
        let (a, b) = (self.significant(), other.significant());
        a.len().cmp(&b.len()).then_with(|| a.cmp(b))
    }
}

impl PartialOrd for Number {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl PartialEq for Number {
    fn eq(&self, other: &Self) -> bool {
        self.cmp(other).is_eq()
    }
}

impl Eq for Number {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_have_no_upper_bound() {
        let number = Number::of;
        assert!(number("9") < number("10"));
        assert!(number("99999999999999999999") < number("100000000000000000000"));
        assert_eq!(number("007"), number("7"));
        assert_eq!(number("0"), number("00"));
    }
}
