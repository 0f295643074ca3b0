//! What the Dockerfile of an image installs with apt.

use std::collections::BTreeSet;
use std::ops::Range;

use super::Image;
use crate::model::PackageName;
use crate::scan::{self, Format, Input};

/// What a Dockerfile installs from the suites of one pin.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Installed {
    /// The packages that it names.
    pub packages: BTreeSet<PackageName>,
    /// The installations that do not tell all their packages: where, and what is written instead.
    pub untold: Vec<(Range<usize>, String)>,
}

impl Image {
    /// What its Dockerfile installs from suites that it holds against a pin's. `argument` is that of the pin's
    /// `InRelease` files.
    pub fn installed(&self, argument: &str) -> Installed {
        let platforms: Vec<String> = self.platforms.iter().map(ToString::to_string).collect();
        let references =
            scan::scan_as(Some(Format::Dockerfile), &self.dockerfile.text, &platforms).references;
        let mut installed = Installed::default();
        for reference in references {
            let Ok(Input::Fetch(fetch)) = reference.input else { continue };
            let Some(packages) = fetch.packages else { continue };
            if packages.checked.as_deref() != Some(argument) {
                continue;
            }
            installed.packages.extend(packages.names.iter().filter_map(|name| name.parse().ok()));
            installed.untold.extend(packages.untold.map(|untold| (reference.span, untold)));
        }
        installed
    }
}
