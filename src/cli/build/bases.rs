//! The bases of an image whose builder has no policies: what they would have it fetch, before it starts, and that the image
//! is really made on the locked one, after it.

use std::collections::BTreeMap;

use super::{Job, prepare};
use crate::audit::{Finding, NOT_LOCKED};
use crate::catalog::Image;
use crate::cli::session::Session;
use crate::engine::{Recipe, bases, outside};
use crate::error::{Error, Status};
use crate::model::{Digest, ImagePin, Make, PinName, Platform};
use crate::source::ImageSource;

/// The unpacked layers of the locked base, by platform, the lowest first.
pub(super) struct Bases(BTreeMap<Platform, Vec<String>>);

/// Asks what the bases are. One whose `ONBUILD` instructions name what is not locked is an error: builders follow them as
/// if they stood in the Dockerfile.
pub(super) async fn check(
    session: &Session<'_>,
    job: &Job<'_>,
    image: &Image,
    recipe: &Recipe,
) -> Result<Bases, Error> {
    let pins = prepare::pins_of(job, image)?;
    let platforms: Vec<String> = recipe.platforms.iter().map(Platform::to_string).collect();
    let (text, arguments) = (&image.dockerfile.text, &recipe.arguments);
    let upstreams = session.upstreams(job.workspace)?;
    let mut layers = BTreeMap::new();
    for (name, pin) in bases(text, arguments, &platforms, &pins) {
        for platform in &recipe.platforms {
            let Some(make) = make(&upstreams.sources.images, pin, platform).await? else { continue };
            // Stages of the Dockerfile are not seen from here: what is copied from one is refused too.
            let followed = format!("FROM scratch\n{}\n", make.triggers.join("\n"));
            let outside = outside(&followed, arguments, std::slice::from_ref(&platform.to_string()), &pins);
            if let [first, ..] = outside.as_slice() {
                return Err(named_by(name, pin, first));
            }
            if *name == image.runtime_base {
                layers.insert(platform.clone(), make.layers);
            }
        }
    }
    Ok(Bases(layers))
}

fn named_by(name: &PinName, pin: &ImagePin, what: &str) -> Error {
    let message = format!(
        "the base {}:{} (`{name}`) has ONBUILD instructions that name what is not locked: {what}",
        pin.repository, pin.tag
    );
    Error::new(Status::Failed, message)
        .hint("build it with buildx, whose policy sees them, or take a base without such instructions")
}

async fn make(images: &ImageSource, pin: &ImagePin, platform: &Platform) -> Result<Option<Make>, Error> {
    let Some(manifest) = pin.platforms.get(platform) else { return Ok(None) };
    images.make(&pin.repository, manifest).await.map_err(|error| {
        let failed = Error::new(Status::of_source(&error), format!("the base cannot be looked at: {error}"));
        error.hint().into_iter().fold(failed, Error::hint)
    })
}

impl Bases {
    /// What an image is made on that is not its base; `layers` are its own, unpacked.
    pub(super) fn compare(&self, platform: &Platform, layers: &[Digest]) -> Option<Finding> {
        let base = self.0.get(platform)?;
        let is_base =
            base.len() <= layers.len() && base.iter().zip(layers).all(|(base, own)| *base == own.to_string());
        (!is_base).then(|| Finding {
            rule: NOT_LOCKED,
            platform: Some(platform.clone()),
            subject: String::new(),
            message: "its lowest layers are not those of the locked base".into(),
            help: "look at what the builder was set up with: it built on something else".into(),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_image_is_made_on_its_base_or_told() {
        let layers = ["a", "b", "c"].map(|text| Digest::sha256(text.as_bytes()));
        let platform: Platform = "linux/amd64".parse().unwrap();
        let bases =
            Bases(BTreeMap::from([(platform.clone(), layers[..2].iter().map(Digest::to_string).collect())]));
        assert_eq!(bases.compare(&platform, &layers), None);
        assert_eq!(bases.compare(&platform, &layers[..2]), None);
        for other in [&layers[..1], &layers[1..], &[]] {
            assert_eq!(bases.compare(&platform, other).unwrap().rule, NOT_LOCKED);
        }
    }
}
