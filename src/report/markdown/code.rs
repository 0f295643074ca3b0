//! Text of upstream as a code span that acts on nothing.
//!
//! A pull request's text is read by its forge, and may become the message of a commit, where code spans mean nothing.
//! So what forges act on anywhere is broken with a zero-width space, and what would end the span, or cannot be seen, is
//! shown escaped.

use std::fmt::Write as _;

/// How many characters of a text are shown.
const LENGTH: usize = 200;

/// Breaks a word without being seen.
const BREAK: char = '\u{200b}';

/// `text` as a code span: one line, of bounded length.
pub fn code(text: &str) -> String {
    let mut span = String::from("`");
    let characters: Vec<char> = text.chars().take(LENGTH).collect();
    for (at, character) in characters.iter().enumerate() {
        show(&mut span, *character);
        if breaks(&characters[..at], *character, &characters[at + 1..]) {
            span.push(BREAK);
        }
    }
    match text.chars().nth(LENGTH) {
        Some(_) => span.push('…'),
        // An empty span is none.
        None if text.is_empty() => span.push(' '),
        None => {}
    }
    span.push('`');
    span
}

/// Writes a character, escaped where it could end the span, the cell of a table or a comment, open a tag, or is not
/// seen.
fn show(span: &mut String, character: char) {
    // Writing to a string does not fail.
    let _ = match character {
        '\n' => write!(span, "\\n"),
        '\t' => write!(span, "\\t"),
        '`' | '|' | '<' | '>' => write!(span, "\\x{:02x}", u32::from(character)),
        _ if is_unseen(character) => write!(span, "{}", character.escape_unicode()),
        _ => write!(span, "{character}"),
    };
}

/// Control characters, and those that are not shown or change how others are.
fn is_unseen(character: char) -> bool {
    character.is_control()
        || matches!(
            u32::from(character),
            0xad | 0x34f
                | 0x61c
                | 0x115f..=0x1160
                | 0x17b4..=0x17b5
                | 0x180b..=0x180f
                | 0x200b..=0x200f
                | 0x2028..=0x202e
                | 0x2060..=0x206f
                | 0x3164
                | 0xfe00..=0xfe0f
                | 0xfeff
                | 0xffa0
                | 0xfff0..=0xfffb
                | 0x1bca0..=0x1bca3
                | 0x1d173..=0x1d17a
                | 0xe0000..=0xe0fff
        )
}

/// Whether `character` must be kept apart from what follows it.
fn breaks(before: &[char], character: char, after: &[char]) -> bool {
    let Some(next) = after.first() else { return false };
    match character {
        // Mentions, and what an issue, a merge request or an epic is named by.
        '@' | '＠' => true,
        '#' | '!' | '&' | '＃' => next.is_numeric(),
        // GH-1, GL-1, ABC-1.
        '-' => next.is_numeric() && is_key(before),
        // Links, and what is linked without a scheme.
        ':' => after.starts_with(&['/', '/']),
        '.' => ends_with(before, "www"),
        // [skip ci], [issue:1].
        '[' => next.is_alphabetic(),
        _ => false,
    }
}

/// Whether a number behind this and a hyphen would name an issue, here or in a tracker.
fn is_key(before: &[char]) -> bool {
    let capital = |c: &&char| c.is_uppercase() || c.is_numeric() || **c == '_';
    let capitals = before.iter().rev().take_while(capital).filter(|c| c.is_uppercase()).count();
    capitals > 1 || ends_with(before, "gh") || ends_with(before, "gl")
}

/// Whether the last letters are those of `word`, in either case.
fn ends_with(letters: &[char], word: &str) -> bool {
    let mut last = letters.iter().rev();
    word.chars().rev().all(|c| last.next().is_some_and(|letter| letter.eq_ignore_ascii_case(&c)))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// What is shown, with the breaks as `^`.
    fn shown(text: &str) -> String {
        code(text).replace(BREAK, "^")
    }

    #[test]
    fn plain_text_stays_as_it_is() {
        for text in [
            "6.9.4-php8.3-fpm",
            "/bin/sh -c 'echo $x'",
            r#"["docker-entrypoint.sh"]"#,
            "PATH=/bin:/sbin",
            "ünï 漢字 ☃",
            "1.2~rc1+b2",
        ] {
            assert_eq!(code(text), format!("`{text}`"));
        }
        assert_eq!(code(""), "` `");
    }

    #[test]
    fn what_forges_act_on_is_broken() {
        for (text, expected) in [
            ("@octocat and @org/team", "`@^octocat and @^org/team`"),
            ("a@example.org", "`a@^example.org`"),
            ("closes #123", "`closes #^123`"),
            ("fixes: owner/repo#1", "`fixes: owner/repo#^1`"),
            ("GH-123 gh-1 xgh-1 GL-7", "`GH-^123 gh-^1 xgh-^1 GL-^7`"),
            ("resolves ABC-12", "`resolves ABC-^12`"),
            ("see !123 &4", "`see !^123 &^4`"),
            ("https://evil.example/x", "`https:^//evil.example/x`"),
            ("www.evil.example", "`www.^evil.example`"),
            ("fix [skip ci] [issue:1]", "`fix [^skip ci] [^issue:1]`"),
        ] {
            assert_eq!(shown(text), expected);
        }
    }

    #[test]
    fn what_ends_a_span_or_is_not_seen_is_escaped() {
        for (text, expected) in [
            ("a`b``c", r"`a\x60b\x60\x60c`"),
            ("a|b", r"`a\x7cb`"),
            ("<!-- x --><img src=x>", r"`\x3c!-- x --\x3e\x3cimg src=x\x3e`"),
            ("a\n/close\r\n", r"`a\n/close\u{d}\n`"),
            ("/close", "`/close`"),
            ("a\u{1b}[31mb\u{7}\u{9b}", r"`a\u{1b}[31mb\u{7}\u{9b}`"),
            ("a\u{202e}b\u{2066}\u{200f}", r"`a\u{202e}b\u{2066}\u{200f}`"),
            ("a\u{200b}b\u{feff}\u{ad}\u{e0041}", r"`a\u{200b}b\u{feff}\u{ad}\u{e0041}`"),
            ("a\u{2028}b\u{2029}\u{85}", r"`a\u{2028}b\u{2029}\u{85}`"),
        ] {
            assert_eq!(shown(text), expected);
        }
    }

    #[test]
    fn a_long_text_is_cut() {
        let long = code(&"ä".repeat(LENGTH + 1));
        assert_eq!(long.chars().count(), LENGTH + 3);
        assert!(long.ends_with("ä…`"));
        assert!(!code(&"ä".repeat(LENGTH)).contains('…'));
        // What is cut off in the middle of a reference names nothing.
        let at_the_end = format!("{}#1", "x".repeat(LENGTH - 1));
        assert!(code(&at_the_end).ends_with("x#…`"));
    }

    /// Whether any two characters that stand beside each other are such.
    fn beside(text: &str, wrong: impl Fn(char, char) -> bool) -> bool {
        text.chars().zip(text.chars().skip(1)).any(|(a, b)| wrong(a, b))
    }

    proptest! {
        #[test]
        fn any_text_is_harmless(text in r"([@#!&\[`|<>/:\n\r.-]|GH-|www|://|<!--|-->|[a-zA-Z0-9 ]|\PC|\p{C}|\p{Z}){0,60}") {
            let span = code(&text);
            let inner = span.strip_prefix('`').and_then(|rest| rest.strip_suffix('`')).unwrap();
            prop_assert!(!inner.is_empty() && !inner.contains(['`', '|', '<', '>']));
            prop_assert!(!span.contains("://") && !inner.replace(BREAK, "").chars().any(is_unseen));
            prop_assert_eq!(span.lines().count(), 1);
            prop_assert!(!span.starts_with('/'));
            prop_assert!(!beside(&span, |a, b| a == '@' && (b.is_alphanumeric() || b == '_')));
            prop_assert!(!beside(&span, |a, b| matches!(a, '#' | '!') && b.is_ascii_digit()));
            prop_assert!(!span.to_ascii_lowercase().contains("gh-1"), "{}", span);
        }
    }
}
