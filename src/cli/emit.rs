//! `emit`: the lock for a builder.

use std::collections::{BTreeMap, BTreeSet};

use clap::{Args, ValueEnum};

use super::session::Session;
use crate::catalog::{Declaration, Image, Upstream};
use crate::document::meant;
use crate::emit::{EmittedImage, EmittedSuites, all_arguments, build_args, env, json, sources_list};
use crate::error::{Error, Status};
use crate::lock::Store;
use crate::model::{DebianPin, Fingerprint, ImageName, Pin, PinName, Platform};
use crate::plan::stale;
use crate::workspace::Workspace;

/// Print the lock in a builder's words
#[derive(Args)]
pub(super) struct EmitArgs {
    /// The words
    #[arg(value_enum)]
    format: EmitFormat,
    /// Only what these images read; everything, where none is named
    #[arg(value_name = "IMAGE")]
    images: Vec<String>,
}

#[derive(Clone, Copy, ValueEnum)]
enum EmitFormat {
    /// --build-arg=NAME=VALUE, one a line
    BuildArgs,
    /// NAME=VALUE, one a line
    Env,
    /// What a RUN sources, so that apt installs from the locked suites
    SourcesList,
    /// Pins and images, with a schema version
    Json,
}

pub(super) fn run(session: &mut Session<'_>, args: &EmitArgs) -> Result<Status, Error> {
    let workspace = session.workspace()?;
    let store = Store::load(&workspace.root)?;
    let images = images(&workspace, &args.images)?;
    let pins = pins(&workspace, &store, &images, args.images.is_empty())?;
    let text = match args.format {
        EmitFormat::BuildArgs => build_args(&all_arguments(&pins)),
        EmitFormat::Env => env(&all_arguments(&pins)),
        EmitFormat::SourcesList => sources_list(&suites(&workspace, &pins)?),
        EmitFormat::Json => {
            let images: Vec<EmittedImage> = images.into_iter().map(emitted).collect();
            format!("{:#}\n", json(&pins, &images))
        }
    };
    session.output.data(&text)?;
    Ok(Status::Done)
}

fn images<'w>(workspace: &'w Workspace, names: &[String]) -> Result<Vec<&'w Image>, Error> {
    let images = &workspace.catalog.images;
    if names.is_empty() {
        return Ok(images.values().collect());
    }
    let find = |name: &String| {
        images.values().find(|image| image.name.as_str() == name).ok_or_else(|| {
            let error = Error::usage(format!("no image of the catalog is called `{name}`"));
            match meant(name, images.keys().map(ImageName::as_str)) {
                Some(known) => error.hint(format!("did you mean `{known}`?")),
                None => error.hint("an image is a folder of images/ with an image.toml"),
            }
        })
    };
    names.iter().map(find).collect()
}

/// The locked pins that are read. A builder is given none that its declaration has left behind.
fn pins(
    workspace: &Workspace,
    store: &Store,
    images: &[&Image],
    all: bool,
) -> Result<BTreeMap<PinName, Pin>, Error> {
    let catalog = &workspace.catalog;
    let read = |name: &PinName| all || images.iter().any(|image| image.pins().any(|pin| pin == name));
    let mut pins = BTreeMap::new();
    for declaration in catalog.declarations.values().filter(|declaration| read(&declaration.name)) {
        let name = &declaration.name;
        let fail = |why: String| {
            Error::new(Status::Failed, format!("the pin `{name}` cannot be given to a builder: {why}"))
                .hint(format!("run `solera-pin refresh {name}` and commit pins.lock"))
        };
        let pin = store.lock().pins.get(name).ok_or_else(|| fail("pins.lock does not have it".into()))?;
        if let Some(stale) = stale(declaration, &catalog.needs(declaration), pin).first() {
            return Err(fail(format!("it is stale: {stale}")));
        }
        pins.insert(name.clone(), pin.clone());
    }
    Ok(pins)
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

fn emitted(image: &Image) -> EmittedImage {
    EmittedImage {
        name: image.name.to_string(),
        dockerfile: image.dockerfile.path.clone(),
        platforms: image.platforms.iter().map(Platform::to_string).collect(),
        pins: image.pins().cloned().collect(),
    }
}
