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

/// Text as one word for a shell, between quotes as git writes them.
pub fn quoted(text: &str) -> String {
    format!("'{}'", text.replace('\'', r"'\''").replace('!', r"'\!'"))
}

/// The same, for a person: without quotes where it needs none.
pub fn shell_word(text: &str) -> String {
    let is_plain = |c: char| c.is_alphanumeric() || "-_./:@%+=,".contains(c);
    match !text.is_empty() && text.chars().all(is_plain) {
        true => text.to_owned(),
        false => quoted(text),
    }
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

/// Whether a URL over HTTP has a user or a password before its host, whatever else is right or wrong with it.
pub fn holds_login(url: &str) -> bool {
    let after = |scheme: &str| {
        let start = url.trim_start().get(..scheme.len())?;
        start.eq_ignore_ascii_case(scheme).then(|| &url.trim_start()[scheme.len()..])
    };
    let rest = after("https:").or_else(|| after("http:")).unwrap_or_default().trim_start_matches(['/', '\\']);
    rest.split(['/', '\\', '?', '#']).next().is_some_and(|authority| authority.contains('@'))
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
    fn a_login_is_seen_in_what_is_no_url_either() {
        for url in ["https://u:p@h/x", "HTTP://t@h", "https:/u:p@h", "https://u:p@h:bad/", " https:\\\\u@h"] {
            assert!(holds_login(url), "{url}");
        }
        for url in ["https://h/a@b", "git@h:x", "ssh://git@h/x", "https://h?u@v", "docker.io/x@sha256:0", "é"]
        {
            assert!(!holds_login(url), "{url}");
        }
    }

    #[test]
    fn a_word_is_quoted_where_a_shell_would_read_it_differently() {
        assert_eq!(shell_word("/srv/a-b_c.d"), "/srv/a-b_c.d");
        for (text, word) in [("/a b", "'/a b'"), ("", "''"), ("$x", "'$x'"), ("~", "'~'"), ("a;b", "'a;b'")] {
            assert_eq!(shell_word(text), word);
        }
        assert_eq!(quoted("/it's; rm -rf !"), r"'/it'\''s; rm -rf '\!''");
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
