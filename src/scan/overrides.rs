//! Arguments that a Compose or bake file or a workflow sets: a build with them may use other images than those that the
//! Dockerfile's own defaults name.

use std::collections::BTreeMap;

use super::{Build, Input, Reference, Spelled, dockerfile, image};

/// The references that a Dockerfile has in a build, and by itself has not. They stand in the file that builds it, at
/// the value of the argument that makes the difference; where that value is the whole reference, it can be rewritten
/// there.
pub fn set_by(build: &Build, dockerfile: &str) -> Vec<Reference> {
    let scan = |given: BTreeMap<String, String>| dockerfile::scan_for(dockerfile, &given, &build.platforms);
    let plain = scan(BTreeMap::new()).references;
    let is_plain = |reference: &Reference| plain.iter().any(|plain| same(plain, reference));
    let given = build.arguments.iter().map(|(name, value)| (name.clone(), value.text.clone()));
    let with = scan(given.collect()).references;
    let differing = with.into_iter().filter(|reference| !is_plain(reference));
    differing
        .filter_map(|reference| {
            // The argument without which the Dockerfile would name something else there.
            let makes_it = |(name, _): &&(String, Spelled)| {
                let others = build.arguments.iter().filter(|(other, _)| other != name);
                let others = others.map(|(other, value)| (other.clone(), value.text.clone())).collect();
                !scan(others).references.iter().any(|without| same(without, &reference))
            };
            let (_, value) = build.arguments.iter().find(makes_it).or(build.arguments.first())?;
            placed(reference, value)
        })
        .collect()
}

/// A reference of the Dockerfile, at the value that makes it.
fn placed(mut reference: Reference, value: &Spelled) -> Option<Reference> {
    let span = image::place(value).or_else(|| value.pieces.iter().find_map(|piece| piece.span.clone()))?;
    reference.span = span;
    // Its pieces stand in the Dockerfile, or nowhere: they are not this file's.
    match &mut reference.input {
        Ok(Input::Image(of)) if whole(of) == value.text => *of = image::of(value),
        Ok(Input::Image(of)) => {
            of.digest_site = None;
            let pieces = of.tag.iter_mut().flat_map(|tag| &mut tag.pieces);
            pieces.for_each(|piece| piece.span = None);
        }
        Ok(Input::Git(of)) => of.site = None,
        _ => {}
    }
    Some(reference)
}

fn whole(image: &super::ImageInput) -> String {
    let tag = image.tag.iter().map(|tag| format!(":{}", tag.text));
    let digest = image.digest.iter().map(|digest| format!("@{digest}"));
    tag.chain(digest).fold(image.repository.clone(), |text, part| text + &part)
}

/// Whether two references of a Dockerfile stand in the same place and name the same.
fn same(a: &Reference, b: &Reference) -> bool {
    (a.kind, &a.span) == (b.kind, &b.span) && names_the_same(a, b)
}

fn names_the_same(a: &Reference, b: &Reference) -> bool {
    match (&a.input, &b.input) {
        (Ok(Input::Image(a)), Ok(Input::Image(b))) => whole(a) == whole(b),
        (Ok(Input::Git(a)), Ok(Input::Git(b))) => {
            let text = |git: &super::GitInput| git.revision.as_ref().map(|tag| tag.text.clone());
            a.url == b.url && text(a) == text(b) && a.commit == b.commit
        }
        (a, b) => a == b,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const DOCKERFILE: &str = "ARG BASE=alpine:3.20\nARG NODE=22\nFROM ${BASE} AS a\nFROM node:${NODE}-slim\nARG NODE\nADD https://example.org/$NODE /x\n";

    fn of(arguments: &[(&str, &str)]) -> Vec<Reference> {
        let spelled = |text: &str| Spelled::literal(text, 100..100 + text.len());
        let arguments = arguments.iter().map(|(name, value)| ((*name).into(), spelled(value))).collect();
        set_by(&Build { arguments, ..Build::default() }, DOCKERFILE)
    }

    #[test]
    fn what_arguments_change_stands_at_their_values() {
        let found = of(&[("UNUSED", "1"), ("BASE", "alpine:3.19")]);
        let [reference] = found.as_slice() else { panic!("{found:#?}") };
        let Ok(Input::Image(image)) = &reference.input else { panic!("{reference:#?}") };
        assert_eq!((reference.span.clone(), image.repository.as_str()), (100..111, "alpine"));
        assert_eq!(image.tag, Some(Spelled::literal("3.19", 107..111)));
        assert_eq!(image.digest_site.as_ref().map(|site| site.span.clone()), Some(111..111));
    }

    #[test]
    fn a_part_of_a_reference_cannot_be_rewritten_there() {
        let found = of(&[("NODE", "20")]);
        let shown: Vec<_> = found.iter().map(|reference| (reference.kind, reference.span.clone())).collect();
        assert_eq!(shown, [(super::super::Kind::From, 100..102), (super::super::Kind::Add, 100..102)]);
        let Ok(Input::Image(image)) = &found[0].input else { panic!("{found:#?}") };
        assert_eq!(
            (image.tag.as_ref().map(|tag| tag.text.as_str()), &image.digest_site),
            (Some("20-slim"), &None)
        );
        assert!(image.tag.iter().flat_map(|tag| &tag.pieces).all(|piece| piece.span.is_none()));
    }

    #[test]
    fn an_image_where_there_was_none_is_found() {
        let spelled = Spelled::literal("alpine:3", 100..108);
        let build = Build { arguments: vec![("BASE".into(), spelled)], ..Build::default() };
        let found = set_by(&build, "ARG BASE=scratch\nFROM ${BASE}\n");
        assert_eq!(found.iter().map(|found| found.span.clone()).collect::<Vec<_>>(), [100..108]);
    }

    #[test]
    fn the_same_value_changes_nothing() {
        assert_eq!(of(&[("BASE", "alpine:3.20"), ("NODE", "22")]), []);
    }
}
