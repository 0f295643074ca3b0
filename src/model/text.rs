//! Text that others wrote, made fit to be shown.

/// Makes text from upstream harmless on a terminal: control characters, and those that turn the direction of what
/// follows, become visible escapes. What is harmless already stays as it is.
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
        let shown = harmless("a\u{1b}[31mb\u{202e}ü");
        assert_eq!(shown, "a\\u{1b}[31mb\\u{202e}ü");
        assert_eq!(harmless(&shown), shown);
    }
}
