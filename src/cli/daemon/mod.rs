//! `daemon`: `refresh --propose` on a schedule, and a view of where everything stands.
//!
//! `rounds` is what it does when it is time, `apart` where, `standing` what is shown of it, `life` how it begins, is told things and ends.

mod apart;
mod life;
mod notify;
mod rounds;
mod standing;

use std::net::SocketAddr;
use std::path::PathBuf;
use std::time::Duration;

use clap::Args;

use super::session::Session;
use crate::catalog::{ForgeKind, parse_duration};
use crate::daemon::http::HostName;
use crate::error::{Error, Status};

/// Refresh on a schedule, propose what there is, and show where everything stands
#[derive(Args)]
#[command(after_long_help = EXPLANATION)]
pub(super) struct DaemonArgs {
    /// Where to listen; port 0 takes a free one
    #[arg(long, value_name = "ADDR", default_value = "127.0.0.1:8643")]
    listen: SocketAddr,
    /// The repository that it serves, where it is not the remote of the folder that it is started in
    #[arg(long, value_name = "URL")]
    repository: Option<String>,
    /// What kind of forge that is on, as long as its own declarations are not known and its host does not tell: a forge's token is
    /// shown to no other
    #[arg(long, value_name = "KIND", requires = "repository", value_parser = ForgeKind::NAMES.map(|(name, _)| name))]
    forge: Option<String>,
    /// Where it keeps its own clone and what it remembers
    #[arg(long, value_name = "DIR")]
    state_dir: Option<PathBuf>,
    /// Ask about all pins once, propose what there is, and end as `refresh --propose` does
    #[arg(long)]
    once: bool,
    /// The file with the secret that those have to know who ask for a run over HTTP
    #[arg(long, value_name = "FILE")]
    trigger_secret: Option<PathBuf>,
    /// A name that the daemon is asked by, besides localhost and its addresses; may be given more than once
    #[arg(long = "host", value_name = "NAME")]
    hosts: Vec<HostName>,
    /// How long a run that is under way may go on when it is told to end
    #[arg(long, value_name = "TIME", default_value = "10s", value_parser = duration)]
    grace: Duration,
}

const EXPLANATION: &str = "\
It serves the remote of the repository that it is started in (or that -C names), or --repository, from a clone of its own: no work tree is read or
written. When it asks about which pin is declared under [schedule] in refresh/policy.toml, and by `schedule` of a pin.

SIGTERM ends it, SIGHUP has it read its configuration anew. Under systemd it tells that it is ready, and that it is alive.

  solera-pin daemon -C /srv/catalog --state-dir /var/lib/solera-pin
  solera-pin daemon --repository https://github.com/acme/catalog.git --state-dir /var/lib/solera-pin
  solera-pin daemon --once
  curl -X POST -H \"Authorization: Bearer $SECRET\" -d '{\"pin\": \"debian\"}' http://127.0.0.1:8643/api/v1/refresh";

fn duration(text: &str) -> Result<Duration, String> {
    parse_duration(text).ok_or_else(|| "expected a duration such as 10s or 2m".to_owned())
}

pub(super) async fn run(session: &mut Session<'_>, args: &DaemonArgs) -> Result<Status, Error> {
    life::run(session, args).await
}
