//! The client.

use std::sync::Arc;

use super::settings::Settings;
use super::stats::Counters;
use super::{NetError, Stats};

/// One HTTP client for everything. Cheap to clone: clones share connections, tokens and counters.
#[derive(Clone, Debug)]
pub struct Client(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    settings: Settings,
    counters: Counters,
}

impl Client {
    /// A client under `settings`; fails where a certificate in them is malformed.
    pub fn new(settings: Settings) -> Result<Self, NetError> {
        let counters = Counters::default();
        Ok(Self(Arc::new(Inner { settings, counters })))
    }

    /// What it was told.
    pub fn settings(&self) -> &Settings {
        &self.0.settings
    }

    /// What was asked up to now.
    pub fn stats(&self) -> Stats {
        self.0.counters.read()
    }
}
