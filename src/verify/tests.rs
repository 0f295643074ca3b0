mod dockerfile;
mod files;
mod packages;

use super::*;
use crate::catalog::{Files, ImageFiles, parse};
use crate::lock::{Lock, decode};
use crate::references::Register;

const LOCK: &str = "version = 1\n\n[pin.rust]\nimage = \"docker.io/library/rust\"\ntag = \"1.88-slim\"\ndigest = \"sha256:1111111111111111111111111111111111111111111111111111111111111111\"\nmedia-type = \"application/vnd.oci.image.index.v1+json\"\nplatforms.\"linux/amd64\" = \"sha256:2222222222222222222222222222222222222222222222222222222222222222\"\n";
const PINS: &str = "[pin.rust]\nimage = \"rust\"\ntrack = \"{major}.{minor}-slim\"\n";
const IMAGE: &str = "class = \"toolchain\"\nruntime-base = \"rust\"\ntag = \"{rust.version}\"\nplatforms = [\"linux/amd64\"]\ndelta = [\"a linker\"]\nupstream-provides = [\"a compiler\"]\nrefuses = [\"sources\"]\n";
const DOCKERFILE: &str = "ARG PIN_RUST\nFROM ${PIN_RUST}\n";

fn found(pins: &str, lock: &str, image: &str, dockerfile: &str) -> Vec<Finding> {
    let manifest = SourceFile::new("images/x/image.toml", image);
    let dockerfile = SourceFile::new("images/x/Dockerfile", dockerfile);
    let files = Files {
        upstreams: Some(SourceFile::new("refresh/upstreams.toml", pins)),
        images: vec![ImageFiles {
            folder: "x".into(),
            manifest: manifest.clone(),
            dockerfile: Some(dockerfile.clone()),
        }],
        ..Files::default()
    };
    report(&files, lock, &[manifest, dockerfile]).findings
}

/// What the gate says of a configuration and files.
fn report(files: &Files, lock: &str, scanned: &[Arc<SourceFile>]) -> Report {
    let catalog = parse(files).unwrap();
    let lock_file = SourceFile::new("pins.lock", lock);
    let lock = if lock.is_empty() { Lock::default() } else { decode(&lock_file).unwrap() };
    let policy = &catalog.policy;
    let input = Input { catalog: &catalog, lock: &lock, lock_file: &lock_file, policy, before: None };
    let register = Register::new(&catalog, &lock, &policy.references);
    let mut seen = Seen::default();
    for file in scanned.iter().chain([&lock_file]) {
        let scan = crate::scan::scan_for(&file.path, &file.text, &["linux/amd64".into()]);
        seen.merge(look(&input, &register, file, &scan));
    }
    conclude(&input, seen, true, |_, _, _| true)
}

fn findings(pins: &str, lock: &str, image: &str, dockerfile: &str) -> Vec<String> {
    let shown = |f: Finding| {
        let (line, _) = f.place.file.position(f.place.span.start);
        format!("{}:{line}: {:?} {}: {}", f.place.file.path, f.level, f.rule, f.message)
    };
    found(pins, lock, image, dockerfile).into_iter().map(shown).collect()
}

#[test]
fn a_catalog_that_agrees_with_its_lock_has_no_findings() {
    assert_eq!(findings(PINS, LOCK, IMAGE, DOCKERFILE), [] as [&str; 0]);
}

#[test]
#[expect(clippy::too_many_lines, reason = "a table of cases")]
fn each_rule_finds_its_case_at_its_place() {
    let two = format!("{PINS}[pin.debian]\nimage = \"debian\"\ntrack = \"slim\"\n");
    let debian = LOCK
        .replace("[pin.rust]", "[pin.debian]")
        .replace("version = 1\n", "")
        .replace("library/rust", "library/debian")
        .replace("1.88-slim", "slim");
    let both = format!("{LOCK}{debian}");
    for (pins, lock, image, dockerfile, expected) in [
        (PINS, "version = 1\n", IMAGE, DOCKERFILE, "refresh/upstreams.toml:1: Error lock-missing"),
        (
            PINS,
            &LOCK.replace("1.88-slim", "1.88.0-slim"),
            IMAGE,
            DOCKERFILE,
            "pins.lock:3: Error lock-stale: the pin `rust` is stale: its tag 1.88.0-slim does not match",
        ),
        (
            PINS,
            LOCK,
            &IMAGE.replace("amd64\"", "amd64\", \"linux/arm64\""),
            DOCKERFILE,
            "pins.lock:3: Error lock-stale: the pin `rust` is stale: it has no linux/arm64",
        ),
        (
            &PINS.replace("\"rust\"", "\"rust2\""),
            LOCK,
            IMAGE,
            DOCKERFILE,
            "it is locked from docker.io/library/rust",
        ),
        (
            &two,
            &both,
            IMAGE,
            DOCKERFILE,
            "refresh/upstreams.toml:4: Warning unused-pin: nothing reads the pin `debian`",
        ),
        (PINS, &both, IMAGE, DOCKERFILE, "pins.lock:10: Warning unused-pin: pins.lock has the pin `debian`"),
        (
            PINS,
            LOCK,
            IMAGE,
            "ARG PIN_RUST=rust:1\nFROM ${PIN_RUST}\n",
            "images/x/Dockerfile:1: Error argument-default",
        ),
        (
            PINS,
            LOCK,
            IMAGE,
            "ARG PIN_RUST=\nFROM ${PIN_RUST}\n",
            "images/x/Dockerfile:1: Error argument-default",
        ),
        (
            PINS,
            LOCK,
            IMAGE,
            "ARG PIN_RUST\nARG PIN_RSUT\nFROM ${PIN_RUST}\n",
            "images/x/Dockerfile:2: Error unknown-argument: no pin is read as PIN_RSUT",
        ),
        (
            PINS,
            LOCK,
            IMAGE,
            "ARG RUST\nFROM ${RUST}\n",
            "images/x/image.toml:2: Error image-pins: x names the pin `rust`, which its Dockerfile does not read",
        ),
        (
            &two,
            &both,
            IMAGE,
            "ARG PIN_RUST\nARG PIN_DEBIAN\nFROM ${PIN_RUST}\n",
            "images/x/Dockerfile:2: Error image-pins: the Dockerfile of x reads the pin `debian`",
        ),
        (
            &format!("{PINS}platforms = [\"linux/amd64\"]\n"),
            LOCK,
            &IMAGE.replace("amd64\"", "amd64\", \"linux/arm64\""),
            DOCKERFILE,
            "images/x/image.toml:2: Error platform-missing: x is built for linux/arm64",
        ),
        (PINS, LOCK, &IMAGE.replace("a linker", " "), DOCKERFILE, "images/x/image.toml:5: Error no-delta"),
        (
            PINS,
            LOCK,
            &IMAGE.replace("toolchain", "upstream-extension"),
            "ARG PIN_RUST\nFROM ${PIN_RUST} AS a\nLABEL a=b\nFROM a\n",
            "images/x/Dockerfile:4: Error no-delta: the Dockerfile of x adds nothing",
        ),
        (
            PINS,
            LOCK,
            &IMAGE.replace("upstream-provides = [\"a compiler\"]\n", ""),
            DOCKERFILE,
            "images/x/image.toml:1: Error admission: the image x does not say what upstream provides",
        ),
        (
            PINS,
            LOCK,
            &IMAGE.replace("\"sources\"", "\" \""),
            DOCKERFILE,
            "images/x/image.toml:7: Error admission: the image x does not say what it refuses",
        ),
        (
            PINS,
            LOCK,
            &IMAGE.replace("\"a linker\"", "\"a linker\", \"A  linker.\""),
            DOCKERFILE,
            "images/x/image.toml:5: Error admission: the delta of the image x has `A  linker.` twice",
        ),
        (
            PINS,
            LOCK,
            &IMAGE.replace("a linker", "A compiler"),
            DOCKERFILE,
            "images/x/image.toml:5: Error admission: the delta of the image x has `A compiler`, which upstream",
        ),
        (
            &two,
            &both,
            IMAGE,
            "ARG PIN_RUST\nARG PIN_DEBIAN\nFROM ${PIN_RUST}\nFROM ${PIN_DEBIAN} AS b\nFROM b\n",
            "images/x/Dockerfile:4: Error other-base: the last stage of x comes from `debian`, and its runtime-base is `rust`",
        ),
        (
            PINS,
            LOCK,
            IMAGE,
            "ARG PIN_RUST\nFROM ${PIN_RUST} AS a\nFROM scratch\nCOPY --from=a / /\n",
            "images/x/Dockerfile:3: Error other-base: the last stage of x comes from `scratch`",
        ),
    ] {
        let found = findings(pins, lock, image, dockerfile);
        assert!(found.iter().any(|finding| finding.contains(expected)), "{expected}: {found:#?}");
    }
}

/// What is found of a configuration without images and without a lock.
fn with_policy(policy: &str) -> Vec<Finding> {
    let files = Files {
        pins: Some(SourceFile::new("pins.toml", &format!("{PINS}[verify]\n{policy}"))),
        ..Files::default()
    };
    report(&files, "", &[]).findings
}

#[test]
fn the_policy_sets_levels() {
    let findings = with_policy("rules.lock-missing = \"warning\"\n");
    assert_eq!(findings[0].level, Level::Warning);
    assert!(passes(&findings));
    assert_eq!(with_policy("rules.lock-missing = \"off\"\n"), []);
}

#[test]
fn a_level_for_no_rule_is_a_finding_at_its_name() {
    let off = "rules.lock-missing = \"off\"\n";
    for (policy, text, help) in [
        ("rules.lock-stal = \"off\"\n", "lock-stal", "did you mean `lock-stale`?"),
        ("rules.\"Not_Pinned\" = \"error\"\n", "\"Not_Pinned\"", "did you mean `not-pinned`?"),
        ("rules.upstream-not-served = \"off\"\n", "upstream-not-served", "has no level to set"),
        ("rules.colour = \"off\"\n", "colour", "`solera-pin verify --explain` lists them"),
    ] {
        let findings = with_policy(&format!("{off}{policy}"));
        let [finding] = findings.as_slice() else { panic!("{policy}: {findings:#?}") };
        assert_eq!((finding.rule, finding.level), ("unknown-rule", Level::Warning));
        assert_eq!(&finding.place.file.text[finding.place.span.clone()], text);
        assert!(finding.help.contains(help), "{policy}: {}", finding.help);
    }
    let policy = format!("{off}rules.colour = \"off\"\nrules.unknown-rule = \"off\"\n");
    assert_eq!(with_policy(&policy), []);
    let table = "[verify.rules]\nlock-missing = \"off\"\ncolour = \"off\"\n";
    assert_eq!(with_policy(table)[0].message, "no rule is called `colour`");
}
