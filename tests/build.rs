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
#[path = "engine/stand_ins.rs"]
mod stand_ins;

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

/// The prefix of what is pushed: the registry beside the engine.
const PREFIX: &str = "--tag-prefix=127.0.0.1:5000/acme";

/// A repository with an image that is committed.
fn committed() -> Repository {
    let repository = Repository::make("bookworm");
    repository.commit();
    repository
}

/// The builder's own: apt asks servers on the engine's loopback.
const NETWORK: [&str; 2] = ["--", "--network=host"];

fn build(repository: &Repository, words: &[&str]) -> Said {
    let all: Vec<&str> = ["build"].iter().chain(words).chain(&NETWORK).copied().collect();
    said(&repository.solera_pin(&all))
}

fn docker(repository: &Repository, words: &[&str]) -> String {
    let all: Vec<&str> = ["docker"].iter().chain(words).copied().collect();
    let ended = repository.session().run(all);
    assert!(ended.status.success(), "{words:?}: {}", String::from_utf8_lossy(&ended.stderr));
    String::from_utf8(ended.stdout).unwrap().trim().to_owned()
}

/// The name of what was built, as the report has it.
fn name(said: &Said) -> String {
    said.data.split_whitespace().next().unwrap().to_owned()
}

#[test]
fn what_is_built_is_audited_kept_and_pushed_under_a_tag_of_its_own() {
    let repository = committed();
    let built = build(&repository, &["fip-alias-agent"]);
    assert!(built.code == 0 && built.data.contains("among the images of buildx"));
    assert!(built.data.contains("1 material from outside") && built.data.contains(" of the locked suites"));
    let labels = docker(&repository, &["inspect", "--format={{json .Config.Labels}}", &name(&built)]);
    let lock = std::fs::read_to_string(repository.file("pins.lock")).unwrap();
    let digest =
        lock.lines().find_map(|line| line.strip_prefix("digest = \"")).unwrap().trim_end_matches('"');
    for label in ["revision", "base.name", "base.digest", "version", "created"] {
        assert!(labels.contains(&format!("org.opencontainers.image.{label}\":")), "{label}: {labels}");
    }
    assert!(labels.contains(digest), "{labels}");

    let pushed = build(&repository, &["fip-alias-agent", "--push", PREFIX]);
    assert!(pushed.code == 0 && pushed.data.contains("  pushed: "));
    let again = build(&repository, &["fip-alias-agent", "--push", PREFIX]);
    assert!(again.code == 0 && again.data.contains("it was there already"));
    let name = name(&pushed);
    docker(&repository, &["tag", "127.0.0.1:5000/library/debian:bookworm-slim", &name]);
    docker(&repository, &["push", &name]);
    let refused = build(&repository, &["fip-alias-agent", "--push", PREFIX]);
    assert!(refused.code == 1 && refused.said.contains("the tag holds another image"));
    let forced = build(&repository, &["fip-alias-agent", "--push", "--force", PREFIX]);
    assert!(forced.code == 0 && forced.data.contains("  pushed: "));
    let audited = said(&repository.solera_pin(&["audit", "--image=fip-alias-agent", &name]));
    assert!(audited.code == 0 && audited.said.contains("nothing that is not locked"));
    std::fs::write(repository.file("images/fip-alias-agent/new"), "").unwrap();
    let dirty = build(&repository, &["fip-alias-agent", "--push", PREFIX]);
    assert!(dirty.code == 2 && dirty.said.contains("fip-alias-agent/new is in no commit"));
}

#[test]
fn a_tag_that_moved_changes_nothing_and_an_edited_lock_starts_no_builder() {
    let repository = committed();
    let before = build(&repository, &["fip-alias-agent"]);
    docker(&repository, &["tag", &name(&before), "127.0.0.1:5000/library/debian:bookworm-slim"]);
    docker(&repository, &["push", "127.0.0.1:5000/library/debian:bookworm-slim"]);
    let after = build(&repository, &["fip-alias-agent"]);
    // What is attested has the times of each build.
    assert_eq!((after.code, after.data.lines().next()), (0, before.data.lines().next()));

    let path = repository.file("pins.lock");
    let lock = std::fs::read_to_string(&path).unwrap();
    let (before, rest) = lock.split_once("digest = \"sha256:").unwrap();
    std::fs::write(&path, format!("{before}digest = \"sha256:{}{}", "0".repeat(8), &rest[8..])).unwrap();
    let stopped = build(&repository, &["fip-alias-agent"]);
    assert!(stopped.code != 0 && stopped.said.contains("nothing is built"));
    assert!(!stopped.said.contains("load build definition") && stopped.data.is_empty());
}

#[test]
fn what_is_not_locked_is_stopped_by_the_policy() {
    let repository = committed();
    let path = repository.file("images/fip-alias-agent/Dockerfile");
    let dockerfile = std::fs::read_to_string(&path).unwrap();
    let intruder = "FROM docker.io/library/busybox:1@sha256:aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa";
    let with = |line: &str| {
        let text = dockerfile.replacen(
            "ARG PIN_DEBIAN\n",
            &format!("ARG PIN_DEBIAN\n{line}{intruder} AS other\n"),
            1,
        );
        let text = text.replace("COPY --chmod=0755", "COPY --from=other /x /x\nCOPY --chmod=0755");
        std::fs::write(&path, text).unwrap();
        repository.commit();
    };
    with("");
    let gate = build(&repository, &["fip-alias-agent"]);
    assert!(gate.code == 1 && gate.said.contains("nothing is built"));
    // Somebody who is let past the gate.
    with("# solera-pin: ignore[no-pin] for this test\n");
    let stopped = build(&repository, &["fip-alias-agent"]);
    assert!(stopped.code == 1 && stopped.said.contains("source denied by policy"));
    let checked = build(&repository, &["fip-alias-agent", "--engine=buildah"]);
    assert!(checked.code == 1 && checked.said.contains("names what is not locked"));
}

#[test]
fn both_builders_build_the_same_twice() {
    let repository = committed();
    for engine in ["--engine=buildx", "--engine=buildah"] {
        let twice = build(&repository, &["fip-alias-agent", "--check-reproducible", engine]);
        assert!(twice.code == 0 && twice.data.contains("identical"), "{engine}");
    }
    // The time of the build, in a file.
    let path = repository.file("images/fip-alias-agent/Dockerfile");
    let text = std::fs::read_to_string(&path).unwrap();
    let text =
        text.replace("COPY --chmod", "RUN cat /proc/sys/kernel/random/uuid > /etc/other\nCOPY --chmod");
    std::fs::write(&path, text).unwrap();
    let differs = build(&repository, &["fip-alias-agent", "--check-reproducible"]);
    assert!(differs.code == 1 && differs.data.contains("etc/other: content "), "{}", differs.data);
    assert!(differs.data.contains("layer 3: "), "{}", differs.data);
}

#[test]
fn buildah_builds_what_was_checked_before() {
    let repository = committed();
    let built = build(&repository, &["fip-alias-agent", "--engine=buildah"]);
    assert!(built.code == 0 && built.said.contains("buildah has no policies"));
    assert!(built.data.contains("among the images of buildah") && built.data.contains("attests nothing"));
    let pushed = build(&repository, &["fip-alias-agent", "--engine=buildah", "--push", PREFIX]);
    assert!(pushed.code == 0 && pushed.data.contains("  pushed: "));
    let inside = build(&repository, &["fip-alias-agent", "--logs=images/new"]);
    assert!(inside.code == 2 && inside.said.contains("--logs images/new is among the images"));
}

/// What the base tells builders to do in every image that is built on it.
#[test]
fn what_a_base_would_fetch_is_stopped() {
    let repository = Repository::of("bookworm", &["fip-alias-agent"], &["iproute2"], |repository| {
        let base = "library/debian:bookworm-slim";
        let trigger = format!("FROM 127.0.0.1:5000/{base}\nONBUILD ADD http://127.0.0.1:8081/up /up\n");
        repository.stand_in(base, &trigger, &[]);
        None
    });
    repository.commit();
    let policy = build(&repository, &["fip-alias-agent"]);
    assert!(policy.code == 1 && policy.said.contains("source denied by policy"));
    let checked = build(&repository, &["fip-alias-agent", "--engine=buildah", "--format=json"]);
    assert!(checked.code == 1 && checked.said.contains("ONBUILD instructions that name what is not locked"));
    assert!(!checked.said.contains("STEP 1") && checked.data.contains("\"error\": \"the base docker.io/"));
}

/// All images of this repository: on a real Debian, and on what stands in for the rest.
#[test]
#[ignore = "of `scripts/test --long`: it gets a Rust from Debian's packages"]
fn the_catalog_builds() {
    let repository = Repository::of("trixie", stand_ins::IMAGES, stand_ins::PACKAGES, stand_ins::make);
    repository.commit();
    let built = build(&repository, &[]);
    println!("aralez and wordpress-fpm are built from stand-ins, and rust is Debian's");
    assert_eq!(built.code, 0);
    for image in stand_ins::IMAGES {
        assert!(built.data.lines().any(|line| line.starts_with(&format!("{image}:"))), "{image}");
    }
    let aralez = docker(&repository, &["run", "--rm", "--network=none", "aralez:0.92.13", "--help"]);
    assert_eq!(aralez, "a stand-in for aralez");
    for engine in ["--engine=buildx", "--engine=buildah"] {
        let twice = build(&repository, &["fip-controller", "--check-reproducible", engine]);
        assert!(twice.code == 0 && twice.data.contains("identical"), "{engine}");
    }
}

/// The image of solera-pin itself, as it is run in a cluster: from a root that is read-only, without rights.
#[test]
#[ignore = "of `scripts/test --long`: it compiles solera-pin with all its crates"]
fn solera_pin_is_built_from_its_own_pins() {
    let repository = Repository::of("bookworm", &["solera-pin"], &["git", "openssh-client"], stand_ins::own);
    repository.commit();
    println!("rust is this machine's");
    // buildah copies all of the toolchain for each layer above it, and the engine's store is memory.
    let built = build(&repository, &["solera-pin"]);
    assert_eq!(built.code, 0);
    let name = name(&built);
    let run = |words: &[&str]| {
        let apart = ["run", "--rm", "--network=none", "--read-only", "--cap-drop=ALL", "--tmpfs=/tmp"];
        let apart = [&apart[..], &["--security-opt=no-new-privileges", name.as_str()]].concat();
        docker(&repository, &[&apart[..], words].concat())
    };
    assert_eq!(run(&["--version"]), concat!("solera-pin ", env!("CARGO_PKG_VERSION")));
    assert!(run(&["daemon", "--help"]).contains("--repository <URL>"));
}

/// What the builder sees of a repository is what the Dockerfile's own file leaves, and nothing else changes the tag.
#[test]
fn an_image_may_be_built_from_all_of_the_repository() {
    let repository = Repository::make("bookworm");
    let put = |path: &str, text: &str| {
        let path = repository.file(path);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, text).unwrap();
    };
    let image = "images/fip-alias-agent";
    let read = |name: &str| std::fs::read_to_string(repository.file(&format!("{image}/{name}"))).unwrap();
    put(&format!("{image}/image.toml"), &format!("{}source = \"/\"\n", read("image.toml")));
    let dockerfile = read("Dockerfile").replace("0755 fip", "0755 images/fip-alias-agent/fip");
    let looks = "COPY . /all\nRUN test \"$(cd /all; find . -type f | sort | xargs)\" = \
                 \"./app/deep/x ./images/fip-alias-agent/fip-alias-agent.sh\"\n";
    put(&format!("{image}/Dockerfile"), &format!("{dockerfile}{looks}"));
    put(&format!("{image}/Dockerfile.dockerignore"), "*\n!app\n!images/fip-alias-agent/*.sh\n");
    put("app/deep/x", "1");
    put("left", "1");
    repository.commit();
    let built = |engine: &str| {
        let built = build(&repository, &["fip-alias-agent", engine]);
        assert_eq!(built.code, 0, "{engine}");
        name(&built)
    };
    let first = built("--engine=buildx");
    assert_eq!(built("--engine=buildah"), first);
    put("left", "2");
    repository.commit();
    assert_eq!(built("--engine=buildx"), first);
    put("app/deep/x", "2");
    let dirty = build(&repository, &["fip-alias-agent", "--push", PREFIX]);
    assert!(dirty.code == 2 && dirty.said.contains("app/deep/x differs from the last commit"));
    repository.commit();
    assert_ne!(built("--engine=buildx"), first);
}

/// A network of its own, where nobody is but the copy and the packages.
#[test]
fn the_base_comes_from_the_copy_where_nothing_else_is() {
    let repository = committed();
    let copied = said(&repository.solera_pin(&["mirror", "pull", "../copy"]));
    assert_eq!(copied.code, 0);
    for engine in ["buildah", "buildx"] {
        let words = ["build", "fip-alias-agent", &format!("--engine={engine}"), "--", "--network=host"];
        let built = said(&repository.apart(&words));
        assert!(built.code == 0 && built.data.contains(&format!("among the images of {engine}")), "{engine}");
    }
}
