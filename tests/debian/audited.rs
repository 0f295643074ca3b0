//! The audit of images that have packages installed: each is in the base, or in a list of the locked suites.

use std::fs;

use serde_json::json;

use crate::support::built::{Form, Image, Index, Layer, provenance, status};
use crate::support::checkout::Ended;
use crate::support::registry::{Registry, Reply};
use crate::world::{FIRST, SECOND, World};

type Packages<'a> = &'a [(&'a str, &'a str, &'a str)];

const BASE: Packages<'_> = &[("base-files", "12.4", "amd64"), ("libc6", "2.36-8", "amd64")];
/// What the locked suites have.
const LOCKED: Packages<'_> = &[("curl", "7.88.1-10+deb12u12", "amd64"), ("iproute2", "6.1.0-3", "amd64")];

/// A world whose registry has a base, with a lock that is committed.
struct Stage {
    world: World,
    registry: Registry,
    base: Layer,
    index: Index,
    commit: String,
}

impl Stage {
    fn new(world: World) -> Self {
        let registry = Registry::start();
        let base = Layer::new(Form::Gzip, &[("var/lib/dpkg/status", &status(BASE)), ("bin/sh", "sh")]);
        let index = Index::of(&[Image {
            platform: "linux/amd64",
            layers: vec![base.clone()],
            labels: json!({}),
            statement: None,
        }]);
        index.push(&registry, "library/debian", "slim");
        let path = world.checkout.path("pins.toml");
        let pins = fs::read_to_string(&path).unwrap();
        let debian =
            format!("[pin.debian]\nimage = \"{}/library/debian\"\ntrack = \"slim\"\n", registry.host());
        fs::write(&path, format!("{pins}\n{debian}")).unwrap();
        world.refresh(FIRST);
        let git = |arguments: &[&str]| {
            let mut command = std::process::Command::new("git");
            command.args(["-c", "user.name=a", "-c", "user.email=a@example.org"]).args(arguments);
            let output = command.current_dir(world.checkout.path("")).output().unwrap();
            assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
            String::from_utf8(output.stdout).unwrap().trim().to_owned()
        };
        git(&["init", "-q"]);
        git(&["add", "pins.toml", "pins.lock", "keys.gpg"]);
        git(&["commit", "-qm", "locked"]);
        let commit = git(&["rev-parse", "HEAD"]);
        Self { world, registry, base, index, commit }
    }

    /// An image on the base, with these layers more.
    fn image(&self, more: Vec<Layer>) {
        self.image_of([vec![self.base.clone()], more].concat());
    }

    fn image_of(&self, layers: Vec<Layer>) {
        let base = format!("pkg:docker/{}/library/debian@slim?platform=linux%2Famd64", self.registry.host());
        let digest = self.index.digest().to_string();
        let statement = provenance(&[(base.as_str(), "sha256", digest.as_str())], None);
        let labels = json!({ "org.opencontainers.image.revision": self.commit });
        let image = Image { platform: "linux/amd64", layers, labels, statement: Some(statement) };
        let _ = fs::remove_dir_all(self.world.checkout.path("built"));
        Index::of(&[image]).write(&self.world.checkout.path("built"), "1");
    }

    fn audit(&self) -> Ended {
        self.world.run(FIRST, &["audit", "oci:built"])
    }

    /// The audit of an image whose own layer has this record.
    fn of(&self, form: Form, record: &str) -> Ended {
        self.image(vec![Layer::new(form, &[("./var/lib/dpkg/status", record)])]);
        self.audit()
    }
}

fn record(more: Packages<'_>) -> String {
    status(&[BASE, more].concat())
}

#[test]
fn packages_are_of_the_base_or_of_the_locked_suites() {
    let stage = Stage::new(World::snapshot());
    for form in [Form::Plain, Form::Gzip, Form::Zstd] {
        let ended = stage.of(form, &record(LOCKED));
        assert_eq!(ended.code, 0, "{}", ended.said);
        assert!(ended.said.contains("4 packages: 2 of the base, 2 of the locked suites"), "{}", ended.said);
        assert!(ended.said.contains(&format!("at {}", stage.commit)), "{}", ended.said);
    }
    for (package, told) in [
        (("curl", "7.88.1-11", "amd64"), "the package curl 7.88.1-11 (amd64) is neither in the base"),
        (("curl", "7.88.1-10+deb12u12", "i386"), "(i386) is neither"),
        (("curl", "7.88.1-11", "arm64"), "(arm64) is neither"),
        (("curl", "7.88.1-10+deb12u12", "all"), "(all) is neither"),
        (("nmap", "7.93", "amd64"), "the package nmap 7.93"),
        (("libc6", "2.36-7", "amd64"), "the package libc6 2.36-7"),
    ] {
        let ended = stage.of(Form::Gzip, &record(&[package]));
        assert_eq!(ended.code, 1, "{}", ended.said);
        assert!(
            ended.said.contains("error[package-not-locked]") && ended.said.contains(told),
            "{}",
            ended.said
        );
        assert_eq!(ended.said.matches("error[").count(), 1, "{}", ended.said);
    }
    // dpkg can be told to take packages of another architecture, and the lock may have those.
    let foreign = [LOCKED, &[("curl", "7.88.1-10+deb12u12", "arm64")]].concat();
    let ended = stage.of(Form::Gzip, &record(&foreign));
    assert_eq!(ended.code, 0, "{}", ended.said);
    assert!(ended.said.contains("5 packages: 2 of the base, 3 of the locked suites"), "{}", ended.said);
    // Once read, the lists are there without the archive; only what they are is asked.
    stage.world.archive.asked();
    assert_eq!(stage.of(Form::Gzip, &record(LOCKED)).code, 0);
    let asked = stage.world.archive.asked();
    assert!(asked.iter().all(|path| path.ends_with("/InRelease")), "{asked:?}");
}

#[test]
fn where_all_is_as_in_the_base_nobody_is_asked_for_lists() {
    let stage = Stage::new(World::snapshot());
    stage.world.archive.asked();
    stage.image(vec![Layer::new(Form::Gzip, &[("etc/app", "x")])]);
    let ended = stage.audit();
    assert_eq!(ended.code, 0, "{}", ended.said);
    assert!(ended.said.contains("2 packages: 2 of the base"), "{}", ended.said);
    // A record that is taken away, or emptied, hides what the base has.
    for file in [("var/lib/.wh.dpkg", ""), ("var/lib/dpkg/status", "")] {
        stage.image(vec![Layer::new(Form::Gzip, &[file])]);
        let ended = stage.audit();
        assert_eq!(ended.code, 1, "{}", ended.said);
        assert!(
            ended.said.contains("error[not-understood]: what is installed cannot be told"),
            "{}",
            ended.said
        );
    }
    stage.image_of(vec![Layer::new(Form::Gzip, &[("etc/app", "x")])]);
    let ended = stage.audit();
    assert!(ended.code == 0 && ended.said.contains("no packages were looked at"), "{}", ended.said);
    assert_eq!(stage.world.archive.asked(), [""; 0]);
}

/// What is squashed into one layer, or copied out of a stage, shares no layer with its base.
#[test]
fn packages_of_a_base_are_its_own_without_its_layers() {
    let stage = Stage::new(World::snapshot());
    let of = |packages: Packages<'_>| {
        stage.image_of(vec![Layer::new(Form::Gzip, &[("var/lib/dpkg/status", &status(packages))])]);
        stage.audit()
    };
    let ended = of(&[BASE, LOCKED].concat());
    assert_eq!(ended.code, 0, "{}", ended.said);
    assert!(ended.said.contains("4 packages: 2 of the base, 2 of the locked suites"), "{}", ended.said);
    let ended = of(&[("libc6", "2.36-7", "amd64"), BASE[0]]);
    assert!(ended.code == 1 && ended.said.contains("the package libc6 2.36-7"), "{}", ended.said);
    assert_eq!(ended.said.matches("error[").count(), 1, "{}", ended.said);
    // Its layers have to be read for that.
    let path = format!("GET /v2/library/debian/blobs/{}", stage.base.digest());
    stage.registry.answer(&path, Reply::new(404, "gone"));
    let ended = of(BASE);
    assert_eq!(ended.code, 3, "{}", ended.said);
    assert!(!ended.said.contains("package-not-locked"), "{}", ended.said);
}

#[test]
fn what_cannot_be_had_is_told() {
    let stage = Stage::new(World::mirror());
    assert_eq!(stage.of(Form::Gzip, &record(LOCKED)).code, 0);
    // Without its base, what is of it is unknown; the locked suites may have it.
    let child = &stage.index.manifests[0];
    stage.registry.delete("library/debian", &child.to_string());
    fs::remove_dir_all(stage.world.checkout.path("cache")).unwrap();
    let ended = stage.of(Form::Gzip, &record(LOCKED));
    assert_eq!(ended.code, 3, "{}", ended.said);
    assert!(ended.said.contains("it is not known whether the base has"), "{}", ended.said);
    assert!(ended.said.contains("(2, the first is base-files 12.4 (amd64))"), "{}", ended.said);
    assert!(
        ended.said.contains("not known: ") && !ended.said.contains("package-not-locked"),
        "{}",
        ended.said
    );
    stage.index.push(&stage.registry, "library/debian", "slim");
    // The mirror has moved on.
    let newer = crate::archive::Published::new("bookworm", "2026-08-30T08:00:00Z", &crate::world::MAIN);
    stage.world.archive.publish(&newer);
    let ended = stage.world.run(SECOND, &["audit", "oci:built"]);
    assert_eq!(ended.code, 3, "{}", ended.said);
    assert!(ended.said.contains("the mirror has moved on: bookworm is not what is locked"), "{}", ended.said);
    assert!(!ended.said.contains("package-not-locked"), "{}", ended.said);
}

#[test]
fn layers_are_what_they_are_said_to_be() {
    let stage = Stage::new(World::snapshot());
    let claimed = solera_pin::model::Digest::sha256(b"something else");
    stage.image(vec![Layer::new(Form::Gzip, &[("etc/app", "x")]).claimed(claimed)]);
    let ended = stage.audit();
    assert_eq!(ended.code, 4, "{}", ended.said);
    assert!(ended.said.contains("and the configuration says"), "{}", ended.said);
    // Another base, which says that it is the locked one.
    let other = Layer::new(Form::Gzip, &[("var/lib/dpkg/status", &record(&[("nmap", "7.93", "amd64")]))]);
    let base = Layer::new(Form::Gzip, &[("var/lib/dpkg/status", &status(BASE)), ("bin/sh", "sh")]);
    stage.image_of(vec![other.clone()]);
    let ended = stage.audit();
    assert!(ended.code == 1 && ended.said.contains("nmap 7.93"), "{}", ended.said);
    stage.image_of(vec![other.claimed(base.diff_id())]);
    assert_eq!(stage.audit().code, 4);
    let ended = stage.of(Form::Gzip, "Package: aa\nVersion: 1\n");
    assert_eq!(ended.code, 1, "{}", ended.said);
    assert!(
        ended.said.contains("what is installed cannot be told") && ended.said.contains("no Architecture"),
        "{}",
        ended.said
    );
}
