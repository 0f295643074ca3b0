//! An image that does not say what upstream provides, or what it refuses to hold, or says the same twice.

use std::collections::BTreeMap;

use crate::catalog::{Edition, Image, Level};
use crate::verify::{Check, Input, Raw, Rule};

pub(in crate::verify) const RULE: Rule = Rule {
    id: "admission",
    level: Level::Error,
    since: Edition::FIRST,
    reason: "who adds an image says what upstream has, what is added, and what never will be",
    explanation: "\
An image of the catalog is admitted by what its image.toml says: what upstream provides, what is
added to that, and what the image refuses to hold. One of these is missing, or a delta is claimed
twice, or is what upstream provides.

    upstream-provides = [\"PHP 8.3 FPM\", \"gmp\"]
    delta = [\"gmp\"]                                 # found: upstream has it
    refuses = [\"plugins, themes, secrets: operator state\"]",
    check: Check::Whole(check),
};

fn check(input: &Input<'_>) -> Vec<Raw> {
    input.catalog.images.values().flat_map(check_image).collect()
}

fn check_image(image: &Image) -> Vec<Raw> {
    let mut found = Vec::new();
    let raw = |key, message, help: &str| Raw { place: image.place_of_key(key), message, help: help.into() };
    for (key, lines, lacks, help) in [
        (
            "upstream-provides",
            &image.upstream_provides,
            "does not say what upstream provides",
            "say what comes from upstream as it is: upstream-provides = [\"...\"]",
        ),
        (
            "refuses",
            &image.refuses,
            "does not say what it refuses to hold",
            "say what is left to others: refuses = [\"secrets: operator state\"]",
        ),
    ] {
        if lines.iter().all(|line| line.trim().is_empty()) {
            found.push(raw(key, format!("the image {} {lacks}", image.name), help));
        }
    }
    let mut claimed: BTreeMap<String, usize> = BTreeMap::new();
    let provided: Vec<String> = image.upstream_provides.iter().map(|line| plain(line)).collect();
    for line in image.delta.iter().filter(|line| !line.trim().is_empty()) {
        let times = claimed.entry(plain(line)).or_default();
        *times += 1;
        if *times == 2 {
            let message = format!("the delta of the image {} has `{line}` twice", image.name);
            found.push(raw("delta", message, "say it once"));
        }
        if *times == 1 && provided.contains(&plain(line)) {
            let message =
                format!("the delta of the image {} has `{line}`, which upstream provides", image.name);
            found.push(raw("delta", message, "it is one or the other: what upstream provides is not added"));
        }
    }
    found
}

/// A line as it is compared: neither case nor blanks tell one from another, nor a point at the end.
fn plain(line: &str) -> String {
    let words: Vec<String> = line.split_whitespace().map(str::to_lowercase).collect();
    words.join(" ").trim_end_matches('.').to_owned()
}
