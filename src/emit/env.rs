//! `NAME=VALUE`, one a line, as in an environment file.

use super::Arguments;

/// For `--env-file`, `podman build --build-arg-file`, or a job's environment.
pub fn env(arguments: &Arguments) -> String {
    arguments.iter().map(|(name, value)| format!("{name}={value}\n")).collect()
}
