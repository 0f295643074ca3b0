//! `solera-pin build` with real builders, beside a real engine: Docker with BuildKit and buildx, and buildah; a registry, a
//! base made from Debian's packages, and a snapshot of its archive.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::disallowed_methods,
    clippy::print_stdout,
    reason = "a test fails by panicking, and makes its own files"
)]

#[path = "engine/archive.rs"]
mod archive;
#[path = "engine/installation.rs"]
#[allow(dead_code, reason = "another test of the engine uses the rest")]
mod installation;
#[path = "../examples/recorded-upstream/recorded.rs"]
mod recorded;
#[path = "engine/served.rs"]
#[allow(dead_code, reason = "another test of the engine uses the rest")]
mod served;
#[path = "engine/session.rs"]
#[allow(dead_code, reason = "another test of the engine uses the rest")]
mod session;

use std::process::Output;

use installation::Repository;

/// What a command said, and how it ended.
struct Said {
    code: i32,
    data: String,
    said: String,
}

fn said(ended: &Output) -> Said {
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    let said = Said {
        code: ended.status.code().unwrap_or(-1),
        data: text(&ended.stdout),
        said: text(&ended.stderr),
    };
    println!("{}{}{}", said.said, said.data, said.code);
    said
}

#[test]
fn fip_alias_agent_is_built_from_what_is_locked() {
    let repository = Repository::make("bookworm");
    let _ = repository.commit();
    let built = said(&repository.solera_pin(&["build", "fip-alias-agent", "--", "--network=host"]));
    assert_eq!(built.code, 0);
    assert!(built.data.contains("among the images of buildx"));
}
