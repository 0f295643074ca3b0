//! The patterns of `${X#…}`, `${X%…}` and `${X/…/…}`: `*` and `?`, as BuildKit matches them.

use super::scope::Fuel;

/// A part of a pattern.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Part {
    Star,
    Any,
    Is(char),
}

/// What follows the shortest or longest match of a pattern at the beginning of a value.
pub(super) fn without_prefix(
    value: &str,
    pattern: &str,
    longest: bool,
    fuel: &Fuel,
) -> Result<String, String> {
    let (value, pattern): (Vec<char>, _) = (value.chars().collect(), parts(pattern)?);
    let end = end(&value, &pattern, longest, fuel)?.unwrap_or(0);
    Ok(value[end..].iter().collect())
}

/// What precedes the shortest or longest match of a pattern at the end of a value.
pub(super) fn without_suffix(
    value: &str,
    pattern: &str,
    longest: bool,
    fuel: &Fuel,
) -> Result<String, String> {
    let (value, pattern): (Vec<char>, _) = (value.chars().rev().collect(), parts(pattern)?);
    let pattern: Vec<Part> = pattern.into_iter().rev().collect();
    let end = end(&value, &pattern, longest, fuel)?.unwrap_or(0);
    Ok(value[end..].iter().rev().collect())
}

/// A value with the first or all of the longest matches replaced.
pub(super) fn replaced(
    value: &str,
    pattern: &str,
    replacement: &str,
    all: bool,
    fuel: &Fuel,
) -> Result<String, String> {
    let (value, pattern): (Vec<char>, _) = (value.chars().collect(), parts(pattern)?);
    let (mut text, mut at, mut done) = (String::new(), 0, false);
    while at <= value.len() {
        let found = if done { None } else { end(&value[at..], &pattern, true, fuel)? };
        if let Some(length) = found {
            fuel.burn(replacement.len())?;
            text.push_str(replacement);
            done = !all || at + length == value.len();
            at += length;
        }
        if found.is_none_or(|length| length == 0) || done {
            text.extend(value.get(at));
            at += 1;
        }
    }
    Ok(text)
}

/// Where a match that begins at the beginning ends.
fn end(value: &[char], pattern: &[Part], longest: bool, fuel: &Fuel) -> Result<Option<usize>, String> {
    // All the places that the parts so far can end at.
    let mut ends = vec![false; value.len() + 1];
    ends[0] = true;
    for part in pattern {
        fuel.burn(ends.len())?;
        let mut next = vec![false; ends.len()];
        for at in 0..ends.len() {
            match part {
                Part::Star => next[at] = ends[at] || at > 0 && next[at - 1],
                _ if at == 0 || !ends[at - 1] => {}
                Part::Any => next[at] = true,
                Part::Is(c) => next[at] = value[at - 1] == *c,
            }
        }
        ends = next;
        if !ends.contains(&true) {
            return Ok(None);
        }
    }
    Ok(if longest { ends.iter().rposition(|end| *end) } else { ends.iter().position(|end| *end) })
}

/// The parts of a pattern; `\` is its escape character whatever the file's is.
fn parts(pattern: &str) -> Result<Vec<Part>, String> {
    let mut parts = Vec::new();
    let mut chars = pattern.chars().peekable();
    while let Some(c) = chars.next() {
        parts.push(match c {
            '*' => Part::Star,
            '?' => Part::Any,
            '\\' => match chars.peek() {
                // The escape of these was for the `${…}` around the pattern.
                Some('}' | '/') => continue,
                Some(c @ ('*' | '?' | '\\')) => {
                    let part = Part::Is(*c);
                    chars.next();
                    part
                }
                _ => return Err(format!("`{pattern}` has a wrong escape")),
            },
            c => Part::Is(c),
        });
    }
    Ok(parts)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn patterns_match_as_in_a_shell() {
        let fuel = Fuel::default();
        for (value, pattern, prefix, prefixes, suffix, suffixes) in [
            ("aaba", "a*", "aba", "", "aab", ""),
            ("a/b/c", "*/", "b/c", "c", "a/b/c", "a/b/c"),
            ("1.88-slim-bookworm", "-*", "1.88-slim-bookworm", "1.88-slim-bookworm", "1.88-slim", "1.88"),
            ("a:b@c", "?", ":b@c", ":b@c", "a:b@", "a:b@"),
            ("a*b", "a\\*", "b", "b", "a*b", "a*b"),
            ("a}b", "a\\}", "b", "b", "a}b", "a}b"),
            ("éa", "?", "a", "a", "é", "é"),
            ("abc", "x", "abc", "abc", "abc", "abc"),
            ("abc", "", "abc", "abc", "abc", "abc"),
            ("a.c", "a.c", "", "", "", ""),
            ("abc", "a.c", "abc", "abc", "abc", "abc"),
        ] {
            assert_eq!(without_prefix(value, pattern, false, &fuel).unwrap(), prefix, "{value}#{pattern}");
            assert_eq!(without_prefix(value, pattern, true, &fuel).unwrap(), prefixes, "{value}##{pattern}");
            assert_eq!(without_suffix(value, pattern, false, &fuel).unwrap(), suffix, "{value}%{pattern}");
            assert_eq!(without_suffix(value, pattern, true, &fuel).unwrap(), suffixes, "{value}%%{pattern}");
        }
        assert!(parts("\\a").is_err() && parts("a\\").is_err());
    }

    #[test]
    fn the_first_or_all_matches_are_replaced() {
        let fuel = Fuel::default();
        for (value, pattern, first, all) in [
            ("a/b/c", "/", "a-b/c", "a-b-c"),
            ("1.2.3", ".", "1-2.3", "1-2-3"),
            ("abcb", "b*", "a-", "a-"),
            ("abab", "a?", "-ab", "--"),
            ("é1", "é", "-1", "-1"),
            ("abc", "x", "abc", "abc"),
            ("", "x", "", ""),
        ] {
            assert_eq!(replaced(value, pattern, "-", false, &fuel).unwrap(), first, "{value}/{pattern}");
            assert_eq!(replaced(value, pattern, "-", true, &fuel).unwrap(), all, "{value}//{pattern}");
        }
    }

    #[test]
    fn a_hostile_pattern_ends() {
        let fuel = Fuel::default();
        let (value, pattern) = ("a".repeat(100_000), "*a".repeat(1000));
        assert!(replaced(&value, &pattern, "", true, &fuel).is_err());
    }
}
