//! Where in a lock file a pin, or one of its values, stands.

use std::ops::Range;

use toml_edit::{Document, Item};

use crate::document::SourceFile;
use crate::model::PinName;

/// The bytes of the value at `keys` below a pin's table; of the table's header where there are no keys or no such
/// value; of nothing where there is no such pin.
pub fn locate(file: &SourceFile, name: &PinName, keys: &[&str]) -> Range<usize> {
    let Ok(document) = Document::parse(file.text.as_str()) else {
        return 0..0;
    };
    let Some(table) = document.get("pin").and_then(|pins| pins.get(name.as_str())) else {
        return 0..0;
    };
    let value = keys.iter().try_fold(table, |item, key| item.get(key));
    let span = value.and_then(Item::span).or_else(|| table.span());
    span.unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_are_found_wherever_they_stand() {
        let text = "# see [pin.a] below\nversion = 1\n[ pin . a ]\ntag = \"1\"\nplatforms.\"linux/amd64\" = \"x\"\nplatforms.\"linux/arm64\" = \"x\"\n";
        let file = SourceFile::new("pins.lock", text);
        let at = |name: &str, keys: &[&str]| {
            let span = locate(&file, &name.parse().unwrap(), keys);
            (file.position(span.start).0, &file.text[span])
        };
        assert_eq!(at("a", &[]).0, 3);
        assert_eq!(at("a", &["tag"]), (4, "\"1\""));
        assert_eq!(at("a", &["platforms", "linux/arm64"]), (6, "\"x\""));
        assert_eq!(at("a", &["digest"]).0, 3);
        assert_eq!(at("b", &["tag"]), (1, ""));
    }
}
