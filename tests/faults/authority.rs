//! Certificates: an authority that the user trusts, what it gave, and what nobody gave.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::{Arc, OnceLock};

use tokio_rustls::rustls::ServerConfig;
use tokio_rustls::rustls::pki_types::pem::PemObject as _;
use tokio_rustls::rustls::pki_types::{CertificateDer, PrivateKeyDer};

/// What servers show.
pub struct Certificates {
    /// The authority, in PEM.
    pub ca: PathBuf,
    pub good: Arc<ServerConfig>,
    pub self_signed: Arc<ServerConfig>,
    pub expired: Arc<ServerConfig>,
    pub of_another: Arc<ServerConfig>,
    _folder: tempfile::TempDir,
}

/// Made once.
pub fn certificates() -> &'static Certificates {
    static MADE: OnceLock<Certificates> = OnceLock::new();
    MADE.get_or_init(|| {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path();
        let key = "-newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -keyout key.pem";
        openssl(path, &format!("req -x509 {} ca.key -out ca.pem -days 30 -subj /CN=cellar", key.trim_end_matches(" key.pem")));
        openssl(path, &format!("req {key} -out request.pem -subj /CN=registry"));
        let own = ["127.0.0.1", "127.0.0.2"];
        openssl(
            path,
            "req -x509 -key key.pem -days 30 -subj /CN=registry -addext subjectAltName=IP:127.0.0.1 -addext basicConstraints=critical,CA:FALSE -out self-signed.pem",
        );
        given(path, "good", own[0], "20200101000000Z", "20991231235959Z");
        given(path, "expired", own[0], "20200101000000Z", "20210101000000Z");
        given(path, "of-another", own[1], "20200101000000Z", "20991231235959Z");
        Certificates {
            ca: path.join("ca.pem"),
            good: config(path, "good.pem"),
            self_signed: config(path, "self-signed.pem"),
            expired: config(path, "expired.pem"),
            of_another: config(path, "of-another.pem"),
            _folder: folder,
        }
    })
}

/// A certificate of the authority for an address, with its first and last moment.
fn given(folder: &Path, name: &str, ip: &str, from: &str, to: &str) {
    let write = |file: String, text: String| std::fs::write(folder.join(file), text).unwrap();
    write("index.txt".into(), String::new());
    write("serial".into(), "01\n".into());
    write(
        format!("{name}.cnf"),
        format!(
            "[ca]\ndefault_ca=own\n[own]\ndatabase=index.txt\nserial=serial\nnew_certs_dir=.\ndefault_md=sha256\n\
             policy=any\ncopy_extensions=none\nx509_extensions=names\n[any]\ncommonName=supplied\n[names]\n\
             basicConstraints=CA:FALSE\nsubjectAltName=IP:{ip}\n"
        ),
    );
    openssl(
        folder,
        &format!(
            "ca -batch -notext -config {name}.cnf -cert ca.pem -keyfile ca.key -in request.pem -startdate {from} \
             -enddate {to} -out {name}.pem"
        ),
    );
}

fn openssl(folder: &Path, words: &str) {
    let mut command = Command::new("openssl");
    command.args(words.split_whitespace()).current_dir(folder).stdin(Stdio::null());
    let output = command.output().expect("this test needs openssl");
    assert!(output.status.success(), "openssl {words}: {}", String::from_utf8_lossy(&output.stderr));
}

fn config(folder: &Path, certificate: &str) -> Arc<ServerConfig> {
    let certificate = CertificateDer::from_pem_file(folder.join(certificate)).unwrap();
    let key = PrivateKeyDer::from_pem_file(folder.join("key.pem")).unwrap();
    let config = ServerConfig::builder().with_no_client_auth().with_single_cert(vec![certificate], key);
    Arc::new(config.unwrap())
}
