//! Data to standard output, everything else to standard error.

use std::io::{self, Write};

use anstream::adapter::strip_str;
use anstream::{AutoStream, ColorChoice};

use super::{Color, Globals, LogFormat};
use crate::app::App;
use crate::error::Error;
use crate::report::{harmless, problem};

/// The two streams, with colours stripped where they are not shown.
pub(crate) struct Output {
    data: AutoStream<io::Stdout>,
    messages: AutoStream<io::Stderr>,
    quiet: bool,
    log: LogFormat,
    wrongs: Vec<String>,
}

impl Output {
    pub(crate) fn new(app: &App, globals: &Globals) -> Self {
        let choice = match globals.color {
            Color::Always => ColorChoice::Always,
            Color::Never => ColorChoice::Never,
            Color::Auto if app.variable("NO_COLOR").is_some() => ColorChoice::Never,
            Color::Auto => ColorChoice::Auto,
        };
        Self {
            data: AutoStream::new(io::stdout(), choice),
            messages: AutoStream::new(io::stderr(), choice),
            quiet: globals.quiet,
            log: globals.log_format,
            wrongs: Vec::new(),
        }
    }

    /// All that was shown as wrong since this was last asked for, as plain text.
    pub(crate) fn take_wrongs(&mut self) -> Vec<String> {
        std::mem::take(&mut self.wrongs)
    }

    /// Whether data may have colours.
    pub(crate) fn data_has_color(&self) -> bool {
        self.data.current_choice() != ColorChoice::Never
    }

    /// Prints data. A reader that went away has what it wanted.
    pub(crate) fn data(&mut self, text: &str) -> io::Result<()> {
        match self.data.write_all(text.as_bytes()).and_then(|()| self.data.flush()) {
            Err(error) if error.kind() == io::ErrorKind::BrokenPipe => Ok(()),
            result => result,
        }
    }

    /// Tells a person something that is not wrong.
    pub(crate) fn note(&mut self, text: &str) {
        match (self.quiet, self.log) {
            (true, _) => {}
            (false, LogFormat::Human) => self.print(text),
            (false, LogFormat::Json) => tracing::info!(message = text.trim_end()),
        }
    }

    /// Shows something that is wrong, and what to do next.
    pub(crate) fn wrong(&mut self, message: &str, hints: &[String]) {
        self.wrongs.push(harmless(message));
        if self.log == LogFormat::Json {
            let hints = Some(hints.join("\n")).filter(|hints| !hints.is_empty());
            tracing::error!(message, hints);
            return;
        }
        let style = anstyle::Style::new().bold().fg_color(Some(anstyle::AnsiColor::Red.into()));
        let mut text = format!("{style}error{style:#}: {}\n", harmless(message));
        for hint in hints {
            text.push_str(&format!("  hint: {}\n", harmless(hint)));
        }
        self.print(&text);
    }

    /// Shows why the command failed.
    pub(crate) fn error(&mut self, error: &Error) {
        for mistake in &error.problems {
            self.wrongs.push(harmless(&mistake.message));
            self.say(&format!("{}\n\n", problem(mistake)));
        }
        self.wrong(&error.message, &error.hints);
    }

    /// Shows what is wrong as it is.
    pub(crate) fn say(&mut self, text: &str) {
        if self.log == LogFormat::Json {
            tracing::error!(message = strip_str(text).to_string().trim_end());
            return;
        }
        self.print(text);
    }

    fn print(&mut self, text: &str) {
        // Where standard error is closed there is nobody to tell.
        let _ = self.messages.write_all(text.as_bytes()).and_then(|()| self.messages.flush());
    }
}
