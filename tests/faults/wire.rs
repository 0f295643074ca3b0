//! A server of bytes: it speaks HTTP by hand, so that it can break off, stall or lie at any of them.

use std::net::{IpAddr, SocketAddr};
use std::sync::{Arc, Condvar, Mutex};
use std::thread::JoinHandle;
use std::time::Duration;

use tokio::io::{AsyncRead, AsyncReadExt as _, AsyncWrite, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::oneshot;
use tokio_rustls::TlsAcceptor;
use tokio_rustls::rustls::ServerConfig;
use tokio_rustls::server::TlsStream;

/// What a server does next on a connection. Where a script ends, the next request is read.
#[derive(Clone, Debug)]
pub enum Step {
    Send(Vec<u8>),
    /// The same byte by byte, each as late as this.
    Drip(Vec<u8>, Duration),
    /// The same again and again, for as long as somebody reads.
    Forever(Vec<u8>),
    /// Nothing more, on a connection that stays open.
    Stall,
    /// The connection ends as it should.
    Close,
    /// It ends without a word: over TLS, without the alert that says so.
    Cut,
    /// It is reset.
    Reset,
}

pub type Script = Vec<Step>;

/// How a connection begins.
#[derive(Clone)]
pub enum Opening {
    Plain,
    Tls(Arc<ServerConfig>),
    /// A script at once, whatever comes.
    Raw(Script),
    /// A script after the first bytes.
    AfterHello(Script),
    /// A handshake, and then a script below the encryption.
    BelowTls(Arc<ServerConfig>, Script),
}

/// One request, as it came.
#[derive(Clone, Debug, Default)]
pub struct Heard {
    pub method: String,
    pub path: String,
    pub query: String,
    pub headers: Vec<(String, String)>,
}

impl Heard {
    fn read(head: &str) -> Self {
        let mut lines = head.lines();
        let mut words = lines.next().unwrap_or_default().split(' ');
        let (method, target) = (words.next().unwrap_or_default(), words.next().unwrap_or_default());
        let (path, query) = target.split_once('?').unwrap_or((target, ""));
        let header = |line: &str| {
            let (name, value) = line.split_once(':')?;
            Some((name.to_ascii_lowercase(), value.trim().to_owned()))
        };
        Self {
            method: method.into(),
            path: path.into(),
            query: query.into(),
            headers: lines.filter_map(header).collect(),
        }
    }

    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(key, _)| key == name).map(|(_, value)| value.as_str())
    }
}

type Answer = Arc<Mutex<dyn FnMut(&Heard) -> Script + Send>>;

/// All that came, and who waits for the first of it.
#[derive(Default)]
struct Bytes {
    all: Mutex<Vec<u8>>,
    came: Condvar,
}

impl Bytes {
    fn add(&self, bytes: &[u8]) {
        self.all.lock().unwrap().extend_from_slice(bytes);
        self.came.notify_all();
    }
}

/// What all connections of a server share.
#[derive(Clone)]
struct Shared {
    opening: Opening,
    answer: Answer,
    requests: Arc<Mutex<Vec<Heard>>>,
    bytes: Arc<Bytes>,
}

/// A running server; dropping it ends it and all its connections.
pub struct Server {
    pub address: SocketAddr,
    requests: Arc<Mutex<Vec<Heard>>>,
    bytes: Arc<Bytes>,
    stop: Option<oneshot::Sender<()>>,
    thread: Option<JoinHandle<()>>,
}

impl Server {
    /// Listens on a free port of `ip`.
    pub fn start(
        ip: impl Into<IpAddr>,
        opening: Opening,
        answer: impl FnMut(&Heard) -> Script + Send + 'static,
    ) -> Self {
        let listener = std::net::TcpListener::bind((ip.into(), 0)).unwrap();
        listener.set_nonblocking(true).unwrap();
        let address = listener.local_addr().unwrap();
        let (requests, bytes) = (Arc::default(), Arc::default());
        let answer: Answer = Arc::new(Mutex::new(answer));
        let shared = Shared { opening, answer, requests: Arc::clone(&requests), bytes: Arc::clone(&bytes) };
        let (stop, stopped) = oneshot::channel();
        let thread = std::thread::spawn(move || {
            let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
            runtime.block_on(async move {
                let listener = TcpListener::from_std(listener).unwrap();
                tokio::select! {
                    () = accept(listener, shared) => {}
                    _ = stopped => {}
                }
            });
        });
        Self { address, requests, bytes, stop: Some(stop), thread: Some(thread) }
    }

    pub fn host(&self) -> String {
        self.address.to_string()
    }

    pub fn requests(&self) -> Vec<Heard> {
        self.requests.lock().unwrap().clone()
    }

    /// Whether this came to it, in whatever part of whatever connection.
    pub fn has_seen(&self, text: &str) -> bool {
        let bytes = self.bytes.all.lock().unwrap();
        bytes.windows(text.len()).any(|window| window == text.as_bytes())
    }

    /// Whether anything at all came to it.
    pub fn was_asked(&self) -> bool {
        !self.bytes.all.lock().unwrap().is_empty()
    }

    /// Waits until something has come to it.
    pub fn wait_until_asked(&self, limit: Duration) {
        let all = self.bytes.all.lock().unwrap();
        let waited = self.bytes.came.wait_timeout_while(all, limit, |all| all.is_empty()).unwrap();
        assert!(!waited.1.timed_out(), "nothing came");
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        if let Some(stop) = self.stop.take() {
            let _ = stop.send(());
        }
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}

async fn accept(listener: TcpListener, shared: Shared) {
    loop {
        let Ok((stream, _)) = listener.accept().await else { continue };
        let _ = stream.set_nodelay(true);
        tokio::spawn(serve(stream, shared.clone()));
    }
}

async fn serve(mut stream: TcpStream, shared: Shared) {
    match shared.opening.clone() {
        Opening::Plain => converse(stream, &shared).await,
        Opening::Raw(script) => drop(play(&mut stream, &script, &shared).await),
        Opening::AfterHello(script) => {
            let mut buffer = [0; 1];
            if let Ok(count) = stream.read(&mut buffer).await {
                shared.bytes.add(&buffer[..count]);
                play(&mut stream, &script, &shared).await;
            }
        }
        Opening::Tls(config) => {
            if let Ok(stream) = TlsAcceptor::from(config).accept(stream).await {
                converse(stream, &shared).await;
            }
        }
        Opening::BelowTls(config, script) => {
            if let Ok(mut stream) = TlsAcceptor::from(config).accept(stream).await {
                play(stream.get_mut().0, &script, &shared).await;
            }
        }
    }
}

/// A connection that can be broken in every way.
trait Line: AsyncRead + AsyncWrite + Unpin {
    fn tcp(&self) -> &TcpStream;
}

impl Line for TcpStream {
    fn tcp(&self) -> &TcpStream {
        self
    }
}

impl Line for TlsStream<TcpStream> {
    fn tcp(&self) -> &TcpStream {
        self.get_ref().0
    }
}

async fn converse(mut line: impl Line, shared: &Shared) {
    while let Some(heard) = hear(&mut line, shared).await {
        shared.requests.lock().unwrap().push(heard.clone());
        let script = (shared.answer.lock().unwrap())(&heard);
        if !play(&mut line, &script, shared).await {
            return;
        }
    }
}

/// The next request; `None` where there is none.
async fn hear(line: &mut impl Line, shared: &Shared) -> Option<Heard> {
    let mut read = Vec::new();
    let end = loop {
        if let Some(at) = read.windows(4).position(|window| window == b"\r\n\r\n") {
            break at;
        }
        take(line, &mut read, shared).await?;
    };
    let head = String::from_utf8_lossy(&read[..end]).into_owned();
    let heard = Heard::read(&head);
    let length = heard.header("content-length").and_then(|length| length.parse().ok()).unwrap_or(0);
    while read.len() < end + 4 + length {
        take(line, &mut read, shared).await?;
    }
    Some(heard)
}

async fn take(line: &mut impl Line, read: &mut Vec<u8>, shared: &Shared) -> Option<()> {
    let mut buffer = [0; 4096];
    let count = line.read(&mut buffer).await.ok().filter(|count| *count > 0)?;
    read.extend_from_slice(&buffer[..count]);
    shared.bytes.add(&buffer[..count]);
    Some(())
}

/// Whether the connection is still there afterwards.
async fn play(line: &mut impl Line, script: &[Step], shared: &Shared) -> bool {
    for step in script {
        let going = match step {
            Step::Send(bytes) => line.write_all(bytes).await.is_ok() && line.flush().await.is_ok(),
            Step::Drip(bytes, pause) => drip(line, bytes, *pause).await,
            Step::Forever(bytes) => {
                while line.write_all(bytes).await.is_ok() {}
                false
            }
            Step::Stall => {
                let mut rest = Vec::new();
                while take(line, &mut rest, shared).await.is_some() {}
                false
            }
            Step::Close => {
                let _ = line.shutdown().await;
                // What was sent is lost where a socket is closed that has bytes nobody read.
                let mut rest = Vec::new();
                while take(line, &mut rest, shared).await.is_some() {}
                false
            }
            Step::Cut => false,
            Step::Reset => {
                let _ = line.tcp().set_zero_linger();
                false
            }
        };
        if !going {
            return false;
        }
    }
    true
}

async fn drip(line: &mut impl Line, bytes: &[u8], pause: Duration) -> bool {
    for byte in bytes {
        if line.write_all(&[*byte]).await.is_err() || line.flush().await.is_err() {
            return false;
        }
        tokio::time::sleep(pause).await;
    }
    true
}
