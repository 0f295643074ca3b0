//! The images that the Dockerfiles name: one small image with a shell, under many names.

use std::fs;

use serde_json::{Value, json};

use crate::build::bake;
use crate::session::Session;

const DOCKERFILE: &str = "FROM scratch\nCOPY busybox /bin/busybox\nCOPY busybox /bin/sh\nCOPY busybox /bin/cat\n\
                          COPY busybox /bin/test\n";

const HUB: [&str; 14] = [
    "library/0:latest",
    "library/busybox:latest",
    "library/debian:12",
    "library/debian:slim",
    "library/node:20",
    "library/node:22",
    "library/node:22-amd64",
    "library/node:22-arm64",
    "library/node:22-slim",
    "library/node:latest",
    "library/rust:1.88",
    "library/rust:1.88-slim-bookworm",
    "team/tool:3",
    "team/app:1.2",
];

/// Makes the image and pushes it under every name; gives its digest.
pub(crate) fn push(session: &Session) -> String {
    let names = HUB.into_iter().chain(["team/app:latest"]);
    push_as(session, "image", names.map(|name| format!("127.0.0.1:5000/{name}")))
}

/// Makes the image in a folder of this name and pushes it under these names; gives its digest.
pub(crate) fn push_as(session: &Session, name: &str, names: impl IntoIterator<Item = String>) -> String {
    let folder = session.folder().join(name);
    fs::create_dir(&folder).unwrap();
    fs::write(folder.join("Dockerfile"), DOCKERFILE).unwrap();
    let copied = session.run(["cp", "/bin/busybox", &session.seen(&format!("{name}/busybox"))]);
    assert!(copied.status.success(), "{}", String::from_utf8_lossy(&copied.stderr));
    let target = json!({
        "context": session.seen(name),
        "platforms": ["linux/amd64", "linux/arm64"],
        "tags": names.into_iter().collect::<Vec<_>>(),
        "output": ["type=registry"],
        "attest": ["type=provenance,disabled=true"],
    });
    let pushed = bake(session, name, [("image".to_owned(), target)]).unwrap();
    match &pushed["image"]["containerimage.digest"] {
        Value::String(digest) => digest.clone(),
        _ => panic!("the engine does not say what it pushed: {pushed}"),
    }
}
