//! What a service manager is told (sd_notify(3)): that the daemon is ready, that it is alive, that it reads its configuration
//! anew, that it ends.

use std::sync::Arc;
use std::time::Duration;

use sd_notify::NotifyState;
use tokio::task::spawn_blocking;
use tokio::time::{sleep, timeout};

use crate::app::App;
use crate::daemon::{Heard, Pulse};

/// How long a service manager may take to hear something.
const PATIENCE: Duration = Duration::from_secs(2);

/// Where that is told, if anybody wants to hear it.
#[derive(Clone, Debug)]
pub(super) struct Notify {
    wanted: bool,
    /// How often it has to say that it is alive.
    watchdog: Option<Duration>,
}

impl Notify {
    pub(super) fn of(app: &App) -> Self {
        let wanted = app.variable("NOTIFY_SOCKET").is_some();
        let microseconds = app.variable("WATCHDOG_USEC").and_then(|text| text.parse().ok());
        Self { wanted, watchdog: microseconds.map(|long| Duration::from_micros(long) / 2) }
    }

    pub(super) async fn ready(&self) {
        self.tell(vec![NotifyState::Ready]).await;
    }

    /// It tells the time too, so that the manager knows which of its signals that is the answer to.
    pub(super) async fn reloading(&self) {
        self.tell([NotifyState::Reloading].into_iter().chain(NotifyState::monotonic_usec_now()).collect())
            .await;
    }

    pub(super) async fn stopping(&self) {
        self.tell(vec![NotifyState::Stopping]).await;
    }

    /// Says that it is alive for as long as it is: where its threads hang, nothing is said, and neither where its loop does.
    /// A run that takes long is no such thing.
    pub(super) async fn keep_alive(self, pulse: Arc<Pulse>) {
        let Some(often) = self.watchdog.filter(|_| self.wanted) else { return };
        let mut heard = Heard::of(pulse);
        loop {
            match heard.is_alive() {
                true => self.tell(vec![NotifyState::Watchdog]).await,
                false => {
                    tracing::error!("the daemon hangs: the service manager is not told that it is alive")
                }
            }
            sleep(often).await;
        }
    }

    /// Where nobody takes it, it waits on a thread of its own, and nobody else does.
    async fn tell(&self, what: Vec<NotifyState<'static>>) {
        if !self.wanted {
            return;
        }
        let told = timeout(PATIENCE, spawn_blocking(move || sd_notify::notify(&what))).await;
        let problem = match told {
            Ok(Ok(Ok(()))) => return,
            Ok(Ok(Err(error))) => error.to_string(),
            Ok(Err(error)) => error.to_string(),
            Err(_) => "it does not listen".to_owned(),
        };
        tracing::warn!(problem, "the service manager could not be told");
    }
}
