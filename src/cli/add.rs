//! `add`: declare a pin, lock it at the tag that was given, and write it into the references that name that tag.

use std::collections::BTreeSet;

use clap::Args;
use toml_edit::{Array, DocumentMut, InlineTable, Item, Table, value};

use super::session::{Session, failure};
use super::written;
use crate::adopt::is_moving_git_tag;
use crate::catalog::{self, Declaration, Files, Mode, Upstream};
use crate::document::SourceFile;
use crate::error::{Error, Status};
use crate::files::{self, Batch, Before, FolderLock};
use crate::in_place::{InStep, in_step};
use crate::lock::{Lock, Store};
use crate::model::{GitUrl, ImageRef, PinName};
use crate::plan::Wish;
use crate::report::human;
use crate::resolve::apply;
use crate::track::{Track, infer};
use crate::tree::WorkTree;
use crate::workspace::Workspace;

/// Declare a pin and lock it at the tag that is given
#[derive(Args)]
pub(super) struct AddArgs {
    /// The pin's name
    name: PinName,
    /// REPOSITORY:TAG of an image, URL#TAG of a git repository, or an archive's URL with {version} in it
    reference: String,
    /// The versions of an archive: a git repository whose tags they are, or one version
    #[arg(long, value_name = "URL|VERSION")]
    versions: Option<String>,
    /// How an archive's URL spells an architecture, for each {arch}: amd64=x86_64, or amd64 where that is its name there
    #[arg(long, value_name = "NAME[=WORD]", value_delimiter = ',')]
    architectures: Vec<String>,
    /// The track to follow, instead of the shape of the tag
    #[arg(long, value_name = "TRACK")]
    track: Option<String>,
    /// A version requirement as Cargo has them
    #[arg(long, value_name = "REQUIREMENT")]
    version: Option<String>,
}

pub(super) async fn run(session: &mut Session<'_>, args: &AddArgs) -> Result<Status, Error> {
    // Held before anything is read, so that what is written goes by what is there.
    let _held = FolderLock::acquire(&Workspace::root_of(&session.folder()?))?;
    let mut workspace = session.workspace_to_be()?;
    let path = workspace.root.join(&workspace.catalog.declared_in);
    let unreadable = |error| Error::usage(format!("{} could not be read: {error}", path.display()));
    let original = files::read_text(&path).map_err(unreadable)?;
    if workspace.catalog.declarations.contains_key(&args.name) {
        let error = Error::usage(format!(
            "the pin `{}` is already declared in {}",
            args.name, workspace.catalog.declared_in
        ));
        return Err(error.hint("edit it there, or choose another name"));
    }
    let (table, wish) = asked(args)?;
    let text = declare(original.as_deref().unwrap_or_default(), args, table)?;
    let declaration = read_back(&workspace, &text, &args.name)?;
    let track = declaration.track.clone();
    let store = Store::load(&workspace.root)?;
    let resolved = session
        .decide(&workspace, store.lock(), &[&declaration], &wish, &super::memory::Memory::none(), true)
        .await?;
    if let Some((status, message, hints)) = resolved.iter().find_map(failure) {
        let asked = resolved.iter().all(|resolved| resolved.result.is_ok());
        let next = match asked {
            true => vec!["look at the tag, or say what to follow with --track and --version".to_owned()],
            false => hints,
        };
        let hints: Vec<String> = next.iter().map(|hint| format!("nothing was declared; {hint}")).collect();
        session.output.wrong(&message, &hints);
        return Ok(status);
    }
    let lock = apply(store.lock(), &resolved);
    session.check_unchanged(&workspace)?;
    workspace.catalog.declarations.insert(args.name.clone(), declaration);
    let after = in_references(&workspace, &lock, &args.name)?;
    let mut batch = Batch::default();
    let before = original.map_or(Before::Absent, |text| Before::Content(text.into_bytes()));
    batch.stage(&path, text.as_bytes(), before)?;
    written::stage(&mut batch, &workspace.root, &after.files)?;
    store.stage(&lock, &workspace.catalog.declared_in, &mut batch)?;
    batch.commit()?;
    report(session, &workspace, &args.name, &lock, &track)?;
    session.output.data(&written::lines(&after.files))?;
    written::tell(session, &after.stuck, &[]);
    Ok(if after.stuck.is_empty() { Status::Done } else { Status::Usage })
}

/// What the new pin makes of the references that name its tag.
fn in_references(workspace: &Workspace, lock: &Lock, name: &PinName) -> Result<InStep, Error> {
    if workspace.catalog.policy.references.mode == Mode::Policy {
        return Ok(InStep::default());
    }
    let tree = WorkTree::new(&workspace.root);
    Ok(in_step(&tree, &workspace.catalog, lock, lock, &|pin| pin == name)?)
}

fn report(
    session: &mut Session<'_>,
    workspace: &Workspace,
    name: &PinName,
    lock: &Lock,
    track: &Track,
) -> Result<(), Error> {
    let Some(pin) = lock.pins.get(name) else { return Ok(()) };
    let shown = name.as_str();
    session.output.data(&human::moved(shown, shown.len(), None, pin, None))?;
    session.output.note(&format!("declared in {} with track = \"{track}\"\n", workspace.catalog.declared_in));
    if track.is_literal() {
        session.output.note("only what this tag names is followed; --track follows other tags too\n");
    }
    Ok(())
}

fn parse_reference(reference: &str) -> Result<(Upstream, String), Error> {
    let untagged = |example: &str| {
        let error = Error::usage(format!("`{reference}` names no tag, and :latest is never meant"));
        error.hint(format!("write {example}"))
    };
    if reference.contains("://") || reference.starts_with('/') || is_scp_like(reference) {
        let (url, tag) = reference.split_once('#').ok_or_else(|| untagged("URL#TAG"))?;
        let url: GitUrl =
            url.parse().map_err(|error: crate::model::GitUrlError| Error::usage(error.to_string()))?;
        return Ok((Upstream::Git(url), tag.into()));
    }
    let image: ImageRef =
        reference.parse().map_err(|error: crate::model::ImageRefError| Error::usage(error.to_string()))?;
    if image.digest().is_some() {
        return Err(Error::usage("give the tag without a digest: solera-pin looks the digest up"));
    }
    match image.tag() {
        Some(tag) if tag.as_str() != "latest" => {
            Ok((Upstream::Image(image.repository().clone()), tag.to_string()))
        }
        _ => Err(untagged("REPOSITORY:TAG")),
    }
}

/// `user@host:path`, which is no image: an image's `@` is followed by a digest.
fn is_scp_like(reference: &str) -> bool {
    reference
        .split_once('@')
        .is_some_and(|(_, rest)| !rest.starts_with("sha256:") && !rest.starts_with("sha512:"))
}

/// What is to be declared, and what is to be locked of it.
fn asked(args: &AddArgs) -> Result<(Table, Wish), Error> {
    if args.reference.contains("{version}") || args.versions.is_some() {
        // Of an archive the rules choose: its URL names no version.
        return Ok((archive(args)?, Wish::Rules));
    }
    if !args.architectures.is_empty() {
        return Err(Error::usage("--architectures is about an archive, whose URL has {arch} in it"));
    }
    let (upstream, tag) = parse_reference(&args.reference)?;
    let track = match &args.track {
        Some(track) => Track::parse(track),
        None => infer(&tag),
    };
    let track = track.map_err(|error| Error::usage(error.to_string()))?;
    let mut table = Table::new();
    match &upstream {
        Upstream::Image(repository) => table.insert("image", value(repository.to_string())),
        Upstream::Git(url) => table.insert("git", value(url.as_str())),
        // No reference stands for one of these.
        Upstream::Archive(_) | Upstream::Debian(_) => None,
    };
    table.insert("track", value(track.as_str()));
    // Upstream moves such a tag to each release: that is no alarm.
    if matches!(upstream, Upstream::Git(_)) && is_moving_git_tag(&tag) {
        table.insert("immutable", value(false));
    }
    // What a person typed is what is locked: a choice of theirs, for which the rules are not asked.
    Ok((table, Wish::Tag { tag, because: Some("added at this tag".into()) }))
}

/// The table of an archive.
fn archive(args: &AddArgs) -> Result<Table, Error> {
    let versions = args.versions.as_deref().ok_or_else(|| {
        let error = Error::usage("the URL of an archive does not tell which versions there are");
        error
            .hint("--versions GIT_URL where they are the tags of a repository, --versions 1.4.2 for this one")
    })?;
    let mut table = Table::new();
    table.insert("archive", value(&args.reference));
    let is_git = versions.contains("://") || versions.starts_with('/') || is_scp_like(versions);
    match is_git {
        true => {
            let mut git = InlineTable::new();
            git.insert("git", versions.into());
            git.insert("track", args.track.as_deref().unwrap_or("v{version}").into());
            table.insert("versions", value(git));
        }
        false if args.track.is_some() => {
            let error = Error::usage(format!(
                "--track says which tags are versions, and `{versions}` is one version"
            ));
            return Err(
                error.hint("leave --track out, or give the git repository that has the tags as --versions")
            );
        }
        false => drop(table.insert("versions", value(versions))),
    }
    let words = || args.architectures.iter().map(|given| given.split_once('=').unwrap_or((given, given)));
    let mut names = BTreeSet::new();
    if let Some((twice, _)) = words().find(|(name, _)| !names.insert(*name)) {
        let error = Error::usage(format!("--architectures names `{twice}` twice"));
        return Err(error.hint("an architecture has one file, and one word for it in the URL"));
    }
    if words().any(|(name, word)| name != word) {
        let spelled: InlineTable = words().collect();
        table.insert("architectures", value(spelled));
    } else if !args.architectures.is_empty() {
        let names: Array = words().map(|(name, _)| name).collect();
        table.insert("architectures", value(names));
    }
    Ok(table)
}

/// The declarations with one more, all else as it was.
fn declare(original: &str, args: &AddArgs, mut table: Table) -> Result<String, Error> {
    let (mark, body) = match original.strip_prefix('\u{feff}') {
        Some(body) => ("\u{feff}", body),
        None => ("", original),
    };
    let mut document: DocumentMut =
        body.parse().map_err(|error: toml_edit::TomlError| Error::usage(error.to_string()))?;
    if let Some(version) = &args.version {
        // In its place, where a person would write it.
        let immutable = table.remove("immutable");
        table.insert("version", value(version));
        if let Some(immutable) = immutable {
            table.insert("immutable", immutable);
        }
    }
    table.decor_mut().set_prefix(if body.trim().is_empty() { "" } else { "\n" });
    let pins = document.entry("pin").or_insert_with(|| {
        let mut pins = Table::new();
        pins.set_implicit(true);
        Item::Table(pins)
    });
    let pins = pins.as_table_mut().ok_or_else(|| Error::usage("`pin` must be a table of tables"))?;
    pins.insert(args.name.as_str(), Item::Table(table));
    let text = document.to_string();
    let text = if body.contains("\r\n") { text.replace("\r\n", "\n").replace('\n', "\r\n") } else { text };
    Ok(format!("{mark}{text}"))
}

/// What was written, read as any other declaration would be.
fn read_back(workspace: &Workspace, text: &str, name: &PinName) -> Result<Declaration, Error> {
    let file = SourceFile::new(workspace.catalog.declared_in.clone(), text);
    let files = match workspace.catalog.declared_in.as_str() {
        "pins.toml" => Files { pins: Some(file), ..Files::default() },
        _ => Files { upstreams: Some(file), ..Files::default() },
    };
    let mut catalog = catalog::parse(&files).map_err(Error::problems)?;
    catalog
        .declarations
        .remove(name)
        .ok_or_else(|| Error::usage(format!("the pin `{name}` could not be declared")))
}
