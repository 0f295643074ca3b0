//! A bar for what takes longer than a second; none in CI, in a pipe, with `-q`, or between lines that are logged. It goes when
//! it is dropped.

use std::sync::Arc;
use std::time::Duration;

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};

use super::Globals;
use crate::app::App;
use crate::mirror::pull::{Step, Told};
use crate::model::PinName;

/// How many pins were asked about.
pub(super) struct Progress(Bar);

/// How many bytes came.
pub(super) struct Transfer(Bar);

struct Bar {
    bar: ProgressBar,
    show: Option<tokio::task::JoinHandle<()>>,
}

impl Progress {
    pub(super) fn start(app: &App, globals: &Globals, pins: usize) -> Self {
        Self(Bar::start(app, globals, pins as u64, "asking upstreams {wide_bar} {pos}/{len} {msg}"))
    }

    pub(super) fn done(&self, name: &PinName) {
        self.0.bar.set_message(name.to_string());
        self.0.bar.inc(1);
    }

    pub(super) fn finish(self) {}
}

impl Transfer {
    pub(super) fn start(app: &App, globals: &Globals) -> Self {
        Self(Bar::start(app, globals, 0, "copying {wide_bar} {bytes}/{total_bytes} {eta}"))
    }

    /// What is told how it goes on.
    pub(super) fn told(&self) -> Told {
        let bar = self.0.bar.clone();
        Arc::new(move |step| match step {
            Step::Expect(bytes) => bar.inc_length(bytes),
            Step::Came(bytes) => bar.inc(bytes),
        })
    }

    pub(super) fn finish(self) {}
}

impl Bar {
    fn start(app: &App, globals: &Globals, length: u64, template: &str) -> Self {
        let bar = ProgressBar::with_draw_target(Some(length), ProgressDrawTarget::hidden());
        if let Ok(style) = ProgressStyle::with_template(template) {
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
}

impl Drop for Bar {
    fn drop(&mut self) {
        if let Some(show) = &self.show {
            show.abort();
        }
        self.bar.finish_and_clear();
    }
}
