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

/// A duration in its two largest units, as `1 d 4 h`; seconds only where there is nothing larger.
pub fn in_words(duration: std::time::Duration) -> String {
    let seconds = duration.as_secs();
    let parts = [(seconds / 86400, "d"), (seconds / 3600 % 24, "h"), (seconds / 60 % 60, "min")];
    let largest = parts.iter().position(|(number, _)| *number > 0);
    let Some(largest) = largest else { return format!("{seconds} s") };
    let shown = parts[largest..].iter().take(2).filter(|(number, _)| *number > 0);
    shown.map(|(number, unit)| format!("{number} {unit}")).collect::<Vec<_>>().join(" ")
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

    #[test]
    fn durations_have_two_units() {
        let words = |seconds| in_words(std::time::Duration::from_secs(seconds));
        assert_eq!(words(0), "0 s");
        assert_eq!(words(59), "59 s");
        assert_eq!(words(60), "1 min");
        assert_eq!(words(100_800), "1 d 4 h");
        assert_eq!(words(86_400 * 3 + 59), "3 d");
        assert_eq!(words(3 * 3600 + 125), "3 h 2 min");
    }
}
