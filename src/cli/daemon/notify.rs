//! What a service manager is told (sd_notify(3)): that the daemon is ready, that it is alive, that it ends.

use std::time::Duration;

use sd_notify::NotifyState;

use crate::app::App;

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

    pub(super) fn ready(&self) {
        self.tell(&[NotifyState::Ready]);
    }

    pub(super) fn stopping(&self) {
        self.tell(&[NotifyState::Stopping]);
    }

    /// Says that it is alive for as long as it is: where its threads hang, nothing is said.
    pub(super) async fn keep_alive(self) {
        let Some(often) = self.watchdog else { return };
        loop {
            self.tell(&[NotifyState::Watchdog]);
            tokio::time::sleep(often).await;
        }
    }

    fn tell(&self, what: &[NotifyState<'_>]) {
        if self.wanted
            && let Err(error) = sd_notify::notify(what)
        {
            tracing::warn!(error = %error, "the service manager could not be told");
        }
    }
}
