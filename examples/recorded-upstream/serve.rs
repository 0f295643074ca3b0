//! The states of the archive over HTTP, as a snapshot service has them: at any time the newest state that is not after it.

use std::path::{Path, PathBuf};

use axum::Router;
use axum::extract::{Path as Parts, State};
use axum::http::StatusCode;
use axum::routing::get;
use solera_pin::model::ArchiveTime;

/// Serves `dir/archive` on loopback until it is ended, and prints the address.
#[allow(clippy::print_stdout, reason = "an example's result is what it prints")]
pub(super) fn run(dir: &Path) -> std::io::Result<()> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    runtime.block_on(async {
        let listener = tokio::net::TcpListener::bind(("127.0.0.1", 0)).await?;
        println!("http://{}/", listener.local_addr()?);
        let routes = Router::new().route("/archive/{archive}/{time}/{*file}", get(file));
        axum::serve(listener, routes.with_state(dir.join("archive"))).await
    })
}

async fn file(
    State(root): State<PathBuf>,
    Parts((archive, time, file)): Parts<(String, String, String)>,
) -> Result<Vec<u8>, StatusCode> {
    let is_plain = |part: &str| !part.split('/').any(|part| matches!(part, "" | "." | ".."));
    if !is_plain(&archive) || !is_plain(&file) {
        return Err(StatusCode::BAD_REQUEST);
    }
    let time: ArchiveTime = time.parse().map_err(|_| StatusCode::BAD_REQUEST)?;
    let states = std::fs::read_dir(root.join(&archive)).map_err(|_| StatusCode::NOT_FOUND)?;
    let states = states.flatten().filter_map(|state| state.file_name().to_str()?.parse::<ArchiveTime>().ok());
    let state = states.filter(|state| *state <= time).max().ok_or(StatusCode::NOT_FOUND)?;
    std::fs::read(root.join(archive).join(state.as_str()).join(file)).map_err(|_| StatusCode::NOT_FOUND)
}
