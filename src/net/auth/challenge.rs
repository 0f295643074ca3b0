//! `WWW-Authenticate` (RFC 9110, section 11.6.1): what a registry wants before it answers.

/// One challenge: a scheme in lower case, and its parameters.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(in crate::net) struct Challenge {
    pub(in crate::net) scheme: String,
    parameters: Vec<(String, String)>,
}

impl Challenge {
    /// The value of a parameter; names are in lower case.
    pub(in crate::net) fn get(&self, name: &str) -> Option<&str> {
        let found = self.parameters.iter().find(|(key, _)| key == name);
        found.map(|(_, value)| value.as_str()).filter(|value| !value.is_empty())
    }
}

/// All challenges of a header; what cannot be understood is passed over.
pub(in crate::net) fn parse(header: &str) -> Vec<Challenge> {
    let mut challenges: Vec<Challenge> = Vec::new();
    let mut rest = header;
    loop {
        rest = rest.trim_start_matches(|c: char| c.is_whitespace() || matches!(c, ',' | '=' | '"'));
        if rest.is_empty() {
            return challenges;
        }
        let (word, after) = split_word(rest);
        let value = after.trim_start().strip_prefix('=');
        match (value, challenges.last_mut()) {
            (Some(value), Some(challenge)) => {
                let (value, after) = split_value(value.trim_start());
                challenge.parameters.push((word.to_ascii_lowercase(), value));
                rest = after;
            }
            _ => {
                challenges.push(Challenge { scheme: word.to_ascii_lowercase(), parameters: Vec::new() });
                rest = after;
            }
        }
    }
}

fn split_word(text: &str) -> (&str, &str) {
    let end = text.find(|c: char| c.is_whitespace() || matches!(c, ',' | '=' | '"'));
    text.split_at(end.unwrap_or(text.len()))
}

/// A value, quoted or not, and what follows it. A quote that is never closed ends with the text.
fn split_value(text: &str) -> (String, &str) {
    let Some(quoted) = text.strip_prefix('"') else {
        let end = text.find(|c: char| c.is_whitespace() || c == ',').unwrap_or(text.len());
        return (text[..end].into(), &text[end..]);
    };
    let (mut value, mut escaped) = (String::new(), false);
    for (at, c) in quoted.char_indices() {
        match c {
            '"' if !escaped => return (value, &quoted[at + 1..]),
            '\\' if !escaped => escaped = true,
            c => {
                value.push(c);
                escaped = false;
            }
        }
    }
    (value, "")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_what_registries_send() {
        let header = r#"Bearer realm="https://auth.docker.io/token",service="registry.docker.io",scope="repository:library/rust:pull,push""#;
        let [challenge] = &parse(header)[..] else { panic!("one challenge expected") };
        assert_eq!(challenge.scheme, "bearer");
        assert_eq!(challenge.get("realm"), Some("https://auth.docker.io/token"));
        assert_eq!(challenge.get("service"), Some("registry.docker.io"));
        assert_eq!(challenge.get("scope"), Some("repository:library/rust:pull,push"));
        assert_eq!(challenge.get("error"), None);
    }

    #[test]
    fn reads_several_in_any_spelling() {
        let challenges =
            parse(r#"Negotiate, BASIC Realm = "a \"b\", c" , bearer realm=https://h/t , scope="""#);
        let schemes: Vec<_> = challenges.iter().map(|c| c.scheme.as_str()).collect();
        assert_eq!(schemes, ["negotiate", "basic", "bearer"]);
        assert_eq!(challenges[1].get("realm"), Some(r#"a "b", c"#));
        assert_eq!(challenges[2].get("realm"), Some("https://h/t"));
        assert_eq!(challenges[2].get("scope"), None, "empty is absent");
    }

    #[test]
    fn nonsense_is_no_challenge_or_an_unknown_one() {
        assert!(parse("").is_empty());
        assert!(parse("=,=\"").is_empty());
        assert_eq!(parse("Bearer realm=\"never closed")[0].get("realm"), Some("never closed"));
    }

    proptest::proptest! {
        #[test]
        fn no_text_makes_it_panic(text in ".*") {
            let _ = parse(&text);
        }
    }
}
