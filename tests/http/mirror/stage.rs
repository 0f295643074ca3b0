//! A layout to write into, and a server of it to ask.

use std::fs;
use std::path::Path;
use std::sync::{Arc, Mutex};

use reqwest::header::HeaderMap;
use reqwest::{Client, Method, StatusCode};
use serde_json::{Value, json};
use solera_pin::mirror::{Layout, Options, serve};
use solera_pin::model::Digest;
use tempfile::TempDir;
use tokio::net::{TcpListener, TcpStream};

const INDEX: &str = "application/vnd.oci.image.index.v1+json";
const MANIFEST: &str = "application/vnd.oci.image.manifest.v1+json";

/// A layout to write into.
pub(super) struct Stage {
    root: TempDir,
    pub(super) manifests: Vec<Value>,
}

impl Stage {
    pub(super) fn new() -> Self {
        let root = tempfile::tempdir().unwrap();
        fs::create_dir_all(root.path().join("blobs/sha256")).unwrap();
        fs::write(root.path().join("oci-layout"), r#"{"imageLayoutVersion":"1.0.0"}"#).unwrap();
        let manifests = Vec::new();
        Self { root, manifests }
    }

    pub(super) fn path(&self) -> &Path {
        self.root.path()
    }

    pub(super) fn blob(&self, media_type: &str, bytes: &[u8]) -> Value {
        let digest = Digest::sha256(bytes);
        fs::write(self.path().join("blobs/sha256").join(digest.hex()), bytes).unwrap();
        json!({ "mediaType": media_type, "digest": digest, "size": bytes.len() })
    }

    /// An index with one manifest with one layer, all of them made from `text`: index, manifest, layer.
    pub(super) fn image(&self, text: &str) -> [Value; 3] {
        let config = self.blob("application/vnd.oci.image.config.v1+json", b"{}");
        let layer = self.blob("application/vnd.oci.image.layer.v1.tar", text.as_bytes());
        let manifest = json!({ "schemaVersion": 2, "config": config, "layers": [layer] });
        // Spaces that a writer of JSON would not set: bytes are served as they are stored.
        let manifest = self.blob(MANIFEST, format!(" {manifest} ").as_bytes());
        let index = json!({ "schemaVersion": 2, "manifests": [manifest] });
        let index = self.blob(INDEX, index.to_string().as_bytes());
        [index, manifest, layer]
    }

    pub(super) fn name(&mut self, name: &str, descriptor: &Value) {
        let mut descriptor = descriptor.clone();
        descriptor["annotations"] = json!({ "org.opencontainers.image.ref.name": name });
        self.manifests.push(descriptor);
    }

    pub(super) fn write_index(&self) {
        let index = json!({ "schemaVersion": 2, "manifests": self.manifests }).to_string();
        let temporary = self.path().join("index.new");
        fs::write(&temporary, index).unwrap();
        fs::rename(temporary, self.path().join("index.json")).unwrap();
    }

    pub(super) async fn serve(&self) -> Server {
        self.write_index();
        Server::of(self.path()).await
    }
}

pub(super) struct Server {
    address: String,
    client: Client,
    pub(super) log: Arc<Mutex<Vec<String>>>,
    pub(super) stop: Option<tokio::sync::oneshot::Sender<()>>,
    pub(super) task: tokio::task::JoinHandle<std::io::Result<()>>,
}

pub(super) struct Answer {
    pub(super) status: StatusCode,
    pub(super) headers: HeaderMap,
    pub(super) bytes: Vec<u8>,
}

impl Answer {
    pub(super) fn header(&self, name: &str) -> &str {
        self.headers.get(name).map(|value| value.to_str().unwrap()).unwrap_or_default()
    }

    pub(super) fn json(&self) -> Value {
        serde_json::from_slice(&self.bytes).unwrap()
    }

    /// Status and code, after a look at the shape that the specification gives errors.
    pub(super) fn error(&self) -> (u16, String) {
        assert_eq!(self.header("content-type"), "application/json");
        let error = &self.json()["errors"][0];
        assert!(error["message"].is_string(), "{error}");
        (self.status.as_u16(), error["code"].as_str().unwrap().to_owned())
    }
}

impl Server {
    pub(super) async fn of(root: &Path) -> Self {
        let log = Arc::new(Mutex::new(Vec::new()));
        let lines = Arc::clone(&log);
        let options = Options {
            log: Arc::new(move |line| lines.lock().unwrap().push(line.to_owned())),
            ..Options::default()
        };
        let layout = Layout::open(root, options).unwrap();
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = format!("http://{}", listener.local_addr().unwrap());
        let (stop, stopped) = tokio::sync::oneshot::channel::<()>();
        let shutdown = async { drop(stopped.await) };
        Self {
            address,
            client: Client::builder().no_proxy().build().unwrap(),
            log,
            stop: Some(stop),
            task: tokio::spawn(serve(listener, layout, shutdown)),
        }
    }

    pub(super) async fn ask(&self, method: Method, path: &str, headers: &[(&str, &str)]) -> Answer {
        let mut request = self.client.request(method, format!("{}{path}", self.address));
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        let response = request.send().await.unwrap();
        Answer {
            status: response.status(),
            headers: response.headers().clone(),
            bytes: response.bytes().await.unwrap().to_vec(),
        }
    }

    pub(super) async fn get(&self, path: &str) -> Answer {
        self.ask(Method::GET, path, &[]).await
    }

    /// A request whose path no client library would send as it is.
    pub(super) async fn raw(&self, path: &str) -> String {
        use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
        let host = self.address.trim_start_matches("http://");
        let mut stream = TcpStream::connect(host).await.unwrap();
        let request = format!("GET {path} HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n\r\n");
        stream.write_all(request.as_bytes()).await.unwrap();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).await.unwrap();
        answer
    }

    pub(super) fn logged(&self) -> String {
        self.log.lock().unwrap().join("\n")
    }
}

pub(super) fn digest(descriptor: &Value) -> &str {
    descriptor["digest"].as_str().unwrap()
}

pub(super) fn stored(stage: &Stage, descriptor: &Value) -> Vec<u8> {
    let digest: Digest = digest(descriptor).parse().unwrap();
    fs::read(stage.path().join("blobs/sha256").join(digest.hex())).unwrap()
}
