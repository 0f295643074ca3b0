//! `audit` of images in a registry and in layouts, which say themselves what they were built from.

use std::fs;
use std::io::Write as _;
use std::process::Stdio;

use serde_json::{Value, json};

use crate::support::built::{Form, Image, Index, Layer, provenance};
use crate::support::checkout::{BOTH, Ended, Project, pin};
use crate::support::registry::{Registry, Reply};

const REVISION: &str = "org.opencontainers.image.revision";
const OTHER: &str = "1111111111111111111111111111111111111111";

/// A project with one locked base, in a commit.
struct Stage {
    registry: Registry,
    project: Project,
    base: String,
    commit: String,
}

impl Stage {
    fn new() -> Self {
        let registry = Registry::start();
        registry.push_index("library/base", "1", BOTH);
        let project = Project::new(&pin(&registry, "base", "library/base", "1"));
        let refreshed = project.checkout.run(&["refresh"]);
        assert_eq!(refreshed.code, 0, "{}", refreshed.said);
        project.git(&["add", "pins.toml", "pins.lock"]);
        project.git(&["commit", "-qm", "locked"]);
        let commit = project.git(&["rev-parse", "HEAD"]).trim().to_owned();
        let lock = project.lock();
        let base = lock
            .lines()
            .find_map(|line| line.strip_prefix("digest = "))
            .unwrap()
            .trim_matches('"')
            .to_owned();
        Self { registry, project, base, commit }
    }

    /// A statement with the base, of this digest, for a platform.
    fn statement(&self, digest: &str, platform: &str) -> Value {
        let platform = platform.replace('/', "%2F");
        let uri = format!("pkg:docker/{}/library/base@1?platform={platform}", self.registry.host());
        let mut statement = provenance(&[(uri.as_str(), "sha256", digest)], None);
        statement["subject"] = Value::Null;
        statement
    }

    fn image<'p>(&self, platform: &'p str, statement: Option<Value>) -> Image<'p> {
        let layers = vec![Layer::new(Form::Gzip, &[("app", platform)])];
        Image { platform, layers, labels: json!({ REVISION: self.commit }), statement }
    }

    /// An image that is as it should be.
    fn good(&self) -> Index {
        Index::of(
            &BOTH.map_platforms(|platform| self.image(platform, Some(self.statement(&self.base, platform)))),
        )
    }

    fn name(&self) -> String {
        format!("{}/acme/app:1", self.registry.host())
    }

    fn audit(&self, index: &Index) -> Ended {
        index.push(&self.registry, "acme/app", "1");
        self.run(&["audit", &self.name()])
    }

    fn run(&self, arguments: &[&str]) -> Ended {
        self.project.checkout.run(arguments)
    }

    /// One image, changed.
    fn changed(&self, change: impl FnOnce(&mut Image<'_>)) -> Ended {
        let mut image = self.image("linux/amd64", Some(self.statement(&self.base, "linux/amd64")));
        change(&mut image);
        self.audit(&Index::of(&[image]))
    }
}

trait Platforms {
    fn map_platforms<'p>(&'p self, image: impl Fn(&'p str) -> Image<'p>) -> Vec<Image<'p>>;
}

impl Platforms for [&str] {
    fn map_platforms<'p>(&'p self, image: impl Fn(&'p str) -> Image<'p>) -> Vec<Image<'p>> {
        self.iter().map(|platform| image(platform)).collect()
    }
}

#[test]
fn an_image_is_looked_at_wherever_it_is() {
    let stage = Stage::new();
    let good = stage.good();
    let ended = stage.audit(&good);
    assert_eq!(ended.code, 0, "{}", ended.said);
    for platform in BOTH {
        assert!(ended.said.contains(&format!("{} {platform} sha256:", stage.name())), "{}", ended.said);
    }
    assert!(ended.said.contains(&format!("compared with pins.lock at {}", stage.commit)), "{}", ended.said);
    let by_digest = format!("{}/acme/app@{}", stage.registry.host(), good.digest());
    assert_eq!(stage.run(&["audit", &by_digest]).code, 0);
    good.write(&stage.project.checkout.path("layout"), "registry.example/acme/app:1");
    for place in ["./layout", "oci:layout", "oci:layout:1", "oci:./layout/"] {
        let ended = stage.run(&["audit", place]);
        assert_eq!(ended.code, 0, "{place}: {}", ended.said);
    }
    let absolute = stage.project.checkout.path("layout").display().to_string();
    assert_eq!(stage.run(&["audit", &absolute]).code, 0);
    // A folder does not stand in for an image of its name.
    let ended = stage.run(&["audit", "layout"]);
    assert!(ended.code == 2 && ended.said.contains("write `oci:layout`"), "{}", ended.said);
    let ended = stage.run(&["audit", "oci:layout:2"]);
    assert!(ended.code == 2 && ended.said.contains("has no image called `2`"), "{}", ended.said);
    // Nothing of what was fetched is left.
    assert_eq!(stage.project.git(&["status", "--porcelain"]), "?? layout/\n");
}

#[test]
fn a_list_is_gone_through_to_its_end() {
    let stage = Stage::new();
    stage.good().push(&stage.registry, "acme/app", "1");
    let bad = stage.statement(&format!("sha256:{}", "1".repeat(64)), "linux/amd64");
    Index::of(&[stage.image("linux/amd64", Some(bad))]).push(&stage.registry, "acme/app", "2");
    let host = stage.registry.host();
    let mut child = stage
        .project
        .checkout
        .command(&["audit", "-", "--format", "json"])
        .stdin(Stdio::piped())
        .spawn()
        .unwrap();
    let list = format!("{host}/acme/app:2\n\n{host}/acme/none:1\n  {host}/acme/app:1\n");
    child.stdin.take().unwrap().write_all(list.as_bytes()).unwrap();
    let output = child.wait_with_output().unwrap();
    let said = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(3), "{said}");
    assert!(said.contains("acme/none:1 could not be audited"), "{said}");
    let document: Value = serde_json::from_slice(&output.stdout).unwrap();
    let images = document["images"].as_array().unwrap();
    let rules: Vec<Vec<&str>> = images
        .iter()
        .map(|image| {
            image["findings"].as_array().unwrap().iter().map(|it| it["rule"].as_str().unwrap()).collect()
        })
        .collect();
    assert_eq!(rules, [vec!["not-locked"], vec![], vec![]]);
}

#[test]
fn an_intruder_is_named_for_its_platform() {
    let stage = Stage::new();
    let other = format!("sha256:{}", "2".repeat(64));
    let index = Index::of(&[
        stage.image("linux/amd64", Some(stage.statement(&stage.base, "linux/amd64"))),
        stage.image("linux/arm64", Some(stage.statement(&other, "linux/arm64"))),
    ]);
    let ended = stage.audit(&index);
    assert_eq!(ended.code, 1, "{}", ended.said);
    let host = stage.registry.host();
    let told = format!(
        "{host}/library/base:1@{other} is not in the lock: the lock has {host}/library/base:1@{} as `base`",
        stage.base
    );
    assert!(ended.said.contains(&told), "{}", ended.said);
    assert!(ended.said.contains("audited: ") && ended.said.contains("linux/arm64 sha256"), "{}", ended.said);
    assert_eq!(ended.said.matches("error[").count(), 1, "{}", ended.said);
}

#[test]
fn what_an_image_does_not_say_is_told() {
    let stage = Stage::new();
    let told = |ended: Ended, says: &str| {
        assert_eq!(ended.code, 1, "{says}: {}", ended.said);
        assert!(ended.said.contains(says), "{says}: {}", ended.said);
    };
    told(stage.changed(|image| image.statement = None), "error[no-provenance]: the image has no provenance");
    told(stage.changed(|image| image.labels = json!({})), "error[no-revision]: nothing says which revision");
    let label = |revision: &str| json!({ REVISION: revision });
    told(stage.changed(|image| image.labels = label("main")), "its revision is `main`, which is no commit");
    told(stage.changed(|image| image.labels = label(OTHER)), "error[revision-not-here]: the revision 1111");
    let names = |image: &mut Image<'_>, revision: &str| {
        let metadata = "https://mobyproject.org/buildkit@v1#metadata";
        image.statement.as_mut().unwrap()["predicate"]["metadata"][metadata] =
            json!({ "vcs": { "revision": revision } });
    };
    told(stage.changed(|image| names(image, OTHER)), "error[revisions-differ]: it was compared with");
    // The label may be that of the base, and may be shortened.
    for (revision, note) in [(OTHER, true), (&stage.commit[..12], false)] {
        let ended = stage.changed(|image| {
            image.labels = label(revision);
            names(image, &stage.commit);
        });
        assert_eq!(ended.code, 0, "{}", ended.said);
        assert_eq!(ended.said.contains("its base may have it"), note, "{}", ended.said);
    }
    let unlisted = |image: &mut Image<'_>| {
        image.statement.as_mut().unwrap()["predicate"].as_object_mut().unwrap().remove("materials");
    };
    told(stage.changed(unlisted), "error[not-understood]: its provenance has no list of what was used");
    let ended = stage.changed(|image| {
        image.labels = json!({});
        names(image, &stage.commit);
    });
    assert_eq!(ended.code, 0, "{}", ended.said);
    let ended = stage.changed(|image| image.statement.as_mut().unwrap()["subject"] = json!([]));
    assert_eq!(ended.code, 0, "builders name nothing where an image has no name: {}", ended.said);
    let about = json!([{ "digest": { "sha256": "3".repeat(64) } }]);
    told(
        stage.changed(|image| image.statement.as_mut().unwrap()["subject"] = about),
        "error[other-subject]: its provenance is about another image",
    );
    told(
        stage.changed(|image| image.statement.as_mut().unwrap()["predicate"] = json!({ "materials": 1 })),
        "error[no-provenance]: its provenance cannot be read",
    );
    let ended = stage.run(&["audit", &stage.name(), "--revision", "HEAD"]);
    told(ended, "error[no-provenance]: its provenance cannot be read");
    let revision = stage.changed(|image| image.labels = json!({}));
    assert_eq!(revision.code, 1);
    assert_eq!(stage.run(&["audit", &stage.name(), "--revision", "HEAD"]).code, 0);
}

/// What is audited is what could be run.
#[test]
fn an_image_is_not_hidden_by_what_its_index_says() {
    let stage = Stage::new();
    let bad = stage.statement(&format!("sha256:{}", "1".repeat(64)), "linux/arm64");
    let index = Index::of(&[
        stage.image("linux/amd64", Some(stage.statement(&stage.base, "linux/amd64"))),
        stage.image("linux/arm64", Some(bad)),
    ]);
    let folder = stage.project.checkout.path("layout");
    index.write(&folder, "1");
    let add = |document: &Value| {
        let bytes = document.to_string();
        let digest = solera_pin::model::Digest::sha256(bytes.as_bytes());
        fs::write(folder.join("blobs/sha256").join(digest.hex()), &bytes).unwrap();
        json!({ "mediaType": document["mediaType"], "digest": digest, "size": bytes.len() })
    };
    let read = |digest: &solera_pin::model::Digest| -> Value {
        let bytes = fs::read(folder.join("blobs/sha256").join(digest.hex())).unwrap();
        serde_json::from_slice(&bytes).unwrap()
    };
    let name = |entry: &Value| {
        let whole = json!({ "schemaVersion": 2, "manifests": [entry] });
        fs::write(folder.join("index.json"), whole.to_string()).unwrap();
        stage.run(&["audit", "oci:layout"])
    };
    for (key, value) in [
        ("vnd.docker.reference.type", "attestation-manifest"),
        ("vnd.docker.reference.type", "something-else"),
    ] {
        let mut hidden = read(index.digest());
        hidden["manifests"][2]["annotations"] = json!({ key: value });
        let ended = name(&add(&hidden));
        assert_eq!(ended.code, 1, "{}", ended.said);
        assert!(
            ended.said.contains("linux/arm64") && ended.said.contains("error[not-locked]"),
            "{}",
            ended.said
        );
    }
    let mut entry = add(&read(index.digest()));
    for _ in 0..5 {
        let above = json!({ "schemaVersion": 2, "mediaType": entry["mediaType"], "manifests": [entry] });
        entry = add(&above);
    }
    let ended = name(&entry);
    assert!(ended.code == 1 && ended.said.contains("indexes within more than"), "{}", ended.said);
}

/// The lock that counts is that of the revision, and a clone may not have it.
#[test]
fn the_lock_of_the_revision_counts() {
    let stage = Stage::new();
    let good = stage.good();
    fs::write(stage.project.checkout.path("pins.lock"), "version = 1\n").unwrap();
    assert_eq!(stage.audit(&good).code, 0, "what is not committed is nobody's");
    stage.project.git(&["commit", "-qam", "nothing is locked"]);
    assert_eq!(stage.audit(&good).code, 0);
    let ended = stage.run(&["audit", &stage.name(), "--revision", "HEAD"]);
    assert!(ended.code == 1 && ended.said.contains("the lock has nothing of"), "{}", ended.said);
    assert!(ended.said.contains("error[revisions-differ]"), "{}", ended.said);
    let clone = tempfile::tempdir().unwrap();
    let from = format!("file://{}", stage.project.checkout.path("").display());
    stage.project.git(&["clone", "-q", "--depth=1", &from, &clone.path().display().to_string()]);
    let ended = stage.run(&["-C", &clone.path().display().to_string(), "audit", &stage.name()]);
    assert_eq!(ended.code, 1, "{}", ended.said);
    assert!(
        ended.said.contains("is not in this repository") && ended.said.contains("--unshallow"),
        "{}",
        ended.said
    );
}

#[test]
fn bytes_that_are_not_what_they_are_called_are_an_alarm() {
    let stage = Stage::new();
    let good = stage.good();
    let folder = stage.project.checkout.path("layout");
    good.write(&folder, "1");
    let manifest = folder.join("blobs/sha256").join(good.manifests[0].hex());
    let bytes = fs::read(&manifest).unwrap();
    fs::write(&manifest, [bytes, b" ".to_vec()].concat()).unwrap();
    let ended = stage.run(&["audit", "oci:layout"]);
    assert!(ended.code == 4 && ended.said.contains("corrupt"), "{}", ended.said);
    good.push(&stage.registry, "acme/app", "1");
    let path = format!("GET /v2/acme/app/manifests/{}", good.manifests[0]);
    stage
        .registry
        .answer(&path, Reply::new(200, "{}").header("content-type", crate::support::registry::MANIFEST));
    let ended = stage.run(&["audit", &stage.name()]);
    assert_eq!(ended.code, 4, "{}", ended.said);
}
