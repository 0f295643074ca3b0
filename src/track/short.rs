//! Text that is nearly always short: of a million tags, no number, date or hash should need memory of its own.

use smallvec::SmallVec;

/// A text, up to a length kept in place.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Short(SmallVec<[u8; 16]>);

impl Short {
    pub(super) fn of(text: &str) -> Self {
        Self(SmallVec::from_slice(text.as_bytes()))
    }

    pub(super) fn as_str(&self) -> &str {
        // They are the bytes of a text.
        std::str::from_utf8(&self.0).unwrap_or_default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_of_any_length_stays_what_it_is() {
        for length in [0, 1, 15, 16, 17, 64] {
            let text = "é1".repeat(length)[..length / 3 * 3].to_owned();
            assert_eq!(Short::of(&text).as_str(), text);
        }
    }
}
