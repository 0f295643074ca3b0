//! Makes the upstreams of this repository's images as they stood at a date, to try solera-pin against without a network:
//! `cargo run --example recorded-upstream -- --at 2026-05-31 DIR`. Run again with a later date to let time pass.

mod recorded;
mod serve;

use std::error::Error;
use std::path::PathBuf;

use clap::Parser;
use jiff::Timestamp;
use jiff::civil::Date;
use jiff::tz::TimeZone;

/// Makes DIR/layout (OCI image layout) and DIR/aralez.git (bare git repository) as they stood at a date, and DIR/archive
/// (all states of a stand-in for Debian's archive); or serves the latter as a snapshot service.
#[derive(Parser)]
struct Args {
    /// A date (its start in UTC) or a time such as 2026-05-31T12:00:00Z
    #[arg(long, value_parser = time, required_unless_present = "serve")]
    at: Option<Timestamp>,
    /// Serve what was made of the archive, on loopback; prints the address
    #[arg(long, conflicts_with = "at")]
    serve: bool,
    /// Where; what an earlier run made there is moved to the date
    dir: PathBuf,
}

fn time(text: &str) -> Result<Timestamp, jiff::Error> {
    text.parse().or_else(|_| {
        let date: Date = text.parse()?;
        Ok(date.to_zoned(TimeZone::UTC)?.timestamp())
    })
}

#[allow(clippy::print_stdout, reason = "an example's result is what it prints")]
fn main() -> Result<(), Box<dyn Error>> {
    let args = Args::parse();
    let Some(at) = args.at.filter(|_| !args.serve) else { return Ok(serve::run(&args.dir)?) };
    let written = recorded::write(&args.dir, at)?;
    for image in &written.images {
        let newest: Vec<String> = image.newest.iter().map(|(tag, time)| format!("{tag} ({time})")).collect();
        println!("{}: {} tags, newest {}", image.repository, image.tags, newest.join(", "));
    }
    let newest: Vec<String> = written.git_tags.iter().rev().take(3).map(ToString::to_string).collect();
    println!("{}: {} tags, newest {}", written.git.display(), written.git_tags.len(), newest.join(", "));
    Ok(())
}
