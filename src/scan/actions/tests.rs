use proptest::prelude::*;

use super::*;

const COMMIT: &str = "0123456789abcdef0123456789abcdef01234567";

/// What is found, for a table.
fn shown(text: &str) -> Vec<String> {
    let found = scan(text);
    check(text, &found);
    found.references.iter().map(|reference| one(text, reference)).collect()
}

fn one(text: &str, reference: &Reference) -> String {
    match &reference.input {
        Ok(Input::Git(git)) => {
            let site = git.site.as_ref().map(|site| {
                let comment = site.comment.span.clone();
                format!(
                    "{}|{}|{}",
                    &text[site.revision.clone()],
                    &text[comment.clone()],
                    &text[comment.start - 1..comment.start]
                )
            });
            format!(
                "{} {} {} {}",
                git.url,
                git.revision.as_ref().map_or("-", |revision| revision.text.as_str()),
                git.commit.as_deref().map_or("-", |_| "commit"),
                site.unwrap_or_else(|| "-".into())
            )
        }
        Ok(Input::Image(image)) => {
            let site = image.digest_site.as_ref().map(|site| &text[site.span.start - 1..site.span.end]);
            let tag = image.tag.as_ref().map_or("-", |tag| tag.text.as_str());
            format!("{}: {} {tag} {}", reference.kind, image.repository, site.unwrap_or("-"))
        }
        other => format!("{other:?}"),
    }
}

fn check(text: &str, found: &Scan) {
    let spelled = |spelled: &Spelled| {
        let mut at = 0;
        for piece in &spelled.pieces {
            assert!(
                piece
                    .span
                    .clone()
                    .is_none_or(|span| text.get(span) == spelled.text.get(at..at + piece.length))
            );
            at += piece.length;
        }
        assert_eq!(at, spelled.text.len());
    };
    let inside = |span: &Range<usize>| assert!(text.get(span.clone()).is_some(), "{span:?}");
    for reference in &found.references {
        inside(&reference.span);
        match &reference.input {
            Ok(Input::Git(git)) => {
                git.revision.iter().for_each(spelled);
                git.site.iter().for_each(|site| {
                    inside(&site.revision);
                    inside(&site.comment.span);
                });
            }
            Ok(Input::Image(image)) => {
                image.tag.iter().for_each(spelled);
                image.digest_site.iter().for_each(|site| inside(&site.span));
            }
            _ => {}
        }
    }
    found.outputs.iter().for_each(|output| inside(&output.span));
    found.builds.iter().flat_map(|build| &build.arguments).for_each(|(_, value)| spelled(value));
}

#[test]
fn uses_of_steps() {
    for (step, expected) in [
        ("uses: actions/checkout@v4", "https://github.com/actions/checkout v4 - v4||4"),
        ("uses: actions/checkout@v4 # v4.1.2", "https://github.com/actions/checkout v4 - v4||4"),
        ("uses: 'actions/checkout@v4'", "https://github.com/actions/checkout v4 - v4||'"),
        (
            "uses: \"github/codeql-action/init@v3\" # x y",
            "https://github.com/github/codeql-action v3 - v3||\"",
        ),
        (
            "uses: https://code.forgejo.org/actions/checkout@v4",
            "https://code.forgejo.org/actions/checkout v4 - v4||4",
        ),
        ("{uses: actions/checkout@v4}", "https://github.com/actions/checkout v4 - -"),
        ("{\"uses\": \"actions/checkout@v4\", x: 1}", "https://github.com/actions/checkout v4 - -"),
        ("uses: >-\n          actions/checkout@v4", "https://github.com/actions/checkout v4 - -"),
        ("uses: \"actions/check\\\n          out@v4\"", "https://github.com/actions/checkout v4 - -"),
        ("uses: a/b/c/d@feature/x", "https://github.com/a/b feature/x - feature/x||x"),
        ("uses: actions/checkout", "Err(Malformed(\"actions/checkout\"))"),
        ("uses: actions/checkout@", "Err(Malformed(\"actions/checkout@\"))"),
        ("uses: checkout@v4", "Err(Malformed(\"checkout@v4\"))"),
        ("uses: https://x@v4", "Err(Malformed(\"https://x@v4\"))"),
        ("uses: a/b@${{ inputs.ref }}", "Err(Template(\"a/b@${{ inputs.ref }}\"))"),
        ("uses: docker://alpine:3.20", "workflow image: alpine 3.20 0"),
        ("uses: docker://ghcr.io/a/b@sha256:00", "workflow image: ghcr.io/a/b - b@sha256:00"),
        ("uses: docker://", "Err(Malformed(\"docker://\"))"),
        ("uses: docker://a:${{ x }}", "Err(Template(\"a:${{ x }}\"))"),
        ("uses: ./local", ""),
        ("uses: ./.github/actions/${{ x }}", ""),
        ("uses: ../x", ""),
        ("uses:", ""),
        ("uses: [a]", ""),
        ("run: actions/checkout@v4", ""),
    ] {
        let text = format!("jobs:\n  a:\n    steps:\n      - {step}\n");
        let expected: Vec<&str> = (!expected.is_empty()).then_some(expected).into_iter().collect();
        assert_eq!(shown(&text), expected, "{text}");
    }
}

#[test]
fn a_commit_has_its_tag_behind_it() {
    for (rest, revision, site) in [
        ("", "-", "|7"),
        (" # v4.1.2 some text", "v4.1.2", " # v4.1.2|7"),
        ("  # tag=v4", "v4", "  # tag=v4|7"),
        (" # pin@v4", "v4", " # pin@v4|7"),
        (" # solera-pin: ignore[x] y", "-", "|7"),
    ] {
        let text = format!("runs:\n  steps:\n  - uses: a/b@{COMMIT}{rest}\n");
        assert_eq!(
            shown(&text),
            [format!("https://github.com/a/b {revision} commit {COMMIT}|{site}")],
            "{text}"
        );
    }
    let text = format!("runs:\n  steps:\n  - uses: \"a/b@{COMMIT}\"\r\n  - x: 1\r\n");
    assert_eq!(shown(&text), [format!("https://github.com/a/b - commit {COMMIT}||\"")]);
}

#[test]
fn writing_and_taking_back_is_the_same_file() {
    for step in ["uses: a/b@v4", "uses: 'a/b@v4'   # note", "uses: \"a/b@v4\"\t"] {
        let text = format!("jobs:\n  a:\n    steps:\n      - {step}\n      - run: x\n");
        let site = |text: &str| match &scan(text).references[0].input {
            Ok(Input::Git(git)) => git.site.clone().unwrap(),
            other => panic!("{other:?}"),
        };
        let replaced = |text: &str, revision: &str, comment: &str| {
            let site = site(text);
            let mut text = text.to_owned();
            text.replace_range(site.comment.span, comment);
            text.replace_range(site.revision, revision);
            text
        };
        let pinned = replaced(&text, COMMIT, " # v4");
        assert_ne!(pinned, text);
        let Ok(Input::Git(git)) = &scan(&pinned).references[0].input else { panic!() };
        assert_eq!(
            (git.commit.as_deref(), git.revision.as_ref().unwrap().text.as_str()),
            (Some(COMMIT), "v4")
        );
        assert_eq!(replaced(&pinned, "v4", ""), text);
    }
}

#[test]
fn jobs_and_actions_name_images_and_workflows() {
    let text = "x-image: &image postgres:16
on: {push: {}}
jobs:
  reused:
    uses: acme/flows/.github/workflows/ci.yml@v1
  ours:
    uses: ./.github/workflows/ci.yml
  one:
    container: node:22
    services:
      db: {image: *image}
      also: {image: *image}
      cache:
        image: 'redis:7'
      empty:
        image: ''
  two:
    container:
      image: ghcr.io/a/b:${{ matrix.x }}
";
    assert_eq!(
        shown(text),
        [
            "workflow image: postgres 16 6",
            "https://github.com/acme/flows v1 - v1||1",
            "workflow image: node 22 2",
            "workflow image: redis 7 7",
            "Err(Template(\"ghcr.io/a/b:${{ matrix.x }}\"))",
        ]
    );
    assert_eq!(shown("runs:\n  using: docker\n  image: docker://alpine:3\n"), ["workflow image: alpine 3 3"]);
    assert_eq!(shown("runs:\n  using: docker\n  image: Dockerfile\n"), Vec::<String>::new());
    assert_eq!(shown("runs:\n  steps:\n    - uses: a/b@v1\n"), ["https://github.com/a/b v1 - v1||1"]);
}

const BUILD: &str = "env:
  REG: ghcr.io
  IMAGE: acme/app
jobs:
  build:
    steps:
      - uses: docker/metadata-action@v5
        with:
          images: |
            ${{ env.REG }}/${{ env.IMAGE }}
            name=docker.io/acme/other,enable=${{ github.ref == 'x' }}
            ghcr.io/${{ github.repository }}
      - uses: docker/build-push-action@v6
        with:
          context: app
          file: ./docker/Dockerfile
          platforms: linux/amd64,linux/arm64,${{ x }}
          tags: |
            ghcr.io/acme/app:${{ github.sha }}
            acme/b:1, acme/c:${{ format('a,b') }}
            ${{ steps.meta.outputs.tags }}
          build-args: |
            A=1
            B = x=y
            C=${{ x }}
          build-contexts: |
            base=docker-image://alpine:3.20
            src=https://example.org/a.git#v1
            dir=./x
      - uses: docker/build-push-action@v6
        with: {context: \"{{defaultContext}}:sub\"}
      - uses: docker/build-push-action@v6
        with:
          context: https://example.org/x.git#v2
      - env: {REG: quay.io}
        run: |
          docker build -t ${REG}/a:1 .
          docker push \"$REG/b:$X\"
";

#[test]
fn builds_have_names_arguments_and_contexts() {
    let found = scan(BUILD);
    check(BUILD, &found);
    let names: Vec<&str> = found.outputs.iter().map(|output| output.name.as_str()).collect();
    assert_eq!(
        names,
        [
            "ghcr.io/acme/app",
            "docker.io/acme/other",
            "ghcr.io/acme/app",
            "acme/b:1",
            "acme/c",
            "quay.io/a:1",
            "quay.io/b"
        ]
    );
    assert_eq!(&BUILD[found.outputs[3].span.clone()], "acme/b:1");
    let builds: Vec<_> = found
        .builds
        .iter()
        .map(|build| {
            let arguments: Vec<_> =
                build.arguments.iter().map(|(name, value)| format!("{name}={}", value.text)).collect();
            assert!(build.from_root);
            format!("{} {} {}", build.dockerfile, arguments.join(","), build.platforms.join(","))
        })
        .collect();
    assert_eq!(builds, ["docker/Dockerfile A=1,B= x=y linux/amd64,linux/arm64", "sub/Dockerfile  "]);
    let other: Vec<String> = found
        .references
        .iter()
        .map(|reference| one(BUILD, reference))
        .filter(|shown| !shown.contains("github.com"))
        .collect();
    assert_eq!(
        other,
        [
            "workflow image: alpine 3.20 0",
            "https://example.org/a.git v1 - -",
            "https://example.org/x.git v2 - -"
        ]
    );
}

#[test]
fn what_is_no_yaml_is_said() {
    assert_eq!(scan("jobs: [").unread.len(), 1);
    assert_eq!(scan(""), Scan::default());
}

#[test]
fn hostile_files_end() {
    for text in [
        format!("jobs:\n  a:\n    steps:\n      - run: docker {}", "(".repeat(300_000)),
        format!("jobs:\n  a:\n    steps:\n      - run: {}", "docker ".repeat(100_000)),
        format!(
            "jobs:\n  a:\n    steps:\n      - uses: docker/build-push-action@v1\n        with: {{tags: '{}'}}",
            "${{".repeat(100_000)
        ),
        format!(
            "a: &a [{}]\njobs:\n  a:\n    steps: *a\n  b:\n    steps: *a\n",
            "{uses: a/b@v1},".repeat(20_000)
        ),
        format!("jobs:\n  a:\n    steps:\n{}", "      - {env: {A: b}, run: docker push $A}\n".repeat(5_000)),
    ] {
        let start = std::time::Instant::now();
        scan(&text);
        assert!(start.elapsed().as_secs() < 300, "{:?} {:?}", start.elapsed(), &text[..40]);
    }
}

const SEEDS: &[&str] = &[
    "jobs:\n",
    "  a:\n",
    "    steps:\n",
    "      - ",
    "uses: ",
    "a/b@",
    COMMIT,
    " # v4",
    "docker://",
    "é",
    "'",
    "\"",
    "\r\n",
    "\n",
    ": ",
    "${{ env.A }}",
    "run: |\n",
    "        docker push ",
    "&a ",
    "*a",
    "container: ",
    "services:\n",
    "image: ",
    "with:\n",
    "tags: |\n",
    "{",
    "}",
    "docker/build-push-action@v1\n",
    "        build-args: |\n          A=é\n",
    "        context: https://x/y.git#v1\n",
    "!x ",
    "\u{feff}",
    "\\",
];

proptest! {
    #![proptest_config(ProptestConfig::with_cases(400))]

    #[test]
    fn spans_are_inside_the_text(parts in proptest::collection::vec(proptest::sample::select(SEEDS), 0..24)) {
        let text = parts.concat();
        check(&text, &scan(&text));
    }

    #[test]
    fn mutated_files_do_no_harm(at in 0usize..1400, with in proptest::sample::select(SEEDS), cut in 0usize..20) {
        let text = format!("{}{with}{}", &BUILD[..at.min(BUILD.len())], &BUILD[(at + cut).min(BUILD.len())..]);
        check(&text, &scan(&text));
    }
}
