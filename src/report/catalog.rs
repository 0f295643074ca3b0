//! The images of the catalog as a table: for a person, as Markdown, and for a machine.

use std::collections::BTreeMap;

use comfy_table::{ColumnConstraint, ContentArrangement, Table, Width, presets};
use serde::Serialize;
use serde_json::json;

use super::harmless;
use super::json::document;
use crate::catalog::{Catalog, Class, Image, Origin};
use crate::model::{Pin, PinName, Platform};

/// How wide the table is for a person.
const WIDTH: u16 = 100;

/// How much of that an image's upstreams take at most, without the blanks beside them.
const UPSTREAM: usize = 40;
const PADDING: usize = 2;

/// One image.
#[derive(Debug, Serialize)]
pub struct Row {
    /// Its name.
    pub image: String,
    /// How it comes to be.
    pub class: Class,
    /// What it is made from.
    pub upstream: Vec<Made>,
    /// What comes from upstream as it is.
    pub upstream_provides: Vec<String>,
    /// What is added.
    pub delta: Vec<String>,
    /// What it will not hold.
    pub refuses: Vec<String>,
    /// What it can be used for.
    pub capabilities: Vec<String>,
    /// What it is built for.
    pub platforms: Vec<Platform>,
}

/// One thing that an image is made from.
#[derive(Debug, Serialize)]
pub struct Made {
    /// As what: `runtime-base`, `build-base`, `source`, `packages`, `archive`.
    pub role: &'static str,
    /// The pin; none where it is a folder of this repository.
    pub pin: Option<PinName>,
    /// Where that is published, or the folder.
    pub from: String,
    /// Which of its tags are followed.
    pub track: Option<String>,
    /// What is locked of it.
    pub tag: Option<String>,
    /// The content that is locked.
    pub content: Option<String>,
}

/// The rows of these images.
pub fn rows(catalog: &Catalog, lock: &BTreeMap<PinName, Pin>, images: &[&Image]) -> Vec<Row> {
    images.iter().map(|image| row(catalog, lock, image)).collect()
}

fn row(catalog: &Catalog, lock: &BTreeMap<PinName, Pin>, image: &Image) -> Row {
    let pin = |role, name: &PinName| {
        let declared = catalog.declarations.get(name);
        let locked = lock.get(name);
        Made {
            role,
            pin: Some(name.clone()),
            from: declared.map_or_else(String::new, |declared| declared.upstream.to_string()),
            track: declared.map(|declared| declared.track.to_string()),
            tag: locked.map(|pin| pin.tag().to_owned()),
            content: locked.map(Pin::content),
        }
    };
    let below = |folder: &str| {
        let folder = folder.trim_start_matches("./").trim_start_matches('.');
        format!("{}/{folder}", image.folder()).trim_end_matches('/').to_owned()
    };
    let tree = |from: String| Made { role: "source", pin: None, from, track: None, tag: None, content: None };
    let source = image.source.as_ref().map(|origin| match origin {
        Origin::Pin(name) => pin("source", name),
        Origin::Tree(folder) => tree(below(folder)),
        Origin::Root(folder) if folder.is_empty() => tree("this repository".into()),
        Origin::Root(folder) => tree(folder.clone()),
    });
    let upstream = [Some(pin("runtime-base", &image.runtime_base))]
        .into_iter()
        .chain([image.build_base.as_ref().map(|name| pin("build-base", name)), source])
        .chain([image.packages.as_ref().map(|name| pin("packages", name))])
        .flatten()
        .chain(image.archives.iter().map(|name| pin("archive", name)));
    Row {
        image: image.name.to_string(),
        class: image.class,
        upstream: upstream.collect(),
        upstream_provides: image.upstream_provides.clone(),
        delta: image.delta.clone(),
        refuses: image.refuses.clone(),
        capabilities: image.capabilities.clone(),
        platforms: image.platforms.iter().cloned().collect(),
    }
}

impl Made {
    /// In a few words: as what, and the place as people say it, with what is locked.
    fn words(&self) -> String {
        let role = match self.role {
            "runtime-base" => "base",
            "build-base" => "build",
            role => role,
        };
        let place = match (&self.pin, self.role) {
            // Many suites, which belong together, have one name.
            (Some(pin), "packages") => pin.as_str(),
            _ => familiar(&self.from),
        };
        match (&self.tag, &self.pin) {
            (Some(tag), _) => format!("{role} {place}:{tag}"),
            (None, Some(_)) => format!("{role} {place}, not locked"),
            (None, None) => format!("{role} {place}"),
        }
    }
}

/// A place without what goes without saying.
fn familiar(place: &str) -> &str {
    let place = place.strip_prefix("https://").unwrap_or(place);
    let place = place.strip_suffix(".git").unwrap_or(place);
    place.strip_prefix("docker.io/library/").unwrap_or(place)
}

/// How an image's class is written.
fn class(class: Class) -> String {
    json!(class).as_str().unwrap_or_default().to_owned()
}

/// For a person, a hundred columns wide: an image with its class and its platforms, what it is made from, what it adds,
/// and what for.
pub fn human(rows: &[Row]) -> String {
    let mut table = Table::new();
    table.load_style(presets::NOTHING).set_content_arrangement(ContentArrangement::Dynamic).set_width(WIDTH);
    table.set_header(["image", "upstream", "delta", "capabilities"]);
    let upstream = |row: &Row| row.upstream.iter().map(Made::words).collect::<Vec<_>>();
    let longest = rows.iter().flat_map(upstream).flat_map(|words| words.split(' ').map(str::len).max());
    for (number, row) in rows.iter().enumerate() {
        if number > 0 {
            table.add_row([""]);
        }
        let image = [row.image.clone(), class(row.class)].into_iter();
        let image = image.chain(row.platforms.iter().map(ToString::to_string)).collect::<Vec<_>>();
        let delta: Vec<String> = row.delta.iter().map(|line| format!("- {line}")).collect();
        table.add_row(
            [image, upstream(row), delta, row.capabilities.clone()].map(|lines| harmless_lines(&lines)),
        );
    }
    // What could be copied from the table is not broken.
    let upstream = longest.max().unwrap_or_default().clamp(20, UPSTREAM) + PADDING;
    if let (Some(column), Ok(width)) = (table.column_mut(1), u16::try_from(upstream)) {
        column.set_constraint(ColumnConstraint::Absolute(Width::Fixed(width)));
    }
    let lines = table.lines();
    // The cells are padded on both sides.
    lines.map(|line| line.strip_prefix(' ').unwrap_or(&line).trim_end().to_owned() + "\n").collect()
}

fn harmless_lines(lines: &[String]) -> String {
    lines.iter().map(|line| harmless(line)).collect::<Vec<_>>().join("\n")
}

/// As a table in Markdown, for a page that outlives many bumps: where it would say what is locked, it says what is followed.
pub fn markdown(rows: &[Row]) -> String {
    let mut text =
        "| image | class | upstream | delta | capabilities | platforms |\n|---|---|---|---|---|---|\n"
            .to_owned();
    for row in rows {
        let upstream = row.upstream.iter().map(|made| {
            let track = made.track.as_ref().filter(|_| made.role != "packages");
            let track = track.map(|track| format!(" `{}`", cell(track).replace('`', ""))).unwrap_or_default();
            format!("{}: {}{track}", made.role, cell(familiar(&made.from)))
        });
        let cells = [
            format!("[{0}](images/{0})", row.image),
            class(row.class),
            upstream.collect::<Vec<_>>().join("<br>"),
            joined(&row.delta),
            joined(&row.capabilities),
            joined(&row.platforms.iter().map(ToString::to_string).collect::<Vec<_>>()),
        ];
        text.push_str(&format!("| {} |\n", cells.join(" | ")));
    }
    text
}

fn joined(lines: &[String]) -> String {
    lines.iter().map(|line| cell(line)).collect::<Vec<_>>().join("<br>")
}

/// Text in a cell: it neither ends it nor begins anything.
fn cell(text: &str) -> String {
    let mut escaped = String::new();
    for character in harmless(text).chars() {
        match character {
            '\n' => escaped.push(' '),
            '<' => escaped.push_str("&lt;"),
            '&' => escaped.push_str("&amp;"),
            '|' | '*' | '_' | '[' | ']' | '\\' | '`' => escaped.extend(['\\', character]),
            other => escaped.push(other),
        }
    }
    escaped
}

/// For a machine.
pub fn json(rows: &[Row]) -> String {
    document("catalog", [("images", json!(rows))])
}

#[cfg(test)]
mod tests {
    use super::*;

    fn made(role: &'static str, from: &str, tag: Option<&str>) -> Made {
        let (track, pin) = (Some("{version}".to_owned()), "x".parse().ok());
        Made { role, pin, from: from.into(), track, tag: tag.map(Into::into), content: None }
    }

    fn rows() -> Vec<Row> {
        let lines = |lines: &[&str]| lines.iter().map(|line| (*line).to_owned()).collect::<Vec<_>>();
        vec![Row {
            image: "a-rather-long-name".into(),
            class: Class::UpstreamExtension,
            upstream: vec![
                made("runtime-base", "docker.io/library/wordpress", Some("6.9.4-php8.3-fpm")),
                made("build-base", "registry.example.org/x", None),
                Made { pin: None, track: None, ..made("source", "images/a", None) },
            ],
            upstream_provides: lines(&["PHP"]),
            delta: lines(&[
                "one | with a bar, and <so> many words that they need several lines",
                "\u{1b}[31mtwo",
            ]),
            refuses: lines(&["x"]),
            capabilities: lines(&["php-fpm"]),
            platforms: vec!["linux/amd64".parse().unwrap(), "linux/arm64".parse().unwrap()],
        }]
    }

    #[test]
    fn a_table_for_people_has_a_hundred_columns() {
        let text = human(&rows());
        assert!(text.lines().all(|line| line.chars().count() <= usize::from(WIDTH)), "{text}");
        assert!(text.contains("a-rather-long-name ") && text.contains("upstream-extension "), "{text}");
        assert!(text.contains("not locked") && !text.contains('\u{1b}'), "{text}");
    }

    #[test]
    fn a_cell_in_markdown_ends_where_it_should() {
        let text = markdown(&rows());
        let row = text.lines().nth(2).unwrap();
        assert_eq!(row.matches(" | ").count(), 5, "{row}");
        assert!(row.contains(r"one \| with a bar, and &lt;so> many"), "{row}");
        assert!(
            row.contains("runtime-base: wordpress `{version}`<br>build-base: registry.example.org/x"),
            "{row}"
        );
        assert!(!row.contains("6.9.4") && !row.contains('\u{1b}'), "{row}");
    }
}
