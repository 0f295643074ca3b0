//! Where those who ask for a run leave that: what comes before it is taken is one run. It is kept on disk until a run for it
//! has begun, so that a daemon that is killed in between leaves it to the next.

use std::path::{Path, PathBuf};
use std::sync::{Mutex, MutexGuard, PoisonError};

use tokio::sync::Notify;

use super::{Event, StateError};
use crate::files;

/// In a folder of its own: who replaces a file clears away what others left beside it, and the state is written meanwhile.
const FILE: &str = "inbox/asked.json";

/// What was asked for and not begun.
#[derive(Debug)]
pub struct Inbox {
    file: PathBuf,
    asked: Mutex<Asked>,
    filled: Notify,
}

#[derive(Debug, Default)]
struct Asked {
    waiting: Event,
    /// It is about to begin, and not yet kept as begun.
    taken: Event,
}

impl Inbox {
    /// The inbox in a daemon's folder, with what the last daemon did not begin.
    pub fn open(folder: &Path) -> Result<Self, StateError> {
        let file = folder.join(FILE);
        let read = files::read_text(&file);
        let text = read.map_err(|source| StateError::Io { file: file.clone(), doing: "read", source })?;
        let waiting: Event = match text {
            None => Event::default(),
            Some(text) => serde_json::from_str(&text)
                .map_err(|error| StateError::Malformed { file: file.clone(), why: error.to_string() })?,
        };
        let inbox = Self { file, asked: Mutex::default(), filled: Notify::new() };
        inbox.asked().waiting = waiting;
        Ok(inbox)
    }

    /// Asks for a run. Whoever asked is told so only then: from now on it is not lost.
    pub fn put(&self, event: Event) -> Result<(), StateError> {
        let mut asked = self.asked();
        let mut waiting = asked.waiting.clone();
        waiting.merge(event);
        let mut all = asked.taken.clone();
        all.merge(waiting.clone());
        self.keep(&all)?;
        asked.waiting = waiting;
        self.filled.notify_one();
        Ok(())
    }

    /// Takes all that was asked for. It is kept until it has begun.
    pub(super) fn take(&self) -> Event {
        let mut asked = self.asked();
        let waiting = std::mem::take(&mut asked.waiting);
        asked.taken.merge(waiting.clone());
        waiting
    }

    /// What was taken has begun, and is remembered elsewhere.
    pub(super) fn begun(&self) -> Result<(), StateError> {
        let mut asked = self.asked();
        match std::mem::take(&mut asked.taken).is_empty() {
            true => Ok(()),
            false => self.keep(&asked.waiting),
        }
    }

    /// Completes when something was asked for.
    pub(super) async fn filled(&self) {
        self.filled.notified().await;
    }

    fn asked(&self) -> MutexGuard<'_, Asked> {
        self.asked.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn keep(&self, event: &Event) -> Result<(), StateError> {
        let failed = |source| StateError::Io { file: self.file.clone(), doing: "written", source };
        let bytes = serde_json::to_vec(event).map_err(|error| failed(error.into()))?;
        files::replace(&self.file, &bytes).map_err(failed)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::daemon::Pins;
    use crate::model::PinName;

    #[test]
    fn what_was_asked_for_is_there_until_it_has_begun() {
        let folder = tempfile::tempdir().unwrap();
        let pin = |name: &str| name.parse::<PinName>().unwrap();
        let left = || Inbox::open(folder.path()).unwrap().take();
        let inbox = Inbox::open(folder.path()).unwrap();
        assert!(inbox.take().is_empty());
        inbox.put(Event::trigger(Some(pin("a")))).unwrap();
        inbox.put(Event::trigger(Some(pin("b")))).unwrap();
        assert_eq!(left().pins, Pins::Some(["a", "b"].map(pin).into()), "nobody took it");
        assert_eq!(inbox.take(), left(), "taken, and not begun");
        inbox.put(Event::trigger(Some(pin("c")))).unwrap();
        assert_eq!(left().pins, Pins::Some(["a", "b", "c"].map(pin).into()));
        inbox.begun().unwrap();
        assert_eq!(left(), Event::trigger(Some(pin("c"))));
        assert_eq!(inbox.take(), left());
        inbox.begun().unwrap();
        assert!(left().is_empty());
    }

    #[test]
    fn what_cannot_be_kept_was_not_asked_for() {
        let folder = tempfile::tempdir().unwrap();
        let inbox = Inbox::open(folder.path()).unwrap();
        std::fs::create_dir_all(folder.path().join(FILE).join("in the way")).unwrap();
        assert!(matches!(inbox.put(Event::trigger(None)), Err(StateError::Io { .. })));
        assert!(inbox.take().is_empty());
    }
}
