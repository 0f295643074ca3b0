//! Authorities and certificates, made by openssl.

use std::fs;
use std::path::{Path, PathBuf};

use tempfile::TempDir;

use crate::server::{command, spawn};

const KEY: &str = "-newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -keyout";
/// What `openssl ca` wants to know before it gives a certificate of other days than from now on.
const CA: &str = "[ca]\ndefault_ca=own\n[own]\ndatabase=index.txt\nserial=serial\nnew_certs_dir=.\ndefault_md=sha256\n\
                  policy=any\n[any]\ncommonName=supplied\n";

pub(crate) fn openssl(folder: &Path, words: &str) {
    let mut command = command("openssl");
    command.current_dir(folder).args(words.split_whitespace());
    let output = spawn(command.stderr(std::process::Stdio::piped()), "openssl").wait_with_output().unwrap();
    assert!(output.status.success(), "{words}: {}", String::from_utf8_lossy(&output.stderr));
}

/// An authority, and the folder in which it and what it gave are.
pub(crate) struct Authority {
    folder: TempDir,
}

/// A certificate and its key, in PEM files.
pub(crate) struct Certificate {
    pub(crate) certificate: PathBuf,
    pub(crate) key: PathBuf,
}

impl Authority {
    pub(crate) fn new() -> Self {
        Self::named("cellar")
    }

    pub(crate) fn named(name: &str) -> Self {
        let folder = tempfile::tempdir().unwrap();
        openssl(folder.path(), &format!("req -x509 {KEY} ca.key -out ca.pem -days 30 -subj /CN={name}"));
        fs::write(folder.path().join("ca.cnf"), CA).unwrap();
        fs::write(folder.path().join("serial"), "01\n").unwrap();
        fs::write(folder.path().join("index.txt"), "").unwrap();
        fs::write(folder.path().join("index.txt.attr"), "unique_subject = no\n").unwrap();
        Self { folder }
    }

    /// The authority's own certificate.
    pub(crate) fn file(&self) -> PathBuf {
        self.folder.path().join("ca.pem")
    }

    /// A certificate for these names, as openssl writes them: `DNS:r.example,IP:127.0.0.1`.
    pub(crate) fn gives(&self, name: &str, names: &str) -> Certificate {
        self.signs(name, names, "")
    }

    /// One that was good for a day, long ago.
    pub(crate) fn gave(&self, name: &str, names: &str) -> Certificate {
        self.signs(name, names, "-startdate 20200101000000Z -enddate 20200102000000Z")
    }

    fn signs(&self, name: &str, names: &str, days: &str) -> Certificate {
        let folder = self.folder.path();
        let extensions = format!("basicConstraints=CA:FALSE\nsubjectAltName={names}\n");
        fs::write(folder.join("names"), extensions).unwrap();
        let days = if days.is_empty() { "-days 30" } else { days };
        openssl(folder, &format!("req {KEY} {name}.key -out request.pem -subj /CN={name}"));
        openssl(
            folder,
            &format!(
                "ca -batch -notext -config ca.cnf -cert ca.pem -keyfile ca.key -extfile names {days} -in request.pem \
                 -out {name}.pem"
            ),
        );
        let file = |extension: &str| folder.join(format!("{name}.{extension}"));
        Certificate { certificate: file("pem"), key: file("key") }
    }
}
