//! What the scanner says of a Dockerfile.

use std::collections::BTreeSet;

use solera_pin::model::{ImageRef, Tag};
use solera_pin::scan::dockerfile::{self, BuildStage, Source};
use solera_pin::scan::{Input, Kind, Reference};

use crate::case::Case;

/// What it says of one.
#[derive(Default)]
pub(crate) struct Said {
    /// Whether there is a stage to build.
    pub(crate) has_target: bool,
    /// The images that the stages of the build begin with, copy and mount from.
    pub(crate) needed: BTreeSet<ImageRef>,
    /// What it cannot tell of them, and why.
    pub(crate) unresolved: Vec<String>,
    /// The images of the whole file, used or not, for any platform: what the gate looks at.
    pub(crate) anywhere: BTreeSet<ImageRef>,
    /// What it cannot tell of the whole file.
    pub(crate) unresolved_anywhere: Vec<String>,
}

pub(crate) fn ask(case: &Case) -> Said {
    let mut said = Said::default();
    let stages = dockerfile::stages(&case.text, &case.given, std::slice::from_ref(&case.platform));
    if let Some(used) = stages.used(case.target.as_deref()) {
        said.has_target = true;
        for stage in used.into_iter().map(|index| &stages.list[index]) {
            sources(stage).for_each(|reference| sort(reference, &mut said.needed, &mut said.unresolved));
        }
    }
    let scan = dockerfile::scan_with(&case.text, &case.given);
    for reference in &scan.references {
        sort(reference, &mut said.anywhere, &mut said.unresolved_anywhere);
    }
    said
}

fn sources(stage: &BuildStage) -> impl Iterator<Item = &Reference> {
    let sources = [&stage.base].into_iter().chain(&stage.sources);
    sources.filter_map(|source| match source {
        Source::Outside(reference) => Some(reference),
        Source::Scratch | Source::Stages(_) => None,
    })
}

/// An image goes to the images, as long as it could be one: the scanner leaves it to others to judge its name.
fn sort(reference: &Reference, images: &mut BTreeSet<ImageRef>, unresolved: &mut Vec<String>) {
    if !matches!(reference.kind, Kind::From | Kind::CopyFrom | Kind::MountFrom | Kind::Syntax) {
        return;
    }
    let written = match &reference.input {
        Ok(Input::Image(image)) => {
            let tag = image.tag.as_ref().map(|tag| format!(":{}", tag.text)).unwrap_or_default();
            let digest = image.digest.as_ref().map(|digest| format!("@{digest}")).unwrap_or_default();
            format!("{}{tag}{digest}", image.repository)
        }
        other => return unresolved.push(format!("{other:?}")),
    };
    match written.parse::<ImageRef>() {
        Ok(image) => drop(images.insert(tagged(&image))),
        Err(error) => unresolved.push(error.to_string()),
    }
}

/// With the tag that a builder takes where none is written.
fn tagged(image: &ImageRef) -> ImageRef {
    let default = || "latest".parse::<Tag>().unwrap();
    let tag = image.tag().cloned().or_else(|| image.digest().is_none().then(default));
    ImageRef::new(image.repository().clone(), tag, image.digest().cloned())
}
