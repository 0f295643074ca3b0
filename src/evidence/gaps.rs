//! What is not known, each reason told once.

use std::collections::BTreeMap;

use super::group::{Together, together};
use super::{Details, Evidence, GitEvidence, ImageEvidence, NOTHING_BEFORE};
use crate::model::{Learnt, Platform};

/// Parts of the evidence that are not known, for one reason.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Gap {
    /// Which parts.
    pub what: Vec<&'static str>,
    /// Why.
    pub why: String,
}

impl Evidence {
    /// What is not known, and why; of a git repository for no platform.
    pub fn gaps(&self) -> Vec<Together<Gap>> {
        match &self.details {
            Details::Image(image) => image.gaps(),
            Details::Git(git) => git.gaps(),
            Details::Packages(_) | Details::Pins => Vec::new(),
        }
    }
}

impl GitEvidence {
    fn gaps(&self) -> Vec<Together<Gap>> {
        let gap = |why: &String| Gap { what: vec!["commits"], why: why.clone() };
        let gap = match &self.commits {
            Learnt::Unknown(why) if why == NOTHING_BEFORE => None,
            Learnt::Unknown(why) => Some(Together { platforms: Vec::new(), what: gap(why) }),
            Learnt::Known(_) => None,
        };
        gap.into_iter().collect()
    }
}

/// For each platform, what is not known for which reason.
#[derive(Default)]
struct Reasons<'a>(BTreeMap<(&'a Platform, &'a str), Vec<&'static str>>);

impl<'a> Reasons<'a> {
    fn add<T>(&mut self, what: &'static str, platform: &'a Platform, learnt: &'a Learnt<T>) {
        if let Learnt::Unknown(why) = learnt {
            let known_gaps = self.0.entry((platform, why)).or_default();
            if !known_gaps.contains(&what) {
                known_gaps.push(what);
            }
        }
    }

    fn add_all<T>(&mut self, what: &'static str, groups: &'a [Together<Learnt<T>>]) {
        for group in groups {
            for platform in &group.platforms {
                self.add(what, platform, &group.what);
            }
        }
    }
}

impl ImageEvidence {
    fn gaps(&self) -> Vec<Together<Gap>> {
        let mut reasons = Reasons::default();
        for step in self.platforms.iter().filter(|step| !step.is_same()) {
            match (&step.from, &step.to) {
                // Known where the sizes of both are.
                (Some(_), Some(_)) => reasons.add("size", &step.platform, &step.reused),
                (Some(side), None) | (None, Some(side)) => reasons.add("size", &step.platform, &side.size),
                (None, None) => {}
            }
        }
        reasons.add_all("source", &self.origins);
        reasons.add_all("configuration", &self.configuration);
        reasons.add_all("packages", &self.packages);
        together(reasons.0.into_iter().map(|((platform, why), what)| {
            let gap = Gap { what, why: why.to_owned() };
            (platform.clone(), gap)
        }))
    }
}
