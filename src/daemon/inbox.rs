//! Where those who ask for a run leave that: what comes before it is taken is one run.

use std::sync::{Mutex, PoisonError};

use tokio::sync::Notify;

use super::Event;

/// What was asked for and not begun.
#[derive(Debug, Default)]
pub struct Inbox {
    event: Mutex<Event>,
    filled: Notify,
}

impl Inbox {
    /// Asks for a run.
    pub fn put(&self, event: Event) {
        self.event.lock().unwrap_or_else(PoisonError::into_inner).merge(event);
        self.filled.notify_one();
    }

    /// Takes all that was asked for.
    pub(super) fn take(&self) -> Event {
        std::mem::take(&mut self.event.lock().unwrap_or_else(PoisonError::into_inner))
    }

    /// Completes when something was asked for.
    pub(super) async fn filled(&self) {
        self.filled.notified().await;
    }
}
