//! Files over HTTP on the engine's loopback, with what was asked for.

use std::collections::BTreeMap;
use std::io::{BufRead as _, BufReader};
use std::process::{Child, ChildStdin};
use std::thread::JoinHandle;

use crate::session::Session;

/// What tells that a server is there.
const UP: &str = "/up";

/// A server, up for as long as a value lives.
pub(crate) struct Served {
    script: Child,
    /// The server ends with it.
    stdin: Option<ChildStdin>,
    log: Option<JoinHandle<Vec<String>>>,
}

impl Served {
    /// Serves a folder that the engine sees, with a file `up` in it. Gives control back once it listens.
    pub(crate) fn start(session: &Session, address: &str, folder: &str) -> Self {
        let script = "busybox httpd -f -vv -p \"$1\" -h \"$2\" & server=$!
            until busybox wget -q -O /dev/null \"http://$1/up\" 2>/dev/null; do kill -0 $server || exit 1; done
            echo up; cat >/dev/null; kill $server; wait";
        let mut script = session.begin(["sh", "-c", script, "sh", address, folder]);
        let stderr = BufReader::new(script.stderr.take().unwrap());
        let log = std::thread::spawn(move || stderr.lines().map_while(Result::ok).collect());
        let mut said = String::new();
        BufReader::new(script.stdout.take().unwrap()).read_line(&mut said).unwrap();
        assert_eq!(said, "up\n", "{address} is not served");
        let stdin = script.stdin.take();
        Self { script, stdin, log: Some(log) }
    }

    /// Ends it; gives the paths that were asked for, each with the status of the answer.
    pub(crate) fn asked(mut self) -> Vec<(String, u16)> {
        self.end();
        let lines = self.log.take().unwrap().join().unwrap();
        let mut asked: Vec<(String, u16)> = Vec::new();
        let mut open: BTreeMap<&str, String> = BTreeMap::new();
        for (peer, said) in lines.iter().filter_map(|line| line.split_once(": ")) {
            if let Some(path) = said.strip_prefix("GET ") {
                open.insert(peer, path.to_owned());
            } else if let Some((status, path)) = said.strip_prefix("response:").zip(open.remove(peer)) {
                asked.push((path, status.trim().parse().unwrap()));
            }
        }
        asked.retain(|(path, _)| path != UP);
        asked
    }

    fn end(&mut self) {
        drop(self.stdin.take());
        let _ = self.script.wait();
    }
}

impl Drop for Served {
    fn drop(&mut self) {
        self.end();
    }
}
