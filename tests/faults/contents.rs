//! Content that is what its digest says, and still no image that could be pinned.

use serde_json::json;
use solera_pin::model::Digest;

use super::case::{Case, case};
use super::reply::Reply;
use super::upstream::{INDEX, MANIFEST, On};

/// A manifest of these bytes, with their own digest.
fn of_bytes(media_type: &str, body: impl Into<Vec<u8>>) -> Reply {
    let body = body.into();
    let digest = Digest::sha256(&body).to_string();
    Reply::new(200, body).and("Content-Type", media_type).and("Docker-Content-Digest", digest)
}

fn served(name: &str, media_type: &'static str, body: impl Into<Vec<u8>>) -> Case {
    let reply = of_bytes(media_type, body);
    case(name, On::Manifest, move |_, _| reply.clone().into()).at_most(3)
}

fn list(name: &str, body: impl Into<Vec<u8>>) -> Case {
    let reply = Reply::new(200, body).and("Content-Type", "application/json");
    case(name, On::List, move |_, _| reply.clone().into()).at_most(1)
}

/// An index's entry of an image that nobody has.
fn entry(n: usize) -> serde_json::Value {
    json!({"mediaType": MANIFEST, "digest": Digest::sha256(n.to_string().as_bytes()), "size": 1})
}

pub fn cases() -> Vec<Case> {
    let mut cases = no_images();
    cases.extend(bombs());
    cases.extend(lists());
    cases
}

fn no_images() -> Vec<Case> {
    let schema1 = "application/vnd.docker.distribution.manifest.v1+prettyjws";
    let index = |entries: Vec<serde_json::Value>| {
        json!({"schemaVersion": 2, "mediaType": INDEX, "manifests": entries}).to_string()
    };
    let mut nested = entry(0);
    nested["mediaType"] = json!(INDEX);
    nested["platform"] = json!({"os": "linux", "architecture": "amd64"});
    let many: Vec<_> = (0..10_000).map(entry).collect();
    let odd_platforms = (0..10_000).map(|n| {
        let mut entry = entry(n);
        entry["platform"] = json!({"os": "linux", "architecture": format!("odd{n}")});
        entry
    });
    let odd_platforms = odd_platforms.collect();
    let mut platforms = json!({"os": "linux", "architecture": "am\u{1b}[2Jd64"});
    let mut odd = entry(1);
    odd["platform"] = platforms.take();
    let mut no_digest = entry(1);
    no_digest["digest"] = json!("sha256:../../etc/passwd");
    no_digest["platform"] = json!({"os": "linux", "architecture": "amd64"});
    vec![
        served("schema 1", schema1, r#"{"schemaVersion": 1, "name": "app", "fsLayers": []}"#)
            .says("schema 1"),
        served("schema 1 in the clothes of another", INDEX, r#"{"schemaVersion": 1}"#).says("schema 1"),
        // A newer tag that lacks what is declared is passed over; the locked one stays.
        served("an index in an index", INDEX, index(vec![nested])).ends(0),
        served("an index without entries", INDEX, index(vec![])).ends(0),
        served("ten thousand entries without a platform", INDEX, index(many)).says("10000 entries"),
        served("ten thousand entries with a platform that nobody wants", INDEX, index(odd_platforms)).ends(0),
        served("a platform that is none", INDEX, index(vec![odd])).says("platform"),
        served("an entry whose digest is a path", INDEX, index(vec![no_digest])).says("valid digest"),
        served("JSON that is no manifest", "application/json", "{}").says("not a manifest"),
        served(
            "an index and a manifest at once",
            INDEX,
            json!({"schemaVersion": 2, "manifests": [], "layers": []}).to_string(),
        )
        .says("at once"),
        served("another kind of thing", "application/vnd.example+json", r#"{"schemaVersion": 2}"#)
            .says("is not the media type"),
        served("an empty manifest", INDEX, ""),
        served("a manifest of 5 MiB", INDEX, " ".repeat(5 << 20))
            .says("sent more than 4194304 bytes")
            .at_most(1),
        {
            let reply = of_bytes(INDEX, " ".repeat(5 << 20)).chunked();
            case("a manifest of 5 MiB that does not say so", On::Manifest, move |_, _| reply.clone().into())
                .says("sent more than 4194304 bytes")
                .at_most(1)
        },
    ]
}

fn bombs() -> Vec<Case> {
    let deep = "[".repeat(1 << 20);
    let deep_value = format!(r#"{{"schemaVersion": 2, "mediaType": "{INDEX}", "manifests": {deep}"#);
    let closed = format!(
        r#"{{"schemaVersion": 2, "mediaType": "{INDEX}", "manifests": [], "annotations": {}{}}}"#,
        r#"{"a":"#.repeat(100_000),
        "}".repeat(100_000)
    );
    let twice =
        format!(r#"{{"mediaType": "{INDEX}", "mediaType": "{MANIFEST}", "manifests": [], "layers": []}}"#);
    let huge =
        format!(r#"{{"schemaVersion": {}, "mediaType": "{INDEX}", "manifests": []}}"#, "9".repeat(1 << 20));
    let size = format!(
        r#"{{"schemaVersion": 2, "mediaType": "{INDEX}", "manifests": [{{"mediaType": "{MANIFEST}", "digest": "{}", "size": 1e999}}]}}"#,
        Digest::sha256(b"x")
    );
    let mut utf8 =
        format!(r#"{{"schemaVersion": 2, "mediaType": "{INDEX}", "annotations": {{"a": ""#).into_bytes();
    utf8.extend_from_slice(b"\xff\xfe\x80");
    utf8.extend_from_slice(br#""}, "manifests": []}"#);
    let mut in_type = br#"{"schemaVersion": 2, "mediaType": "a"#.to_vec();
    in_type.extend_from_slice(b"\xff\xfe\x80\"}");
    vec![
        served("a million brackets", INDEX, deep),
        served("a manifest of a million brackets", INDEX, deep_value),
        served("notes in notes in notes", INDEX, closed),
        served("two media types", INDEX, twice),
        served("a number of a million digits", INDEX, huge),
        served("a size beyond all numbers", INDEX, size),
        served("notes that are not UTF-8", INDEX, utf8),
        served("a media type that is not UTF-8", INDEX, in_type),
        served(
            "a byte order mark",
            INDEX,
            format!("\u{feff}{}", json!({"schemaVersion": 2, "manifests": []})),
        ),
        served("two manifests in one answer", INDEX, r#"{"schemaVersion": 2, "manifests": []}{}"#),
    ]
}

fn lists() -> Vec<Case> {
    vec![
        list("a tag list of a million brackets", "[".repeat(1 << 20)).says("not a tag list"),
        list("a tag list of brackets in a tag", format!(r#"{{"tags": [{}"#, "[".repeat(1 << 20)))
            .says("not a tag list"),
        list("a tag list that names its tags twice", r#"{"tags": ["1.1"], "tags": ["1.2"]}"#)
            .says("not a tag list"),
        list("a tag list of numbers", r#"{"tags": [1.1, 1.2]}"#).says("not a tag list"),
        list("a tag list that is not UTF-8", b"{\"tags\": [\"\xff\xfe\"]}".to_vec()).says("not a tag list"),
        // What is locked is still served.
        list("a tag list that is null", r#"{"tags": null}"#).ends(0),
        list("a tag list without tags", r#"{"name": "app"}"#).ends(0),
        list(
            "tags that are paths, escapes and options",
            json!({"tags": ["../../x", "-x", "\u{1b}[2J", "1.0"]}).to_string(),
        )
        .ends(0),
    ]
}
