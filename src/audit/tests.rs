use serde_json::{Value, json};

use super::*;
use crate::document::SourceFile;
use crate::lock::decode;
use crate::provenance::{Start, read_file};

const INDEX: &str = "sha256:1111111111111111111111111111111111111111111111111111111111111111";
const AMD64: &str = "sha256:2222222222222222222222222222222222222222222222222222222222222222";
const OTHER: &str = "sha256:3333333333333333333333333333333333333333333333333333333333333333";
const FILE: &str = "sha256:4444444444444444444444444444444444444444444444444444444444444444";
const COMMIT: &str = "e07791e1f0da683600961b9ff69e5b584be52860";
const TAG_OBJECT: &str = "0000000000000000000000000000000000000001";

fn lock() -> Lock {
    let text = format!(
        "version = 1\n\n[pin.aralez]\ngit = \"https://github.com/sadoyan/aralez.git\"\ntag = \"v.0.92.13\"\ncommit = \"{COMMIT}\"\n\
         tag-object = \"{TAG_OBJECT}\"\n\n\
         [pin.debian]\nimage = \"docker.io/library/debian\"\ntag = \"bookworm-slim\"\ndigest = \"{INDEX}\"\n\
         media-type = \"application/vnd.oci.image.index.v1+json\"\nplatforms.\"linux/amd64\" = \"{AMD64}\"\n\n\
         [pin.frontend]\nimage = \"docker.io/docker/dockerfile\"\ntag = \"1\"\ndigest = \"{OTHER}\"\n\
         media-type = \"application/vnd.oci.image.index.v1+json\"\nplatforms.\"linux/amd64\" = \"{FILE}\"\n\n\
         [pin.tool]\narchive = \"https://example.org/tool-{{version}}-{{arch}}.tgz\"\nversion = \"1.4.2\"\n\
         files.amd64 = {{ sha256 = \"{}\", size = 3 }}\n",
        &FILE[7..]
    );
    decode(&SourceFile::new("pins.lock", &text)).unwrap()
}

/// What is found in provenance with one material.
fn found(lock: &Locked<'_>, uri: &str, digest: &Value, more: Value) -> Vec<String> {
    let mut predicate = json!({"buildType": "x", "materials": [{"uri": uri, "digest": digest}]});
    if let (Value::Object(all), Value::Object(more)) = (&mut predicate, more) {
        all.extend(more);
    }
    let provenance = read_file(predicate.to_string().as_bytes()).unwrap().remove(0).provenance.unwrap();
    let platform = "linux/amd64".parse().unwrap();
    let findings = lock.materials(&provenance, Some(&platform));
    findings.into_iter().map(|finding| format!("{}: {}", finding.rule, finding.message)).collect()
}

fn sha256(digest: &str) -> Value {
    json!({"sha256": &digest[7..]})
}

#[test]
fn what_is_locked_is_no_finding() {
    let lock = lock();
    let whole = Locked::new(&lock);
    for (uri, digest) in [
        ("pkg:docker/debian@bookworm-slim?platform=linux%2Famd64", sha256(INDEX)),
        ("pkg:docker/debian@12?platform=linux%2Farm64", sha256(INDEX)),
        ("pkg:docker/index.docker.io/library/debian@bookworm-slim?platform=linux%2Famd64", sha256(AMD64)),
        ("pkg:docker/debian@bookworm-slim", sha256(AMD64)),
        ("pkg:oci/base?platform=linux%2Famd64", sha256(AMD64)),
        ("pkg:oci/base", sha256(INDEX)),
        ("git://github.com/sadoyan/aralez#v.0.92.13", json!({"sha1": COMMIT})),
        (
            "https://github.com/sadoyan/aralez.git#e07791e1f0da683600961b9ff69e5b584be52860",
            json!({"sha1": COMMIT}),
        ),
        ("https://github.com/sadoyan/aralez.git#v.0.92.13", json!({"sha1": TAG_OBJECT})),
        ("https://EXAMPLE.org:443/tool-1.4.2-amd64.tgz", sha256(FILE)),
    ] {
        assert_eq!(found(&whole, uri, &digest, json!({})), [""; 0], "{uri}");
    }
    let nothing = Lock::default();
    let provenance = crate::provenance::Provenance { start: Start::Local, ..Default::default() };
    assert!(Locked::new(&nothing).materials(&provenance, None).is_empty());
}

#[test]
fn what_is_not_is_named_with_what_the_lock_has() {
    let lock = lock();
    let whole = Locked::new(&lock);
    for (uri, digest, told) in [
        (
            "pkg:docker/debian@bookworm-slim?platform=linux%2Famd64",
            sha256(OTHER),
            format!(
                "docker.io/library/debian:bookworm-slim@{OTHER} is not in the lock: the lock has docker.io/library/debian:bookworm-slim@{INDEX} as `debian`"
            ),
        ),
        (
            "pkg:docker/debian@12?platform=linux%2Farm64",
            sha256(AMD64),
            "the lock has docker.io/library/debian".into(),
        ),
        (
            "pkg:docker/mirror.example/debian@1",
            sha256(INDEX),
            "the lock has its content as `debian`, from docker.io/library/debian".into(),
        ),
        ("pkg:docker/alpine@3", sha256(AMD64), "the lock has nothing of docker.io/library/alpine".into()),
        ("pkg:oci/base", sha256(&format!("sha256:{}", "5".repeat(64))), "no image with".into()),
        (
            "https://github.com/sadoyan/aralez.git#main",
            json!({"sha1": "1111111111111111111111111111111111111111"}),
            format!("the lock has v.0.92.13 at {COMMIT} as `aralez`"),
        ),
        (
            "https://github.com/sadoyan/other.git",
            json!({"sha1": COMMIT}),
            "nothing of github.com/sadoyan/other".into(),
        ),
        (
            "https://example.org/tool-1.4.2-amd64.tgz",
            sha256(OTHER),
            format!("the lock has {FILE} there, as `tool`"),
        ),
        (
            "https://example.org/tool-1.4.3-amd64.tgz",
            sha256(FILE),
            "its content as `tool`, from elsewhere".into(),
        ),
        ("https://example.org/x?token=secret", sha256(OTHER), "https://example.org/x?… with".into()),
        (
            "pkg:docker/docker/buildkit-syft-scanner@stable-1",
            sha256(INDEX),
            "scanned the image for its SBOM, is not".into(),
        ),
    ] {
        let all = found(&whole, uri, &digest, json!({}));
        assert!(
            all.len() == 1 && all[0].starts_with("not-locked: ") && all[0].contains(&told),
            "{uri}: {all:?}"
        );
    }
    let unknown = found(&whole, "local://context", &json!({"md5": "0"}), json!({}));
    assert!(unknown[0].starts_with("not-understood: local://context cannot be compared"), "{unknown:?}");
}

#[test]
fn an_image_may_use_what_it_reads_and_tools_what_is_locked() {
    let lock = lock();
    let debian: PinName = "debian".parse().unwrap();
    let image = Locked::new(&lock).read_by([&debian]);
    assert_eq!(found(&image, "pkg:docker/debian@x", &sha256(INDEX), json!({})), [""; 0]);
    let git = ("https://github.com/sadoyan/aralez.git", json!({"sha1": COMMIT}));
    let told = found(&image, git.0, &git.1, json!({}));
    assert_eq!(
        told,
        [format!(
            "not-of-image: github.com/sadoyan/aralez at {COMMIT} is locked by `aralez`, which the image does not read"
        )]
    );
    let told = found(&image, "https://example.org/tool-1.4.2-amd64.tgz", &sha256(FILE), json!({}));
    assert!(told[0].starts_with("not-of-image: "), "{told:?}");
    let told = found(&image, "pkg:oci/x", &sha256(OTHER), json!({}));
    assert!(told[0].starts_with("not-of-image: "), "{told:?}");
    let frontend = "pkg:docker/docker/dockerfile@1";
    let mut source =
        json!({"invocation": {"parameters": {"args": {"source": format!("docker/dockerfile:1@{OTHER}")}}}});
    let told = found(&image, frontend, &sha256(OTHER), source.clone());
    assert!(
        told[0].contains("names nothing that went into the image"),
        "what reads the Dockerfile is in no image: {told:?}"
    );
    source["buildConfig"] =
        json!({"llbDefinition": [{"id": "a", "op": {"Op": {"source": {"identifier": "local://context"}}}}]});
    assert_eq!(found(&image, frontend, &sha256(OTHER), source.clone()), [""; 0]);
    assert!(found(&image, frontend, &sha256(OTHER), json!({}))[0].starts_with("not-of-image: "));
    assert!(
        found(&image, frontend, &sha256(INDEX), source)[0]
            .contains("the lock has docker.io/docker/dockerfile:1@")
    );
}

#[test]
fn provenance_names_what_was_used_and_the_base() {
    let lock = lock();
    let debian: PinName = "debian".parse().unwrap();
    let image = Locked::new(&lock).built_on(&debian);
    assert_eq!(found(&image, "pkg:docker/debian@x", &sha256(INDEX), json!({})), [""; 0]);
    assert_eq!(found(&image, "pkg:oci/x", &sha256(AMD64), json!({})), [""; 0]);
    let file = "https://example.org/tool-1.4.2-amd64.tgz";
    let told = found(&image, file, &sha256(FILE), json!({}));
    assert!(told.len() == 1 && told[0].contains("does not name `debian`"), "{told:?}");
}

/// BuildKit leaves the list out where it is empty, and so does whoever keeps it to himself.
#[test]
fn what_names_nothing_has_to_tell_its_steps() {
    let lock = lock();
    let told = |predicate: Value| {
        let built = read_file(predicate.to_string().as_bytes()).unwrap().remove(0);
        let found = Locked::new(&lock).materials(&built.provenance.unwrap(), None);
        found.into_iter().map(|finding| format!("{}: {}", finding.rule, finding.message)).collect::<Vec<_>>()
    };
    let steps = |sources: &[&str]| {
        let source = |from: &&str| json!({"id": "a", "op": {"Op": {"source": {"identifier": from}}}});
        let mut all: Vec<Value> = sources.iter().map(source).collect();
        all.push(json!({"id": "b", "op": {"Op": {"file": {}}}}));
        json!({"llbDefinition": all})
    };
    for list in [json!([]), Value::Null] {
        let old = |config: Value| told(json!({"buildType": "x", "materials": list, "buildConfig": config}));
        let new = |config: Value| {
            told(
                json!({"buildDefinition": {"resolvedDependencies": list, "internalParameters": {"buildConfig": config}}}),
            )
        };
        let local = ["local://context", "local://dockerfile"];
        for found in [old(steps(&local)), new(steps(&local))] {
            assert_eq!(found, [""; 0], "from scratch, of files that are here");
        }
        for found in [old(Value::Null), new(json!({}))] {
            assert!(found.len() == 1 && found[0].contains("it does not tell the steps"), "{found:?}");
        }
        assert!(old(steps(&[]))[0].contains("no step started with anything"));
        let found = old(steps(&["local://context", "docker-image://docker.io/library/alpine:3"]));
        assert!(
            found[0].starts_with("not-understood: ") && found[0].contains("library/alpine:3"),
            "{found:?}"
        );
        assert!(
            old(steps(&["https://a:secret@example.org/x?token=secret"]))[0]
                .ends_with("https://example.org/x?…")
        );
    }
    let debian: PinName = "debian".parse().unwrap();
    let provenance = crate::provenance::Provenance { start: Start::Local, ..Default::default() };
    let found = Locked::new(&lock).built_on(&debian).materials(&provenance, None);
    assert!(found[0].message.contains("does not name `debian`"), "what has a base names it");
}

#[test]
fn a_build_in_the_repository_itself_is_at_its_revision() {
    let lock = lock();
    let own = "1234567890123456789012345678901234567890";
    let uri = format!("https://github.com/solera-pin/solera-pin.git#{own}");
    let context = json!({"invocation": {"configSource": {"uri": uri}}});
    let at = |commit| found(&Locked::new(&lock).at(commit), &uri, &json!({"sha1": own}), context.clone());
    assert_eq!(at(own), [""; 0]);
    assert!(at(COMMIT)[0].contains("the build ran in it, and it is not the revision"));
    let elsewhere = found(&Locked::new(&lock).at(own), &uri, &json!({"sha1": own}), json!({}));
    assert!(elsewhere[0].contains("the lock has nothing of"), "only what it ran in: {elsewhere:?}");
}
