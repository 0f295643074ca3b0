//! Connections: how many there are at once, how long each may take for what, and how they end.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use axum::Router;
use axum::extract::Request;
use axum::middleware::{Next, from_fn};
use hyper_util::rt::{TokioExecutor, TokioIo, TokioTimer};
use hyper_util::server::conn::auto::Builder;
use hyper_util::service::TowerToHyperService;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{Notify, Semaphore, watch};
use tokio::time::{sleep, timeout};

/// How many connections there are at once. Each has a descriptor, of which a process has 1,024 as a rule.
const CONNECTIONS: u32 = 256;

/// How long a request's head may take, and a connection that is kept may wait for the next.
const HEAD: Duration = Duration::from_secs(10);

/// The longest head, in bytes.
const HEAD_BYTES: usize = 32 << 10;

/// How long a connection lives, whatever it is used for: an answer that is not read in that time is given up.
const LIFE: Duration = Duration::from_secs(60);

/// How long an answer that is under way may take when its connection is to end.
const LAST: Duration = Duration::from_secs(2);

/// How long nothing is accepted after that has failed: there may be no descriptor.
const PAUSE: Duration = Duration::from_millis(200);

/// Answers until `ended` says that it is over, and those who are being answered then.
pub async fn serve(listener: TcpListener, router: Router, mut ended: watch::Receiver<bool>) {
    let (crowd, free) = (Arc::new(Crowd::default()), Arc::new(Semaphore::new(CONNECTIONS as usize)));
    for number in 0.. {
        let stream = tokio::select! {
            () = over(&mut ended) => break,
            stream = accepted(&listener) => stream,
        };
        if free.available_permits() == 0 {
            crowd.show_out();
        }
        let permit = tokio::select! {
            () = over(&mut ended) => break,
            permit = Arc::clone(&free).acquire_owned() => permit,
        };
        let guest = crowd.enter(number);
        let (router, ended, crowd) = (router.clone(), ended.clone(), Arc::clone(&crowd));
        tokio::spawn(async move {
            talk(stream, router, &guest, ended).await;
            crowd.leave(number);
            drop(permit);
        });
    }
    drop(listener);
    // All have ended when all permits are here again.
    let _ = free.acquire_many(CONNECTIONS).await;
}

/// Completes when it is over. Whoever would say it is gone: that is the end, too.
async fn over(ended: &mut watch::Receiver<bool>) {
    let _ = ended.wait_for(|over| *over).await;
}

async fn accepted(listener: &TcpListener) -> TcpStream {
    loop {
        match listener.accept().await {
            Ok((stream, _)) => {
                // What is not sent at once is sent later.
                let _ = stream.set_nodelay(true);
                return stream;
            }
            Err(error) => {
                tracing::warn!(error = %error, "a connection could not be accepted");
                sleep(PAUSE).await;
            }
        }
    }
}

/// One connection, to its end.
async fn talk(
    stream: impl AsyncRead + AsyncWrite + Unpin + Send + 'static,
    router: Router,
    guest: &Arc<Guest>,
    mut ended: watch::Receiver<bool>,
) {
    let busy = Arc::clone(guest);
    let router =
        Router::new().fallback_service(router).layer(from_fn(move |request: Request, next: Next| {
            let busy = Arc::clone(&busy);
            async move {
                busy.is_answered.store(true, Ordering::Relaxed);
                let response = next.run(request).await;
                busy.is_answered.store(false, Ordering::Relaxed);
                response
            }
        }));
    let mut builder = Builder::new(TokioExecutor::new()).http1_only();
    builder.http1().timer(TokioTimer::new()).header_read_timeout(HEAD).max_buf_size(HEAD_BYTES);
    let connection = builder.serve_connection(TokioIo::new(stream), TowerToHyperService::new(router));
    let mut connection = std::pin::pin!(connection);
    // What goes wrong on a connection concerns nobody but who is at its other end.
    tokio::select! {
        _ = connection.as_mut() => return,
        () = guest.out.notified() => return,
        () = over(&mut ended) => {}
        () = sleep(LIFE) => {}
    }
    connection.as_mut().graceful_shutdown();
    let _ = timeout(LAST, connection).await;
}

/// Who is connected, the longest first.
#[derive(Default)]
struct Crowd(Mutex<BTreeMap<u64, Arc<Guest>>>);

#[derive(Default)]
struct Guest {
    /// Whether an answer is being made.
    is_answered: AtomicBool,
    out: Notify,
}

impl Crowd {
    fn enter(&self, number: u64) -> Arc<Guest> {
        let guest = Arc::<Guest>::default();
        self.guests().insert(number, Arc::clone(&guest));
        guest
    }

    fn leave(&self, number: u64) {
        self.guests().remove(&number);
    }

    /// Makes room: who has been there the longest without asking anything goes.
    fn show_out(&self) {
        let mut guests = self.guests();
        let idle = guests.iter().find(|(_, guest)| !guest.is_answered.load(Ordering::Relaxed));
        if let Some(number) = idle.map(|(number, _)| *number)
            && let Some(guest) = guests.remove(&number)
        {
            guest.out.notify_one();
        }
    }

    fn guests(&self) -> MutexGuard<'_, BTreeMap<u64, Arc<Guest>>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use axum::routing::get;
    use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _, DuplexStream, duplex};
    use tokio::time::Instant;

    use super::*;

    const ASKED: &[u8] = b"GET / HTTP/1.1\r\nHost: a\r\n\r\n";

    /// A connection whose answers are longer than what is on the way, and what says that it is over.
    fn connected() -> (DuplexStream, watch::Sender<bool>) {
        let (theirs, ours) = duplex(1024);
        let (end, ended) = watch::channel(false);
        let router = Router::new().route("/", get(async || "x".repeat(100_000)));
        tokio::spawn(async move { talk(ours, router, &Arc::default(), ended).await });
        (theirs, end)
    }

    /// After how many seconds a client is let go that says this every second, or once where it says it `once`.
    async fn let_go(bytes: &[u8], once: bool, reads: bool) -> u64 {
        let (mut client, _end) = connected();
        let began = Instant::now();
        let mut sent = client.write_all(bytes).await;
        loop {
            let mut buffer = [0; 4096];
            let is_closed = reads
                && matches!(
                    timeout(Duration::from_secs(1), client.read(&mut buffer)).await,
                    Ok(Ok(0) | Err(_))
                );
            if is_closed || sent.is_err() {
                return began.elapsed().as_secs();
            }
            if !reads {
                sleep(Duration::from_secs(1)).await;
            }
            sent = match (once, reads) {
                (false, _) => client.write_all(bytes).await,
                // Whether anybody is there shows only to who writes.
                (true, false) => client.write_all(b" ").await,
                (true, true) => Ok(()),
            };
        }
    }

    #[tokio::test(start_paused = true)]
    async fn nobody_takes_longer_than_that_takes() {
        assert_eq!(let_go(b"", true, true).await, HEAD.as_secs(), "says nothing");
        assert_eq!(let_go(b"GET / HT", true, true).await, HEAD.as_secs(), "stops in the head");
        assert_eq!(let_go(b"X", false, true).await, HEAD.as_secs(), "drips");
        assert_eq!(let_go(ASKED, true, true).await, HEAD.as_secs(), "keeps the connection for nothing");
        let long = let_go(ASKED, true, false).await;
        assert!((LIFE.as_secs()..=(LIFE + LAST).as_secs() + 1).contains(&long), "reads nothing: {long}");
        let long = let_go(ASKED, false, true).await;
        assert!((LIFE.as_secs()..=(LIFE + LAST).as_secs() + 1).contains(&long), "asks for ever: {long}");
    }

    #[tokio::test(start_paused = true)]
    async fn the_end_waits_for_answers_and_not_for_questions() {
        for (bytes, answered) in [(&b""[..], 0), (b"GET / HT", 0), (ASKED, 100_000)] {
            let (mut client, end) = connected();
            client.write_all(bytes).await.unwrap();
            tokio::task::yield_now().await;
            sleep(Duration::from_millis(1)).await;
            let began = Instant::now();
            end.send(true).unwrap();
            let mut text = Vec::new();
            client.read_to_end(&mut text).await.unwrap();
            assert!(began.elapsed() <= LAST + Duration::from_millis(10), "{:?}", began.elapsed());
            assert!(text.len() >= answered, "{}", text.len());
        }
    }

    #[test]
    fn who_asks_nothing_makes_room_and_who_was_there_first_goes_first() {
        let crowd = Crowd::default();
        let guests: Vec<_> = (0..3).map(|number| crowd.enter(number)).collect();
        guests[0].is_answered.store(true, Ordering::Relaxed);
        crowd.show_out();
        crowd.leave(7);
        assert_eq!(crowd.guests().keys().copied().collect::<Vec<_>>(), [0, 2]);
        crowd.show_out();
        crowd.show_out();
        assert_eq!(crowd.guests().keys().copied().collect::<Vec<_>>(), [0], "who is being answered stays");
    }
}
