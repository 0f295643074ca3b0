//! `emit`: the lock for a builder. `read` says which pins are meant, `written` is what `--output` names.

pub(super) mod read;
mod written;

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use clap::{Args, ValueEnum};

use super::session::Session;
use crate::catalog::{Declaration, Image, Mode, Upstream};
use crate::emit::{
    Ambiguous, EmittedImage, EmittedSuites, all_arguments, ambiguous, bake, build_args, buildah_policy,
    contexts, env, json, source_policy, sources_list,
};
use crate::error::{Error, Status};
use crate::lock::Store;
use crate::model::{DebianPin, Fingerprint, Pin, PinName, shell_word};
use crate::workspace::Workspace;
use read::{Named, emitted, images, pins};
use written::Written;

/// Print the lock in a builder's words
#[derive(Args)]
#[command(after_long_help = EXPLANATION)]
pub(super) struct EmitArgs {
    /// The words
    #[arg(value_enum)]
    format: EmitFormat,
    /// Only what these images read; everything, where none is named
    #[arg(value_name = "IMAGE")]
    images: Vec<String>,
    /// Write it to this file instead, whole, and only where it has something else; `-` is standard output
    #[arg(short, long, value_name = "FILE")]
    output: Option<PathBuf>,
    /// Write nothing; exit with 1 where the file has something else
    #[arg(long, requires = "output")]
    check: bool,
}

const EXPLANATION: &str = "\
  docker build $(solera-pin emit build-args app) images/app
  docker build $(solera-pin emit contexts) .            # a Dockerfile that says FROM rust:1.88-slim-bookworm
  podman build --build-arg-file <(solera-pin emit env app) images/app
  solera-pin emit bake --output docker-bake.pins.json && docker buildx bake --file docker-bake.pins.json app
  solera-pin emit source-policy app --output policy.json
  EXPERIMENTAL_BUILDKIT_SOURCE_POLICY=policy.json docker buildx build ...
  buildctl build --source-policy-file policy.json ...
  solera-pin emit buildah-policy app --output policy.json
  buildah build --source-policy-file policy.json ...

Under a policy everything is denied but the build's own files and what is locked: of these images, or everything.
What a RUN fetches is no source to a builder: `solera-pin verify` reports it.";

#[derive(Clone, Copy, PartialEq, Eq, ValueEnum)]
enum EmitFormat {
    /// --build-arg=NAME=VALUE, one a line
    BuildArgs,
    /// NAME=VALUE, one a line
    Env,
    /// A target for each image, for docker buildx bake
    Bake,
    /// --build-context=NAME=IMAGE, one a line, for Dockerfiles that name tags
    Contexts,
    /// A source policy for BuildKit: what is locked, and nothing else
    SourcePolicy,
    /// The same in buildah's dialect, for images
    BuildahPolicy,
    /// What a RUN sources, so that apt installs from the locked suites
    SourcesList,
    /// Pins and images, with a schema version
    Json,
}

pub(super) fn run(session: &mut Session<'_>, args: &EmitArgs) -> Result<Status, Error> {
    let workspace = session.workspace()?;
    let output = args.output.as_deref().filter(|path| !is_stdout(path));
    if args.check && output.is_none() {
        return Err(Error::usage("--check compares a file, and standard output is none"));
    }
    let output = output.map(|path| Written::new(session, &workspace, path)).transpose()?;
    let store = Store::load(&workspace.root)?;
    let text = emit(session, &workspace, &store, args)?;
    match output {
        None => {
            session.output.data(&text)?;
            Ok(Status::Done)
        }
        Some(file) if args.check => file.check(&text, &command(session, args)),
        Some(file) => file.write(session, &text),
    }
}

/// Whether a path stands for standard output, which is printed to: nothing is replaced there.
fn is_stdout(path: &Path) -> bool {
    ["-", "/dev/stdout", "/dev/fd/1", "/proc/self/fd/1"].iter().any(|name| path == Path::new(name))
}

fn emit(
    session: &mut Session<'_>,
    workspace: &Workspace,
    store: &Store,
    args: &EmitArgs,
) -> Result<String, Error> {
    let images = images(workspace, &args.images)?;
    let named: Vec<Named> = images.iter().map(|image| Named::by(workspace, store.lock(), image)).collect();
    let read = match args.images.is_empty() {
        true => None,
        false => Some(names(args.format, &images, &named)),
    };
    let pins = pins(workspace, store, read.as_ref())?;
    let emitted = || -> Vec<EmittedImage> {
        images.iter().zip(&named).map(|(image, named)| emitted(image, named)).collect()
    };
    let mode = workspace.catalog.policy.references.mode;
    let is_policy = matches!(args.format, EmitFormat::SourcePolicy | EmitFormat::BuildahPolicy);
    for twice in ambiguous(&pins).into_iter().filter(|_| is_policy && mode == Mode::Policy) {
        session.output.note(&format!("{twice}: the tag alone is denied; name the images that are built\n"));
    }
    Ok(match args.format {
        EmitFormat::BuildArgs => build_args(&all_arguments(&pins)),
        EmitFormat::Env => env(&all_arguments(&pins)),
        EmitFormat::Bake => bake(&pins, &emitted())?,
        EmitFormat::Contexts => contexts(&pins)?,
        EmitFormat::SourcePolicy => source_policy(&pins, mode, &[]),
        EmitFormat::BuildahPolicy => buildah_policy(&pins, mode, &[]),
        EmitFormat::SourcesList => sources_list_of(workspace, &pins)?,
        EmitFormat::Json => format!("{:#}\n", json(&pins, &emitted())),
    })
}

/// The pins that images read: by arguments, and for what a builder fetches also what their Dockerfiles name.
fn names(format: EmitFormat, images: &[&Image], named: &[Named]) -> BTreeSet<PinName> {
    let mut names: BTreeSet<PinName> = images.iter().flat_map(|image| image.pins().cloned()).collect();
    let fetches =
        [EmitFormat::Bake, EmitFormat::Contexts, EmitFormat::SourcePolicy, EmitFormat::BuildahPolicy];
    if fetches.contains(&format) {
        names.extend(named.iter().flat_map(|named| named.pins.iter().cloned()));
    }
    names
}

/// The command that writes the file anew.
fn command(session: &Session<'_>, args: &EmitArgs) -> String {
    let word = |path: &Path| shell_word(&path.to_string_lossy());
    let folder = session.globals.folder.iter().map(|folder| format!("-C {}", word(folder)));
    let format =
        args.format.to_possible_value().map_or_else(String::new, |value| value.get_name().to_owned());
    let output = args.output.iter().map(|path| format!("--output {}", word(path)));
    let words = [format!("solera-pin emit {format}")].into_iter().chain(args.images.iter().cloned());
    words.chain(folder).chain(output).collect::<Vec<_>>().join(" ")
}

impl From<Ambiguous> for Error {
    fn from(error: Ambiguous) -> Self {
        Self::usage(error.to_string()).hint("name the images that are built: solera-pin emit FORMAT IMAGE...")
    }
}

/// What a RUN sources so that apt installs from the suites among these pins.
pub(super) fn sources_list_of(workspace: &Workspace, pins: &BTreeMap<PinName, Pin>) -> Result<String, Error> {
    Ok(sources_list(&suites(workspace, pins)?))
}

/// The Debian pins among those that are read, with the keys that signed.
fn suites<'a>(
    workspace: &'a Workspace,
    pins: &'a BTreeMap<PinName, Pin>,
) -> Result<Vec<EmittedSuites<'a>>, Error> {
    let mut suites = Vec::new();
    for (name, pin) in pins {
        let Some(declaration) = workspace.catalog.declarations.get(name) else { continue };
        if let (Pin::Debian(pin), Upstream::Debian(declared)) = (pin, &declaration.upstream) {
            let keyring = keyring(workspace, declaration, pin)?;
            suites.push(EmittedSuites { name, declared, pin, keyring });
        }
    }
    Ok(suites)
}

/// The certificates of the keys that signed the suites.
fn keyring(workspace: &Workspace, declaration: &Declaration, pin: &DebianPin) -> Result<String, Error> {
    let name = &declaration.name;
    let fail = |why: &str| {
        Error::usage(format!("the keyring of the pin `{name}` cannot be given to a builder: {why}"))
    };
    let keyring = workspace.keyring(declaration).unwrap_or_else(|| Err("none is declared".into()));
    let keyring = keyring.map_err(|why| fail(&why))?;
    for (suite, inrelease) in pin.suites() {
        if !keyring.fingerprints().any(|known| inrelease.signed_by.contains(known)) {
            let error = fail(&format!("it has no key that signed {suite}"));
            return Err(error.hint(format!("put the keyring back, or run `solera-pin refresh {name}`")));
        }
    }
    let signers: BTreeSet<Fingerprint> =
        pin.suites().values().flat_map(|suite| suite.signed_by.clone()).collect();
    Ok(keyring.armored(&signers.into_iter().collect::<Vec<_>>()))
}
