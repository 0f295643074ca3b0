//! `--build-arg=NAME=VALUE`, one a line: no value holds white space, so a shell may split the output.

use super::Arguments;

/// For `docker build $(solera-pin emit build-args IMAGE) …`.
pub fn build_args(arguments: &Arguments) -> String {
    arguments.iter().map(|(name, value)| format!("--build-arg={name}={value}\n")).collect()
}
