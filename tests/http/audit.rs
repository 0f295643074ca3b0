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
    told(
        stage.changed(unlisted),
        "error[not-understood]: its provenance names nothing that went into the image, and it does not tell the steps",
    );
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

/// What a registry has is copied first: whatever its index says of an entry, it comes and is looked at.
#[test]
fn what_an_index_leads_to_is_fetched_and_looked_at() {
    let stage = Stage::new();
    let bad = stage.statement(&format!("sha256:{}", "1".repeat(64)), "linux/arm64");
    let hidden = || Index::of(&[stage.image("linux/arm64", Some(bad.clone()))]);
    let good = || Index::of(&[stage.image("linux/amd64", Some(stage.statement(&stage.base, "linux/amd64")))]);
    let attested = |about: &str| json!({ "vnd.docker.reference.type": "attestation-manifest", "vnd.docker.reference.digest": about });
    let manifest = |edit: &dyn Fn(&mut Value)| {
        let hidden = hidden();
        let mut entry = hidden.entries().remove(0);
        entry["platform"] = json!({ "os": "unknown", "architecture": "unknown" });
        edit(&mut entry);
        good().edited(hidden, |entries| entries.push(entry))
    };
    let nested = || good().edited(hidden(), |entries| entries.push(hidden().entry()));
    let deeper = good().edited(nested(), |entries| entries.push(nested().entry()));
    let about = good().manifests[0].to_string();
    for (how, index, told) in [
        ("in an index within", nested(), "error[not-locked]"),
        ("two indexes down", deeper, "error[not-locked]"),
        ("of no platform", manifest(&|_| ()), "error[no-provenance]"),
        (
            "said to be attested",
            manifest(&|entry| entry["annotations"] = attested(&about)),
            "error[no-provenance]",
        ),
        (
            "said to be attested of nothing, without a platform",
            manifest(&|entry| {
                entry["annotations"] = attested("x");
                entry.as_object_mut().unwrap().remove("platform");
            }),
            "error[no-provenance]",
        ),
        (
            "said to be something else",
            manifest(&|entry| entry["annotations"] = json!({ "vnd.docker.reference.type": "x" })),
            "error[no-provenance]",
        ),
    ] {
        let ended = stage.audit(&index);
        assert_eq!(ended.code, 1, "{how}: {}", ended.said);
        assert!(ended.said.contains(told), "{how}: {}", ended.said);
        assert!(ended.said.contains(&format!("{}", hidden().manifests[0])), "{how}: {}", ended.said);
    }
    // What is not there any more could be anything.
    let gone = good().edited(Index::default(), |entries| entries.push(hidden().entry()));
    let fresh = Stage::new();
    gone.push(&fresh.registry, "acme/app", "1");
    let ended = fresh.run(&["audit", &fresh.name()]);
    assert_eq!(ended.code, 3, "{}", ended.said);
    // In a layout that was filled for some platforms it runs nowhere.
    gone.write(&stage.project.checkout.path("part"), "1");
    let ended = stage.run(&["audit", "oci:part"]);
    assert_eq!(ended.code, 0, "{}", ended.said);
    assert!(ended.said.contains("note: 1 more that its indexes name are not there"), "{}", ended.said);
}

/// What is attested of an image counts wherever it stands.
#[test]
fn an_image_that_is_listed_twice_has_what_is_attested_of_it() {
    let stage = Stage::new();
    let good = stage.good();
    let folder = stage.project.checkout.path("layout");
    good.write(&folder, "1");
    let index: Value = serde_json::from_slice(&fs::read(folder.join("index.json")).unwrap()).unwrap();
    let whole = fs::read(folder.join("blobs/sha256").join(good.digest().hex())).unwrap();
    let whole: Value = serde_json::from_slice(&whole).unwrap();
    let name = |entries: Vec<Value>| {
        let index = json!({ "schemaVersion": 2, "manifests": entries });
        fs::write(folder.join("index.json"), index.to_string()).unwrap();
    };
    let called = |entry: &Value| {
        let mut entry = entry.clone();
        entry["annotations"] = json!({ "org.opencontainers.image.ref.name": "2" });
        entry
    };
    let direct = called(&whole["manifests"][0]);
    for entries in [
        vec![direct.clone(), index["manifests"][0].clone()],
        vec![index["manifests"][0].clone(), direct.clone()],
    ] {
        name(entries);
        let ended = stage.run(&["audit", "oci:layout"]);
        assert_eq!(ended.code, 0, "{}", ended.said);
        assert_eq!(ended.said.matches("linux/amd64 sha256:").count(), 2, "once to each: {}", ended.said);
    }
    // What is attested stands in index.json, under no name.
    name(vec![direct, whole["manifests"][1].clone()]);
    let ended = stage.run(&["audit", "oci:layout:2"]);
    assert_eq!(ended.code, 0, "{}", ended.said);
}

/// A layout that nobody could trust is a finding, however it is wrong; one that is none was not meant.
#[test]
fn a_strange_layout_is_a_finding() {
    let stage = Stage::new();
    let good = stage.good();
    let folder = stage.project.checkout.path("layout");
    let blob = |digest: &solera_pin::model::Digest| folder.join("blobs/sha256").join(digest.hex());
    let index = folder.join("index.json");
    let part = |key: &str| -> solera_pin::model::Digest {
        let manifest: Value = serde_json::from_slice(&fs::read(blob(&good.manifests[0])).unwrap()).unwrap();
        let of = if key == "config" { &manifest["config"] } else { &manifest["layers"][0] };
        of["digest"].as_str().unwrap().parse().unwrap()
    };
    let strange: [(&str, &dyn Fn()); 8] = [
        ("is malformed", &|| fs::write(&index, "{").unwrap()),
        ("cannot read `index.json`", &|| fs::remove_file(&index).unwrap()),
        ("there is no image in it", &|| {
            let none = Index::of(&[]);
            fs::remove_dir_all(&folder).unwrap();
            none.write(&folder, "1");
        }),
        ("cannot read `blobs/sha256/", &|| fs::remove_file(blob(good.digest())).unwrap()),
        ("cannot read `blobs/sha256/", &|| fs::remove_file(blob(&part("config"))).unwrap()),
        ("cannot read `blobs/sha256/", &|| fs::remove_file(blob(&part("layers"))).unwrap()),
        ("and 1 are said", &|| {
            let text = fs::read_to_string(&index).unwrap();
            let size = text.split("\"size\":").nth(1).unwrap().split(['}', ',']).next().unwrap().to_owned();
            fs::write(&index, text.replace(&format!("\"size\":{size}"), "\"size\":1")).unwrap();
        }),
        ("it is an index and a manifest at once", &|| {
            let mut both: Value = serde_json::from_slice(&fs::read(blob(good.digest())).unwrap()).unwrap();
            both["config"] = both["manifests"][0].clone();
            let bytes = both.to_string();
            let digest = solera_pin::model::Digest::sha256(bytes.as_bytes());
            fs::write(blob(&digest), bytes).unwrap();
            let entry = json!({ "schemaVersion": 2, "manifests": [{ "digest": digest }] });
            fs::write(&index, entry.to_string()).unwrap();
        }),
    ];
    for (told, spoil) in strange {
        let _ = fs::remove_dir_all(&folder);
        good.write(&folder, "1");
        spoil();
        let ended = stage.run(&["audit", "oci:layout", "--format", "json"]);
        assert_eq!(ended.code, 1, "{told}: {}", ended.said);
        assert!(
            ended.said.contains("\"rule\": \"not-understood\"") && ended.said.contains(told),
            "{told}: {}",
            ended.said
        );
    }
    let _ = fs::remove_dir_all(&folder);
    fs::create_dir_all(&folder).unwrap();
    assert_eq!(stage.run(&["audit", "oci:layout"]).code, 2);
}

/// Anybody can have a commit put into a clone: by a pull request that somebody looks at.
#[test]
fn a_revision_is_one_that_the_repository_keeps() {
    let stage = Stage::new();
    let good = stage.good();
    stage.project.git(&["branch", "-m", "main"]);
    let first = &stage.commit;
    assert_eq!(stage.audit(&good).code, 0);
    stage.project.git(&["checkout", "-q", "--orphan", "other"]);
    stage.project.git(&["commit", "-qm", "other"]);
    assert_eq!(stage.audit(&good).code, 0, "on a branch that is not checked out");
    stage.project.git(&["update-ref", "refs/pull/7/head", first]);
    stage.project.git(&["branch", "-D", "main"]);
    let ended = stage.audit(&good);
    assert_eq!(ended.code, 1, "{}", ended.said);
    let told =
        format!("error[revision-not-kept]: the revision {first} is on no branch or tag of this repository");
    assert!(ended.said.contains(&told) && !ended.said.contains("compared with"), "{}", ended.said);
    // A person may ask for it.
    assert_eq!(stage.run(&["audit", &stage.name(), "--revision", first]).code, 0);
    stage.project.git(&["checkout", "-q", "--detach", first]);
    assert_eq!(stage.audit(&good).code, 0, "what is checked out counts");
}

/// What is built on an image has its labels.
#[test]
fn a_label_of_the_base_says_nothing() {
    let stage = Stage::new();
    let earlier = stage.commit.clone();
    let base = |revision: &str| {
        let layers = vec![Layer::new(Form::Gzip, &[("base", "base")])];
        let labels = json!({ REVISION: revision });
        Index::of(&["linux/amd64", "linux/arm64"].map(|platform| Image {
            platform,
            layers: layers.clone(),
            labels: labels.clone(),
            statement: None,
        }))
    };
    let own = base(&earlier);
    own.push(&stage.registry, "library/base", "1");
    let refreshed = stage.project.checkout.run(&["refresh", "--ignore-min-age", "--because", "ours"]);
    assert_eq!(refreshed.code, 0, "{}", refreshed.said);
    stage.project.git(&["commit", "-qam", "our own base"]);
    let commit = stage.project.git(&["rev-parse", "HEAD"]).trim().to_owned();
    let built = |revision: Option<&str>| {
        let mut statement = stage.statement(own.digest().to_string().as_str(), "linux/amd64");
        if let Some(revision) = revision {
            let metadata = "https://mobyproject.org/buildkit@v1#metadata";
            statement["predicate"]["metadata"][metadata] = json!({ "vcs": { "revision": revision } });
        }
        let mut image = stage.image("linux/amd64", Some(statement));
        image.layers.insert(0, Layer::new(Form::Gzip, &[("base", "base")]));
        Index::of(&[image])
    };
    let note = format!("note: its label names {earlier}, as that of its base does");
    let ended = stage.audit(&built(Some(&commit)));
    assert_eq!(ended.code, 0, "{}", ended.said);
    assert!(
        ended.said.contains(&note) && ended.said.contains(&format!("pins.lock at {commit}")),
        "{}",
        ended.said
    );
    let ended = stage.audit(&built(None));
    assert!(
        ended.code == 1 && ended.said.contains("error[no-revision]: nothing says which"),
        "{}",
        ended.said
    );
    assert!(ended.said.contains(&note), "{}", ended.said);
    let ended = stage.run(&["audit", &stage.name(), "--revision", "HEAD"]);
    assert_eq!(ended.code, 0, "{}", ended.said);
    // A label of its own that says something else is one of two that differ.
    base("main").push(&stage.registry, "library/base", "1");
    stage.project.checkout.run(&["refresh", "--ignore-min-age", "--because", "ours"]);
    stage.project.git(&["commit", "-qam", "another"]);
    let latest = stage.project.git(&["rev-parse", "HEAD"]).trim().to_owned();
    let ended = stage.audit(&built(Some(&latest)));
    assert!(ended.code == 1 && ended.said.contains("error[revisions-differ]"), "{}", ended.said);
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
