use std::io::Write as _;

use super::record::{Changes, Files, changes, packages};
use crate::model::Digest;

/// A layer with these files; one with a target is a link.
fn layer(files: &[(&str, &str)]) -> Vec<u8> {
    let mut tar = tar::Builder::new(Vec::new());
    for (path, content) in files {
        let mut header = tar::Header::new_gnu();
        match (content.strip_prefix("-> "), path.ends_with('/')) {
            (Some(target), _) => {
                header.set_entry_type(tar::EntryType::Symlink);
                header.set_size(0);
                tar.append_link(&mut header, path, target).unwrap();
            }
            (None, true) => {
                header.set_entry_type(tar::EntryType::Directory);
                header.set_size(0);
                tar.append_data(&mut header, path, std::io::empty()).unwrap();
            }
            (None, false) => {
                header.set_size(content.len() as u64);
                // As they are: a builder of archives would refuse some.
                header.as_old_mut().name[..path.len()].copy_from_slice(path.as_bytes());
                header.set_cksum();
                tar.append(&header, content.as_bytes()).unwrap();
            }
        }
    }
    tar.into_inner().unwrap()
}

fn entry(name: &str) -> String {
    format!("Package: {name}\nVersion: 1\nArchitecture: all\n")
}

/// What is installed after these layers.
fn installed(layers: &[&[(&str, &str)]]) -> Result<Option<Vec<String>>, String> {
    let mut files = Files::new();
    for one in layers {
        let bytes = layer(one);
        let (changes, found): (Changes, _) =
            changes(bytes.as_slice(), Some(&Digest::sha256(b""))).map_err(|error| error.to_string())?;
        assert_eq!(found, Some(Digest::sha256(&bytes)), "all of it is hashed");
        changes.apply(&mut files);
    }
    let found = packages(&files).map_err(|error| error.to_string())?;
    Ok(found.map(|all| all.into_iter().map(|package| package.name).collect()))
}

#[test]
fn the_last_layer_wins_and_what_is_taken_away_is_gone() {
    let (one, two) = (entry("one"), entry("two"));
    let status = "var/lib/dpkg/status";
    let base: &[(&str, &str)] = &[("var/lib/dpkg/", ""), (status, &one), ("etc/passwd", "x")];
    let of = |layers: &[&[(&str, &str)]]| installed(layers).unwrap();
    let names = |names: &[&str]| Some(names.iter().map(|name| (*name).to_owned()).collect::<Vec<_>>());
    assert_eq!(of(&[]), None);
    assert_eq!(of(&[&[("etc/passwd", "x")]]), None);
    assert_eq!(of(&[base]), names(&["one"]));
    assert_eq!(of(&[base, &[("./var/lib/dpkg/status", &two)]]), names(&["two"]));
    assert_eq!(of(&[base, &[("/var//lib/./dpkg/status", &two)]]), names(&["two"]));
    assert_eq!(of(&[base, &[("x/../var/lib/dpkg/status", &two)]]), names(&["two"]));
    assert_eq!(of(&[base, &[("var/lib/dpkg/", "")]]), names(&["one"]), "a folder that is there stays");
    for gone in ["var/lib/dpkg/.wh.status", "var/lib/.wh.dpkg", "var/.wh.lib", ".wh.var"] {
        assert_eq!(of(&[base, &[(gone, "")]]), None, "{gone}");
    }
    for gone in ["var/lib/dpkg/.wh..wh..opq", "var/lib/.wh..wh..opq", ".wh..wh..opq"] {
        assert_eq!(of(&[base, &[(gone, "")]]), None, "{gone}");
        // What the same layer brings stays, wherever it stands.
        assert_eq!(of(&[base, &[(status, &two), (gone, "")]]), names(&["two"]), "{gone}");
    }
    for kept in ["var/lib/dpkg/.wh.status-old", "var/lib/.wh.dpk", "lib/.wh.dpkg"] {
        assert_eq!(of(&[base, &[(kept, "")]]), names(&["one"]), "{kept}");
    }
    let link: &[(&str, &str)] = &[("var/lib", "-> /srv")];
    assert_eq!(
        of(&[base, link, &[("var/lib/", "")]]),
        None,
        "a link that became a folder has nothing below it"
    );
    assert_eq!(of(&[base, &[("var/lib/dpkg/status/", "")]]), None, "a file that became a folder");
    let apart: &[(&str, &str)] = &[
        ("var/lib/dpkg/status.d/one", &one),
        ("var/lib/dpkg/status.d/two", &two),
        ("var/lib/dpkg/status.d/one.md5sums", "0  x"),
    ];
    assert_eq!(of(&[apart]), names(&["one", "two"]));
    assert_eq!(of(&[apart, &[("var/lib/dpkg/status.d/.wh.one", "")]]), names(&["two"]));
    assert_eq!(of(&[&[("../var/lib/dpkg/status", &one)]]), None);
}

#[test]
fn a_record_that_cannot_be_read_is_none() {
    let wrong = |files: &[(&str, &str)]| installed(&[files]).unwrap_err();
    assert!(wrong(&[("var/lib/dpkg/status", "-> /srv/status")]).contains("it is a link"));
    for folder in ["var", "var/lib/dpkg", "var/lib/dpkg/status.d"] {
        assert!(wrong(&[(folder, "-> /srv")]).contains("it is a link"), "{folder}");
    }
    assert!(wrong(&[("var/lib/dpkg/status", "Package: x")]).contains("stanza 1"));
    assert!(changes(&b"no tar at all, but longer than nothing"[..], None).is_err());
    let mut packed = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    packed.write_all(&layer(&[("var/lib/dpkg/status", &entry("one"))])).unwrap();
    let packed = packed.finish().unwrap();
    assert!(changes(packed.as_slice(), None).is_ok());
    assert!(changes(&packed[..packed.len() / 2], None).is_err(), "it ends in between");
    assert!(changes(&[0x28, 0xb5, 0x2f, 0xfd, 1, 2, 3][..], None).is_err());
}
