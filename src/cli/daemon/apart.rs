//! A thread for runs, with all that they start: what git and files make it wait for keeps nobody from being heard.
//!
//! It is one for all of them, as what one run leaves free of memory is where the next one is done.

use std::io;
use std::pin::Pin;
use std::sync::{Arc, Mutex, PoisonError, mpsc};
use std::thread;

use tokio::runtime::Builder;
use tokio::sync::oneshot;

/// As much as a process's first thread has: what is run there elsewhere is run here.
const STACK: usize = 8 << 20;

type Work = Pin<Box<dyn Future<Output = ()>>>;
type Job = Box<dyn FnOnce() -> Work + Send>;

/// The thread; begun with the first run, and anew after one that broke off.
#[derive(Clone, Debug, Default)]
pub(super) struct Apart(Arc<Mutex<Option<mpsc::Sender<Job>>>>);

impl Apart {
    /// What comes of some work, or that it broke off. It is dropped where it waits when nobody waits for it any more.
    pub(super) async fn run<T, F>(&self, work: impl FnOnce() -> F + Send + 'static) -> Result<T, String>
    where
        T: Send + 'static,
        F: Future<Output = T> + 'static,
    {
        // Dropped with the future that waits.
        let (_waiting, gone) = oneshot::channel::<()>();
        let (tell, told) = oneshot::channel();
        let job: Job = Box::new(move || {
            Box::pin(async move {
                tokio::select! {
                    done = work() => drop(tell.send(done)),
                    _ = gone => {}
                }
            })
        });
        self.send(job).map_err(|error| format!("the run could not begin: {error}"))?;
        told.await
            .map_err(|_| "the run broke off, which is a mistake in solera-pin: the log says where".to_owned())
    }

    fn send(&self, job: Job) -> io::Result<()> {
        let mut thread = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let job = match thread.as_ref() {
            None => job,
            Some(thread) => match thread.send(job) {
                Ok(()) => return Ok(()),
                Err(mpsc::SendError(job)) => job,
            },
        };
        let begun = begin()?;
        let sent = begun.send(job);
        *thread = Some(begun);
        sent.map_err(|_| io::Error::other("its thread has ended"))
    }
}

fn begin() -> io::Result<mpsc::Sender<Job>> {
    let (tell, told) = mpsc::channel::<Job>();
    let runs = move || {
        while let Ok(job) = told.recv() {
            // One for each, so that no connection outlives what it was for.
            let Ok(runtime) = Builder::new_current_thread().enable_all().build() else { return };
            runtime.block_on(job());
            // What hangs has been given up.
            runtime.shutdown_background();
        }
    };
    thread::Builder::new().name("runs".to_owned()).stack_size(STACK).spawn(runs)?;
    Ok(tell)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn one_that_breaks_off_is_told_and_the_next_is_done() {
        let apart = Apart::default();
        assert_eq!(apart.run(async || 1).await, Ok(1));
        let broken = apart.run(async || panic!("on purpose")).await;
        assert!(broken.unwrap_err().contains("broke off"));
        // The thread may not have ended when that was heard.
        while apart.run(async || 2).await != Ok(2) {}
        assert_eq!(
            apart.run(async || thread::current().name().map(ToOwned::to_owned)).await,
            Ok(Some("runs".into()))
        );
    }

    #[tokio::test]
    async fn what_nobody_waits_for_is_dropped() {
        let apart = Apart::default();
        let (held, dropped) = oneshot::channel::<()>();
        let (begun, began) = oneshot::channel();
        let work = apart.run(async move || {
            let _held = held;
            begun.send(()).unwrap();
            std::future::pending::<()>().await;
        });
        tokio::select! {
            _ = work => panic!("it is never done"),
            begun = began => begun.unwrap(),
        }
        assert!(dropped.await.is_err());
        assert_eq!(apart.run(async || 3).await, Ok(3));
    }
}
