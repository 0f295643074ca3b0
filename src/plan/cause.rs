//! Why a tag names something else than it did, as far as the images tell.

use std::collections::BTreeSet;
use std::fmt;

use crate::model::{ImagePin, Make, Manifest, Platform};

/// Why a tag names something else than it did. What images say of themselves is a claim.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Cause {
    /// It covers more platforms than what is locked, and those that are locked are the same.
    Platforms(BTreeSet<Platform>),
    /// It was built from another revision of its source, or by other steps.
    Source {
        /// Both revisions, where they are named.
        revisions: Option<(String, String)>,
    },
    /// It stands on another build of its base.
    Base,
    /// Its layers are the same.
    Configuration,
    /// Nothing that can be compared tells.
    Unknown,
}

impl fmt::Display for Cause {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Platforms(platforms) => {
                let names: Vec<String> = platforms.iter().map(Platform::to_string).collect();
                write!(f, "{} was added", names.join(", "))
            }
            Self::Source { revisions: Some((from, to)) } => {
                write!(f, "its source changed from {from} to {to}")
            }
            Self::Source { revisions: None } => f.write_str("it was built by other steps"),
            Self::Base => f.write_str("its base was rebuilt"),
            Self::Configuration => f.write_str("only its configuration changed"),
            Self::Unknown => f.write_str("no known cause"),
        }
    }
}

impl Cause {
    /// Its name for a machine.
    pub fn name(&self) -> &'static str {
        match self {
            Self::Platforms(_) => "platform-added",
            Self::Source { .. } => "source-changed",
            Self::Base => "base-rebuild",
            Self::Configuration => "configuration-only",
            Self::Unknown => "unknown",
        }
    }
}

/// What the indexes alone tell. The platform whose image must be looked at is the other answer; none where there is no
/// pair to compare.
pub fn by_index(
    from: &ImagePin,
    to: &ImagePin,
    old: &Manifest,
    new: &Manifest,
) -> Result<Cause, Option<Platform>> {
    let differs = |platform: &&Platform| from.platforms.get(*platform) != to.platforms.get(*platform);
    let in_both = |platform: &&Platform| to.platforms.contains_key(*platform);
    let mut changed = from.platforms.keys().filter(in_both).filter(differs).peekable();
    let Some(first) = changed.peek().copied() else {
        let added = to.platforms.keys().filter(|platform| !from.platforms.contains_key(*platform));
        let added: BTreeSet<Platform> = added.cloned().collect();
        return if added.is_empty() { Err(None) } else { Ok(Cause::Platforms(added)) };
    };
    let changed: Vec<&Platform> = changed.collect();
    let revisions =
        |platform: &&Platform| Some((old.revisions.get(*platform)?, new.revisions.get(*platform)?));
    if let Some((was, now)) = changed.iter().filter_map(revisions).find(|(was, now)| was != now) {
        return Ok(Cause::Source { revisions: Some((was.clone(), now.clone())) });
    }
    let bases = |platform: &&Platform| Some((old.bases.get(*platform)?, new.bases.get(*platform)?));
    match changed.iter().filter_map(bases).any(|(was, now)| was.digest != now.digest) {
        true => Ok(Cause::Base),
        false => Err(Some(first.clone())),
    }
}

/// What the images of one platform tell.
pub fn by_image(old: &Make, new: &Make) -> Cause {
    if old.layers == new.layers {
        return Cause::Configuration;
    }
    match (&old.revision, &new.revision) {
        (Some(was), Some(now)) if was != now => {
            return Cause::Source { revisions: Some((was.clone(), now.clone())) };
        }
        _ => {}
    }
    if old.history != new.history {
        return Cause::Source { revisions: None };
    }
    match old.layers.first() != new.layers.first() {
        true => Cause::Base,
        false => Cause::Unknown,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn make(layers: &[&str], history: &[&str], revision: Option<&str>) -> Make {
        let owned = |texts: &[&str]| texts.iter().map(ToString::to_string).collect();
        Make {
            layers: owned(layers),
            history: owned(history),
            revision: revision.map(Into::into),
            triggers: Vec::new(),
        }
    }

    #[test]
    fn images_tell_what_changed() {
        let old = make(&["base", "app"], &["ADD rootfs", "RUN make"], Some("a1"));
        for (new, cause) in [
            (make(&["base", "app"], &["x"], Some("b2")), Cause::Configuration),
            (
                make(&["base", "new"], &["ADD rootfs", "RUN make"], Some("b2")),
                Cause::Source { revisions: Some(("a1".into(), "b2".into())) },
            ),
            (
                make(&["base", "new"], &["ADD rootfs", "RUN make -j2"], None),
                Cause::Source { revisions: None },
            ),
            (make(&["base2", "new"], &["ADD rootfs", "RUN make"], Some("a1")), Cause::Base),
            (make(&["base", "new"], &["ADD rootfs", "RUN make"], Some("a1")), Cause::Unknown),
        ] {
            assert_eq!(by_image(&old, &new), cause);
        }
    }
}
