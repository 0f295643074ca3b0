//! Bake files: `docker-bake.hcl`, and `docker-bake.json`, which says the same in JSON.
//!
//! [`hcl`] and [`json`] read a file into the same [`file::File`]; [`target`] finds what its targets name of the
//! outside. Variables count with their defaults, as they do when bake is run without an environment.

mod family;
mod file;
mod hcl;
mod json;
mod target;
#[cfg(test)]
mod tests;
mod variables;

use super::{Scan, Unread};
use file::File;

/// The longest file that is read, in bytes. The parser's time grows with the square of the entries of an object.
const LONGEST: usize = 1 << 20;

/// What a bake file in HCL names.
pub(crate) fn hcl(text: &str) -> Scan {
    read(text, hcl::file)
}

/// What a bake file in JSON names.
pub(crate) fn json(text: &str) -> Scan {
    read(text, json::file)
}

fn read(text: &str, parse: fn(&str) -> Result<File, Unread>) -> Scan {
    if text.len() > LONGEST {
        let why = format!("this bake file is longer than {LONGEST} bytes; nothing in it is checked");
        return Scan { unread: vec![Unread { span: 0..0, why }], ..Scan::default() };
    }
    match parse(text) {
        Ok(file) => target::scan(text, &file),
        Err(unread) => Scan { unread: vec![unread], ..Scan::default() },
    }
}
