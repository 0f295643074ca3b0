//! Which images and pins are meant, and what the Dockerfiles of images name besides their arguments.

use std::collections::{BTreeMap, BTreeSet};

use crate::catalog::{Image, References};
use crate::document::meant;
use crate::emit::EmittedImage;
use crate::error::{Error, Status};
use crate::lock::{Lock, Store};
use crate::model::{ImageName, Pin, PinName, Platform};
use crate::plan::stale;
use crate::references::{Register, Standing};
use crate::scan::{self, Format, ImageInput, Input, Kind};
use crate::workspace::Workspace;

/// The named images of the catalog, or all.
pub(in crate::cli) fn images<'w>(
    workspace: &'w Workspace,
    names: &[String],
) -> Result<Vec<&'w Image>, Error> {
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
    let mut found: Vec<&Image> = names.iter().map(find).collect::<Result<_, _>>()?;
    found.sort_by(|a, b| a.name.cmp(&b.name));
    found.dedup_by(|a, b| a.name == b.name);
    Ok(found)
}

/// The locked pins of these names, or all. A builder is given none that its declaration has left behind.
pub(in crate::cli) fn pins(
    workspace: &Workspace,
    store: &Store,
    names: Option<&BTreeSet<PinName>>,
) -> Result<BTreeMap<PinName, Pin>, Error> {
    let catalog = &workspace.catalog;
    let wanted = |name: &PinName| names.is_none_or(|names| names.contains(name));
    let mut pins = BTreeMap::new();
    for declaration in catalog.declarations.values().filter(|declaration| wanted(&declaration.name)) {
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

/// The pins that a Dockerfile names with their locked content or tag, and not by arguments: what `# syntax=` says, above
/// all.
#[derive(Default)]
pub(in crate::cli) struct Named {
    /// All of them.
    pub(in crate::cli) pins: BTreeSet<PinName>,
    /// Images that are named by their tags alone, where a named context can stand for them.
    pub(in crate::cli) by_tag: BTreeSet<PinName>,
}

impl Named {
    /// What the Dockerfile of an image names.
    pub(in crate::cli) fn by(workspace: &Workspace, lock: &Lock, image: &Image) -> Self {
        let references: &References = &workspace.catalog.policy.references;
        let register = Register::new(&workspace.catalog, lock, references);
        let platforms: Vec<String> = image.platforms.iter().map(Platform::to_string).collect();
        let (path, text) = (&image.dockerfile.path, &image.dockerfile.text);
        let mut named = Self::default();
        for reference in scan::scan_as(Some(Format::Dockerfile), text, &platforms).references {
            let Standing::Locked(pin) = register.judge(path, &reference) else { continue };
            let Ok(Input::Image(_) | Input::Git(_)) = reference.input else { continue };
            named.pins.insert(pin.clone());
            let has_context = matches!(reference.kind, Kind::From | Kind::CopyFrom | Kind::MountFrom);
            if has_context && matches!(reference.input, Ok(Input::Image(ImageInput { digest: None, .. }))) {
                named.by_tag.insert(pin.clone());
            }
        }
        named
    }
}

/// An image as a build needs it.
pub(in crate::cli) fn emitted(image: &Image, named: &Named) -> EmittedImage {
    EmittedImage {
        context: image.context(),
        name: image.name.to_string(),
        dockerfile: image.dockerfile.path.clone(),
        platforms: image.platforms.iter().map(Platform::to_string).collect(),
        pins: image.pins().cloned().collect(),
        by_tag: named.by_tag.iter().cloned().collect(),
    }
}
