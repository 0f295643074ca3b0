//! When each pin's upstream was last asked from this clone: a note in git's folder, for `status`. Nothing follows from it.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use jiff::Timestamp;

use crate::files;

/// The times by pin.
#[derive(Default)]
pub(crate) struct Looked {
    file: Option<PathBuf>,
    times: BTreeMap<String, Timestamp>,
}

impl Looked {
    /// The note in a folder. One that cannot be read says nothing.
    pub(crate) fn read(folder: &Path) -> Self {
        let file = folder.join("looked");
        let text = files::read_text(&file).ok().flatten().unwrap_or_default();
        let line = |line: &str| {
            let (pin, time) = line.split_once(' ')?;
            Some((pin.to_owned(), time.parse().ok()?))
        };
        Self { file: Some(file), times: text.lines().filter_map(line).collect() }
    }

    /// When a pin's upstream was last asked.
    pub(crate) fn at(&self, pin: &str) -> Option<Timestamp> {
        self.times.get(pin).copied()
    }

    /// Notes that the upstreams of these pins were asked. Where that cannot be written, `status` will not know.
    pub(crate) fn note<'p>(&mut self, pins: impl Iterator<Item = &'p str>, now: Timestamp) {
        let Some(file) = &self.file else { return };
        self.times.extend(pins.map(|pin| (pin.to_owned(), now)));
        let text: String = self.times.iter().map(|(pin, time)| format!("{pin} {time}\n")).collect();
        let written = file
            .parent()
            .map_or(Ok(()), fs::create_dir_all)
            .and_then(|()| files::replace(file, text.as_bytes()));
        drop(written);
    }
}
