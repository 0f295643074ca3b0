//! Golden cases of the command line: each folder of `tests/cases` is a repository and what is run in it.
//!
//! `case.toml` lists the runs; `in/` is the repository; `transcript` is what was printed and how it ended; `out/`
//! holds the files that the runs changed. `SNAPSHOTS=overwrite` writes the expected side anew.
//!
//! The upstreams are those recorded, as they stood at a date, served by the program's own mirror on loopback. What a case
//! has in `served/` stands in for <https://downloads.example.org/>.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::disallowed_methods,
    reason = "a test fails by panicking, and makes its own files"
)]

#[path = "../examples/recorded-upstream/recorded.rs"]
mod recorded;

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use solera_pin::mirror::{Layout, Options, serve};

/// An upstream at a date.
#[derive(Clone)]
struct Upstream {
    url: String,
    folder: PathBuf,
}

/// The upstreams by their dates, each made once. Their folders go with this; the server threads end with the process.
struct Upstreams {
    root: tempfile::TempDir,
    made: BTreeMap<String, Upstream>,
}

impl Upstreams {
    fn new() -> Self {
        Self { root: tempfile::tempdir().unwrap(), made: BTreeMap::new() }
    }

    fn at(&mut self, date: &str) -> Upstream {
        let folder = self.root.path().join(date);
        self.made.entry(date.to_owned()).or_insert_with(|| Upstream::make(folder, date)).clone()
    }
}

impl Upstream {
    fn make(folder: PathBuf, date: &str) -> Self {
        fs::create_dir(&folder).unwrap();
        recorded::write(&folder, format!("{date}T00:00:00Z").parse().unwrap()).unwrap();
        let layout = Layout::open(folder.join("layout"), Options::default()).unwrap();
        let (sender, receiver) = std::sync::mpsc::channel();
        std::thread::spawn(move || {
            let runtime = tokio::runtime::Runtime::new().unwrap();
            runtime.block_on(async {
                let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
                sender.send(listener.local_addr().unwrap()).unwrap();
                serve(listener, layout, std::future::pending()).await.unwrap();
            });
        });
        Self { url: format!("http://{}", receiver.recv().unwrap()), folder }
    }

    /// A user's configuration that asks this upstream instead of the real ones.
    fn configuration(&self) -> String {
        format!(
            "[registries.\"docker.io\"]\nmirror = \"{}\"\n[git.\"https://github.com/sadoyan/\"]\nmirror = \"{}/\"\n",
            self.url,
            self.folder.display()
        )
    }
}

/// Serves the files of a folder; the thread ends with the process.
fn serve_files(folder: PathBuf) -> String {
    let (sender, receiver) = std::sync::mpsc::channel();
    std::thread::spawn(move || {
        let router = axum::Router::new().fallback(move |uri: axum::http::Uri| {
            let found = fs::read(folder.join(uri.path().trim_start_matches('/')));
            async move { found.map_err(|_| axum::http::StatusCode::NOT_FOUND) }
        });
        let runtime = tokio::runtime::Runtime::new().unwrap();
        runtime.block_on(async {
            let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
            sender.send(listener.local_addr().unwrap()).unwrap();
            axum::serve(listener, router).await.unwrap();
        });
    });
    format!("http://{}", receiver.recv().unwrap())
}

struct Run {
    arguments: Vec<String>,
    date: Option<String>,
    /// A command line of the shell, run in the repository before.
    shell: Option<String>,
    /// A file of the repository that is standard input.
    stdin: Option<String>,
}

fn read_case(folder: &Path) -> Vec<Run> {
    let text = fs::read_to_string(folder.join("case.toml")).unwrap();
    let document: toml_edit::DocumentMut = text.parse().unwrap();
    let runs = document["run"].as_array_of_tables().unwrap();
    let run = |table: &toml_edit::Table| {
        let text = |key: &str| table.get(key).map(|item| item.as_str().unwrap().to_owned());
        let arguments = text("args").unwrap();
        Run { arguments: split(&arguments), date: text("at"), shell: text("shell"), stdin: text("stdin") }
    };
    runs.iter().map(run).collect()
}

/// Words, held together by single quotes.
fn split(line: &str) -> Vec<String> {
    let pieces = line.split('\'').enumerate().flat_map(|(i, piece)| match i % 2 {
        0 => piece.split_whitespace().map(str::to_owned).collect(),
        _ => vec![piece.to_owned()],
    });
    pieces.collect()
}

fn copy_tree(from: &Path, to: &Path) {
    fs::create_dir_all(to).unwrap();
    for entry in fs::read_dir(from).unwrap() {
        let entry = entry.unwrap();
        let target = to.join(entry.file_name());
        match entry.file_type().unwrap().is_dir() {
            true => copy_tree(&entry.path(), &target),
            false => drop(fs::copy(entry.path(), target).unwrap()),
        }
    }
}

fn read_tree(root: &Path, below: &Path, files: &mut BTreeMap<String, String>) {
    let Ok(entries) = fs::read_dir(below) else { return };
    for entry in entries {
        let path = entry.unwrap().path();
        if path.is_dir() {
            read_tree(root, &path, files);
        } else {
            let name = path.strip_prefix(root).unwrap().display().to_string();
            files.insert(name, fs::read_to_string(&path).unwrap());
        }
    }
}

fn tree(root: &Path) -> BTreeMap<String, String> {
    let mut files = BTreeMap::new();
    read_tree(root, root, &mut files);
    files
}

/// Runs a case; gives its transcript and the files that it changed.
fn play(folder: &Path, upstreams: &mut Upstreams) -> (String, BTreeMap<String, String>) {
    let scratch = tempfile::tempdir().unwrap();
    let repository = scratch.path().join("repository");
    copy_tree(&folder.join("in"), &repository);
    let before = tree(&repository);
    let served = folder.join("served");
    let files = if served.is_dir() { serve_files(served) } else { "http://127.0.0.1:1".into() };
    let mut transcript = String::new();
    for run in read_case(folder) {
        if let Some(shell) = &run.shell {
            let status = Command::new("sh").args(["-ec", shell]).current_dir(&repository).status().unwrap();
            assert!(status.success(), "{shell}");
            writeln!(transcript, "% {shell}").unwrap();
        }
        // Without a date there is nobody at the other end.
        let nobody = Upstream { url: "http://127.0.0.1:1".into(), folder: scratch.path().join("nothing") };
        let upstream = run.date.as_deref().map_or(nobody, |date| upstreams.at(date));
        let configuration = scratch.path().join("config.toml");
        let archives = format!("[archives.\"https://downloads.example.org/\"]\nmirror = \"{files}/\"\n");
        fs::write(&configuration, upstream.configuration() + &archives).unwrap();
        let input = run.stdin.as_ref().map(|file| fs::File::open(repository.join(file)).unwrap());
        let output = Command::new(env!("CARGO_BIN_EXE_solera-pin"))
            .stdin(input.map_or_else(std::process::Stdio::null, Into::into))
            .args(&run.arguments)
            .current_dir(&repository)
            .env_clear()
            .env("SOLERA_PIN_CONFIG", &configuration)
            .env("SOLERA_PIN_NOW", "2026-06-01T12:00:00Z")
            .output()
            .unwrap();
        let scrub = |bytes: &[u8]| {
            let text = String::from_utf8(bytes.to_vec()).unwrap();
            let text = text.replace(&upstream.url, "[UPSTREAM]");
            let text = text.replace(&upstream.folder.display().to_string(), "[UPSTREAM]");
            let text = text.replace(&files, "[FILES]");
            text.replace(&scratch.path().display().to_string(), "[SCRATCH]")
        };
        let at = run.date.as_ref().map_or(String::new(), |date| format!("  # upstream at {date}"));
        let from = run.stdin.as_ref().map_or(String::new(), |file| format!(" < {file}"));
        writeln!(transcript, "$ solera-pin {}{from}{at}", run.arguments.join(" ")).unwrap();
        transcript.push_str(&scrub(&output.stdout));
        let messages = scrub(&output.stderr);
        if !messages.is_empty() {
            writeln!(transcript, "-- stderr").unwrap();
            transcript.push_str(&messages);
        }
        writeln!(transcript, "-- exit {}\n", output.status.code().unwrap()).unwrap();
    }
    let mut after = tree(&repository);
    after.retain(|name, text| before.get(name) != Some(text));
    (transcript, after)
}

#[test]
fn every_case_goes_as_it_is_written() {
    let cases = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/cases");
    let overwrite = std::env::vars().any(|(name, value)| name == "SNAPSHOTS" && value == "overwrite");
    let mut folders: Vec<PathBuf> =
        fs::read_dir(&cases).unwrap().map(|entry| entry.unwrap().path()).collect();
    folders.sort();
    assert!(!folders.is_empty());
    let (mut wrong, mut upstreams) = (Vec::new(), Upstreams::new());
    for folder in folders {
        let (transcript, changed) = play(&folder, &mut upstreams);
        let out = folder.join("out");
        if overwrite {
            fs::write(folder.join("transcript"), &transcript).unwrap();
            let _ = fs::remove_dir_all(&out);
            for (name, text) in &changed {
                let path = out.join(name);
                fs::create_dir_all(path.parent().unwrap()).unwrap();
                fs::write(path, text).unwrap();
            }
            continue;
        }
        let mut expected = tree(&out);
        expected
            .insert("transcript".into(), fs::read_to_string(folder.join("transcript")).unwrap_or_default());
        let mut found = changed;
        found.insert("transcript".into(), transcript);
        for name in expected.keys().chain(found.keys()) {
            let side =
                |files: &BTreeMap<String, String>| files.get(name).cloned().unwrap_or("(no file)\n".into());
            let (expected, found) = (side(&expected), side(&found));
            if expected != found {
                let name = format!("{}/{name}", folder.file_name().unwrap().to_string_lossy());
                wrong.push(format!("==== {name}\n---- expected\n{expected}---- found\n{found}"));
            }
        }
    }
    wrong.dedup();
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}
