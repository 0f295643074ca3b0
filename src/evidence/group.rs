//! Platforms with equal changes, told together.

use crate::model::Platform;

/// What holds for several platforms.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Together<T> {
    /// For which, sorted.
    pub platforms: Vec<Platform>,
    /// What.
    pub what: T,
}

impl<T> Together<T> {
    /// The names of the platforms, in one text.
    pub fn names(&self) -> String {
        let names: Vec<String> = self.platforms.iter().map(Platform::to_string).collect();
        names.join(", ")
    }
}

/// One entry for each different value, in the order of the platforms.
pub(super) fn together<T: PartialEq>(each: impl IntoIterator<Item = (Platform, T)>) -> Vec<Together<T>> {
    let mut groups: Vec<Together<T>> = Vec::new();
    for (platform, what) in each {
        match groups.iter_mut().find(|group| group.what == what) {
            Some(group) => group.platforms.push(platform),
            None => groups.push(Together { platforms: vec![platform], what }),
        }
    }
    groups
}
