//! The command line of `fip-controller`; everything it does is in the library.

use std::io;
use std::process::ExitCode;

use fip_controller::cli::{self, Streams};

fn main() -> ExitCode {
    let streams = Streams {
        input: &mut io::stdin().lock(),
        output: &mut io::stdout().lock(),
        errors: &mut io::stderr().lock(),
    };
    ExitCode::from(cli::run(std::env::args_os().skip(1), streams))
}
