//! Writing a lock file: pins sorted by name, one scalar a line in a fixed order, comments kept.

use toml_edit::{Decor, DocumentMut, Item, Table, Value, value};

use super::{FORMAT, Lock, archive, debian};
use crate::model::{GitPin, ImagePin, Pin};

/// How our own first line begins. The rest of it follows the place of the declarations.
const HEADER: &str = "# solera-pin writes this file.";

/// Our own first line, for the file that people edit.
pub(super) fn header(declared_in: &str) -> String {
    format!("{HEADER} Edit {declared_in}, then run `solera-pin refresh`.\n")
}

/// Whether a line is our own first one.
pub(super) fn is_header(line: &str) -> bool {
    line.starts_with(HEADER)
}

/// The text of a lock file.
///
/// `original` is what was there before: the comments in it stay with the pin and key they were written at.
/// `declared_in` is the file that people edit.
pub fn encode(lock: &Lock, original: Option<&str>, declared_in: &str) -> String {
    let original: DocumentMut = original.and_then(|text| text.parse().ok()).unwrap_or_default();
    let mut document = DocumentMut::new();
    document.insert("version", value(FORMAT));
    let header = header(declared_in);
    if let Some(mut key) = document.key_mut("version") {
        key.leaf_decor_mut().set_prefix(header.as_str());
    }
    keep_comments(document.as_table_mut(), original.as_table());
    if let Some(mut key) = document.key_mut("version") {
        let kept = key.leaf_decor().prefix().and_then(|raw| raw.as_str()).unwrap_or_default().to_owned();
        let first = kept.lines().next().unwrap_or_default();
        // The rest is a person's.
        if is_header(first) {
            key.leaf_decor_mut().set_prefix(kept.replacen(first, header.trim_end(), 1));
        }
    }
    let mut pins = Table::new();
    pins.set_implicit(true);
    let before = original.get("pin").and_then(Item::as_table);
    for (name, pin) in &lock.pins {
        let mut table = match pin {
            Pin::Image(pin) => image_table(pin),
            Pin::Git(pin) => git_table(pin),
            Pin::Archive(pin) => archive::table(pin),
            Pin::Debian(pin) => debian::table(pin),
        };
        table.decor_mut().set_prefix("\n");
        if let Some(before) = before.and_then(|pins| pins.get(name.as_str())).and_then(Item::as_table) {
            keep_decor(table.decor_mut(), before.decor());
            keep_comments(&mut table, before);
        }
        pins.insert(name.as_str(), Item::Table(table));
    }
    document.insert("pin", Item::Table(pins));
    document.set_trailing(original.trailing().as_str().unwrap_or_default().to_owned());
    let mut text = document.to_string();
    if !text.ends_with('\n') {
        text.push('\n');
    }
    text
}

fn image_table(pin: &ImagePin) -> Table {
    let mut table = Table::new();
    table.insert("image", value(pin.repository.to_string()));
    table.insert("tag", value(pin.tag.as_str()));
    table.insert("digest", value(pin.digest.to_string()));
    table.insert("media-type", value(pin.media_type.as_str()));
    let mut platforms = Table::new();
    platforms.set_dotted(true);
    for (platform, digest) in &pin.platforms {
        platforms.insert(&platform.to_string(), value(digest.to_string()));
    }
    table.insert("platforms", Item::Table(platforms));
    table
}

fn git_table(pin: &GitPin) -> Table {
    let mut table = Table::new();
    table.insert("git", value(pin.url.as_str()));
    table.insert("tag", value(pin.tag.as_str()));
    table.insert("commit", value(pin.commit.as_str()));
    if let Some(tag_object) = &pin.tag_object {
        table.insert("tag-object", value(tag_object.as_str()));
    }
    table
}

/// Copies the comments of every key that both tables have.
fn keep_comments(table: &mut Table, before: &Table) {
    let keys: Vec<String> = table.iter().map(|(key, _)| key.to_owned()).collect();
    for key in keys {
        let (Some(old_key), Some(old_item)) = (before.key(&key), before.get(&key)) else {
            continue;
        };
        if let Some(mut new_key) = table.key_mut(&key) {
            keep_decor(new_key.leaf_decor_mut(), old_key.leaf_decor());
            keep_decor(new_key.dotted_decor_mut(), old_key.dotted_decor());
        }
        match (table.get_mut(&key), old_item) {
            (Some(Item::Value(new)), Item::Value(old)) => keep_decor(Value::decor_mut(new), old.decor()),
            (Some(Item::Table(new)), Item::Table(old)) if new.is_dotted() => keep_comments(new, old),
            _ => {}
        }
    }
}

/// Only what holds a comment is kept: white space is ours.
fn keep_decor(new: &mut Decor, old: &Decor) {
    let text = |raw: Option<&toml_edit::RawString>| raw.and_then(|raw| raw.as_str()).map(str::to_owned);
    if let Some(prefix) = text(old.prefix()).filter(|prefix| prefix.contains('#')) {
        new.set_prefix(prefix);
    }
    if let Some(suffix) = text(old.suffix()).filter(|suffix| suffix.contains('#')) {
        new.set_suffix(suffix);
    }
}
