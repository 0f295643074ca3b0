use proptest::prelude::*;
use serde_json::{Value, json};

use super::*;

const BASE: &str = "sha256:aa3fc63bca7914754800b9ac7027415137934b55e165c37c4369a9e1fc3e3b98";
const FILE: &str = "sha256:5891b5b522d5df086d0ff0b110fbd9d21bb4fc7163af34d08286a2e846f6be03";
const COMMIT: &str = "e07791e1f0da683600961b9ff69e5b584be52860";

/// Exact bytes that BuildKit and buildx wrote: see `tests/engine.rs` for the kinds of builds.
macro_rules! real {
    ($name:literal) => {
        include_bytes!(concat!("../../tests/data/provenance/", $name))
    };
}

fn shown(material: &Material) -> String {
    let platform = |platform: &Option<crate::model::Platform>| {
        platform.as_ref().map(|platform| format!(" {platform}")).unwrap_or_default()
    };
    match &material.source {
        Source::Image(used) => {
            let tag = used.tag.as_ref().map(|tag| format!(":{tag}")).unwrap_or_default();
            format!("image {}{tag}@{}{}", used.repository, used.digest, platform(&used.platform))
        }
        Source::Layout(digest) => format!("layout {digest}"),
        Source::Git(used) => format!("git {} {}", used.repository, used.commit),
        Source::Http(url, digest) => format!("http {url} {digest}"),
        Source::Unknown(why) => format!("unknown: {why}"),
    }
}

fn all(provenance: &Provenance) -> Vec<String> {
    provenance.materials.iter().map(shown).collect()
}

#[test]
fn both_versions_of_a_real_statement_say_the_same() {
    let old = statement(real!("max-v0.2.statement.json")).unwrap();
    let new = statement(real!("max-v1.statement.json")).unwrap();
    for one in [&old, &new] {
        let layout = "sha256:8c24c4b36f53599d6a9c724970f29f0da9167b2f05c6f0cb6f17044ea2b28b99";
        assert_eq!(
            all(&one.provenance),
            [
                format!("image 127.0.0.1:5000/library/base:1@{BASE} linux/amd64"),
                format!("image docker.io/library/base:1@{BASE} linux/amd64"),
                format!("image docker.io/library/base:2@{BASE} linux/amd64"),
                format!("layout {layout}"),
                format!("http http://127.0.0.1:8099/tool.tar.gz {FILE}"),
                format!("http http://127.0.0.1:8099/tool.tar.gz?x=1 {FILE}"),
            ]
        );
        let first = "docker-image://docker.io/library/base:2@sha256:aa3fc63bca7914754800b9ac7027415137934b55e165c37c4369a9e1fc3e3b98";
        assert_eq!(one.provenance.start, Start::Outside(first.into()));
        let Steps::Known(steps) = &one.provenance.steps else { panic!("they are told") };
        let told: Vec<_> = steps.iter().map(|step| (&*step.command, step.network, step.line)).collect();
        // The first one had none.
        let expected =
            [("echo default > /b", Network::Host, Some(3)), ("echo host > /c", Network::Host, Some(4))];
        assert_eq!(told, expected);
        assert_eq!(one.provenance.label.as_deref(), Some("0123456789012345678901234567890123456789"));
        assert_eq!(one.subjects, [], "the image had no name");
    }
    let short = statement(real!("min-v1.statement.json")).unwrap();
    assert_eq!(all(&short.provenance), all(&new.provenance));
    assert_eq!(short.provenance.steps, Steps::Untold);
}

#[test]
fn real_files_have_what_was_built() {
    let one = read_file(real!("build.metadata.json")).unwrap();
    let [one] = &one[..] else { panic!("{one:?}") };
    assert_eq!((one.target.as_deref(), one.platform.as_ref()), (None, None));
    assert_eq!(one.provenance.as_ref().unwrap().materials.len(), 6);
    let names = |bytes: &[u8]| -> Vec<String> {
        let name = |one: Built| {
            let platform = one.platform.map(|platform| platform.to_string()).unwrap_or_default();
            let materials = one.provenance.map(|it| it.materials.len());
            format!("{} {platform} {materials:?}", one.target.unwrap_or_default())
        };
        read_file(bytes).unwrap().into_iter().map(name).collect()
    };
    assert_eq!(names(real!("platforms.metadata.json")), [" linux/amd64 Some(2)", " linux/arm64 Some(2)"]);
    // buildx says nothing here of a target for two platforms.
    assert_eq!(names(real!("bake.metadata.json")), ["one  None", "two  Some(2)"]);
    let own = real!("max-v1.statement.json");
    assert_eq!(names(own), ["  Some(6)"]);
    let predicate = serde_json::from_slice::<Value>(own).unwrap()["predicate"].take();
    assert_eq!(names(predicate.to_string().as_bytes()), ["  Some(6)"]);
    let inspected = json!({"linux/amd64": {"SLSA": predicate}, "linux/arm64": {"SLSA": null}});
    assert_eq!(names(inspected.to_string().as_bytes()), [" linux/amd64 Some(6)", " linux/arm64 None"]);
    assert_eq!(names(b"{}"), [""; 0]);
}

fn material(uri: &str, digest: &Value) -> String {
    let predicate = json!({"buildType": "x", "materials": [{"uri": uri, "digest": digest}]});
    let read = read_file(predicate.to_string().as_bytes()).unwrap().remove(0).provenance.unwrap();
    shown(&read.materials[0])
}

#[test]
fn materials_are_read_by_what_they_name() {
    let sha256 = |digest: &str| json!({"sha256": digest.trim_start_matches("sha256:")});
    for (uri, read) in [
        ("pkg:docker/debian@bookworm-slim", "image docker.io/library/debian:bookworm-slim@BASE"),
        (
            "pkg:docker/docker/dockerfile@1?platform=linux%2Farm64%2Fv8",
            "image docker.io/docker/dockerfile:1@BASE linux/arm64",
        ),
        ("pkg:docker/ghcr.io/acme/x?digest=BASE", "image ghcr.io/acme/x@BASE"),
        ("pkg:docker/localhost%3A5000/a@BASE", "image localhost:5000/a@BASE"),
        ("pkg:oci/x@1", "layout BASE"),
        ("https://h/a.tgz", "http https://h/a.tgz BASE"),
    ] {
        let (uri, read) = (uri.replace("BASE", BASE), read.replace("BASE", BASE));
        assert_eq!(material(&uri, &sha256(BASE)), read, "{uri}");
    }
    for uri in [
        "https://github.com/sadoyan/aralez.git#v.0.92.13",
        "https://github.com/sadoyan/aralez.git#e07791e1f0da683600961b9ff69e5b584be52860:src",
        "git://GitHub.com/sadoyan/aralez",
        "https://xxxxx:xxxxx@github.com/sadoyan/aralez.git#main",
        "ssh://git@github.com/sadoyan/aralez.git",
        "git@github.com:sadoyan/aralez.git#main",
    ] {
        let read = format!("git github.com/sadoyan/aralez {COMMIT}");
        assert_eq!(material(uri, &json!({"sha1": COMMIT})), read, "{uri}");
    }
    let long = "ab".repeat(32);
    assert_eq!(material("https://h/a.git#main", &json!({"sha256": long})), format!("git h/a {long}"));
}

#[test]
fn what_is_not_understood_stays_unknown() {
    let base = || json!({"sha256": BASE.trim_start_matches("sha256:")});
    for (uri, digest, why) in [
        ("", json!({}), "no digest"),
        ("pkg:docker/debian@1", json!({}), "no digest"),
        ("pkg:docker/debian@1", json!({"sha256": "AB"}), "sha256"),
        ("pkg:docker/debian@1?digest=sha256:00", base(), "hexadecimal digits"),
        ("pkg:docker/debian@1?digest=OTHER", base(), "several digests"),
        ("pkg:docker/debian@OTHER", base(), "several digests"),
        ("pkg:docker/debian@1?ref_type=blob", base(), "`ref_type`"),
        ("pkg:docker/Debian@1", base(), "lower case"),
        ("pkg:docker/debian@1?platform=x", base(), "platform"),
        ("pkg:npm/left-pad@1", base(), "no image"),
        ("pkg:docker/debian@a%20b", base(), "tag"),
        (
            "https://h/a.git#deadbeefdeadbeefdeadbeefdeadbeefdeadbeef",
            json!({"sha1": COMMIT}),
            "another commit",
        ),
        ("https://h/a.git", json!({"sha1": "e07791e"}), "commit is none"),
        ("https://h/a.git", json!({"sha1": COMMIT, "sha256": "00"}), "kind that is not known"),
        ("ext::sh -c x", json!({"sha1": COMMIT}), "no git repository"),
        ("local://context", json!({"md5": "0"}), "kind that is not known"),
        ("file:///etc/passwd", base(), "no git repository"),
    ] {
        let uri = uri.replace("OTHER", FILE);
        let read = material(&uri, &digest);
        assert!(read.starts_with("unknown: ") && read.contains(why), "{uri}: {read}");
    }
}

#[test]
fn a_login_is_never_shown() {
    let digests = std::collections::BTreeMap::from([("sha256".to_owned(), BASE[7..].to_owned())]);
    let shown = |uri: &str| Material::new(uri.to_owned(), &digests).shown();
    assert_eq!(shown("https://user:hunter2@h/a?token=hunter2"), "https://h/a?…");
    assert_eq!(shown("https://user:hunter2@h#x"), "https://h#x");
    assert_eq!(shown("pkg:docker/a@1?platform=linux%2Famd64"), "pkg:docker/a@1?platform=linux%2Famd64");
}

#[test]
fn revisions_come_from_where_the_builder_puts_them() {
    let vcs = |key: &str| json!({key: {"vcs": {"revision": format!("{COMMIT}-dirty"), "source": "x"}}});
    let of =
        |document: Value| read_file(document.to_string().as_bytes()).unwrap().remove(0).provenance.unwrap();
    let key = "https://mobyproject.org/buildkit@v1#metadata";
    let old = of(json!({"buildType": "x", "metadata": vcs(key)}));
    let new = of(json!({"buildDefinition": {}, "runDetails": {"metadata": vcs("buildkit_metadata")}}));
    for read in [old, new] {
        assert_eq!(read.revision, Some(Revision { commit: COMMIT.into(), dirty: true }));
    }
    let hermetic =
        of(json!({"buildType": "x", "metadata": {"https://mobyproject.org/buildkit@v1#hermetic": true}}));
    assert_eq!(hermetic.steps, Steps::Known(Vec::new()));
    let request = json!({"args": {"source": format!("docker/dockerfile:1@{BASE}"), "cmdline": "x"}});
    let frontend =
        of(json!({"buildDefinition": {"externalParameters": {"request": request}}})).frontend.unwrap();
    assert_eq!(frontend.to_string(), format!("docker.io/docker/dockerfile:1@{BASE}"));
}

#[test]
fn networks_have_been_written_in_several_ways() {
    let networks = |exec: Value| {
        let step = |op: Value| json!({"id": "step0", "op": op});
        let definition = json!([step(json!({"Op": {"exec": exec}})), step(json!({"exec": exec}))]);
        let document = json!({"buildType": "x", "buildConfig": {"llbDefinition": definition}});
        let read = read_file(document.to_string().as_bytes()).unwrap().remove(0).provenance.unwrap();
        let Steps::Known(steps) = read.steps else { panic!("they are told") };
        steps.into_iter().map(|step| step.network).collect::<Vec<_>>()
    };
    for (written, expected) in [
        (json!({}), Some(Network::Default)),
        (json!({"network": 0}), Some(Network::Default)),
        (json!({"network": 1}), Some(Network::Host)),
        (json!({"network": 2}), None),
        (json!({"network": "NONE"}), None),
        (json!({"network": "HOST"}), Some(Network::Host)),
        (json!({"network": "UNSET"}), Some(Network::Default)),
        (json!({"network": 7}), Some(Network::Other)),
        (json!({"network": ["NONE"]}), Some(Network::Other)),
    ] {
        assert_eq!(
            networks(written.clone()),
            vec![expected; 2].into_iter().flatten().collect::<Vec<_>>(),
            "{written}"
        );
    }
}

#[test]
fn what_is_wrong_is_told() {
    let says = |bytes: &[u8]| read_file(bytes).unwrap_err().to_string();
    assert!(says(b"[").contains("not what builders write"));
    assert!(says(b"[]").contains("not what builders write"));
    assert!(says(&vec![b' '; LIMIT + 1]).contains("more than"));
    assert!(says(&[b'['; 100_000]).contains("not what builders write"));
    let own = std::str::from_utf8(real!("min-v1.statement.json")).unwrap();
    assert!(says(own.replace("provenance/v1", "provenance/v0.2").as_bytes()).contains("not what"));
    assert!(says(own.replace("slsa.dev", "slsa.example").as_bytes()).contains("not provenance"));
    assert!(says(br#"{"buildType": "x", "materials": [], "buildDefinition": {}}"#).contains("at once"));
    assert!(says(br#"{"buildType": "x", "materials": {}}"#).contains("not what builders write"));
    assert!(says(br#"{"buildx.build.provenance/x": {}}"#).contains("no platform"));
    let twice =
        json!({"buildx.build.provenance/linux/arm64": {}, "buildx.build.provenance/linux/arm64/v8": {}});
    assert!(says(twice.to_string().as_bytes()).contains("twice"));
    let many = json!({"buildType": "x", "materials": vec![json!({}); 10_001]});
    assert!(says(many.to_string().as_bytes()).contains("10000 materials"));
    let about = json!({"predicateType": PREDICATE_TYPES[0], "subject": [{"digest": {"sha256": "x"}}], "predicate": {}});
    assert!(says(about.to_string().as_bytes()).contains("subject"));
}

proptest! {
    /// Whatever comes is read or refused.
    #[test]
    fn no_bytes_are_too_strange(bytes in proptest::collection::vec(any::<u8>(), 0..300)) {
        let _ = read_file(&bytes);
        let _ = statement(&bytes);
    }

    /// Real files with something changed in them.
    #[test]
    fn no_change_is_too_strange(at in any::<proptest::sample::Index>(), length in 0_usize..40, with in ".{0,20}") {
        for text in [&real!("min-v1.statement.json")[..], real!("build.metadata.json"), real!("max-v0.2.statement.json")] {
            let at = at.index(text.len());
            let end = (at + length).min(text.len());
            let changed = [&text[..at], with.as_bytes(), &text[end..]].concat();
            let _ = read_file(&changed);
            let _ = statement(&changed);
        }
    }

    /// Identifiers of any kind.
    #[test]
    fn no_identifier_is_too_strange(uri in "(pkg:docker/|https://|git://|git@|)[ -~é%@#?&=:/]{0,60}", sha1 in any::<bool>()) {
        let digest = if sha1 { json!({"sha1": COMMIT}) } else { json!({"sha256": &BASE[7..]}) };
        let predicate = json!({"buildType": "x", "materials": [{"uri": uri, "digest": digest}]});
        let read = read_file(predicate.to_string().as_bytes()).unwrap();
        for material in &read[0].provenance.as_ref().unwrap().materials {
            prop_assert!(!material.shown().is_empty() || uri.is_empty());
        }
    }
}
