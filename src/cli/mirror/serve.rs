//! `mirror serve`: an OCI layout as a read-only registry. Told to stop it answers what is under way, and ends with 0; told
//! twice it waits for nobody.

use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::Arc;

use clap::Args;

use crate::cli::LogFormat;
use crate::cli::session::Session;
use crate::cli::stop::Stop;
use crate::error::{Error, Status};
use crate::mirror::{Layout, LayoutError, Log, Options, serve};
use crate::model::Repository;
use crate::report::harmless;

/// Serve an OCI layout read-only over the distribution API, until interrupted
#[derive(Args)]
pub(in crate::cli) struct ServeArgs {
    /// The folder with oci-layout, index.json and blobs
    #[arg(value_name = "DIR")]
    layout: PathBuf,
    /// Where to listen; port 0 takes a free one
    #[arg(long, value_name = "ADDR", default_value = "127.0.0.1:5000")]
    listen: SocketAddr,
    /// The repository of descriptors that are named by a bare tag
    #[arg(long, value_name = "REPOSITORY")]
    repository: Option<Repository>,
}

pub(super) async fn run(session: &mut Session<'_>, args: &ServeArgs) -> Result<Status, Error> {
    let path = session.folder()?.join(&args.layout);
    let options = Options { repository: args.repository.clone(), log: log(session.globals.log_format) };
    let layout = Layout::open(&path, options).map_err(|error| {
        let unnamed = matches!(error, LayoutError::NoRepository { .. });
        let error = Error::usage(format!("{} cannot be served: {error}", args.layout.display()));
        if unnamed { error.hint("--repository REPOSITORY says it") } else { error }
    })?;
    let listener = tokio::net::TcpListener::bind(args.listen)
        .await
        .map_err(|error| Error::usage(format!("cannot listen on {}: {error}", args.listen)))?;
    // Before anybody knows that it is there.
    let stop = Stop::listen()?;
    let address = listener.local_addr()?;
    session.output.data(&format!("http://{address}\n"))?;
    session.output.note(&format!("serving {} read-only; interrupt to stop\n", args.layout.display()));
    if !address.ip().is_loopback() {
        session.output.note("whoever reaches this address can read all of it\n");
    }
    let stopped = async {
        stop.told().await;
    };
    serve(listener, layout, stopped).await?;
    Ok(Status::Done)
}

/// What tells of problems that are found while it serves.
fn log(format: LogFormat) -> Log {
    use std::io::Write;
    match format {
        LogFormat::Json => Arc::new(|line| tracing::error!(message = line)),
        LogFormat::Human => Arc::new(|line| {
            // Where standard error is closed there is nobody to tell.
            let _ = writeln!(std::io::stderr(), "{}", harmless(line));
        }),
    }
}
