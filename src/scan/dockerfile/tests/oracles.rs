//! Two other parsers, on Dockerfiles that people write: the same instructions, the same images at the same places.
//!
//! Neither is right everywhere, and where they are not, BuildKit's own way is ours: [`OURS`] are texts on which one of
//! them differs, with what it does.

use std::ops::Range;

use crate::scan::dockerfile::instructions;

/// What people write.
pub(super) const ORDINARY: &[&str] = &[
    "FROM debian:12\nRUN apt-get update && apt-get install -y curl\nCMD [\"bash\"]\n",
    "# syntax=docker/dockerfile:1\nFROM --platform=$BUILDPLATFORM golang:1.22 AS build\nWORKDIR /src\nCOPY go.mod go.sum ./\nRUN go mod download\nCOPY . .\nRUN --mount=type=cache,target=/var/cache/go go build -o /app .\nFROM gcr.io/distroless/static:nonroot@sha256:0000000000000000000000000000000000000000000000000000000000000000\nCOPY --from=build /app /app\nENTRYPOINT [\"/app\"]\n",
    "ARG VERSION=20\nFROM node:${VERSION}-alpine AS deps\nENV NODE_ENV=production PORT=80\nUSER node\nEXPOSE 80/tcp\nHEALTHCHECK --interval=5s CMD curl -f http://localhost/\nFROM deps\nLABEL a=b c=\"d e\"\nVOLUME /data\nSTOPSIGNAL SIGTERM\nSHELL [\"/bin/bash\", \"-c\"]\nONBUILD RUN true\nADD x.tar /x\nMAINTAINER someone\n",
    "from localhost:5000/a/b:c as d\nrun true\n",
    "FROM alpine\nRUN set -eux; \\\n    # a comment\n    apk add a; \\\n    apk add b\nRUN echo done\n",
    "FROM a\nRUN echo \"a <<EOF b\"\nRUN awk 'BEGIN{print 1<<x}'\nCOPY [\"<<E\", \"/x\"]\nUSER x\n",
    "# escape=`\nFROM a\nRUN b `\n  c\nUSER x\n",
    "# a comment\n# escape=`\nFROM a\nRUN b `\nUSER x\n",
    "FROM ${A:-b:1} AS \\\n  c\nRUN b \\\n\n  c\nFROM \"a\"\n",
    "FROM alpine\nRUN <<EOF\necho a\nFROM b\nEOF\nCOPY <<-A /x\n\tFROM c\n\tA\nUSER x\n",
    "FROM scratch\r\nCOPY a b\r\nUSER x\r\n",
    "FROM mcr.microsoft.com/dotnet/sdk:8.0 AS build\nRUN dotnet restore\n\n\nFROM mcr.microsoft.com/dotnet/aspnet:8.0\nCOPY --from=build --chown=1:1 /a /b",
    include_str!("../../../../images/wordpress-fpm/Dockerfile"),
    include_str!("../../../../images/aralez/Dockerfile"),
    include_str!("../../../../images/fip-alias-agent/Dockerfile"),
    include_str!("../../../../images/fip-controller/Dockerfile"),
];

/// Where one of them differs, with the instructions that BuildKit sees.
const OURS: &[(&str, &str)] = &[
    // tree-sitter-containerfile takes a shift for a heredoc, and does not know what to do with it.
    ("FROM a\nRUN echo $((1<<SHIFT))\nUSER x\n", "FROM RUN USER"),
    // It has no image that goes on in the next line.
    ("FROM al\\\npine AS b\nUSER x\n", "FROM USER"),
    // parse-dockerfile knows one heredoc in a line.
    ("FROM a\nRUN cat <<A <<B\nUSER x\nA\nUSER y\nB\n", "FROM RUN"),
    // It has a doubled escape character continue the line; in BuildKit that is text.
    ("FROM a\nRUN b\\\\\nUSER x\n", "FROM RUN USER"),
    // Its places do not count the byte order mark that it skips.
    ("\u{feff}FROM a\nUSER x\n", "FROM USER"),
];

/// Keywords, and images with their places.
type Parsed = (Vec<String>, Vec<Range<usize>>);

fn ours(text: &str) -> Parsed {
    let instructions = instructions(text);
    let images =
        instructions.iter().filter_map(|instruction| Some(instruction.stage()?.image.span)).collect();
    (instructions.into_iter().map(|instruction| instruction.keyword).collect(), images)
}

fn of_parse_dockerfile(text: &str) -> Option<Parsed> {
    use parse_dockerfile::Instruction as I;
    let parsed = parse_dockerfile::parse(text).ok()?;
    let mut found = Parsed::default();
    for instruction in &parsed.instructions {
        let keyword = match instruction {
            I::Add(i) => &i.add,
            I::Arg(i) => &i.arg,
            I::Cmd(i) => &i.cmd,
            I::Copy(i) => &i.copy,
            I::Entrypoint(i) => &i.entrypoint,
            I::Env(i) => &i.env,
            I::Expose(i) => &i.expose,
            I::From(i) => {
                found.1.push(i.image.span.clone());
                &i.from
            }
            I::Healthcheck(i) => &i.healthcheck,
            I::Label(i) => &i.label,
            I::Maintainer(i) => &i.maintainer,
            I::Onbuild(i) => &i.onbuild,
            I::Run(i) => &i.run,
            I::Shell(i) => &i.shell,
            I::Stopsignal(i) => &i.stopsignal,
            I::User(i) => &i.user,
            I::Volume(i) => &i.volume,
            I::Workdir(i) => &i.workdir,
            _ => return None,
        };
        found.0.push(text[keyword.span.clone()].to_ascii_uppercase());
    }
    Some(found)
}

fn of_tree_sitter(text: &str) -> Option<Parsed> {
    let mut parser = tree_sitter::Parser::new();
    parser.set_language(&tree_sitter_containerfile::LANGUAGE.into()).unwrap();
    let tree = parser.parse(text, None)?;
    let root = tree.root_node();
    let mut found = Parsed::default();
    for node in root.named_children(&mut root.walk()) {
        if let Some(keyword) = node.kind().strip_suffix("_instruction") {
            found.0.push(keyword.to_ascii_uppercase());
            let children: Vec<_> = node.named_children(&mut node.walk()).collect();
            found.1.extend(
                children.iter().filter(|node| node.kind() == "image_spec").map(|node| node.byte_range()),
            );
        }
    }
    (!root.has_error()).then_some(found)
}

#[test]
fn ordinary_files_are_read_as_others_read_them() {
    for text in ORDINARY {
        let expected = ours(text);
        assert_eq!(of_parse_dockerfile(text).as_ref(), Some(&expected), "parse-dockerfile: {text}");
        assert_eq!(of_tree_sitter(text).as_ref(), Some(&expected), "tree-sitter: {text}");
    }
}

#[test]
fn where_others_differ_ours_is_buildkits() {
    for (text, expected) in OURS {
        let found = ours(text);
        assert_eq!(found.0.join(" "), *expected, "{text}");
        let other = of_parse_dockerfile(text).filter(|other| *other == found);
        assert!(other.is_none() || of_tree_sitter(text).as_ref() != Some(&found), "both agree: {text}");
    }
}
