//! The `Link` header (RFC 8288), as registries use it for the next page.

/// The target of the first link that is to the next page: `rel` says so, or there is no `rel` at all, which some
/// registries leave out.
pub fn next_link<'a>(headers: impl IntoIterator<Item = &'a str>) -> Option<String> {
    headers.into_iter().find_map(next_of)
}

fn next_of(header: &str) -> Option<String> {
    let mut rest = header;
    while let Some((_, after)) = rest.split_once('<') {
        let (target, after) = after.split_once('>')?;
        let (parameters, remaining) = split_at_comma(after);
        if is_next(parameters) && !target.trim().is_empty() {
            return Some(target.trim().into());
        }
        rest = remaining;
    }
    None
}

/// What stands before and after the first comma that is not between quotes.
fn split_at_comma(text: &str) -> (&str, &str) {
    let mut quoted = false;
    for (at, c) in text.char_indices() {
        match c {
            '"' => quoted = !quoted,
            ',' if !quoted => return (&text[..at], &text[at + 1..]),
            _ => {}
        }
    }
    (text, "")
}

fn is_next(parameters: &str) -> bool {
    let mut relations = parameters.split(';').filter_map(|parameter| {
        let (name, value) = parameter.split_once('=')?;
        name.trim().eq_ignore_ascii_case("rel").then(|| value.trim().trim_matches('"'))
    });
    match relations.next() {
        Some(relation) => relation.split_whitespace().any(|word| word.eq_ignore_ascii_case("next")),
        None => true,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn finds_the_next_page() {
        for (header, target) in [
            (r#"</v2/a/tags/list?n=1&last=x>; rel="next""#, Some("/v2/a/tags/list?n=1&last=x")),
            ("<https://h/x>; rel=next", Some("https://h/x")),
            ("<x>", Some("x")),
            (r#"<a,b>; title="p, <q>"; rel="prev", <c>; REL="Next""#, Some("c")),
            (r#"<a>; rel="last next""#, Some("a")),
            (r#"<a>; rel="first""#, None),
            ("<>; rel=next", None),
            ("<unterminated; rel=next", None),
            ("", None),
            ("no link", None),
        ] {
            assert_eq!(next_link([header]).as_deref(), target, "{header}");
        }
        assert_eq!(next_link(["<a>; rel=first", "<b>; rel=next"]).as_deref(), Some("b"));
    }

    proptest::proptest! {
        #[test]
        fn no_text_makes_it_panic(text in ".*") {
            let _ = next_link([text.as_str()]);
        }
    }
}
