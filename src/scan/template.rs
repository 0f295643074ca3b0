//! Templates of a Helm chart. They are no YAML: a line that says `image: …` without a template marker names an image.

use std::ops::Range;

use super::{Input, Kind, Reference, Scan, Spelled, image};

/// What the lines of a template name.
pub(super) fn scan(text: &str, kind: Kind) -> Scan {
    let mut scan = Scan::default();
    let (mut at, mut comment) = (0, false);
    for line in text.split_inclusive('\n') {
        if !comment && !line.contains("{{") {
            scan.references
                .extend(image_of(line).map(|span| reference(text, at + span.start..at + span.end, kind)));
        }
        comment = in_comment(line, comment);
        at += line.len();
    }
    scan
}

/// Whether a text has markers of Helm's; `${{ … }}` is another tool's.
pub(super) fn is_template(text: &str) -> bool {
    text.match_indices("{{").any(|(at, _)| !text[..at].ends_with('$'))
}

fn reference(text: &str, span: Range<usize>, kind: Kind) -> Reference {
    let spelled = Spelled::literal(&text[span.clone()], span.clone());
    Reference { kind, span, input: Ok(Input::Image(image::of(&spelled))) }
}

/// Whether a template's comment is open behind a line.
fn in_comment(line: &str, mut open: bool) -> bool {
    let mut rest = line;
    while let Some(at) = rest.find(if open { "*/" } else { "{{" }) {
        let behind = &rest[at + 2..];
        open = !open && behind.trim_start_matches('-').trim_start().starts_with("/*");
        rest = behind;
    }
    open
}

/// The text of an image within its line.
fn image_of(line: &str) -> Option<Range<usize>> {
    let mut rest = line.trim_start();
    while let Some(item) = rest.strip_prefix('-').filter(|item| item.starts_with([' ', '\t'])) {
        rest = item.trim_start();
    }
    let value = ["image", "\"image\"", "'image'"].into_iter().find_map(|key| rest.strip_prefix(key))?;
    let value = value.trim_start_matches([' ', '\t']).strip_prefix(':')?;
    let value = value.strip_prefix([' ', '\t'])?.trim_start_matches([' ', '\t']);
    let (value, end) = match value.chars().next()? {
        quote @ ('"' | '\'') => (&value[1..], value[1..].find(quote)?),
        _ => (value, value.find(char::is_whitespace).unwrap_or(value.len())),
    };
    let behind = value[end..].trim_start_matches(['"', '\'']).trim();
    let plain = behind.is_empty() || behind.starts_with('#');
    let name = &value[..end];
    let start = line.len() - value.len();
    (plain && is_name(name)).then_some(start..start + end)
}

fn is_name(text: &str) -> bool {
    !matches!(text, "null" | "true" | "false") && image::is_well_formed(text) && !image::is_picture(text)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_that_name_an_image() {
        for (line, expected) in [
            ("        image: redis:7\n", Some("redis:7")),
            ("- image: busybox", Some("busybox")),
            ("- - image:   \"ghcr.io/a/b:1\"  # why\r\n", Some("ghcr.io/a/b:1")),
            (
                "  'image': 'a/b@sha256:00000000000000000000000000000000'\n",
                Some("a/b@sha256:00000000000000000000000000000000"),
            ),
            ("image : a/b\n", Some("a/b")),
            ("image: {{ .Values.image }}\n", None),
            ("image: redis:7 {{- /* x */}}\n", None),
            ("image: \"redis:7\n", None),
            ("image: 'redis:7' x\n", None),
            ("# image: redis:7\n", None),
            ("image:\n", None),
            ("image:redis\n", None),
            ("imagePullPolicy: Always\n", None),
            ("image: null\n", None),
            ("image: logo.png\n", None),
            ("image: $(IMAGE)\n", None),
        ] {
            let text = format!("é\n{line}");
            let scan = scan(&text, Kind::HelmTemplate);
            let found: Vec<_> = scan.references.iter().map(|found| &text[found.span.clone()]).collect();
            assert_eq!(found, expected.into_iter().collect::<Vec<_>>(), "{line}");
            for found in &scan.references {
                let Ok(Input::Image(image)) = &found.input else { panic!("{found:?}") };
                let place = image.digest_site.as_ref().unwrap().span.clone();
                assert_eq!(place.end, found.span.end, "{line}");
            }
        }
    }

    #[test]
    fn comments_of_templates_name_nothing() {
        let text = "{{- /*\nimage: a:1\n*/}}\nimage: b:1\n{{/* x */}}{{/*\nimage: c:1\n*/ -}}\n{{ x }}\nimage: d:1\n";
        let scan = scan(text, Kind::HelmTemplate);
        let found: Vec<_> = scan.references.iter().map(|found| &text[found.span.clone()]).collect();
        assert_eq!(found, ["b:1", "d:1"]);
    }
}
