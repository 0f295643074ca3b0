use std::collections::BTreeMap;

use super::*;
use crate::document::SourceFile;
use crate::model::{Digest, ImagePin, MediaType};

const TEXT: &str = r#"# solera-pin writes this file. Edit refresh/upstreams.toml, then run `solera-pin refresh`.
version = 1

[pin.aralez]
git = "https://github.com/sadoyan/aralez.git"
tag = "v.0.92.13"
commit = "e07791e1f0da683600961b9ff69e5b584be52860"

[pin.wordpress]
image = "docker.io/library/wordpress"
tag = "6.9.4-php8.3-fpm"
digest = "sha256:155aed6e6d081b6482b10a7d4d54dffe70ae5f5d2128e88f5c871c3c055a6576"
media-type = "application/vnd.oci.image.index.v1+json"
platforms."linux/amd64" = "sha256:310b0fad6604f2714aea15f5991afc5e6f8545997edc9f39f37a0c5a1216ba31"
platforms."linux/arm64" = "sha256:3adc03451100dd9a7368144091c9425904a9165bd0400b62028eccd0bd726a54"
"#;

const OTHERS: &str = r#"# solera-pin writes this file. Edit pins.toml, then run `solera-pin refresh`.
version = 1

[pin.bookworm]
suites = ["bookworm", "bookworm-security"]
snapshot = "20260820T000000Z"
inrelease.bookworm = { digest = "sha256:155aed6e6d081b6482b10a7d4d54dffe70ae5f5d2128e88f5c871c3c055a6576", date = "2026-07-11T09:00:00Z", signed-by = ["4CB50190207B4758A3F73A796ED0E7B82643E131"] }
inrelease.bookworm-security = { digest = "sha256:310b0fad6604f2714aea15f5991afc5e6f8545997edc9f39f37a0c5a1216ba31", date = "2026-08-19T09:00:00Z", signed-by = ["4CB50190207B4758A3F73A796ED0E7B82643E131"] }
packages.iproute2.amd64 = { version = "6.1.0-3", sha256 = "155aed6e6d081b6482b10a7d4d54dffe70ae5f5d2128e88f5c871c3c055a6576", size = 1047136 }
packages.iproute2.arm64 = { version = "6.1.0-3", sha256 = "310b0fad6604f2714aea15f5991afc5e6f8545997edc9f39f37a0c5a1216ba31", size = 1035244 }
packages."libstdc++6".amd64 = { version = "12.2.0-14", sha256 = "310b0fad6604f2714aea15f5991afc5e6f8545997edc9f39f37a0c5a1216ba31", size = 1 }

[pin.one]
archive = "https://example.org/one-{version}.tar.gz"
version = "7"
sha256 = "155aed6e6d081b6482b10a7d4d54dffe70ae5f5d2128e88f5c871c3c055a6576"
size = 123

[pin.tool]
archive = "https://example.org/tool-{version}-{arch}.tar.gz"
version = "1.4.2"
files.amd64 = { sha256 = "155aed6e6d081b6482b10a7d4d54dffe70ae5f5d2128e88f5c871c3c055a6576", size = 123, arch = "x86_64" }
files.arm64 = { sha256 = "310b0fad6604f2714aea15f5991afc5e6f8545997edc9f39f37a0c5a1216ba31", size = 123 }
"#;

fn read(text: &str) -> Result<Lock, Vec<String>> {
    let shown = |p: crate::document::Problem| {
        let (line, _) = p.place.file.position(p.place.span.start);
        format!("{line}: {}", p.message)
    };
    decode(&SourceFile::new("pins.lock", text)).map_err(|problems| problems.into_iter().map(shown).collect())
}

#[test]
fn a_lock_is_written_as_it_was_read() {
    let lock = read(TEXT).unwrap();
    assert_eq!(encode(&lock, None, "refresh/upstreams.toml"), TEXT);
    assert_eq!(encode(&lock, Some(TEXT), "refresh/upstreams.toml"), TEXT);
    assert_eq!(encode(&read(OTHERS).unwrap(), None, "pins.toml"), OTHERS);
    let noted = OTHERS.replace("packages.iproute2.arm64", "# the big machines\npackages.iproute2.arm64");
    assert_eq!(encode(&read(&noted).unwrap(), Some(&noted), "pins.toml"), noted);
}

#[test]
fn order_and_white_space_are_ours_and_comments_are_a_persons() {
    let text = TEXT
        .replace("tag = \"v.0.92.13\"\n", "")
        .replace("[pin.aralez]\n", "# why aralez\n[pin.aralez]  # here\n\n  # why this tag\ntag   = \"v.0.92.13\"   # see the issue\n")
        .replace("platforms.\"linux/arm64\"", "# the big machines\nplatforms.\"linux/arm64\"")
        + "# the end\n";
    let lock = read(&text).unwrap();
    let once = encode(&lock, Some(&text), "refresh/upstreams.toml");
    for comment in [
        "# why aralez\n[pin.aralez]  # here\n",
        "# why this tag\ntag = \"v.0.92.13\"   # see the issue\n",
        "# the big machines\nplatforms.\"linux/arm64\"",
        "# the end\n",
    ] {
        assert!(once.contains(comment), "{comment}\n{once}");
    }
    assert!(once.find("git = ") < once.find("tag = "));
    assert_eq!(encode(&read(&once).unwrap(), Some(&once), "refresh/upstreams.toml"), once);
    assert!(
        encode(&lock, Some(&once), "pins.toml")
            .starts_with("# solera-pin writes this file. Edit pins.toml, then")
    );
    assert_eq!(read(&once).unwrap(), lock);
}

#[test]
fn a_moved_pin_keeps_its_comments() {
    let text = TEXT.replace("[pin.wordpress]\n", "[pin.wordpress]\n# needs 6.9\n");
    let mut lock = read(&text).unwrap();
    let Some(Pin::Image(pin)) = lock.pins.get_mut(&"wordpress".parse().unwrap()) else { panic!() };
    pin.tag = "6.9.5-php8.3-fpm".parse().unwrap();
    let written = encode(&lock, Some(&text), "x");
    assert!(written.contains("[pin.wordpress]\n# needs 6.9\nimage"), "{written}");
    assert_eq!(read(&written).unwrap(), lock);
}

#[test]
fn crlf_and_a_byte_order_mark_are_read() {
    let text = format!("\u{feff}{}", TEXT.replace('\n', "\r\n"));
    assert_eq!(read(&text).unwrap(), read(TEXT).unwrap());
    assert!(!encode(&read(&text).unwrap(), Some(&text), "refresh/upstreams.toml").contains('\r'));
}

#[test]
fn what_is_malformed_is_refused_with_its_line() {
    for (from, to, says) in [
        ("version = 1\n", "", "1: the lock file has no `version`"),
        ("version = 1", "version = 2", "2: the lock file has version 2"),
        ("commit = \"e", "commit = \"g", "7: `pin.aralez.commit`"),
        ("sha256:155a", "sha256:155", "12: `pin.wordpress.digest`"),
        ("index.v1+json", "layer.v1.tar", "13: `pin.wordpress.media-type`"),
        ("linux/arm64", "linux", "15: `linux` is not a platform"),
        ("linux/arm64", "linux/x86_64", "15: linux/amd64 is locked twice"),
        ("image.index.v1", "image.manifest.v1", "14: the manifest of linux/amd64 must be the one"),
        ("tag = \"6", "tga = \"6", "unknown key `tga`"),
        ("image = ", "git_ = ", "must have one of `image`, `git`, `archive` and `suites`"),
        ("[pin.wordpress]", "[pin.Wordpress]", "is not a name"),
        ("[pin.wordpress]", "[pins.wordpress]", "unknown key `pins`"),
        (
            "platforms.\"linux/arm64\" = \"sha256:3adc03451100dd9a7368144091c9425904a9165bd0400b62028eccd0bd726a54\"",
            "platforms.\"linux/arm64\" = \"sha256:155aed6e6d081b6482b10a7d4d54dffe70ae5f5d2128e88f5c871c3c055a6576\"",
            "cannot be the index itself",
        ),
        ("[pin.aralez]", "<<<<<<< ours\n[pin.aralez]", "not valid TOML"),
    ] {
        let problems = read(&TEXT.replace(from, to)).unwrap_err();
        assert!(problems.iter().any(|problem| problem.contains(says)), "{says}: {problems:?}");
    }
}

fn image(tag: &str, platforms: &[&str]) -> Pin {
    Pin::Image(ImagePin {
        repository: "rust".parse().unwrap(),
        tag: tag.parse().unwrap(),
        digest: Digest::sha256(tag.as_bytes()),
        media_type: MediaType::OciIndex,
        platforms: platforms.iter().map(|p| (p.parse().unwrap(), Digest::sha256(p.as_bytes()))).collect(),
    })
}

#[test]
fn a_commit_writes_once_and_only_what_changed() {
    let folder = tempfile::tempdir().unwrap();
    let lock = Lock { pins: BTreeMap::from([("rust".parse().unwrap(), image("1", &["linux/amd64"]))]) };
    let store = Store::load(folder.path()).unwrap();
    assert!(!store.exists());
    assert_eq!(store.commit(&lock, "pins.toml").unwrap(), Committed::Written);
    let path = folder.path().join(FILE_NAME);
    let written = std::fs::metadata(&path).unwrap().modified().unwrap();
    assert_eq!(Store::load(folder.path()).unwrap().commit(&lock, "pins.toml").unwrap(), Committed::Unchanged);
    assert_eq!(std::fs::metadata(&path).unwrap().modified().unwrap(), written);
}

#[test]
fn an_edit_made_meanwhile_is_not_lost() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join(FILE_NAME);
    crate::files::replace(&path, TEXT.as_bytes()).unwrap();
    let store = Store::load(folder.path()).unwrap();
    let edited = format!("{TEXT}# mine\n");
    crate::files::replace(&path, edited.as_bytes()).unwrap();
    assert!(matches!(store.commit(&Lock::default(), "x"), Err(StoreError::Changed(_))));
    assert_eq!(crate::files::read_text(&path).unwrap().unwrap(), edited);
}

#[test]
fn changes_have_both_sides() {
    let name = |n: &str| n.parse::<crate::model::PinName>().unwrap();
    let lock = |pins: &[(&str, &str)]| Lock {
        pins: pins.iter().map(|(n, t)| (name(n), image(t, &["linux/amd64"]))).collect(),
    };
    let found =
        changes(&lock(&[("a", "1"), ("b", "1"), ("c", "1")]), &lock(&[("b", "2"), ("c", "1"), ("d", "1")]));
    let sides: Vec<_> = found.iter().map(|c| (c.name.as_str(), c.from.is_some(), c.to.is_some())).collect();
    assert_eq!(sides, [("a", true, false), ("b", true, true), ("d", false, true)]);
}

proptest::proptest! {
    #[test]
    fn any_lock_is_read_back(pins in proptest::collection::btree_map("[a-z][a-z0-9-]{0,8}", ("[a-z0-9][a-z0-9.-]{0,12}", 1usize..4), 0..6)) {
        let all = ["linux/amd64", "linux/arm64", "linux/arm/v7"];
        let lock = Lock {
            pins: pins.iter().map(|(name, (tag, n))| (name.parse().unwrap(), image(tag, &all[..*n]))).collect(),
        };
        let text = encode(&lock, None, "pins.toml");
        proptest::prop_assert!(text.ends_with('\n') && !text.ends_with("\n\n"));
        proptest::prop_assert_eq!(read(&text).unwrap(), lock.clone());
        proptest::prop_assert_eq!(encode(&lock, Some(&text), "pins.toml"), text);
    }

    #[test]
    fn any_bytes_are_a_lock_or_an_error(text in ".{0,200}") {
        let _ = read(&text);
    }
}

#[test]
fn archives_and_suites_are_read_strictly() {
    for (from, to, line, says) in [
        (
            "bookworm-security\"]",
            "bookworm-updates\"]",
            5,
            "`suites` and `inrelease` must name the same suites",
        ),
        ("20260820T000000Z", "2026-08-20", 6, "is not a time of an archive"),
        ("4CB50190", "4cb50190", 7, "is not the fingerprint of a key"),
        ("version = \"6.1.0-3\"", "version = \"6.1.0-\"", 9, "is not a version of a package"),
        ("size = 1047136", "size = -1", 9, "a size cannot be negative"),
        ("size = 1047136", "size = 1, why = 1", 9, "unknown key"),
        ("packages.iproute2.amd64", "packages.Iproute2.amd64", 9, "is not the name of a package"),
        ("size = 123, arch", "arch", 22, "lacks the key `size`"),
        ("files.amd64", "platforms.amd64", 22, "unknown key"),
        ("tool-{version}-{arch}", "tool-{version}", 19, "lacks the key"),
        ("{arch}.tar.gz", "{tag}.tar.gz", 20, "is no placeholder"),
    ] {
        assert!(OTHERS.contains(from), "{from}");
        let found = read(&OTHERS.replacen(from, to, 1)).unwrap_err();
        let expected = |one: &&String| one.starts_with(&format!("{line}: ")) && one.contains(says);
        assert!(found.iter().any(|one| expected(&one)), "{from}: {found:?}");
    }
}
