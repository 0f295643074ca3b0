//! What can be wrong with a track.

use super::field::NAMES;

/// Why a text is not a track.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum TrackError {
    /// Nothing to follow.
    #[error("a track must not be empty")]
    Empty,
    /// The one tag that says nothing.
    #[error("`latest` is not a track: it names whatever was pushed last")]
    Latest,
    /// A `{` without `}`, a `[` without `]`, or the reverse.
    #[error("`{0}` has an unpaired brace or bracket")]
    Brace(String),
    /// Not a placeholder.
    #[error("`{{{0}}}` is not a placeholder: expected {placeholders}", placeholders = placeholders())]
    Unknown(String),
    /// The same number in two places.
    #[error("`{{{0}}}` stands twice in the track; only {{build}} may")]
    Twice(&'static str),
    /// Where the first ends cannot be told.
    #[error("nothing separates `{{{0}}}` from what follows it")]
    Adjacent(&'static str),
    /// Only `{hash}`.
    #[error("`{0}` has nothing that can be ordered: a hash is neither newer nor older than another")]
    Unordered(String),
    /// An optional part of another form than `[.{patch}]`.
    #[error("`[{0}]` is not an optional part: expected a separator and a number, as in [.{{patch}}]")]
    Optional(String),
    /// Every number is optional.
    #[error("`{0}` may be all absent: a track needs a number outside of brackets")]
    AllOptional(String),
    /// Too many ways to read a tag.
    #[error("`{0}` has more than four optional parts")]
    Optionals(String),
    /// A character that no tag has.
    #[error("`{text}` has {character:?}, which no tag has")]
    Character {
        /// The track.
        text: String,
        /// The first such character.
        character: char,
    },
}

fn placeholders() -> String {
    let named: Vec<String> = NAMES.iter().map(|(name, _)| format!("{{{name}}}")).collect();
    match named.split_last() {
        Some((last, others)) => format!("{} or {last}", others.join(", ")),
        None => String::new(),
    }
}
