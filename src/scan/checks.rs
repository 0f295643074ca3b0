//! What the tests of all scanners check.

use super::{ImageInput, Input, Scan, Site, Spelled, Unresolved};

/// What was found, a line each: `place: repository:tag@digest` with `+` where a digest can be put, or the reason.
/// Panics where a place is not in the text or does not say what it should.
pub(super) fn shown(text: &str, scan: &Scan) -> Vec<String> {
    true_places(text, scan);
    let line = |found: &super::Reference| {
        let place = &text[found.span.clone()];
        let said = match &found.input {
            Ok(Input::Image(image)) => image_shown(image),
            Ok(other) => format!("{other:?}"),
            Err(Unresolved::Checked { name, checksum }) => format!("argument {name}, checked by {checksum}"),
            Err(Unresolved::Argument { name, alone }) => format!("argument {name} {alone}"),
            Err(Unresolved::Template(text)) => format!("template {text}"),
            Err(Unresolved::Elsewhere(why)) => format!("elsewhere {why}"),
            Err(other) => format!("{other:?}"),
        };
        format!("{place} = {said}")
    };
    scan.references.iter().map(line).collect()
}

fn image_shown(image: &ImageInput) -> String {
    let mut shown = image.repository.clone();
    shown += &image.tag.as_ref().map_or(String::new(), |tag| format!(":{}", tag.text));
    shown += &image.digest.as_ref().map_or(String::new(), |digest| format!("@{digest}"));
    shown += if image.digest_site.is_some() { " +" } else { "" };
    shown
}

/// The text after a digest is written at the only reference; taken back it is the text again.
pub(super) fn pinned(text: &str, scan: impl Fn(&str) -> Scan) -> String {
    let site = |text: &str| -> Site {
        let found = scan(text);
        true_places(text, &found);
        let Some(Ok(Input::Image(image))) = found.references.first().map(|found| found.input.clone()) else {
            panic!("{found:?}")
        };
        image.digest_site.unwrap_or_else(|| panic!("no room in {text:?}"))
    };
    let digest = format!("sha256:{}", "a".repeat(64));
    let place = site(text);
    let replaced = |text: &str, place: &Site, value: &str| {
        format!("{}{value}{}", &text[..place.span.start], &text[place.span.end..])
    };
    let written = replaced(text, &place, &format!("{}{digest}", place.prefix));
    let again = scan(&written);
    let Ok(Input::Image(image)) = &again.references[0].input else { panic!("{again:?}") };
    assert_eq!(image.digest.as_ref(), Some(&digest), "what is written is read: {written}");
    let back = replaced(&written, &site(&written), "");
    if place.span.is_empty() {
        assert_eq!(back, text, "what is written can be taken back");
    }
    written.replace(&digest, "DIGEST")
}

/// Every place is in the text, and pieces are what the file has.
pub(super) fn true_places(text: &str, scan: &Scan) {
    for found in &scan.references {
        assert!(text.get(found.span.clone()).is_some(), "{found:?}");
        let Ok(Input::Image(image)) = &found.input else { continue };
        image.tag.iter().for_each(|tag| true_pieces(text, tag));
        image.digest_site.iter().for_each(|site| assert!(text.get(site.span.clone()).is_some(), "{found:?}"));
    }
    for build in &scan.builds {
        build.arguments.iter().for_each(|(_, value)| true_pieces(text, value));
    }
    let others = scan.outputs.iter().map(|output| &output.span);
    for span in others.chain(scan.unread.iter().map(|unread| &unread.span)) {
        assert!(text.get(span.clone()).is_some(), "{scan:?}");
    }
}

fn true_pieces(text: &str, spelled: &Spelled) {
    let mut at = 0;
    for piece in &spelled.pieces {
        let part = &spelled.text[at..at + piece.length];
        if let Some(span) = &piece.span {
            assert_eq!(text.get(span.clone()), Some(part), "{spelled:?}");
        }
        at += piece.length;
    }
    assert_eq!(at, spelled.text.len(), "{spelled:?}");
}
