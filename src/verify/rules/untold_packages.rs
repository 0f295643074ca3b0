//! An installation whose packages the Dockerfile does not name.

use crate::catalog::{Edition, Level, Upstream, Wanted};
use crate::document::Place;
use crate::verify::{Check, Input, Raw, Rule};

pub(in crate::verify) const RULE: Rule = Rule {
    id: "untold-packages",
    level: Level::Warning,
    since: Edition::FIRST,
    reason: "a package that is not named is not in the lock, and nobody sees it change",
    explanation: "\
A Dockerfile installs packages that its text does not name: they come from a variable, a file or a
pattern. Its pin has `packages = \"from-dockerfiles\"`, so that pins.lock does not list them, and
no change of theirs is told when the pin moves. The bytes are locked all the same.

    RUN ... apt-get install -y $PACKAGES                          # found

Write the names, or list them in the pin: packages = [\"iproute2\"].",
    check: Check::Whole(check),
};

fn check(input: &Input<'_>) -> Vec<Raw> {
    let mut found = Vec::new();
    for image in input.catalog.images.values() {
        let Some(pin) = &image.packages else { continue };
        let declared = input.catalog.declarations.get(pin).map(|declaration| &declaration.upstream);
        let from_dockerfiles = |debian: &crate::catalog::Debian| debian.packages == Wanted::FromDockerfiles;
        if !matches!(declared, Some(Upstream::Debian(debian)) if from_dockerfiles(debian)) {
            continue;
        }
        let [_, argument] = pin.debian_arguments();
        found.extend(image.installed(&argument).untold.into_iter().map(|(span, untold)| Raw {
            place: Place { file: image.dockerfile.clone(), span },
            message: format!("the Dockerfile of {} does not name all that it installs: {untold}", image.name),
            help: format!("write the names of the packages, or list them in the pin `{pin}`"),
        }));
    }
    found
}
