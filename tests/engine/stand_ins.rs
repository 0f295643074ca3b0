//! What the images of this repository are built from, made small here: a Rust from Debian's packages, a base that is called
//! wordpress, a program that is called aralez. They stand in for what cannot be reached.

use std::fs;
use std::path::PathBuf;
use std::process::{Command, Stdio};

use crate::installation::Repository;
use crate::served::Served;

/// Where the repository of the program is served.
const GIT: &str = "127.0.0.1:8084";

pub(crate) const IMAGES: &[&str] = &["aralez", "fip-alias-agent", "fip-controller", "wordpress-fpm"];

/// What the images install.
pub(crate) const PACKAGES: &[&str] =
    &["ca-certificates", "cmake", "iproute2", "libgmp-dev", "libgmp10", "make", "perl"];

const PINS: &str = "
[pin.trixie]
suites = [\"trixie\", \"trixie-updates\", \"trixie-security\"]
snapshot = \"http://127.0.0.1:8081/archive/{archive}/{timestamp}\"
live = \"http://127.0.0.2:8082/{archive}\"
signed-by = \"archive-key.gpg\"

[pin.rust]
image = \"docker.io/library/rust\"
track = \"{major}.{minor}-slim-trixie\"

[pin.wordpress]
image = \"docker.io/library/wordpress\"
track = \"{major}.{minor}.{patch}-php8.3-fpm\"

[pin.aralez]
git = \"http://127.0.0.1:8084/cgi-bin/git/aralez.git\"
track = \"v.{major}.{minor}.{patch}\"
";

const RUST: &str = "FROM 127.0.0.1:5000/library/debian:trixie-slim\n\
    RUN --mount=type=bind,target=/debs dpkg --install /debs/*.deb && rm -rf /var/log/*.log /var/cache/ldconfig/aux-cache\n";

const WORDPRESS: &str = "FROM 127.0.0.1:5000/library/debian:trixie-slim\n\
    COPY --chmod=0755 php docker-php-ext-install /usr/local/bin/\nRUN mkdir -p /usr/local/etc/php/conf.d\n";

/// Makes the stand-ins, and declares them. What is served is for as long as the value lives.
pub(crate) fn make(repository: &Repository) -> Option<Served> {
    let script = concat!(env!("CARGO_MANIFEST_DIR"), "/scripts/debs");
    let made =
        Command::new(script).args(["trixie", "cargo", "rustc"]).stderr(Stdio::inherit()).output().unwrap();
    let made = PathBuf::from(String::from_utf8(made.stdout).unwrap().trim_end());
    let context = repository.context("library/rust:1.85-slim-trixie");
    for deb in fs::read_dir(made).unwrap().map(|entry| entry.unwrap().path()) {
        if deb.extension().is_some_and(|extension| extension == "deb") {
            fs::copy(&deb, context.join(deb.file_name().unwrap())).unwrap();
        }
    }
    repository.stand_in("library/rust:1.85-slim-trixie", RUST, &[]);
    let php = "#!/bin/sh\ntest -e /usr/local/lib/gmp && echo 18446744073709551616\n";
    let extension = "#!/bin/sh\ntest -e /usr/include/*/gmp.h && touch /usr/local/lib/gmp\n";
    let files = [("php", php), ("docker-php-ext-install", extension)];
    repository.stand_in("library/wordpress:6.9.4-php8.3-fpm", WORDPRESS, &files);
    program(repository);
    repository.declare(PINS);
    Some(serve(repository))
}

/// What is declared for the image of solera-pin besides its base and packages.
const TOOLCHAIN: &str = "
[pin.rust]
image = \"docker.io/library/rust\"
track = \"{major}.{minor}-slim-bookworm\"

[references]
ignore = [\"src\", \"benches\"]
";

/// This machine's toolchain on Debian, with the crates of Cargo.lock at hand. Nothing is made fast: that takes long.
const RUST_OF_HERE: &str = "FROM 127.0.0.1:5000/library/debian:bookworm-slim\n\
    RUN --mount=type=bind,target=/debs dpkg --install /debs/*.deb && rm -rf /var/log/*.log /var/cache/ldconfig/aux-cache\n\
    COPY rust /usr/local/\nCOPY cargo /usr/local/cargo/\n\
    ENV CARGO_HOME=/usr/local/cargo CARGO_NET_OFFLINE=true CARGO_PROFILE_RELEASE_LTO=off CARGO_PROFILE_RELEASE_OPT_LEVEL=0\n";

/// Brings what the image of solera-pin is built from: this repository, and a Rust.
pub(crate) fn own(repository: &Repository) -> Option<Served> {
    let name = "library/rust:1.95-slim-bookworm";
    repository.bring(&["Cargo.toml", "Cargo.lock", "src", "benches"]);
    let context = repository.context(name);
    let script = "set -eu; context=$1; debs=$(scripts/debs bookworm gcc libc6-dev); cp \"$debs\"/*.deb \"$context\"
        sysroot=$(rustc --print sysroot); target=$(rustc -vV | sed -n 's/host: //p')
        mkdir -p \"$context/rust/bin\" \"$context/rust/lib/rustlib\" \"$context/cargo\"
        cp \"$sysroot/bin/cargo\" \"$sysroot/bin/rustc\" \"$context/rust/bin\"
        cp -a \"$sysroot\"/lib/*.so \"$context/rust/lib\"; cp -a \"$sysroot/lib/rustlib/$target\" \"$context/rust/lib/rustlib\"
        printf '[source.crates-io]\\nreplace-with = \"here\"\\n[source.here]\\ndirectory = \"/usr/local/cargo/vendor\"\\n' \
            >\"$context/cargo/config.toml\"
        cargo vendor --quiet --locked \"$context/cargo/vendor\" >/dev/null";
    let mut command = Command::new("bash");
    command.args(["-c", script, "bash"]).arg(context).current_dir(env!("CARGO_MANIFEST_DIR"));
    assert!(command.status().unwrap().success(), "the toolchain and the crates could not be brought");
    repository.stand_in(name, RUST_OF_HERE, &[]);
    repository.declare(TOOLCHAIN);
    None
}

/// The repository of the program, with one release.
fn program(repository: &Repository) {
    let work = repository.folder().join("git/work");
    fs::create_dir_all(work.join("src")).unwrap();
    let files = [
        ("Cargo.toml", "[package]\nname = \"aralez\"\nversion = \"0.92.13\"\nedition = \"2021\"\n"),
        ("Cargo.lock", "version = 3\n\n[[package]]\nname = \"aralez\"\nversion = \"0.92.13\"\n"),
        ("src/main.rs", "fn main() {\n    println!(\"a stand-in for aralez\");\n}\n"),
    ];
    for (path, text) in files {
        fs::write(work.join(path), text).unwrap();
    }
    let git = |words: &[&str]| {
        let mut git = Command::new("git");
        git.args(["-c", "user.name=a", "-c", "user.email=a@example.org"]).args(words).current_dir(&work);
        assert!(git.status().unwrap().success(), "{words:?}");
    };
    git(&["init", "--quiet", "--initial-branch=main"]);
    git(&["add", "."]);
    git(&["commit", "--quiet", "--message=one"]);
    git(&["tag", "v.0.92.13"]);
    git(&["clone", "--quiet", "--bare", ".", "../aralez.git"]);
    git(&["-C", "../aralez.git", "config", "uploadpack.allowAnySHA1InWant", "true"]);
}

/// Serves the program's repository.
fn serve(repository: &Repository) -> Served {
    let web = repository.folder().join("web");
    fs::create_dir_all(web.join("cgi-bin")).unwrap();
    fs::write(web.join("up"), "").unwrap();
    let root = repository.session().seen("git");
    let script = format!("#!/bin/sh\nGIT_PROJECT_ROOT={root} GIT_HTTP_EXPORT_ALL=1 exec git http-backend\n");
    let path = web.join("cgi-bin/git");
    fs::write(&path, script).unwrap();
    assert!(Command::new("chmod").arg("+x").arg(path).status().unwrap().success());
    Served::start(repository.session(), GIT, &repository.session().seen("web"))
}
