//! The capabilities of a run: clock, environment, place and terminal. Made in `main` and in tests only.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

/// What a run may know of the world around it.
#[derive(Clone, Debug)]
pub struct App {
    /// The time that the whole run takes as now, unless `SOLERA_PIN_NOW` says another.
    pub now: jiff::Timestamp,
    /// The environment's variables.
    pub environment: BTreeMap<String, String>,
    /// The working directory.
    pub folder: PathBuf,
    /// Whether a person watches standard error.
    pub terminal: bool,
}

impl App {
    /// A variable that is set and not empty.
    pub fn variable(&self, name: &str) -> Option<&str> {
        self.environment.get(name).map(String::as_str).filter(|value| !value.is_empty())
    }

    /// The day in UTC, for holds that end.
    pub fn today(&self) -> jiff::civil::Date {
        self.now.to_zoned(jiff::tz::TimeZone::UTC).date()
    }

    /// A file below a base directory of the XDG specification, or below its default in the home directory.
    pub fn xdg(&self, variable: &str, default: &str, file: &str) -> Option<PathBuf> {
        let base = match self.variable(variable) {
            Some(base) if Path::new(base).is_absolute() => PathBuf::from(base),
            _ => Path::new(self.variable("HOME")?).join(default),
        };
        Some(base.join(file))
    }
}
