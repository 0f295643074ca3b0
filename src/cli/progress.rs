//! A bar for what takes longer than a second; none in CI, in a pipe, with `-q`, or between lines that are logged.

use std::time::Duration;

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};

use super::Globals;
use crate::app::App;
use crate::model::PinName;

pub(super) struct Progress {
    bar: ProgressBar,
    show: Option<tokio::task::JoinHandle<()>>,
}

impl Progress {
    pub(super) fn start(app: &App, globals: &Globals, pins: usize) -> Self {
        let bar = ProgressBar::with_draw_target(Some(pins as u64), ProgressDrawTarget::hidden());
        if let Ok(style) = ProgressStyle::with_template("asking upstreams {wide_bar} {pos}/{len} {msg}") {
            bar.set_style(style);
        }
        let watched = app.terminal && !globals.quiet && !globals.logs() && app.variable("CI").is_none();
        let show = watched.then(|| {
            let bar = bar.clone();
            tokio::spawn(async move {
                tokio::time::sleep(Duration::from_secs(1)).await;
                bar.set_draw_target(ProgressDrawTarget::stderr());
                bar.tick();
            })
        });
        Self { bar, show }
    }

    pub(super) fn done(&self, name: &PinName) {
        self.bar.set_message(name.to_string());
        self.bar.inc(1);
    }

    pub(super) fn finish(self) {
        if let Some(show) = self.show {
            show.abort();
        }
        self.bar.finish_and_clear();
    }
}
