//! Image tags, as in the OCI distribution specification.

use std::fmt;
use std::str::FromStr;

/// `[a-zA-Z0-9_][a-zA-Z0-9._-]{0,127}`
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Tag(String);

/// Why a text is not a tag.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("`{text}` is not a tag: {reason}")]
pub struct TagError {
    text: String,
    reason: &'static str,
}

impl Tag {
    /// The text.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Whether a text is a tag; why not.
    pub fn check(text: &str) -> Result<(), TagError> {
        let wrong = |reason| Err(TagError { text: text.into(), reason });
        let word = |b: u8| b.is_ascii_alphanumeric() || b == b'_';
        match text.as_bytes() {
            [] => wrong("it is empty"),
            bytes if bytes.len() > 128 => wrong("it has more than 128 characters"),
            [first, ..] if !word(*first) => wrong("it must start with a letter, a digit or `_`"),
            bytes if !bytes.iter().all(|b| word(*b) || matches!(b, b'.' | b'-')) => {
                wrong("only letters, digits, `_`, `.` and `-` are allowed")
            }
            _ => Ok(()),
        }
    }
}

impl FromStr for Tag {
    type Err = TagError;

    fn from_str(text: &str) -> Result<Self, TagError> {
        Self::check(text).map(|()| Self(text.into()))
    }
}

impl fmt::Display for Tag {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

super::text_type!(Tag);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn takes_what_the_specification_takes() {
        for good in ["latest", "_a", "6.9.4-php8.3-fpm", "v.0.92.13", "0", &"a".repeat(128)] {
            assert!(good.parse::<Tag>().is_ok(), "{good}");
        }
        for bad in ["", ".a", "-a", "a/b", "a:b", "a b", "ä", "a+b", &"a".repeat(129)] {
            assert!(bad.parse::<Tag>().is_err(), "{bad}");
        }
    }
}
