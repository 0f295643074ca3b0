//! What a pull request says of a bump, with everything real behind it.

use std::fs;

use serde_json::json;

use crate::support::checkout::BOTH;
use crate::support::forge::Software;
use crate::support::registry::made::Made;
use crate::world::World;

fn made(platform: &'static str, version: &str) -> Made<'static> {
    let layers: &[(&str, u64)] = match version {
        "1" => &[("base", 28_000_000), ("app 1", 2_000_000)],
        _ => &[("base", 28_000_000), ("app 2", 2_500_000)],
    };
    let packages: &[(&str, &str)] = match version {
        "1" => &[("bash", "5.2"), ("libc6", "2.41-11"), ("old", "1")],
        _ => &[("bash", "5.2"), ("libc6", "2.41-12"), ("new", "3")],
    };
    let revision = if version == "1" { "a".repeat(40) } else { "b".repeat(40) };
    Made {
        config: json!({"Env": ["PATH=/bin", format!("V={version}")], "Labels": {"l": version}}),
        annotations: json!({
            "org.opencontainers.image.source": "https://github.com/example/a.git",
            "org.opencontainers.image.revision": revision,
        }),
        packages: Some(packages),
        ..Made::new(platform, layers)
    }
}

#[test]
fn files_that_name_a_pin_are_told_where_they_stay_as_they_are() {
    let world = World::on(Software::GitHub, &["x"], "[references]\nmode = \"policy\"\n");
    let image = format!("image: {}/x:1.0.0", world.registry.host());
    fs::write(world.project.checkout.path("compose.yaml"), format!("services:\n  a:\n    {image}\n"))
        .unwrap();
    world.project.git(&["add", "."]);
    world.project.git(&["commit", "-qm", "more"]);
    world.project.git(&["push", "-q", &world.remote().display().to_string(), "main"]);
    world.registry.push_index("x", "1.0.0", BOTH);
    world.proposes(2);
    let body = world.forge().pull(1).body;
    assert!(
        body.contains("Files that name it and stay as they are: `Dockerfile:1`, `compose.yaml:3`."),
        "{body}"
    );
    assert!(!body.contains("no file here names it") && !body.contains("Files that change"), "{body}");
}

#[test]
fn a_step_is_told_once_and_without_what_stays() {
    let world = World::on(Software::GitHub, &["x"], "");
    world.registry.push_made("x", "1.0.0", &[made(BOTH[0], "1"), made(BOTH[1], "1")]);
    world.proposes(2);
    world.merge("solera-pin/group/digests");
    world.registry.push_made("x", "1.0.1", &[made(BOTH[0], "2"), made(BOTH[1], "1")]);
    world.proposes(3);
    let body = world.forge().pull(2).body;
    if std::env::var_os("SHOW_TEXT").is_some() {
        eprintln!("{}\n=====\n{body}", world.forge().pull(1).body);
    }
    for part in [
        "a patch step of",
        "Files that change: `Dockerfile:1`.",
        "| tag | `1.0.0` | `1.0.1` |",
        "The same images as before: `linux/arm64`.",
        "[compare](https://github.com/example/a/compare/",
        "| `deb` | `libc6` | `2.41-11` | `2.41-12` |",
        "| `LABEL l` | `1` | `2` |",
        "1 of 2 layers kept",
    ] {
        assert!(body.contains(part), "{part}: {body}");
    }
    for noise in ["Another tag", "| upstream |", "the same |"] {
        assert!(!body.contains(noise), "{noise}: {body}");
    }
}
