//! Installations from the suites of a Debian pin.

use super::*;

const PINS: &str = "[pin.rust]\nimage = \"rust\"\ntrack = \"{major}.{minor}-slim\"\n[pin.base]\nimage = \"debian\"\ntrack = \"bookworm-slim\"\n[pin.deb]\nsuites = [\"bookworm\", \"bookworm-security\"]\nsigned-by = \"keys.gpg\"\n";
const IMAGE: &str = "class = \"upstream-extension\"\nruntime-base = \"base\"\npackages = \"deb\"\ntag = \"{base.tag}\"\nplatforms = [\"linux/amd64\"]\ndelta = [\"iproute2\"]\nupstream-provides = [\"a shell\"]\nrefuses = [\"secrets\"]\n";
const DOCKERFILE: &str = "ARG PIN_BASE\nFROM ${PIN_BASE}\nARG PIN_DEB_INRELEASE\nRUN set -e; . /run/x; apt-get update; CHECK; apt-get install -y iproute2\n";
const CHECK: &str = "test \"$(sha256sum /run/solera-pin/lists/*InRelease | cut -c-64 | sort | paste -sd,)\" = \"$PIN_DEB_INRELEASE\"";

fn lock(base: &str, packages: &[&str]) -> String {
    let hex = "1".repeat(64);
    let suites = ["bookworm", "bookworm-security"].map(|suite| {
        format!("inrelease.{suite} = {{ digest = \"sha256:{hex}\", date = \"2026-08-19T20:00:00Z\", signed-by = [\"{}\"] }}\n", "A".repeat(40))
    });
    let packages: String = packages
        .iter()
        .map(|name| {
            format!("packages.{name}.amd64 = {{ version = \"1-1\", sha256 = \"{hex}\", size = 1 }}\n")
        })
        .collect();
    let base = LOCK
        .replace("version = 1\n\n", "")
        .replace("[pin.rust]", "[pin.base]")
        .replace("library/rust", "library/debian")
        .replace("1.88-slim", base);
    format!(
        "version = 1\n\n{base}\n[pin.deb]\nsuites = [\"bookworm\", \"bookworm-security\"]\nsnapshot = \"20260820T000000Z\"\n{}{packages}",
        suites.concat()
    )
}

/// What is found, without what is about other pins.
fn told(pins: &str, lock: &str, image: &str, dockerfile: &str) -> Vec<String> {
    let mut found = findings(pins, lock, image, &dockerfile.replace("CHECK", CHECK));
    found.retain(|finding| !finding.contains("`rust`"));
    found
}

#[test]
fn an_installation_from_checked_suites_is_locked() {
    let lock = lock("bookworm-slim", &["iproute2"]);
    assert_eq!(told(PINS, &lock, IMAGE, DOCKERFILE), [] as [&str; 0]);
    let one_not = |dockerfile: &str, expected: &str| {
        let found = told(PINS, &lock, IMAGE, dockerfile);
        assert!(found.iter().any(|finding| finding.contains(expected)), "{expected}: {found:?}");
    };
    one_not(
        &DOCKERFILE.replace("CHECK", "echo $PIN_DEB_INRELEASE"),
        "Dockerfile:4: Warning unlocked-fetch: nothing pins what `apt-get install` gets: iproute2",
    );
    one_not(&DOCKERFILE.replace("set -e", "set -x"), "unlocked-fetch");
    one_not(&DOCKERFILE.replace("CHECK;", "CHECK; apt-get update;"), "unlocked-fetch");
}

#[test]
fn suites_that_are_in_no_lock_are_a_finding_where_they_are_used() {
    let lock = lock("bookworm-slim", &["iproute2"]);
    let (before, _) = lock.split_once("[pin.deb]").unwrap();
    let found = told(PINS, before, IMAGE, DOCKERFILE);
    assert!(found.iter().any(|finding| finding.contains("lock-missing")), "{found:?}");
    assert!(!found.iter().any(|finding| finding.contains("unlocked-fetch")), "{found:?}");
}

#[test]
fn what_dockerfiles_install_is_what_the_lock_lists() {
    let two = DOCKERFILE.replace("iproute2", "iproute2 libgmp10");
    let found = told(PINS, &lock("bookworm-slim", &["iproute2"]), IMAGE, &two);
    assert_eq!(found.len(), 1, "{found:?}");
    assert!(found[0].contains("lock-stale: the pin `deb` is stale: it has no package libgmp10"), "{found:?}");
    let found = told(PINS, &lock("bookworm-slim", &["iproute2", "libgmp10"]), IMAGE, DOCKERFILE);
    assert_eq!(found.len(), 1, "{found:?}");
    assert!(found[0].contains("it has the package libgmp10"), "{found:?}");
    // A list in the pin goes before the Dockerfiles.
    let listed = format!("{PINS}packages = [\"iproute2\"]\n");
    assert_eq!(told(&listed, &lock("bookworm-slim", &["iproute2"]), IMAGE, &two), [] as [&str; 0]);
}

#[test]
fn packages_that_are_not_named_are_told() {
    let lock = lock("bookworm-slim", &["iproute2"]);
    let some = DOCKERFILE.replace("iproute2", "iproute2 $MORE");
    let expected = "images/x/Dockerfile:4: Warning untold-packages: the Dockerfile of x does not name all that it installs: $MORE";
    assert_eq!(told(PINS, &lock, IMAGE, &some), [expected]);
    let listed = format!("{PINS}packages = [\"iproute2\"]\n");
    assert_eq!(told(&listed, &lock, IMAGE, &some), [] as [&str; 0]);
}

#[test]
fn suites_of_another_release_than_the_base_are_a_finding() {
    let locked = |tag: &str| lock(tag, &["iproute2"]);
    let pins = |tag: &str| PINS.replace("bookworm-slim", tag);
    let expected = "images/x/Dockerfile:4: Error suite-differs: `deb` has the suites bookworm, bookworm-security, and this stage begins with docker.io/library/debian:trixie-slim, which is trixie";
    let found = told(&pins("trixie-slim"), &locked("trixie-slim"), IMAGE, DOCKERFILE);
    assert_eq!(found, [expected]);
    for tag in ["12.9-slim", "stable-slim", "bookworm-20260803-slim"] {
        assert_eq!(told(&pins(tag), &locked(tag), IMAGE, DOCKERFILE), [] as [&str; 0], "{tag}");
    }
    // Each stage has its own base, and one that begins with another has that one's.
    let stages = "ARG PIN_BASE\nFROM debian:13 AS a\nRUN true\nFROM a AS b\nARG PIN_DEB_INRELEASE\nRUN set -e; CHECK; apt-get install iproute2\nFROM ${PIN_BASE}\n";
    let found = told(PINS, &locked("bookworm-slim"), IMAGE, stages);
    let differs: Vec<_> = found.iter().filter(|finding| finding.contains("suite-differs")).collect();
    assert_eq!(differs.len(), 1, "{found:?}");
    assert!(
        differs[0].contains("Dockerfile:6") && differs[0].contains("debian:13, which is trixie"),
        "{found:?}"
    );
    // A suite that is named otherwise says nothing of a release.
    let other = pins("trixie-slim").replace("\"bookworm\", \"bookworm-security\"", "\"stable\"");
    let lock = locked("trixie-slim").replace("\"bookworm\", \"bookworm-security\"", "\"stable\"");
    let lock: String = lock
        .lines()
        .filter(|line| !line.starts_with("inrelease.bookworm-"))
        .map(|line| line.to_owned() + "\n")
        .collect();
    let lock = lock.replace("inrelease.bookworm =", "inrelease.stable =");
    assert_eq!(told(&other, &lock, IMAGE, DOCKERFILE), [] as [&str; 0]);
}

#[test]
fn an_image_says_which_suites_its_dockerfile_reads() {
    let lock = lock("bookworm-slim", &["iproute2"]);
    let unread = DOCKERFILE.replace("ARG PIN_DEB_INRELEASE\n", "").replace("CHECK; ", "");
    let found = found(PINS, &lock, IMAGE, &unread);
    let pins = found.iter().find(|finding| finding.rule == "image-pins").unwrap();
    assert_eq!(pins.message, "x names the pin `deb`, which its Dockerfile does not read");
    assert_eq!(pins.help, "add `ARG PIN_DEB_INRELEASE` to images/x/Dockerfile and use it");
    let silent = IMAGE.replace("packages = \"deb\"\n", "");
    let told = told(
        &format!("{PINS}packages = [\"iproute2\"]\narchitectures = [\"amd64\"]\n"),
        &lock,
        &silent,
        DOCKERFILE,
    );
    assert_eq!(told.len(), 1, "{told:?}");
    assert!(
        told[0].contains(
            "image-pins: the Dockerfile of x reads the pin `deb`, which its image.toml does not name"
        ),
        "{told:?}"
    );
}

#[test]
fn a_step_of_its_suites_changes_no_installation() {
    let lock = decode(&SourceFile::new("pins.lock", &lock("bookworm-slim", &["iproute2"]))).unwrap();
    let (_, pin) = lock.pins.iter().find(|(name, _)| name.as_str() == "deb").unwrap();
    let scan = crate::scan::scan("Dockerfile", &DOCKERFILE.replace("CHECK", CHECK));
    let installation = scan.references.last().unwrap();
    assert_eq!(installation.kind, crate::scan::Kind::Run);
    assert_eq!(crate::references::write(installation, pin), Ok(Vec::new()));
}
