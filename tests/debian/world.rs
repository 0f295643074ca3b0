//! A repository that follows the suites of an archive.

use std::fs;

use crate::archive::{Archive, Package, Published, key_file};
use crate::support::checkout::{Checkout, Ended};

/// What is installed, and what that brings in.
pub(crate) const MAIN: [Package<'_>; 5] = [
    ("iproute2", "6.1.0-3", "Depends: libbpf1 (>= 1), libc6"),
    ("curl", "7.88.1-10", "Depends: libc6"),
    ("libbpf1", "1.1.0-1", ""),
    ("libc6", "2.36-9", ""),
    ("vim", "9.0-1", "Provides: editor"),
];
pub(crate) const SECURITY: [Package<'_>; 1] = [("curl", "7.88.1-10+deb12u12", "Depends: libc6")];

/// `MAIN` with another version of a package.
pub(crate) fn main_with<'a>(name: &str, version: &'a str) -> Vec<Package<'a>> {
    let mut packages: Vec<Package<'a>> = MAIN.to_vec();
    packages.iter_mut().find(|(other, ..)| *other == name).unwrap().1 = version;
    packages
}

/// The day of a first look, whose state of three days before is taken.
pub(crate) const FIRST: &str = "2026-08-23T12:00:00Z";
pub(crate) const SECOND: &str = "2026-09-06T12:00:00Z";

pub(crate) struct World {
    pub(crate) archive: Archive,
    pub(crate) checkout: Checkout,
}

impl World {
    /// One whose suites are of a snapshot service.
    pub(crate) fn snapshot() -> Self {
        Self::new("snapshot = \"URL/snapshot/{archive}/{timestamp}\"")
    }

    pub(crate) fn mirror() -> Self {
        Self::new("mirror = \"URL/mirror/debian\"")
    }

    fn new(place: &str) -> Self {
        let archive = Archive::start();
        archive.publish(&Published::new("bookworm", "2026-07-11T10:00:00Z", &MAIN));
        archive.publish(&Published::new("bookworm-security", "2026-08-19T08:00:00Z", &SECURITY));
        let checkout = Checkout::new("");
        fs::write(checkout.path("keys.gpg"), key_file("good.gpg")).unwrap();
        let world = Self { archive, checkout };
        world.declare(place, "packages = [\"iproute2\", \"curl\"]");
        world
    }

    pub(crate) fn declare(&self, place: &str, more: &str) {
        let place = place.replace("URL", &self.archive.server.url());
        let pins = format!(
            "[pin.bookworm]\nsuites = [\"bookworm\", \"bookworm-security\"]\narchitectures = [\"amd64\", \"arm64\"]\n\
             signed-by = \"keys.gpg\"\n{place}\n{more}\n"
        );
        fs::write(self.checkout.path("pins.toml"), pins).unwrap();
    }

    pub(crate) fn declare_snapshot(&self, more: &str) {
        self.declare("snapshot = \"URL/snapshot/{archive}/{timestamp}\"", more);
    }

    pub(crate) fn run(&self, now: &str, arguments: &[&str]) -> Ended {
        let mut command = self.checkout.command(arguments);
        command.env("SOLERA_PIN_NOW", now).env("SOLERA_PIN_CACHE", "cache");
        Ended::of(command.output().unwrap())
    }

    /// A refresh that must go well; what it says.
    pub(crate) fn refresh(&self, now: &str) -> String {
        let ended = self.run(now, &["refresh"]);
        assert_eq!(ended.code, 0, "{}", ended.said);
        ended.said
    }

    pub(crate) fn lock(&self) -> String {
        self.checkout.lock().unwrap_or_default()
    }

    /// The locked time.
    pub(crate) fn locked_at(&self) -> String {
        let lock = self.lock();
        let line = lock.lines().find_map(|line| line.strip_prefix("snapshot = "));
        line.unwrap_or_default().trim_matches('"').to_owned()
    }
}
