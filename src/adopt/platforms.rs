//! The platforms that a pin must cover.

use std::collections::BTreeSet;

use crate::model::{ImagePin, Platform};

/// What is assumed where nothing says what is built for.
const USUAL: [&str; 2] = ["linux/amd64", "linux/arm64"];

/// Cuts a pin down to the platforms that are built for, as far as it has them; to the usual ones where `built_for` is
/// empty; and to none where it has none of them: such an image is of one platform and no other.
pub fn settle(pin: &mut ImagePin, built_for: &BTreeSet<Platform>) {
    let usual = || USUAL.iter().filter_map(|platform| platform.parse().ok()).collect();
    let wanted: BTreeSet<Platform> = if built_for.is_empty() { usual() } else { built_for.clone() };
    if pin.platforms.keys().any(|platform| wanted.contains(platform)) {
        pin.platforms.retain(|platform, _| wanted.contains(platform));
    }
}
