//! Compose files: the images of services, and what builds set.
//!
//! A service that is built here gives its image as an [`Output`]; `image` of any other is a reference. Variables
//! have no value but the default that stands in the file.

mod interpolation;
#[cfg(test)]
mod tests;

use super::scalar::{Scalar, may_hold};
use super::yaml::{self, Node};
use super::{Build, Input, Kind, Output, Piece, Reference, Scan, Spelled, Unresolved};
use super::{dockerfile, git, image, inline, path};
use interpolation::{known, resolve};

/// What a Compose file names.
pub(super) fn scan(text: &str) -> Scan {
    let mut scan = Scan::default();
    if !may_hold(text, &["image", "build"]) {
        return scan;
    }
    let stream = yaml::parse(text);
    for root in stream.documents() {
        let services = root.get("services").map(Node::pairs).unwrap_or_default();
        for (_, service) in services {
            read_service(service, &mut scan);
        }
    }
    scan.of_yaml(&stream)
}

fn read_service(service: Node<'_>, scan: &mut Scan) {
    let build = service.get("build").filter(|build| !build.is_null());
    let provided = service.get("provider").is_some_and(Node::is_mapping);
    for image in service.every("image").into_iter().filter_map(Scalar::of).filter(|_| !provided) {
        match build {
            Some(_) => scan.outputs.push(output(&image)),
            None => scan.references.push(reference(&image, 0, Kind::ComposeService)),
        }
    }
    for volume in service.get("volumes").into_iter().flat_map(Node::items) {
        if volume.get("type").and_then(Node::text) == Some("image") {
            let sources = volume.every("source").into_iter().filter_map(Scalar::of);
            scan.references.extend(sources.map(|source| reference(&source, 0, Kind::ComposeService)));
        }
    }
    if let Some(build) = build {
        read_build(build, scan);
    }
}

fn output(image: &Scalar<'_>) -> Output {
    let name = resolve(image, 0..image.text.len()).map_or(image.text.into(), |spelled| spelled.text);
    Output { name, span: image.span.clone() }
}

/// The image that a scalar names from `start` on.
fn reference(scalar: &Scalar<'_>, start: usize, kind: Kind) -> Reference {
    let range = start..scalar.text.len();
    let span = scalar.place(range.clone()).unwrap_or(scalar.span.clone());
    let input = resolve(scalar, range).map(|spelled| {
        // What is one variable and nothing else gets its digest where its default stands.
        let alone = spelled.pieces.iter().all(|piece| piece.shared) && image::place(&spelled).is_some();
        Input::Image(if alone { image::of(&spelled) } else { image::ending_at(&spelled, scalar.end()) })
    });
    Reference { kind, span, input }
}

fn read_build(build: Node<'_>, scan: &mut Scan) {
    let scalar = |key: &str| build.get(key).and_then(Scalar::of);
    let context = if build.is_mapping() { scalar("context") } else { Scalar::of(build) };
    for context in additional_contexts(build) {
        read_context(&context, scan);
    }
    for tag in build.get("tags").into_iter().flat_map(Node::items) {
        scan.outputs.extend(Scalar::of(tag).as_ref().map(output));
    }
    if let Some(found) = context.as_ref().and_then(|context| remote(context, 0)) {
        scan.references.push(found);
        return;
    }
    let arguments = build.get("args").map(arguments).unwrap_or_default();
    let platforms = build.get("platforms").into_iter().flat_map(Node::items);
    let platforms: Vec<String> = platforms.filter_map(Node::text).map(str::to_owned).collect();
    if let Some(inline) = scalar("dockerfile_inline") {
        let text = known(&inline);
        let given = arguments.into_iter().map(|(name, value)| (name, value.text)).collect();
        let found = dockerfile::scan_for(&text.text, &given, &platforms);
        inline::embed(&text, &inline.span, found, scan);
        return;
    }
    let value = |scalar: Option<Scalar<'_>>, default: &str| match scalar {
        Some(scalar) => resolve(&scalar, 0..scalar.text.len()).ok().map(|spelled| spelled.text),
        None => Some(default.to_owned()),
    };
    // A path that a variable decides is nobody's Dockerfile.
    if let (Some(context), Some(dockerfile)) =
        (value(context, "."), value(scalar("dockerfile"), "Dockerfile"))
    {
        let dockerfile = path::joined(&context, &dockerfile);
        scan.builds.push(Build { dockerfile, from_root: false, arguments, platforms });
    }
}

/// The values of `additional_contexts`, a mapping or a list of `NAME=VALUE`.
fn additional_contexts(build: Node<'_>) -> Vec<Context<'_>> {
    let Some(contexts) = build.get("additional_contexts") else { return Vec::new() };
    let listed = contexts.items().filter_map(Scalar::of).filter_map(|scalar| {
        let start = scalar.text.find('=')? + 1;
        Some(Context { scalar, start })
    });
    let named = contexts.pairs().into_iter().filter_map(|(_, value)| Scalar::of(value));
    listed.chain(named.map(|scalar| Context { scalar, start: 0 })).collect()
}

/// A build context: the text of a scalar from `start` on.
struct Context<'s> {
    scalar: Scalar<'s>,
    start: usize,
}

fn read_context(context: &Context<'_>, scan: &mut Scan) {
    const IMAGE: &str = "docker-image://";
    let text = &context.scalar.text[context.start..];
    let found = match text.starts_with(IMAGE) {
        true => Some(reference(&context.scalar, context.start + IMAGE.len(), Kind::ComposeContext)),
        false => remote(&context.scalar, context.start),
    };
    scan.references.extend(found);
}

/// A context that the builder fetches from a git repository.
fn remote(scalar: &Scalar<'_>, start: usize) -> Option<Reference> {
    let range = start..scalar.text.len();
    let text = &scalar.text[range.clone()];
    let input = match resolve(scalar, range.clone()) {
        Ok(spelled) => Ok(Input::Git(git::input(&spelled)?)),
        Err(unresolved) => {
            // What a variable stands for in the fragment decides nothing about what this is.
            git::input(&Spelled::literal(text, 0..text.len()))?;
            Err(unresolved)
        }
    };
    let span = scalar.place(range).unwrap_or(scalar.span.clone());
    Some(Reference { kind: Kind::ComposeContext, span, input })
}

/// `args`: a mapping, or a list of `NAME=VALUE`. One without a value comes from the environment.
fn arguments(args: Node<'_>) -> Vec<(String, Spelled)> {
    let listed = args.items().filter_map(Scalar::of).filter_map(|scalar| {
        let at = scalar.text.find('=')?;
        Some((scalar.text[..at].to_owned(), argument(&scalar, at + 1)))
    });
    let named = args.pairs().into_iter().filter_map(|(key, value)| {
        let name = key.key()?.to_owned();
        match Scalar::of(value) {
            Some(scalar) => Some((name, argument(&scalar, 0))),
            None => value.text().map(|_| (name, value.spelled())),
        }
    });
    listed.chain(named).collect()
}

/// A value; one that the environment decides is given as it is written, spelled by no bytes.
fn argument(scalar: &Scalar<'_>, start: usize) -> Spelled {
    let range = start..scalar.text.len();
    resolve(scalar, range.clone()).unwrap_or_else(|_: Unresolved| {
        let text = scalar.text[range].to_owned();
        let pieces = vec![Piece { length: text.len(), span: None, shared: false }];
        Spelled { text, pieces }
    })
}
