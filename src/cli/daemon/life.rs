//! How the daemon begins, what it is told while it lives, and how it ends.

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use jiff::Timestamp;
use secrecy::SecretString;
use tokio::net::TcpListener;
use tokio::signal::unix::{SignalKind, signal};
use tokio::sync::{mpsc, oneshot, watch};

use super::DaemonArgs;
use super::apart::Apart;
use super::notify::Notify;
use super::rounds::{Origin, Served};
use crate::catalog::ForgeKind;
use crate::cli::session::Session;
use crate::daemon::{Clock, Daemon, Inbox, Order, StateError, Store, View, http};
use crate::error::{Error, Status};
use crate::files::FolderLockError;
use crate::git::Address;

/// The machine's clock; SOLERA_PIN_NOW stands still, for who wants to see a run of another day.
struct Machine(Option<Timestamp>);

impl Clock for Machine {
    #[expect(clippy::disallowed_methods, reason = "a daemon lives through many times")]
    fn now(&self) -> Timestamp {
        self.0.unwrap_or_else(Timestamp::now)
    }
}

pub(super) async fn run(session: &mut Session<'_>, args: &DaemonArgs) -> Result<Status, Error> {
    let folder = session.folder()?;
    let origin = match &args.repository {
        Some(url) => Origin::Address(address(url, &folder)?, forge(args)),
        None => Origin::Folder(folder.clone()),
    };
    let state = state_dir(session, args, &folder)?;
    let secret = args.trigger_secret.as_ref().map(|file| read_secret(&folder.join(file))).transpose()?;
    let store = Store::open(&state).map_err(unusable)?;
    let now = session.app.variable("SOLERA_PIN_NOW").map(|_| session.app.now);
    let (view, inbox) = (Arc::new(View::default()), Arc::new(Inbox::open(&state).map_err(unusable)?));
    let served = Served {
        app: session.app.clone(),
        globals: Arc::new(session.globals.clone()),
        origin,
        clone: state.join("repository"),
        apart: Apart::default(),
    };
    let clock: Arc<dyn Clock> = Arc::new(Machine(now));
    let mut daemon =
        Daemon::new(served, store, Arc::clone(&view), Arc::clone(&inbox), clock.clone()).map_err(unusable)?;
    daemon.grace = args.grace;
    // Whoever is told before it listens would not hear.
    let notify = Notify::of(session.app);
    let interrupted = Arc::new(AtomicBool::default());
    let mut orders = orders(&notify, &interrupted)?;
    if args.once {
        let Some(code) = daemon.once(&mut orders).await else {
            session.output.note("the run was stopped: the next one goes on where it was\n");
            let by =
                if interrupted.load(Ordering::Relaxed) { Status::Interrupted } else { Status::Terminated };
            return Ok(by);
        };
        return Ok(Status::of_code(code).unwrap_or(Status::Usage));
    }
    let listener = TcpListener::bind(args.listen)
        .await
        .map_err(|error| Error::usage(format!("cannot listen on {}: {error}", args.listen)))?;
    let address = listener.local_addr()?;
    session.output.data(&format!("http://{address}\n"))?;
    if !address.ip().is_loopback() {
        session.output.note("whoever reaches this address can read where every pin stands\n");
    }
    let (end, ended) = watch::channel(false);
    let shared = http::Shared::new(view, inbox, clock, secret, args.hosts.clone());
    let served = tokio::spawn(http::serve(listener, http::router(shared), ended));
    notify.ready().await;
    let alive = tokio::spawn(notify.clone().keep_alive(Arc::clone(&daemon.pulse)));
    daemon.live(&mut orders).await;
    notify.stopping().await;
    // Those whose answers are under way get them.
    let _ = end.send(true);
    let _ = tokio::time::timeout(args.grace, served).await;
    alive.abort();
    Ok(Status::Done)
}

/// `--state-dir`, or what systemd gives it, or a folder among the user's state.
fn state_dir(session: &Session<'_>, args: &DaemonArgs, folder: &Path) -> Result<PathBuf, Error> {
    if let Some(named) = &args.state_dir {
        return Ok(folder.join(named));
    }
    let given = session.app.variable("STATE_DIRECTORY").and_then(|folders| folders.split(':').next());
    let own = || session.app.xdg("XDG_STATE_HOME", ".local/state", "solera-pin/daemon");
    given.map(PathBuf::from).or_else(own).ok_or_else(|| {
        Error::usage("there is no place to keep the daemon's clone in").hint("name one: --state-dir DIR")
    })
}

/// What `--repository` names; a path is from the folder.
fn address(text: &str, folder: &Path) -> Result<Address, Error> {
    let address =
        Address::read(text, folder).map_err(|error| Error::usage(format!("--repository: {error}")))?;
    match address.has_password() {
        true => Err(Error::usage("--repository has a password, which a command line shows to everybody")
            .hint("leave it out: a forge's token, git's credential helper or [git.\"URL\"] in the configuration gives it")),
        false => Ok(address),
    }
}

fn forge(args: &DaemonArgs) -> Option<ForgeKind> {
    let is_named = |(name, _): &&(&str, ForgeKind)| args.forge.as_deref() == Some(*name);
    ForgeKind::NAMES.iter().find(is_named).map(|(_, kind)| *kind)
}

fn read_secret(file: &Path) -> Result<SecretString, Error> {
    let text = fs::read_to_string(file)
        .map_err(|error| Error::usage(format!("{} cannot be read: {error}", file.display())))?;
    match text.trim() {
        secret if secret.len() < 16 => {
            Err(Error::usage(format!("the secret in {} is too short", file.display()))
                .hint("it has 16 characters at least: openssl rand -hex 32"))
        }
        secret => Ok(SecretString::from(secret)),
    }
}

#[expect(clippy::needless_pass_by_value, reason = "it is what `map_err` gives")]
fn unusable(error: StateError) -> Error {
    let failed = Error::usage(error.to_string());
    match error {
        StateError::Lock { source: FolderLockError::Busy(_), .. } => {
            failed.hint("another daemon runs with it: name another folder with --state-dir")
        }
        StateError::Malformed { .. } => {
            failed.hint("remove it to begin anew: what was proposed is at the remote")
        }
        StateError::Lock { .. } | StateError::Io { .. } => failed,
    }
}

/// What signals tell.
fn orders(notify: &Notify, interrupted: &Arc<AtomicBool>) -> Result<mpsc::Receiver<Order>, Error> {
    let (tell, told) = mpsc::channel(8);
    for (kind, is_interrupt) in [(SignalKind::terminate(), false), (SignalKind::interrupt(), true)] {
        let (mut heard, tell, interrupted) = (signal(kind)?, tell.clone(), Arc::clone(interrupted));
        tokio::spawn(async move {
            while heard.recv().await.is_some() {
                interrupted.store(is_interrupt, Ordering::Relaxed);
                if tell.send(Order::Stop).await.is_err() {
                    return;
                }
            }
        });
    }
    let (mut heard, notify) = (signal(SignalKind::hangup())?, notify.clone());
    tokio::spawn(async move {
        while heard.recv().await.is_some() {
            notify.reloading().await;
            let (done, is_done) = oneshot::channel();
            if tell.send(Order::Reload(done)).await.is_err() || is_done.await.is_err() {
                return;
            }
            notify.ready().await;
        }
    });
    Ok(told)
}
