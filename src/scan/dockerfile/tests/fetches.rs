//! What `ADD` and `RUN` fetch.

use super::images::shown;
use crate::scan::dockerfile::scan;
use crate::scan::{Input, Kind, Reference};

/// What is fetched, with what locks it: `tool what [lock]`.
fn fetched(text: &str) -> Vec<String> {
    let found = scan(text).references.into_iter().filter(|found| matches!(found.kind, Kind::Add | Kind::Run));
    let line = |found: Reference| {
        let lock = match &found.input {
            Ok(Input::Fetch(fetch)) => fetch.locked_by,
            _ => None,
        };
        format!("{}{}", shown(&found), lock.map_or(String::new(), |lock| format!(" [{lock}]")))
    };
    found.map(line).collect()
}

/// What a `RUN` fetches.
fn run(command: &str) -> Vec<String> {
    fetched(&format!("FROM scratch\nRUN {command}\n"))
}

const COMMIT: &str = "e07791e1f0da683600961b9ff69e5b584be52860";

#[test]
fn add_fetches_urls_and_repositories() {
    let hex = "a".repeat(64);
    for (add, expected) in [
        ("https://a/b.tgz /x", "ADD https://a/b.tgz"),
        ("--chown=a http://a/b c https://d /x", "ADD http://a/b, ADD https://d"),
        ("[\"https://a/b c\", \"/x\"]", "ADD https://a/b c"),
        (&format!("--checksum=sha256:{hex} https://a /x"), "ADD https://a [--checksum]"),
        (&format!("--checksum=$S https://a /x\nARG S=sha256:{hex}"), "ADD https://a"),
        ("--checksum=sha256:12 https://a /x", "ADD https://a"),
        ("--checksum=sha256:$PIN_T_SHA256 https://a /x", "ADD https://a [--checksum]"),
        ("--checksum=$PIN_T_SHA256 https://a /x", "ADD https://a"),
        ("https://a/$V-$U /x", "ADD https://a/1-$U"),
        ("${PIN_T} /x", "=PIN_T"),
        ("--checksum=sha256:$PIN_T_SHA256 $PIN_T /x", "=PIN_T checked by PIN_T_SHA256"),
        ("--checksum=sha256:${PIN_T_SHA256}0 $PIN_T /x", "ADD $PIN_T [--checksum]"),
        (&format!("--checksum=sha256:{hex} $PIN_T/x /x"), "ADD $PIN_T/x [--checksum]"),
        ("--checksum=$PIN_T_SHA256 $PIN_T /x", "=PIN_T"),
        ("$PIN_T/x /x", "?PIN_T"),
        ("$URL /x", "ADD https://u"),
        ("x/$PIN_T . /x", ""),
        ("a.tar /https://x", ""),
        ("<<EOF /x\nhttps://a\nEOF", ""),
        ("HTTPS://a /x", ""),
        ("https://h/r.git /x", "git https://h/r.git"),
        ("https://h/r.git#v1:sub /x", "git https://h/r.git v1"),
        (&format!("https://h/r.git#{COMMIT} /x"), "git https://h/r.git =e07791e"),
        (&format!("--checksum={COMMIT} https://h/r.git#v1 /x"), "git https://h/r.git v1 =e07791e"),
        ("--checksum=e07791e https://h/r.git#v1 /x", "git https://h/r.git v1"),
        ("https://h/r.git?ref=v1&subdir=x /x", "git https://h/r.git v1"),
        (&format!("https://h/r.git?tag=v1&commit={COMMIT} /x"), "git https://h/r.git v1 =e07791e"),
        (&format!("https://h/r.git?checksum={COMMIT}#v2 /x"), "git https://h/r.git v2 =e07791e"),
        ("git@h:o/r.git#main /x", "git git@h:o/r.git main"),
        ("ssh://git@h/r /x", "git ssh://git@h/r"),
        ("git://h/r#a /x", "git git://h/r a"),
        ("GIT://h/r /x", "git GIT://h/r"),
        ("https://h/r.git#$V /x", "git https://h/r.git 1"),
        ("https://h/r.git#$PIN_T /x", "?PIN_T"),
        ("https://r.git /x", "ADD https://r.git"),
        ("https://h/r.git/x /x", "ADD https://h/r.git/x"),
        ("https://a", ""),
    ] {
        let text = format!("FROM x\nARG PIN_T PIN_T_SHA256 V=1\nENV URL=https://u\nADD {add}\n");
        assert_eq!(fetched(&text).join(", "), expected, "{add}");
    }
    let text = "ARG G=https://g\nFROM a AS b\nARG G\nENV E https://e f\nFROM b\nADD $G $E /x\nFROM scratch\nADD $G /x\nONBUILD ADD https://o /x";
    assert_eq!(fetched(text), ["ADD https://g", "ADD https://e f", "ADD https://o"]);
    assert_eq!(fetched("FROM a\nENV A=1 B=$A\nADD https://x/$B /x"), ["ADD https://x/$A"]);
}

#[test]
fn a_revision_has_its_pieces() {
    let text = "FROM x\nARG V=1\nADD https://h/r.git?tag=v${V}.2 /x";
    let Ok(Input::Git(git)) = scan(text).references.remove(1).input else { panic!() };
    let revision = git.revision.unwrap();
    let pieces: Vec<_> =
        revision.pieces.iter().map(|piece| (&text[piece.span.clone().unwrap()], piece.shared)).collect();
    assert_eq!(pieces, [("v", false), ("1", true), (".2", false)]);
}

#[test]
fn commands_are_found_wherever_they_stand() {
    for (command, expected) in [
        ("curl -fsSL https://a -o b", "curl https://a"),
        ("set -eux; cd /x && curl -O https://a || exit 1", "curl https://a"),
        ("/usr/bin/curl https://a", "curl https://a"),
        ("sudo -u root env -u A B=c curl https://a", "curl https://a"),
        ("A=b C=\"d e\" curl https://a", "curl https://a"),
        ("if true; then curl https://a; else wget b; fi", "curl https://a, wget b"),
        ("for i in a b; do curl https://$i; done", "curl https://$i"),
        ("case $a in x) curl https://a ;; *) wget b;; esac", "curl https://a, wget b"),
        ("(curl https://a)", "curl https://a"),
        ("{ curl https://a; }", "curl https://a"),
        ("f() { curl https://a; }; f", "curl https://a"),
        ("! curl https://a &", "curl https://a"),
        ("V=$(curl https://a) && echo \"`wget b`\"", "curl https://a, wget b"),
        ("echo \"$(curl https://a | jq .)\"", "curl https://a"),
        ("sh -c 'curl https://a && wget b'", "curl https://a, wget b"),
        ("bash -o pipefail -euxc \"curl https://a\"", "curl https://a"),
        ("su user -c 'curl https://a'", "curl https://a"),
        ("bash -c \"bash -c 'curl https://a'\"", "curl https://a"),
        ("eval curl https://a", "curl https://a"),
        ("[\"curl\", \"-o\", \"x y\", \"https://a\"]", "curl https://a"),
        ("[\"/bin/sh\", \"-c\", \"curl \\\"https://a\\\"\"]", "curl https://a"),
        ("<<EOF\ncurl https://a\n# curl https://b\nwget c\nEOF", "curl https://a, wget c"),
        ("<<EOF\n#!/bin/bash -e\ncurl \\\n  https://a\nEOF", "curl https://a"),
        ("bash -e <<'EOF'\ncurl https://a\nEOF", "curl https://a"),
        ("<<EOF\ncat <<X >f\ncurl https://a\nX\nwget b\nEOF", "wget b"),
        ("a \\\n  # a comment\n  && curl https://a \\\n  -o b", "curl https://a"),
        ("cat urls | xargs -n 1 curl -O", "curl "),
        ("timeout 30 curl https://a", "curl https://a"),
        ("time -p nice -n 3 curl https://a", "curl https://a"),
        ("curl https://a>b 2>&1", "curl https://a"),
        ("cat <(curl https://a)", "curl https://a"),
        ("--mount=type=cache,target=/x curl https://a", "curl https://a"),
        // None of these fetches.
        ("--network=none curl https://a", ""),
        ("echo \"curl https://a\"", ""),
        ("echo curl https://a", ""),
        ("# curl https://a", ""),
        ("true # && curl https://a", ""),
        ("command -v curl && which wget", ""),
        ("rm -rf curl https://a", ""),
        ("curl --version && wget --help && curl", ""),
        ("curl http://localhost:80/x && curl 127.0.0.1 && curl http://[::1]/ && wget file:///x", ""),
        ("curl --unix-socket /x http://h/y; curl -sI https://a; wget --spider https://a", ""),
        ("<<EOF cat > x\ncurl https://a\nEOF", ""),
        ("cat <<EOF > x\ncurl https://a\nEOF", ""),
        ("<<EOF\n#!/usr/bin/env python3\ncurl https://a\nEOF", ""),
        ("python3 <<EOF\ncurl https://a\nEOF", ""),
        ("echo 'a\nb' $((1 + 2)) ${curl} \"", ""),
        ("sed 's/curl https/x/' <<< 'curl https://a'", ""),
        ("mycurl https://a; curl-config https://a", ""),
    ] {
        assert_eq!(run(command).join(", "), expected, "{command}");
    }
    assert_eq!(fetched("FROM x\nONBUILD RUN curl https://a"), ["curl https://a"]);
    let windows = "# escape=`\nFROM x\nSHELL [\"powershell\", \"-Command\"]\nRUN Invoke-WebRequest -UseBasicParsing `\n  -OutFile C:\\x.zip -Uri https://a; C:\\y\\curl.exe https://b\nRUN powershell -NoProfile -Command \"iwr https://c -OutFile d\"";
    assert_eq!(
        fetched(windows),
        ["Invoke-WebRequest https://a", "curl https://b", "Invoke-WebRequest https://c"]
    );
}

#[test]
fn the_place_is_the_command_with_its_arguments() {
    for (text, expected) in [
        ("FROM x\nRUN a && sudo curl -o \"b c\" 'https://d' > e && f", "curl -o \"b c\" 'https://d'"),
        ("FROM x\nRUN A=b \\\n  apt-get install -y \\\n  # c\n  d", "apt-get install -y \\\n  # c\n  d"),
        ("FROM x\nRUN [\"curl\", \"https://a\"]", "curl\", \"https://a"),
        ("FROM x\nRUN <<E\ncurl https://a # b\nE", "curl https://a"),
        ("FROM x\nRUN sh -c 'x; curl https://a; y'", "curl https://a"),
        ("FROM x\nRUN python3 -m pip install y|z", "python3 -m pip install y"),
        ("FROM x\nRUN bash -c \"$(curl https://a)\"", "curl https://a"),
    ] {
        let found = scan(text).references;
        assert_eq!(found.len(), 2, "{text}");
        assert_eq!(&text[found[1].span.clone()], expected, "{text}");
    }
}

#[test]
fn a_checksum_locks_what_is_kept() {
    for (command, expected) in [
        ("curl -O https://a && echo \"1  a\" | sha256sum -c -", "curl https://a [a checksum]"),
        ("wget -qO x https://a; sha512sum --check y", "wget https://a [a checksum]"),
        ("curl -O https://a; echo 1 a | shasum -a 256 -c", "curl https://a [a checksum]"),
        ("curl -O https://a; gpg --batch --verify a.asc a", "curl https://a [a checksum]"),
        ("curl https://a | tee b | sha256sum -c c", "curl https://a [a checksum]"),
        ("curl -o x https://a; [ \"$(sha256sum x | cut -c1-64)\" = \"$S\" ]", "curl https://a [a checksum]"),
        ("sh -c 'curl -O https://a && sha256sum -c b'", "curl https://a [a checksum]"),
        ("curl -O https://a && sha256sum -c b || true", "curl https://a"),
        ("curl -O https://a; sha256sum -c b || echo bad; tar x", "curl https://a"),
        ("curl https://a | tee b | sha256sum -c c || :", "curl https://a"),
        ("curl -O https://a; sha256sum -c b & tar x", "curl https://a"),
        ("curl -O https://a; sha256sum -c b || { echo bad; exit 1; }", "curl https://a [a checksum]"),
        ("curl -O https://a; sha256sum -c b || (echo bad; exit 1)", "curl https://a [a checksum]"),
        ("curl -O https://a; sha256sum -c b || exit 1", "curl https://a [a checksum]"),
        ("curl -O https://a && sha256sum a", "curl https://a"),
        ("sha256sum -c b && curl -O https://a", "curl https://a"),
        ("curl https://a | sh && sha256sum -c b", "curl | sh https://a"),
        ("curl https://a | tar xz && sha256sum -c b", "curl https://a"),
        ("curl https://a | sudo -E bash -s -- x", "curl | sh https://a"),
        ("sh -c \"$(wget -O- https://a)\"", "wget | sh https://a"),
        ("bash <(curl https://a)", "curl | sh https://a"),
        ("V=$(curl https://a) && sha256sum -c b", "curl https://a"),
        ("curl https://a | python3 -c 'x'", "curl https://a"),
    ] {
        assert_eq!(run(command).join(", "), expected, "{command}");
    }
}

#[test]
fn a_commit_locks_a_clone() {
    for (command, expected) in [
        ("git clone https://a", "git clone https://a"),
        ("git clone --depth 1 -b v1 https://a b", "git clone https://a"),
        (&format!("git clone https://a b && git -C b checkout {COMMIT}"), "git clone https://a [a commit]"),
        (
            &format!("git clone https://a && cd a && git reset --hard {COMMIT}"),
            "git clone https://a [a commit]",
        ),
        (&format!("git clone --revision={COMMIT} https://a"), "git clone https://a [a commit]"),
        ("git clone https://a && git checkout \"$GOOD\"", "git clone https://a [a commit]"),
        ("git clone https://a && git checkout ${PIN_A_COMMIT}", "git clone https://a [a commit]"),
        ("git clone https://a && git checkout $BAD", "git clone https://a"),
        ("git clone https://a && git checkout v1", "git clone https://a"),
        (&format!("git checkout {COMMIT} && git clone https://a"), "git clone https://a"),
        (&format!("git fetch --depth 1 origin {COMMIT}"), &format!("git fetch origin {COMMIT} [a commit]")),
        ("git pull", "git pull "),
        ("git submodule update --init --recursive", "git submodule  [the commits that the repository names]"),
        ("git submodule update --remote", "git submodule --remote"),
        ("git clone /x && git status && git clone ./y", ""),
    ] {
        let text = format!("FROM x\nARG GOOD={COMMIT} BAD=v1 PIN_A_COMMIT\nRUN {command}\n");
        assert_eq!(fetched(&text).join(", "), expected, "{command}");
    }
}

#[test]
fn package_managers_of_distributions() {
    for (command, expected) in [
        ("apt-get update && apt-get install -y --no-install-recommends curl git", "apt-get install curl git"),
        ("apt-get -o Acquire::Retries=3 -y install a", "apt-get install a"),
        ("DEBIAN_FRONTEND=noninteractive apt install a", "apt install a"),
        ("apt-get dist-upgrade -y", "apt-get upgrade "),
        ("apt-get install -y $(cat p)", "apt-get install $(cat p)"),
        ("xargs -a p apt-get install -y", "apt-get install "),
        ("apt-get install -y ./a.deb /b.deb c.deb", ""),
        ("apt-get install -y ./a.deb b", "apt-get install ./a.deb b"),
        ("apt-get update; apt-get clean; apt-get install -y -s a; apt-get remove a", ""),
        ("apt-get install --snapshot 20260101T000000Z a", "apt-get install a [a snapshot of the archive]"),
        (
            "echo 'deb https://snapshot.debian.org/x' > l && apt-get install a",
            "apt-get install a [a snapshot of the archive]",
        ),
        ("apk add --no-cache -t .deps -X https://r a b", "apk add a b"),
        ("apk --no-cache add a", "apk add a"),
        ("apk update && apk upgrade", "apk upgrade "),
        ("apk add --no-network a; apk add ./a.apk; apk del a", ""),
        ("dnf -y install a", "dnf install a"),
        ("yum update -y", "yum upgrade "),
        ("yum install -y ./a.rpm", ""),
        ("yum install -y https://a/b.rpm", "yum install https://a/b.rpm"),
        ("microdnf install a && microdnf clean all", "microdnf install a"),
        ("zypper -n in a", "zypper install a"),
        ("rpm -Uvh https://a/b.rpm && rpm -i c.rpm", "rpm https://a/b.rpm"),
    ] {
        assert_eq!(run(command).join(", "), expected, "{command}");
    }
    let text = "FROM x AS a\nRUN sed -i s,x,/snapshot/y, sources.list\nRUN apt-get install b\nFROM a\nRUN apt-get install c\nFROM x\nRUN apt-get install d";
    let locked = " [a snapshot of the archive]";
    let expected = [
        format!("apt-get install b{locked}"),
        format!("apt-get install c{locked}"),
        "apt-get install d".into(),
    ];
    assert_eq!(fetched(text), expected);
}

/// What a command fetches.
const LANGUAGES: &[(&str, &str)] = &[
    ("pip install --no-cache-dir a==1 b", "pip install a==1 b"),
    ("pip3.11 install -r r.txt", "pip install r.txt"),
    ("/venv/bin/pip install -r r.txt --require-hashes", "pip install r.txt [--require-hashes]"),
    ("PIP_REQUIRE_HASHES=1 pip install -r r.txt", "pip install r.txt [--require-hashes]"),
    ("python -m pip install --upgrade pip", "pip install pip"),
    ("pip install --no-index -f w a", "pip install a [--no-index]"),
    ("pip install .", "pip install ."),
    ("pip install -e .", "pip install ."),
    ("pip install --no-deps ./a.whl; pip --version; pip list; python -m venv x; python a.py pip install", ""),
    ("uv pip install -r r.txt", "uv pip install r.txt"),
    ("uv sync --frozen --no-dev", "uv sync  [uv.lock]"),
    ("uv sync", "uv sync "),
    ("pipx install poetry==1", "pipx install poetry==1"),
    ("poetry install --no-root", "poetry install  [poetry.lock]"),
    ("pipenv install --deploy", "pipenv install  [Pipfile.lock]"),
    ("npm ci --omit=dev", "npm ci  [package-lock.json]"),
    ("npm install -g pnpm@9", "npm install pnpm@9"),
    ("npm i", "npm install "),
    ("npm run build && npm --version && npm cache clean --force", ""),
    ("yarn", "yarn install "),
    ("yarn install --frozen-lockfile", "yarn install  [yarn.lock]"),
    ("yarn --immutable", "yarn install  [yarn.lock]"),
    ("yarn build && yarn --version", ""),
    ("pnpm install --frozen-lockfile", "pnpm install  [pnpm-lock.yaml]"),
    ("pnpm -F x i", "pnpm install "),
    ("pnpm add -g a", "pnpm add a"),
    ("npx a", "npx a"),
    ("npm ci && true", "npm ci  [package-lock.json]"),
    ("npx --no-install a", ""),
    ("gem install bundler -v 2.5", "gem install bundler"),
    ("gem install ./a.gem --local", ""),
    ("bundle install", "bundle install "),
    ("BUNDLE_FROZEN=true bundle install -j 4", "bundle install  [Gemfile.lock]"),
    ("bundle config set --local frozen true && bundle install", "bundle install  [Gemfile.lock]"),
    ("bundle exec rake", ""),
    ("go mod download", "go mod download  [go.sum]"),
    ("go install a/b@v1.2.3", "go install a/b@v1.2.3 [the Go checksum database]"),
    ("go install a/b@latest", "go install a/b@latest"),
    ("GOSUMDB=off go install a/b@v1.2.3", "go install a/b@v1.2.3"),
    ("go install ./... && go build -o x .", ""),
    ("go get -u a", "go get a"),
    ("cargo build --release", "cargo build "),
    ("cargo +nightly build --locked", "cargo build  [Cargo.lock]"),
    ("cargo build --offline", ""),
    ("cargo install a", "cargo install a"),
    ("cargo install --locked a", "cargo install a"),
    ("cargo install --locked a@1.2.3", "cargo install a@1.2.3 [--locked and a version]"),
    ("cargo install --locked --version =1.2.3 a", "cargo install a [--locked and a version]"),
    ("cargo install --locked --path .", "cargo install . [Cargo.lock]"),
    (
        "cargo install --locked --git https://a --rev e07791e1f0da683600961b9ff69e5b584be52860",
        "cargo install https://a [--locked and a commit]",
    ),
    ("composer install --no-dev", "composer install  [composer.lock]"),
    ("composer require a/b", "composer require a/b"),
];

#[test]
fn package_managers_of_languages() {
    for (command, expected) in LANGUAGES {
        assert_eq!(run(command).join(", "), *expected, "{command}");
    }
    let text = "FROM x\nENV BUNDLE_DEPLOYMENT=1 CI=true\nRUN bundle install; pnpm i\nRUN npm ci\nRUN npx a; npx -y b; npx @c/d@1";
    let expected = [
        "bundle install  [Gemfile.lock]",
        "pnpm install  [pnpm-lock.yaml]",
        "npm ci  [package-lock.json]",
        "npx b",
        "npx @c/d@1",
    ];
    assert_eq!(fetched(text), expected);
}
