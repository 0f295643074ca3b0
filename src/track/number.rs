//! Integers without an upper bound.

use std::cmp::Ordering;
use std::fmt;

use super::short::Short;

/// An integer of any size, kept as it was written.
#[derive(Clone, Debug)]
pub struct Number {
    digits: Short,
    /// The same, where it fits: nearly always, and then it is what is compared.
    value: Option<u64>,
}

impl Number {
    /// Of digits that were found to be such.
    pub(super) fn of(digits: &str) -> Self {
        Self { value: digits.parse().ok(), digits: Short::of(digits) }
    }

    /// Without leading zeros, so empty for zero.
    pub(super) fn significant(&self) -> &str {
        self.digits().trim_start_matches('0')
    }

    /// The value, where it fits.
    pub fn to_u64(&self) -> Option<u64> {
        self.value
    }

    /// The digits as written.
    pub(super) fn digits(&self) -> &str {
        self.digits.as_str()
    }
}

impl fmt::Display for Number {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.digits())
    }
}

impl Ord for Number {
    fn cmp(&self, other: &Self) -> Ordering {
        if let (Some(a), Some(b)) = (self.value, other.value) {
            return a.cmp(&b);
        }
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
        assert!(number("18446744073709551615") < number("18446744073709551616"));
    }
}
