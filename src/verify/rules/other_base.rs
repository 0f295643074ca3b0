//! An image whose last stage comes from something else than its declared runtime base.

use std::collections::{BTreeMap, BTreeSet};

use super::{pin_of, stage_place};
use crate::catalog::{Catalog, Class, Edition, Image, Level, Upstream};
use crate::model::{PinName, Repository};
use crate::scan::dockerfile::{self, Source, Stages};
use crate::scan::{Input, Reference, Unresolved};
use crate::verify::{self, Check, Raw, Rule};

pub(in crate::verify) const RULE: Rule = Rule {
    id: "other-base",
    level: Level::Error,
    since: Edition::FIRST,
    reason: "what an image is said to run on must be what it runs on",
    explanation: "\
The last stage of an image comes from another pin than the `runtime-base` of its image.toml, or
from `scratch`. What the catalog says of the image would not be true.

    runtime-base = \"debian\"              # in image.toml

    FROM ${PIN_RUST}                     # found, at the last stage of the Dockerfile",
    check: Check::Whole(check),
};

fn check(input: &verify::Input<'_>) -> Vec<Raw> {
    input.catalog.images.values().filter_map(|image| check_image(input.catalog, image)).collect()
}

fn check_image(catalog: &Catalog, image: &Image) -> Option<Raw> {
    let platforms: Vec<String> = image.platforms.iter().map(ToString::to_string).collect();
    let stages = dockerfile::stages(&image.dockerfile.text, &BTreeMap::new(), &platforms);
    bases(&stages).into_iter().find_map(|(stage, base)| {
        let is = match base {
            Source::Outside(reference) => other(catalog, image, reference)?,
            Source::Scratch => "`scratch`".to_owned(),
            Source::Stages(_) => return None,
        };
        Some(Raw {
            place: stage_place(image, stage),
            message: format!(
                "the last stage of {} comes from {is}, and its runtime-base is `{}`",
                image.name, image.runtime_base
            ),
            help: format!(
                "begin it with `FROM ${{{}}}`, or name in image.toml what it runs on",
                image.runtime_base.argument()
            ),
        })
    })
}

/// What the last stage comes from in the end, and in which stage that stands: several, where the platform chooses.
fn bases(stages: &Stages) -> Vec<(usize, &Source)> {
    let (mut open, mut seen, mut found) =
        (vec![stages.list.len().wrapping_sub(1)], BTreeSet::new(), Vec::new());
    while let Some(index) = open.pop() {
        let Some(stage) = stages.list.get(index).filter(|_| seen.insert(index)) else { continue };
        match &stage.base {
            Source::Stages(earlier) => open.extend(earlier),
            base => found.push((index, base)),
        }
    }
    found
}

/// The pin that a base is, where it is another one. What names no pin is told by the rules about references.
fn other(catalog: &Catalog, image: &Image, reference: &Reference) -> Option<String> {
    let pin = match &reference.input {
        Err(Unresolved::Argument { name, .. }) => pin_of(catalog, name)?,
        // Written out.
        Ok(Input::Image(written)) => {
            let repository: Repository = written.repository.parse().ok()?;
            let follows = |name: &&PinName| {
                let declared = catalog.declarations.get(*name).map(|declaration| &declaration.upstream);
                matches!(declared, Some(Upstream::Image(own)) if *own == repository)
            };
            if follows(&&image.runtime_base) {
                return None;
            }
            catalog.declarations.keys().find(follows)?
        }
        _ => return None,
    };
    let is_shipped = image.class == Class::FromSource && image.build_base.as_ref() == Some(pin);
    (*pin != image.runtime_base && !is_shipped).then(|| format!("`{pin}`"))
}
