//! Lists of a million tags.

use std::fmt::Write as _;

pub(crate) const TAGS: usize = 1_000_000;

/// What becomes of a tag number: of the shape, of a sibling's shape, of none.
pub(crate) type Make = fn(&mut String, usize);

pub(crate) const LISTS: [(&str, Make); 5] = [
    ("all of the shape", |tag, i| of_shape(tag, i, "slim-bookworm")),
    ("the same, newest first", |tag, i| of_shape(tag, TAGS - i, "slim-bookworm")),
    ("nearly all older", |tag, i| write!(tag, "0.{}.{}-slim-bookworm", i % 999, i / 999).unwrap()),
    ("all of sibling shapes", |tag, i| of_shape(tag, i, ["slim-trixie", "slim-bullseye", "slim-sid"][i % 3])),
    ("as a registry has them", |tag, i| match i % 4 {
        0 => of_shape(tag, i, "slim-bookworm"),
        1 => of_shape(tag, i, ["slim-trixie", "alpine3.20", "alpine"][i / 4 % 3]),
        2 => write!(tag, "sha256-{i:064x}.sig").unwrap(),
        _ => write!(tag, "nightly-2026{:02}{:02}-{i:07x}", i % 12 + 1, i % 28 + 1).unwrap(),
    }),
];

fn of_shape(tag: &mut String, i: usize, flavour: &str) {
    write!(tag, "{}.{}.{}-{flavour}", i % 3 + 1, i / 3 % 500, i / 1500).unwrap();
}
