//! What holds for every file, on files that nobody wrote: those of the corpus after changes of lines and characters,
//! and files that are put together by generators which know what must be found in them.

use std::sync::OnceLock;

use proptest::prelude::*;
use proptest::sample::Index;
use solera_pin::scan::{Input, Scan};

use crate::case::Case;
use crate::laws;

/// The files of the corpus, each with its path.
fn corpus() -> &'static [(String, String)] {
    static CORPUS: OnceLock<Vec<(String, String)>> = OnceLock::new();
    CORPUS.get_or_init(|| {
        let cases = crate::files().into_values().flatten().flat_map(|file| crate::cases(&file));
        cases.map(|case: Case| (case.path.clone(), case.text())).collect()
    })
}

/// A change of a text.
#[derive(Clone, Debug)]
enum Change {
    DeleteLine(Index),
    RepeatLine(Index),
    SwapLines(Index, Index),
    /// The line of another file.
    TakeLine(Index, Index, Index),
    Delete(Index, usize),
    Insert(Index, &'static str),
    /// The end of a line becomes another.
    End(Index, &'static str),
    /// More before a line.
    Indent(Index, &'static str),
}

/// What is put into files where it does not belong.
const WORDS: &[&str] = &[
    "'",
    "\"",
    "\\",
    "`",
    "$",
    "${",
    "}",
    "{",
    "[",
    "]",
    ":",
    "@",
    "#",
    " # ",
    ",",
    "&a ",
    "*a",
    "!!str ",
    "| ",
    ">-\n",
    "- ",
    "\t",
    "\r",
    "\u{feff}",
    "é",
    "\u{2028}",
    "\\x3a",
    "\\u003a",
    "<<E\n",
    "{{",
    "}}",
    "/*",
    "*/",
    "node:20",
    "@sha256:aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa",
    "${V:-20}",
    "docker-image://",
    "oci://",
    "\\\n",
    "\n---\n",
    "# solera-pin: tool.version\n",
    "# solera-pin: ignore[no-pin] why\n",
];

fn change() -> impl Strategy<Value = Change> {
    let index = any::<Index>;
    let word = || proptest::sample::select(WORDS);
    prop_oneof![
        index().prop_map(Change::DeleteLine),
        index().prop_map(Change::RepeatLine),
        (index(), index()).prop_map(|(one, other)| Change::SwapLines(one, other)),
        (index(), index(), index()).prop_map(|(at, file, line)| Change::TakeLine(at, file, line)),
        (index(), 1..4_usize).prop_map(|(at, length)| Change::Delete(at, length)),
        (index(), word()).prop_map(|(at, word)| Change::Insert(at, word)),
        (index(), proptest::sample::select(&["\r\n", "\n", "", "\r", " \n", "\n\n"][..]))
            .prop_map(|(at, end)| Change::End(at, end)),
        (index(), proptest::sample::select(&[" ", "  ", "\t", "- ", "# "][..]))
            .prop_map(|(at, before)| Change::Indent(at, before)),
    ]
}

fn lines(text: &str) -> Vec<String> {
    text.split_inclusive('\n').map(str::to_owned).collect()
}

fn changed(text: &str, change: &Change) -> String {
    let mut lines = lines(text);
    if lines.is_empty() {
        return text.to_owned();
    }
    let count = lines.len();
    match change {
        Change::DeleteLine(at) => drop(lines.remove(at.index(count))),
        Change::RepeatLine(at) => lines.insert(at.index(count), lines[at.index(count)].clone()),
        Change::SwapLines(one, other) => lines.swap(one.index(count), other.index(count)),
        Change::TakeLine(at, file, line) => {
            let other = self::lines(&corpus()[file.index(corpus().len())].1);
            if !other.is_empty() {
                lines.insert(at.index(count), other[line.index(other.len())].clone());
            }
        }
        Change::End(at, end) => {
            let line = &mut lines[at.index(count)];
            *line = format!("{}{end}", line.trim_end_matches(['\r', '\n']));
        }
        Change::Indent(at, before) => lines[at.index(count)].insert_str(0, before),
        Change::Delete(..) | Change::Insert(..) => {}
    }
    let mut text = lines.concat();
    let places: Vec<usize> = text.char_indices().map(|(at, _)| at).chain([text.len()]).collect();
    let (from, to, word) = match change {
        Change::Delete(at, length) => {
            let from = at.index(places.len());
            (from, (from + length).min(places.len() - 1), "")
        }
        Change::Insert(at, word) => (at.index(places.len()), at.index(places.len()), *word),
        _ => return text,
    };
    text.replace_range(places[from]..places[to], word);
    text
}

/// An image that can be found by what it is: no two of one file are the same.
fn image() -> impl Strategy<Value = String> {
    let host = proptest::sample::select(&["", "ghcr.io/", "localhost:5000/", "[::1]:5000/", "GHCR.IO/"][..]);
    (
        host,
        "[a-z][a-z0-9]{0,5}(/[a-z0-9]{1,4}(__?[a-z]{1,2})?){0,2}",
        "v?[0-9]{1,3}(\\.[0-9]{1,2}){0,2}(-[a-z]{1,5})?",
    )
        .prop_map(|(host, name, tag)| format!("{host}{name}/i:{tag}"))
}

/// How a scalar of YAML is written.
#[derive(Clone, Copy, Debug)]
enum Style {
    Plain,
    Single,
    Double,
    Folded,
    Literal,
    Below,
}

/// A scalar behind its key, which stands `indent` columns in.
fn scalar(text: &str, style: Style, indent: usize, comment: bool) -> String {
    let style = match style {
        // What begins with a bracket would be a list.
        Style::Plain | Style::Below if text.starts_with('[') => Style::Double,
        style => style,
    };
    let deeper = " ".repeat(indent + 3);
    let note = if comment { "  # ü: 'x' \"y" } else { "" };
    match style {
        Style::Plain => format!(" {text}{note}\n"),
        Style::Single => format!("   '{text}'{note}\n"),
        Style::Double => format!(" \"{text}\"{note}\n"),
        Style::Folded => format!(" >-{note}\n{deeper}{text}\n"),
        Style::Literal => format!(" |{note}\n{deeper}{text}\n\n"),
        Style::Below => format!("{note}\n{deeper}{text}\n"),
    }
}

fn style() -> impl Strategy<Value = Style> {
    use Style::{Below, Double, Folded, Literal, Plain, Single};
    proptest::sample::select(&[Plain, Single, Double, Folded, Literal, Below][..])
}

/// An entry of a file: an image, how it is written, and whether a comment follows it.
type Entry = (String, Style, bool);

fn entries() -> impl Strategy<Value = Vec<Entry>> {
    proptest::collection::vec((image(), style(), any::<bool>()), 1..6)
}

/// The formats in YAML, with a file that holds the entries.
fn yaml(which: usize, entries: &[Entry]) -> (&'static str, String) {
    let each = |write: &dyn Fn(usize, &Entry) -> String| {
        entries.iter().enumerate().map(|(i, entry)| write(i, entry)).collect::<String>()
    };
    let item = |key: &str, indent: usize, (image, style, comment): &Entry| {
        format!("{}{key}:{}", " ".repeat(indent), scalar(image, *style, indent, *comment))
    };
    match which {
        0 => {
            let services =
                each(&|i, entry| format!("  s{i}:\n    restart: always\n{}", item("image", 4, entry)));
            ("compose.yaml", format!("# é\nservices:\n{services}"))
        }
        1 => {
            let containers = each(&|i, entry| format!("  - name: c{i}\n{}", item("image", 4, entry)));
            ("app.yaml", format!("apiVersion: v1\nkind: Pod\nspec:\n  containers:\n{containers}"))
        }
        2 => {
            let steps = each(&|_, entry| item("- image", 2, entry));
            (
                "app.yml",
                format!("---\nkind: Job\napiVersion: batch/v1\nspec:\n  initContainers:\n{steps}...\n"),
            )
        }
        3 => ("values.yaml", each(&|i, entry| item(&format!("a{i}Image"), 0, entry))),
        4 => {
            let jobs = each(&|i, entry| format!("  j{i}:\n    runs-on: x\n{}", item("container", 4, entry)));
            (".github/workflows/ci.yml", format!("on: push\njobs:\n{jobs}"))
        }
        5 => {
            let jobs = each(&|i, entry| format!("j{i}:\n  script: [x]\n{}", item("image", 2, entry)));
            (".gitlab-ci.yml", jobs)
        }
        _ => {
            let images = each(&|i, (image, style, comment)| {
                let (name, tag) = image.rsplit_once(':').unwrap();
                let tag = match style {
                    // A number would be no text.
                    Style::Plain | Style::Below => scalar(tag, Style::Double, 2, *comment),
                    _ => scalar(tag, *style, 2, *comment),
                };
                format!("- name: n{i}\n  newName: \"{name}\"\n  newTag:{tag}")
            });
            ("kustomization.yaml", format!("images:\n{images}"))
        }
    }
}

/// A Dockerfile with the entries as bases of stages, sources of copies and of mounts.
fn dockerfile(entries: &[Entry], escape: char) -> String {
    let mut text = if escape == '`' { "# escape=`\n".to_owned() } else { String::new() };
    for (i, (image, style, comment)) in entries.iter().enumerate() {
        let (name, tag) = image.rsplit_once(':').unwrap();
        text += &match style {
            Style::Plain => format!("FROM {image}\n"),
            Style::Single => format!("FROM '{image}' AS s{i}\n"),
            Style::Double => format!("from --platform=$BUILDPLATFORM \"{image}\" as s{i}\n"),
            Style::Folded => format!("FROM {escape}\n  # why\n\n  {image} {escape}  \nAS s{i}\n"),
            Style::Literal => format!("FROM x{i}/y:1 AS y{i}\nCOPY --link --from={image} /a /b\n"),
            Style::Below => format!("FROM {name}{escape}\n:${{UNSET{i}:-{tag}}}\n"),
        };
        text += if *comment { "# FROM no:1\nRUN <<EOF\nFROM no:2\nEOF\n" } else { "" };
    }
    text
}

/// The images that a file names, with their tags.
fn images(found: &Scan) -> Vec<String> {
    let image = |input: &Input| match input {
        Input::Image(image) => {
            let tag = image.tag.as_ref().map(|tag| tag.text.as_str());
            Some(format!("{}:{}", image.repository, tag.unwrap_or_default()))
        }
        _ => None,
    };
    found.references.iter().filter_map(|found| image(found.input.as_ref().ok()?)).collect()
}

/// A text with other ends of lines, all or some of them.
fn ended(text: &str, ends: usize) -> String {
    let end = |(i, line): (usize, &str)| match ends {
        0 => line.to_owned(),
        1 => line.replace('\n', "\r\n"),
        _ if i % ends == 0 => line.replace('\n', "\r\n"),
        _ => line.to_owned(),
    };
    text.split_inclusive('\n').enumerate().map(end).collect()
}

/// A case here is a dozen scans: of large counts a part will do.
fn config() -> ProptestConfig {
    let config = ProptestConfig::default();
    ProptestConfig { cases: config.cases.min(2_000), failure_persistence: None, ..config }
}

proptest! {
    #![proptest_config(config())]

    #[test]
    fn a_changed_file_keeps_the_laws(file in any::<Index>(), changes in proptest::collection::vec(change(), 1..6)) {
        let (path, text) = &corpus()[file.index(corpus().len())];
        let text = changes.iter().fold(text.clone(), |text, change| changed(&text, change));
        laws::hold(path, &text);
    }

    #[test]
    fn a_file_under_another_name_keeps_the_laws(file in any::<Index>(), name in any::<Index>()) {
        let text = &corpus()[file.index(corpus().len())].1;
        laws::hold(&corpus()[name.index(corpus().len())].0, text);
    }

    #[test]
    fn every_image_of_a_file_in_yaml_is_found_and_pinned(which in 0..7_usize, entries in entries(), ends in 0..4_usize) {
        let (path, text) = yaml(which, &entries);
        let text = ended(&text, ends);
        let outcome = laws::hold(path, &text);
        let wanted: Vec<String> = entries.iter().map(|(image, ..)| image.clone()).collect();
        prop_assert_eq!(images(&outcome.found), wanted, "{}", text);
        prop_assert!(outcome.pinned.is_some() && outcome.stuck.is_empty(), "{:?}\n{}", outcome.stuck, text);
    }

    #[test]
    fn every_image_of_a_dockerfile_is_found_and_pinned(entries in entries(), escape in "[\\\\`]", ends in 0..4_usize) {
        let text = dockerfile(&entries, escape.chars().next().unwrap());
        let text = ended(&text, ends);
        let outcome = laws::hold("Dockerfile", &text);
        let found: Vec<String> = images(&outcome.found).into_iter().filter(|image| !image.ends_with("/y:1")).collect();
        let wanted: Vec<String> = entries.iter().map(|(image, ..)| image.clone()).collect();
        prop_assert_eq!(found, wanted, "{}", text);
        prop_assert!(outcome.pinned.is_some() && outcome.stuck.is_empty(), "{:?}\n{}", outcome.stuck, text);
    }
}
