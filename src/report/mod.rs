//! What a command says: one file a format. Pure.

pub mod human;
pub mod json;
mod snippet;

pub use snippet::{problem, snippet};

/// The version of every JSON document that a command prints.
pub const SCHEMA_VERSION: u32 = 1;

/// Makes text from upstream harmless on a terminal: control characters become visible escapes.
pub fn harmless(text: &str) -> String {
    let shown = |c: char| match c {
        c if c.is_control()
            || ('\u{202a}'..='\u{202e}').contains(&c)
            || ('\u{2066}'..='\u{2069}').contains(&c) =>
        {
            c.escape_unicode().to_string()
        }
        c => c.to_string(),
    };
    text.chars().map(shown).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn escapes_are_shown_and_not_obeyed() {
        assert_eq!(harmless("a\u{1b}[31mb\u{202e}ü"), "a\\u{1b}[31mb\\u{202e}ü");
    }
}
