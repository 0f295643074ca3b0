//! `build --push` as it is run, with a stand-in for buildah that notes how it is called: what is pushed and where to, and
//! what is refused before anything is built.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;

use serde_json::json;

use crate::support::built::{Form, Image, Index, Layer};
use crate::support::checkout::{BOTH, Ended, Project, pin};
use crate::support::registry::Registry;
use crate::support::uploads::{Fault, Uploads};

const MANIFEST: &str = r#"
class = "upstream-extension"
runtime-base = "base"
tag = "1-{inputs}"
platforms = ["linux/amd64", "linux/arm64"]
capabilities = ["app"]
upstream-provides = ["a base"]
delta = ["app"]
refuses = ["secrets"]
"#;

/// A project with one image, all of which is committed; where its base is, and where it is pushed to.
struct Stage {
    base: Registry,
    target: Uploads,
    project: Project,
}

impl Stage {
    fn new() -> Self {
        Self::on(&[])
    }

    /// On a base with these layers, which the stand-in takes no notice of.
    fn on(files: &[(&str, &str)]) -> Self {
        let base = Registry::start();
        let lowest = |platform| {
            let layers = vec![Layer::new(Form::Gzip, files)];
            let layers = if files.is_empty() { Vec::new() } else { layers };
            Image { platform, layers, labels: json!({}), statement: None }
        };
        Index::of(&[lowest(BOTH[0]), lowest(BOTH[1])]).push(&base, "library/base", "1");
        let project = Project::new(&pin(&base, "base", "library/base", "1"));
        let stage = Self { base, target: Uploads::start(), project };
        stage.put("images/app/image.toml", MANIFEST);
        stage.put("images/app/Dockerfile", "ARG PIN_BASE\nFROM ${PIN_BASE}\nCOPY app /app\n");
        stage.put("images/app/app", "x");
        stage.put(".gitignore", "/bin\n/layout\n/calls\nignored\n");
        let layers = || vec![Layer::new(Form::Gzip, &[("app", "x")])];
        let image = |platform| Image { platform, layers: layers(), labels: json!({}), statement: None };
        Index::of(&[image(BOTH[0]), image(BOTH[1])]).write(&stage.path("layout"), "app");
        let (layout, calls) = (stage.path("layout"), stage.path("calls"));
        let script = format!(
            "#!/bin/sh\necho \"$@\" >> {}\nfor last; do :; done\n\
             case \"$1 $2\" in \"$FAILS\") exit 125;; esac\n\
             case \"$last\" in oci:*) cp -r {} \"${{last#oci:}}\";; esac\n",
            calls.display(),
            layout.display()
        );
        stage.put("bin/buildah", &script);
        fs::set_permissions(stage.path("bin/buildah"), fs::Permissions::from_mode(0o755)).unwrap();
        let refreshed = stage.project.checkout.run(&["refresh"]);
        assert_eq!(refreshed.code, 0, "{}", refreshed.said);
        stage.commit();
        stage
    }

    fn path(&self, file: &str) -> std::path::PathBuf {
        self.project.checkout.path(file)
    }

    fn put(&self, file: &str, text: &str) {
        fs::create_dir_all(self.path(file).parent().unwrap()).unwrap();
        fs::write(self.path(file), text).unwrap();
    }

    fn commit(&self) {
        self.project.git(&["add", "."]);
        self.project.git(&["commit", "-qm", "all"]);
    }

    fn build_with(&self, words: &[&str], variables: &[(&str, &str)]) -> Ended {
        let mut command =
            self.project.checkout.command(&[&["build", "app", "--engine=buildah"], words].concat());
        let path = std::env::var("PATH").unwrap();
        command.env("PATH", format!("{}:{path}", self.path("bin").display()));
        command.envs(variables.iter().copied());
        Ended::of(command.output().unwrap())
    }

    fn build(&self, words: &[&str]) -> Ended {
        self.build_with(words, &[])
    }

    fn push(&self, more: &[&str]) -> Ended {
        let prefix = format!("--tag-prefix={}/acme", self.target.host());
        self.build(&[&["--push", prefix.as_str()], more].concat())
    }

    /// How buildah was told to build.
    fn builds(&self) -> Vec<String> {
        let calls = fs::read_to_string(self.path("calls")).unwrap_or_default();
        calls.lines().filter(|line| line.starts_with("build ")).map(str::to_owned).collect()
    }

    #[track_caller]
    fn refused(&self, ended: &Ended, code: i32, words: &[&str]) {
        assert_eq!(ended.code, code, "{}", ended.said);
        for words in words {
            assert!(ended.said.contains(words), "not said: {words}\n{}", ended.said);
        }
        assert_eq!(self.builds(), [""; 0], "{}", ended.said);
        assert!(!self.target.asked().iter().any(|asked| asked.starts_with("PUT")));
    }
}

#[test]
fn what_is_pushed_names_its_revision_and_is_pushed_once() {
    let stage = Stage::new();
    let pushed = stage.push(&[]);
    assert!(pushed.code == 0 && pushed.said.contains("  pushed: "), "{}", pushed.said);
    let head = stage.project.git(&["rev-parse", "HEAD"]);
    let [build] = stage.builds().try_into().unwrap();
    assert!(build.contains(&format!("image.revision={}", head.trim())), "{build}");
    stage.target.asked();
    let again = stage.push(&[]);
    assert!(again.code == 0 && again.said.contains("it was there already"), "{}", again.said);
    assert!(!stage.target.asked().iter().any(|asked| asked.starts_with("PUT")));
}

#[test]
fn what_is_in_no_commit_is_not_pushed() {
    let stage = Stage::new();
    stage.put("images/app/ignored", "x");
    let hint = "exclude it in images/app/.dockerignore";
    stage.refused(&stage.push(&[]), 2, &["images/app/ignored is in no commit, since git ignores it", hint]);
    let kept = stage.build(&[]);
    assert_eq!(kept.code, 0, "{}", kept.said);
    assert!(kept.said.contains("git ignores it: the image will name no revision"), "{}", kept.said);
    assert!(!stage.builds()[0].contains("image.revision"), "{:?}", stage.builds());
    stage.put("images/app/.dockerignore", "ignored\n");
    stage.commit();
    assert_eq!(stage.push(&[]).code, 0);

    let stage = Stage::new();
    let declared = fs::read_to_string(stage.path("pins.toml")).unwrap();
    stage.put("pins.toml", &format!("{declared}# more\n"));
    stage.refused(&stage.push(&[]), 2, &["pins.toml differs from the last commit"]);
    stage.put("pins.toml", &declared);
    fs::rename(stage.path(".git"), stage.path("bin/git-folder")).unwrap();
    let prefix = format!("--tag-prefix={}/acme", stage.target.host());
    let outside = stage.build_with(&["--push", &prefix], &[("SOURCE_DATE_EPOCH", "5")]);
    stage.refused(&outside, 2, &["is not pushed: there is no git repository", "hint: what is pushed names"]);
}

/// Of everything that a builder sees: what changes it changes the tag.
#[test]
fn the_digits_of_a_tag_are_of_all_that_a_builder_sees() {
    let stage = Stage::new();
    let name = || -> String {
        let built = stage.build(&[]);
        assert_eq!(built.code, 0, "{}", built.said);
        let name = built.said.lines().find_map(|line| line.strip_prefix("app:1-")).unwrap();
        name.split_whitespace().next().unwrap().to_owned()
    };
    let mut names = vec![name()];
    stage.put("images/app/ignored", "x");
    names.push(name());
    stage.put("images/app/.dockerignore", "");
    names.push(name());
    std::os::unix::fs::symlink("/nowhere", stage.path("images/app/link")).unwrap();
    names.push(name());
    // Larger than any file that is read whole elsewhere.
    let large = fs::File::create(stage.path("images/app/large")).unwrap();
    large.set_len(17 << 20).unwrap();
    names.push(name());
    let before = names.len();
    names.sort();
    names.dedup();
    assert_eq!(names.len(), before, "{names:?}");
}

#[test]
fn a_tag_promises_every_platform() {
    let stage = Stage::new();
    let some = ["--platform", "linux/amd64"];
    let hints = ["its tag would lack linux/arm64", "--force pushes a part"];
    stage.refused(&stage.push(&some), 2, &hints);
    let image = Image {
        platform: "linux/amd64",
        layers: vec![Layer::new(Form::Gzip, &[("app", "x")])],
        labels: json!({}),
        statement: None,
    };
    fs::remove_dir_all(stage.path("layout")).unwrap();
    Index::of(&[image]).write(&stage.path("layout"), "app");
    let twice = stage.push(&["--platform", "linux/amd64,linux/amd64", "--force"]);
    assert_eq!(twice.code, 0, "{}", twice.said);
    assert!(stage.builds()[0].contains("--platform=linux/amd64 "), "{:?}", stage.builds());
}

#[test]
fn a_push_that_is_not_let_in_is_found_out_before_anything_is_built() {
    let stage = Stage::new();
    let said = r#"{"errors":[{"code":"DENIED","message":"not for you"}]}"#;
    let hint = format!("docker login {}", stage.target.host());
    for (status, code, words) in [
        (403, 2, vec!["answered 403 (DENIED: not for you)", &hint]),
        (405, 1, vec!["answered 405 (DENIED: not for you)"]),
        (404, 1, vec!["answered 404 (DENIED: not for you)"]),
    ] {
        stage.target.fault("POST", [Fault::Says(status, Vec::new(), said.into())]);
        stage.refused(&stage.push(&[]), code, &words);
    }
    let gone = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let ended = stage.build(&["--push", &format!("--tag-prefix={gone}/acme")]);
    stage.refused(&ended, 3, &["is not pushed", "cannot be reached"]);
}

#[test]
fn a_push_goes_to_the_registry_and_not_to_its_mirror() {
    let stage = Stage::new();
    let declared = fs::read_to_string(stage.path("pins.toml")).unwrap();
    let (host, mirror) = (stage.target.host(), stage.base.url());
    stage.put("pins.toml", &format!("{declared}\n[registries.\"{host}\"]\nmirror = \"{mirror}\"\n"));
    stage.commit();
    let pushed = stage.push(&[]);
    assert!(pushed.code == 0 && pushed.said.contains("  pushed: "), "{}", pushed.said);
    assert!(!stage.base.requests().iter().any(|request| request.path.contains("acme")));
}

#[test]
fn a_time_that_no_image_can_have_is_refused() {
    let stage = Stage::new();
    for time in ["4294967296", "-1", "+5", "soon", "99999999999999999999"] {
        let ended = stage.build_with(&[], &[("SOURCE_DATE_EPOCH", time)]);
        stage.refused(&ended, 2, &["SOURCE_DATE_EPOCH is `", "at most 4294967295"]);
    }
    assert_eq!(stage.build_with(&[], &[("SOURCE_DATE_EPOCH", "4294967295")]).code, 0);
}

#[test]
fn whatever_becomes_of_a_build_nothing_unaudited_stays_and_nothing_kept_is_lost() {
    let stage = Stage::new();
    let cleaning = stage.build_with(&["--output=out"], &[("FAILS", "manifest rm")]);
    assert_eq!(cleaning.code, 0, "{}", cleaning.said);
    assert!(cleaning.said.contains("keeps what it has built under another name"), "{}", cleaning.said);
    assert!(stage.path("out/app/index.json").exists());
    fs::remove_file(stage.path("calls")).unwrap();
    let copying = stage.build_with(&["--output=out"], &[("FAILS", "manifest push")]);
    assert_eq!(copying.code, 1, "{}", copying.said);
    let calls = fs::read_to_string(stage.path("calls")).unwrap();
    assert!(calls.lines().last().unwrap().starts_with("manifest rm "), "{calls}");
}

#[test]
fn an_image_that_is_not_made_on_the_locked_base_is_not_kept() {
    let stage = Stage::on(&[("etc/base", "1")]);
    let ended = stage.build(&["--output=out"]);
    assert_eq!(ended.code, 1, "{}", ended.said);
    assert!(ended.said.contains("its lowest layers are not those of the locked base"), "{}", ended.said);
    assert!(ended.said.contains("not kept") && !stage.path("out").exists());
}
