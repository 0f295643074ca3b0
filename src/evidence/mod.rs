//! What changed between two locked pins, as evidence for the person who decides about the change. Pure.
//!
//! Entry point: [`Evidence::of`], which compares two pins by what [`Facts`] upstream gave about both. `image` compares
//! images, `group` tells platforms with equal changes together, `link` makes the address of a page that shows what
//! changed in a source. What could not be learnt is said, not left out: `gaps` lists it.

mod gaps;
mod git;
mod group;
mod image;
mod link;

pub use gaps::Gap;
pub use git::GitEvidence;
pub use group::Together;
pub use image::{ImageEvidence, Origin, PackageChange, PlatformStep, Reuse, SettingChange, Side, wanted};
pub use link::compare_link;

use crate::model::{Anatomy, Between, CommitId, GitUrl, Learnt, PackageStep, Pin};

/// Why two are not compared where there is but one: nothing is missing then.
pub const NOTHING_BEFORE: &str = "there is nothing to compare with";

/// What upstream gave about both pins.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Facts {
    /// What the images are made of, before and after.
    Image {
        /// Before.
        from: Learnt<Anatomy>,
        /// After.
        to: Learnt<Anatomy>,
    },
    /// The commits between the two.
    Git(Learnt<Between>),
    /// The commits between the tags that two versions of an archive stand for.
    Tagged {
        /// Where the tags are.
        url: GitUrl,
        /// Before.
        from: CommitId,
        /// After.
        to: CommitId,
        /// The commits.
        commits: Learnt<Between>,
    },
    /// Nobody is asked: the pins themselves say what there is to know.
    Pins,
}

impl Facts {
    /// What is known of `pin` where nobody is asked.
    pub fn not_asked(pin: &Pin) -> Self {
        match pin {
            Pin::Image(_) => Self::Image { from: Learnt::not_asked(), to: Learnt::not_asked() },
            Pin::Git(_) => Self::Git(Learnt::not_asked()),
            Pin::Archive(_) | Pin::Debian(_) => Self::Pins,
        }
    }
}

/// What kind of a step it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Step {
    /// There was nothing before.
    First,
    /// The tag stays, and names something else.
    Digest,
    /// Another tag.
    Tag,
    /// The same tag and content, and other platforms of it.
    Platforms,
    /// Another upstream.
    Upstream,
    /// All is as it was.
    Same,
}

impl Step {
    fn between(from: Option<&Pin>, to: &Pin) -> Self {
        match from {
            None => Self::First,
            Some(from) if from.upstream() != to.upstream() => Self::Upstream,
            Some(from) if from.tag() != to.tag() => Self::Tag,
            Some(from) if from.content() != to.content() => Self::Digest,
            Some(from) if from != to => Self::Platforms,
            Some(_) => Self::Same,
        }
    }

    /// Its name for a machine.
    pub fn name(self) -> &'static str {
        match self {
            Self::First => "first",
            Self::Digest => "digest",
            Self::Tag => "tag",
            Self::Platforms => "platforms",
            Self::Upstream => "upstream",
            Self::Same => "same",
        }
    }
}

/// What changed between two pins.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Evidence {
    /// The kind of the step.
    pub step: Step,
    /// Before.
    pub from: Option<Pin>,
    /// After.
    pub to: Pin,
    /// What upstream tells about it.
    pub details: Details,
}

/// What upstream tells about a step.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Details {
    /// Of images.
    Image(ImageEvidence),
    /// Of a git repository.
    Git(GitEvidence),
    /// Of suites of an archive: the locked packages that differ.
    Packages(Vec<PackageStep>),
    /// All that there is to know is in the pins themselves.
    Pins,
}

impl Evidence {
    /// What changed from one pin to another, or in a pin that is new, by what upstream gave about both.
    pub fn of(from: Option<&Pin>, to: &Pin, facts: &Facts) -> Self {
        let details = match to {
            Pin::Image(to) => {
                let from = match from {
                    Some(Pin::Image(from)) => Some(from),
                    _ => None,
                };
                Details::Image(ImageEvidence::of(from, to, facts))
            }
            Pin::Git(to) => {
                let from = match from {
                    Some(Pin::Git(from)) => Some(from),
                    _ => None,
                };
                Details::Git(GitEvidence::of(from, to, facts))
            }
            Pin::Archive(_) => match facts {
                Facts::Tagged { url, from, to, commits } => {
                    Details::Git(GitEvidence::between(url, from, to, commits))
                }
                _ => Details::Pins,
            },
            Pin::Debian(to) => match from {
                Some(Pin::Debian(from)) => {
                    Details::Packages(PackageStep::between(&from.packages, &to.packages))
                }
                _ => Details::Pins,
            },
        };
        Self { step: Step::between(from, to), from: from.cloned(), to: to.clone(), details }
    }

    /// The same where nobody is asked.
    pub fn not_asked(from: Option<&Pin>, to: &Pin) -> Self {
        Self::of(from, to, &Facts::not_asked(to))
    }
}
