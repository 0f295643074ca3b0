//! A Dockerfile that is written in a value of another file.

use std::ops::Range;

use super::yaml::Places;
use super::{GitSite, ImageInput, Input, Piece, Reference, Scan, Site, Spelled, Unread};

/// Adds what was found in a Dockerfile that is `text`, put together from pieces of the file. What cannot be told
/// apart there has the place of the whole value, `whole`.
pub(super) fn embed(text: &Spelled, whole: &Range<usize>, found: Scan, into: &mut Scan) {
    let outer = Outer { places: Places::of_pieces(text), whole };
    into.references.extend(found.references.into_iter().map(|found| outer.reference(found)));
    let unread = |unread: Unread| Unread { span: outer.span(unread.span), ..unread };
    into.unread.extend(found.unread.into_iter().map(unread));
}

/// The file around the scalar.
struct Outer<'a> {
    places: Places<'a>,
    /// The value's place.
    whole: &'a Range<usize>,
}

impl Outer<'_> {
    /// The place of a part of the value, or of all of it where the file does not spell the part.
    fn span(&self, span: Range<usize>) -> Range<usize> {
        self.places.enclosing(span).unwrap_or(self.whole.clone())
    }

    fn reference(&self, found: Reference) -> Reference {
        let input = found.input.map(|input| match input {
            Input::Image(image) => Input::Image(ImageInput {
                tag: image.tag.map(|tag| self.spelled(tag)),
                digest_site: image.digest_site.and_then(|site| self.site(site)),
                ..image
            }),
            Input::Git(mut git) => {
                git.revision = git.revision.map(|revision| self.spelled(revision));
                git.site = git.site.and_then(|site| self.git_site(site));
                Input::Git(git)
            }
            Input::Bound(mut bound) => {
                bound.value = bound.value.map(|value| self.spelled(value));
                Input::Bound(bound)
            }
            Input::Fetch(fetch) => Input::Fetch(fetch),
        });
        Reference { span: self.span(found.span), input, ..found }
    }

    fn spelled(&self, spelled: Spelled) -> Spelled {
        let piece =
            |piece: Piece| Piece { span: piece.span.and_then(|span| self.places.span(span)), ..piece };
        Spelled { pieces: spelled.pieces.into_iter().map(piece).collect(), ..spelled }
    }

    fn site(&self, site: Site) -> Option<Site> {
        Some(Site { span: self.places.span(site.span)?, ..site })
    }

    fn git_site(&self, site: GitSite) -> Option<GitSite> {
        Some(GitSite { revision: self.places.span(site.revision)?, comment: self.site(site.comment)? })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::scan::{Kind, image};

    #[test]
    fn what_is_found_keeps_its_place() {
        // `FROM a:1` where the file has `FROM` and the image apart, and the line end not at all.
        let piece = |length, span| Piece { length, span, shared: false };
        let pieces = vec![piece(5, Some(10..15)), piece(3, Some(17..20)), piece(1, None)];
        let text = Spelled { text: "FROM a:1\n".into(), pieces };
        let found = |text: &str, at: Range<usize>| Reference {
            kind: Kind::From,
            span: at.clone(),
            input: Ok(Input::Image(image::of(&Spelled::literal(text, at)))),
        };
        let inner = Scan { references: vec![found("a:1", 5..8), found("x:1\n", 5..9)], ..Scan::default() };
        let mut scan = Scan::default();
        embed(&text, &(8..22), inner, &mut scan);
        assert_eq!(scan.references[0], found("a:1", 17..20));
        assert_eq!(scan.references[1].span, 8..22, "not spelled: the whole value");
        let Ok(Input::Image(image)) = &scan.references[1].input else { panic!("{scan:?}") };
        assert_eq!(image.digest_site, None);
    }
}
