//! The binary: makes the capabilities of a run and gives its exit code.

use std::io::IsTerminal;
use std::process::ExitCode;

use solera_pin::app::App;

#[expect(clippy::disallowed_methods, reason = "the one place where environment, folder and clock are read")]
fn main() -> ExitCode {
    let environment: std::collections::BTreeMap<String, String> = std::env::vars_os()
        .filter_map(|(name, value)| Some((name.into_string().ok()?, value.into_string().ok()?)))
        .collect();
    let app = App {
        now: jiff::Timestamp::now(),
        folder: std::env::current_dir().unwrap_or_else(|_| ".".into()),
        terminal: std::io::stderr().is_terminal(),
        environment,
    };
    ExitCode::from(solera_pin::cli::main(&app, std::env::args_os()))
}
