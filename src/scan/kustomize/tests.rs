use super::*;
use crate::scan::checks::{pinned, shown};

fn found(entry: &str) -> Vec<String> {
    let text = format!("images:\n- {entry}\n");
    shown(&text, &scan(&text))
}

#[test]
fn entries_that_set_something() {
    for (entry, expected) in [
        ("{name: a, newTag: '1.2'}", vec!["1.2 = a:1.2 +"]),
        ("{name: a, newName: ghcr.io/x/a, newTag: 1.20}", vec!["1.20 = ghcr.io/x/a:1.20 +"]),
        ("{name: a, newName: b}", vec!["b = b"]),
        ("{name: a, digest: sha256:ab}", vec!["sha256:ab = a@sha256:ab +"]),
        ("{name: a, newTag: v1, digest: sha256:ab}", vec!["v1 = a:v1@sha256:ab +"]),
        ("{name: a, newTag: 'v1@sha256:ab'}", vec!["v1@sha256:ab = a:v1@sha256:ab +"]),
        ("{name: a}", vec![]),
        ("{name: a, newTag: ''}", vec![]),
        ("{newTag: v1}", vec![]),
        ("{name: a, newTag: '${TAG}'}", vec!["${TAG} = template a:${TAG}"]),
        ("text", vec![]),
    ] {
        assert_eq!(found(entry), expected, "{entry}");
    }
}

#[test]
fn a_digest_is_written_and_taken_back() {
    for (text, expected) in [
        ("images:\n- name: a\n  newTag: '1'\n", "images:\n- name: a\n  newTag: '1@DIGEST'\n"),
        ("images:\n- name: a\n  newTag: v1 # x\n", "images:\n- name: a\n  newTag: v1@DIGEST # x\n"),
        (
            "images:\n- digest: \"\"\n  name: a\n  newTag: v1\n",
            "images:\n- digest: \"DIGEST\"\n  name: a\n  newTag: v1\n",
        ),
        (
            "images:\n- digest:\n  name: a\n  newTag: v1\n",
            "images:\n- digest: DIGEST\n  name: a\n  newTag: v1\n",
        ),
    ] {
        assert_eq!(pinned(text, scan), expected);
    }
}

#[test]
fn charts() {
    let text = "helmCharts:\n- {name: redis, repo: 'oci://ghcr.io/charts', version: 1.2.3}\n- {name: b, repo: https://x.example}\n";
    assert_eq!(shown(text, &scan(text)), ["1.2.3 = ghcr.io/charts/redis:1.2.3"]);
}
