//! Answers of one run: each question is asked once, however many want to know at the same time.

use std::collections::HashMap;
use std::hash::Hash;
use std::sync::{Arc, Mutex, PoisonError};

use tokio::sync::OnceCell;

use super::SourceError;

type Cell<V> = Arc<OnceCell<Result<V, SourceError>>>;

/// A map from questions to answers, failures included.
pub(super) struct Memo<K, V>(Mutex<HashMap<K, Cell<V>>>);

impl<K, V> Default for Memo<K, V> {
    fn default() -> Self {
        Self(Mutex::default())
    }
}

impl<K: Hash + Eq, V: Clone> Memo<K, V> {
    /// The answer to `key`, by `ask` where nobody has asked before. If the one who asks is dropped, the next one
    /// that waits asks in its place.
    pub(super) async fn get<F>(&self, key: K, ask: F) -> Result<V, SourceError>
    where
        F: Future<Output = Result<V, SourceError>>,
    {
        let cell = {
            let mut cells = self.0.lock().unwrap_or_else(PoisonError::into_inner);
            Arc::clone(cells.entry(key).or_default())
        };
        cell.get_or_init(|| ask).await.clone()
    }
}
