//! What the targets of a bake file name of the outside.

use std::ops::Range;

use super::family::{Family, Whole};
use super::file::{File, IMAGE, Text, Value};
use super::variables::{Resolved, Variables};
use crate::scan::{
    Build, Fetch, GitInput, Input, Kind, Output, Piece, Reference, Scan, Spelled, Unread, Unresolved,
    dockerfile, git, image, inline, name, path,
};

/// The scheme of a path that does not start at the context.
const WORKING_FOLDER: &str = "cwd://";

/// The folder in which bake was started, as bake itself gives it.
const COMMAND_CONTEXT: &str = "BAKE_CMD_CONTEXT";

/// What a file's targets name.
pub(super) fn scan(text: &str, file: &File) -> Scan {
    let variables = Variables::of(file);
    let mut scan = Scan::default();
    for target in &file.targets {
        let contexts = target.get("contexts").map(Value::pairs).unwrap_or_default();
        let values = contexts.iter().map(|(_, value)| value).chain(target.get("context"));
        let texts = values.flat_map(Value::texts);
        scan.references.extend(texts.filter_map(|value| context(text, file, value, &variables)));
        let tags = target.get("tags").map(Value::texts).unwrap_or_default();
        scan.outputs.extend(tags.into_iter().filter_map(|tag| output(tag, &variables)));
    }
    let mut family = Family::of(file, &variables);
    for name in family.built() {
        scan.builds.extend(build(&family.whole(name), &variables));
    }
    for target in &file.targets {
        if let Some(Value::Text(text)) = target.get("dockerfile-inline") {
            inline_dockerfile(text, &family.whole(&target.name), &variables, &mut scan);
        }
    }
    scan.unread.extend(family.unread());
    scan.in_order()
}

/// What a Dockerfile that stands in a target names.
fn inline_dockerfile(text: &Text, target: &Whole<'_>, variables: &Variables<'_>, scan: &mut Scan) {
    let Some(written) = variables.dockerfile(text) else {
        let why = "an expression decides about this Dockerfile; nothing in it is checked".to_owned();
        return scan.unread.push(Unread { span: text.span.clone(), why });
    };
    let given = arguments(target, variables).into_iter().map(|(name, value)| (name, value.text)).collect();
    let found = dockerfile::scan_for(&written.text, &given, &platforms(target, variables));
    let mut here = Scan::default();
    inline::embed(&own(&written), &text.span, found.clone(), &mut here);
    let from = scan.references.len();
    inline::embed(&written, &text.span, found, scan);
    // A digest goes behind `${NAME}`, not into the default, which other places may use.
    for (reference, here) in scan.references[from..].iter_mut().zip(here.references) {
        if let (Ok(Input::Image(image)), Ok(Input::Image(here))) = (&mut reference.input, here.input)
            && image.digest.is_none()
        {
            image.digest_site = here.digest_site;
        }
    }
}

/// A text without the places of what other references may use too.
fn own(text: &Spelled) -> Spelled {
    let place = |piece: &Piece| Piece { span: piece.span.clone().filter(|_| !piece.shared), ..piece.clone() };
    Spelled { text: text.text.clone(), pieces: text.pieces.iter().map(place).collect() }
}

/// What a context names, unless that is a folder or another target.
fn context(file_text: &str, file: &File, text: &Text, variables: &Variables<'_>) -> Option<Reference> {
    let at = inner(text);
    let reference = |input| Some(Reference { kind: Kind::Bake, span: at.clone(), input });
    let resolved = match variables.resolve(text) {
        Ok(resolved) => resolved,
        Err(Unresolved::Argument { name, .. }) if name == COMMAND_CONTEXT => return None,
        Err(why) => {
            let beginning = variables.beginning(text);
            return may_be_outside(&beginning).then(|| reference(Err(alone(why, text)))).flatten();
        }
    };
    let whole = resolved.spelled.text.as_str();
    if whole == IMAGE {
        return reference(Err(Unresolved::Malformed(whole.to_owned())));
    }
    if whole.starts_with(IMAGE) {
        let spelled = image::slice(&resolved.spelled, IMAGE.len()..whole.len());
        let span = image::place(&spelled).filter(|_| !is_shared(&spelled)).unwrap_or_else(|| at.clone());
        let input = Ok(Input::Image(image::ending_at(&spelled, resolved.end)));
        return Some(Reference { kind: Kind::Bake, span, input });
    }
    if let Some(found) = git::input(&resolved.spelled) {
        let commentable = file.comments && text.end.is_some();
        let found = if commentable { with_site(file_text, text, &resolved, found) } else { found };
        return reference(Ok(Input::Git(found)));
    }
    let url = ["https://", "http://"].iter().any(|scheme| whole.starts_with(scheme));
    let (tool, what) = ("bake context", whole.to_owned());
    let fetch = Fetch { tool, what, locked_by: None, checksum: None, packages: None };
    url.then(|| reference(Ok(Input::Fetch(fetch)))).flatten()
}

/// Whether a context that begins so may be anything but a folder or a target.
fn may_be_outside(beginning: &str) -> bool {
    let schemes = [IMAGE, "https://", "http://", "git://", "ssh://", "git@", "github.com/"];
    schemes.iter().any(|scheme| beginning.starts_with(scheme) || scheme.starts_with(beginning))
}

/// A reference that is an argument and nothing else is that behind its scheme too.
fn alone(why: Unresolved, text: &Text) -> Unresolved {
    match why {
        Unresolved::Argument { name, alone } => {
            let alone = alone || text.alone() == Some(name.as_str());
            Unresolved::Argument { name, alone }
        }
        other => other,
    }
}

/// With the place of its revision, where a comment can stand behind it.
fn with_site(file: &str, text: &Text, resolved: &Resolved, found: GitInput) -> GitInput {
    let whole = &resolved.spelled;
    let written = match (&found.revision, &found.commit) {
        (Some(revision), None) => image::place(revision).filter(|_| !is_shared(revision)),
        (None, Some(commit)) => whole.text.rfind(commit.as_str()).and_then(|at| {
            let commit = image::slice(whole, at..at + commit.len());
            image::place(&commit).filter(|_| !is_shared(&commit))
        }),
        _ => None,
    };
    // The comma between two values of an object.
    let rest = file.get(text.span.end..).unwrap_or_default();
    let blank = rest.len() - rest.trim_start_matches([' ', '\t']).len();
    let comma = if rest[blank..].starts_with(',') { blank + 1 } else { 0 };
    match written {
        Some(revision) => git::pinned(file, found.url, revision, text.span.end + comma),
        None => found,
    }
}

fn is_shared(spelled: &Spelled) -> bool {
    spelled.pieces.iter().any(|piece| piece.shared)
}

/// A tag under which a target is built.
fn output(tag: &Text, variables: &Variables<'_>) -> Option<Output> {
    let name = match variables.resolve(tag) {
        Ok(resolved) => resolved.spelled.text,
        Err(_) => name::begun(&variables.beginning(tag))?.to_owned(),
    };
    (!name.is_empty()).then(|| Output { name, span: inner(tag) })
}

/// The build of a target whose Dockerfile is a file here.
fn build(target: &Whole<'_>, variables: &Variables<'_>) -> Option<Build> {
    if target.inline.is_some() {
        return None;
    }
    let resolved = |value: Option<&Value>| match value {
        None | Some(Value::Null) => Some(None),
        Some(Value::Text(text)) => variables.resolve(text).ok().map(|resolved| Some(resolved.spelled)),
        Some(_) => None,
    };
    let folder = resolved(target.context)?;
    let folder = folder.as_ref().map_or(".", |folder| folder.text.as_str());
    let file = resolved(target.dockerfile)?;
    let file = file.as_ref().map_or("Dockerfile", |file| file.text.as_str());
    let folder = folder.strip_prefix(WORKING_FOLDER).unwrap_or(folder);
    let dockerfile = match file.strip_prefix(WORKING_FOLDER) {
        Some(file) => path::joined(".", file),
        None if may_be_outside(folder) && !folder.is_empty() => return None,
        None => path::joined(folder, file),
    };
    let arguments = arguments(target, variables);
    Some(Build { dockerfile, arguments, platforms: platforms(target, variables), ..Build::default() })
}

/// The arguments that are set to something known here.
fn arguments(target: &Whole<'_>, variables: &Variables<'_>) -> Vec<(String, Spelled)> {
    let argument = |(name, value): (&&str, &&Value)| {
        let resolved = variables.resolve(value.text()?).ok()?;
        Some(((*name).to_owned(), resolved.spelled))
    };
    target.arguments.iter().filter_map(argument).collect()
}

fn platforms(target: &Whole<'_>, variables: &Variables<'_>) -> Vec<String> {
    let Some(value) = target.platforms else { return Vec::new() };
    let listed = variables.list(value);
    let resolved = listed.into_iter().filter_map(|text| variables.resolve(text).ok());
    let texts: Vec<String> = resolved.map(|resolved| resolved.spelled.text).collect();
    let each = texts.iter().flat_map(|text| text.split(','));
    each.map(str::trim).filter(|platform| !platform.is_empty()).map(str::to_owned).collect()
}

/// Where a text stands, without its quotes.
fn inner(text: &Text) -> Range<usize> {
    match text.end {
        Some(end) if end > text.span.start => text.span.start + 1..end,
        _ => text.span.clone(),
    }
}
