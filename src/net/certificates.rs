//! Certificates that a machine has for single registries, in the folders that Docker and podman read too.

use std::io::ErrorKind;
use std::path::{Path, PathBuf};

use super::NetError;
use super::settings::{Identity, Pem};

/// What `folder` has for `host` (with its port, if it has one): authorities in `*.crt`, and who we are in `*.cert` with
/// the `*.key` of the same name. Of several the first by name counts.
pub(super) fn of_host(folder: &Path, host: &str) -> Result<(Vec<Pem>, Option<Identity>), NetError> {
    let files = files_of(&folder.join(host))?;
    let with = |extension: &'static str| {
        files.iter().filter(move |file| file.extension().is_some_and(|found| found == extension))
    };
    let ca = with("crt").map(|file| read_pem(file)).collect::<Result<_, _>>()?;
    if let Some(alone) = with("key").find(|key| !files.contains(&key.with_extension("cert"))) {
        let cert = alone.with_extension("cert");
        return Err(wrong(alone, &format!("has no certificate beside it: {} is missing", cert.display())));
    }
    let identity = match with("cert").next() {
        Some(certificate) => Some(read_identity(certificate, &certificate.with_extension("key"))?),
        None => None,
    };
    Ok((ca, identity))
}

/// A file of certificates.
pub fn read_pem(file: &Path) -> Result<Pem, NetError> {
    let text = std::fs::read(file).map_err(|error| unreadable("certificate", file, &error))?;
    Ok(Pem { file: file.into(), text })
}

/// A certificate of ours, and its key.
pub fn read_identity(certificate: &Path, key: &Path) -> Result<Identity, NetError> {
    let certificate = read_pem(certificate)?;
    let text = std::fs::read_to_string(key).map_err(|error| unreadable("key", key, &error))?;
    Ok(Identity { certificate, key_file: key.into(), key: text.into() })
}

/// The files of a folder, by name; none where it does not exist.
fn files_of(folder: &Path) -> Result<Vec<PathBuf>, NetError> {
    let entries = match std::fs::read_dir(folder) {
        Ok(entries) => entries,
        Err(error) if matches!(error.kind(), ErrorKind::NotFound | ErrorKind::NotADirectory) => {
            return Ok(Vec::new());
        }
        Err(error) => return Err(wrong(folder, &format!("cannot be read: {error}"))),
    };
    let mut files: Vec<PathBuf> = entries.flatten().map(|entry| entry.path()).collect();
    files.sort();
    Ok(files)
}

fn unreadable(what: &str, file: &Path, error: &std::io::Error) -> NetError {
    NetError::Configuration(format!("the {what} file {} cannot be read: {error}", file.display()))
}

fn wrong(file: &Path, what: &str) -> NetError {
    NetError::Configuration(format!("{} {what}", file.display()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    #[expect(clippy::disallowed_methods, reason = "a test makes its own files")]
    fn a_folder_is_read_as_docker_reads_it() {
        let root = tempfile::tempdir().unwrap();
        let folder = root.path().join("r.example:5000");
        std::fs::create_dir(&folder).unwrap();
        let write = |name: &str| std::fs::write(folder.join(name), name).unwrap();
        let read = || of_host(root.path(), "r.example:5000");
        assert!(read().unwrap().0.is_empty());
        for name in ["b.crt", "a.crt", "readme.txt"] {
            write(name);
        }
        let (ca, identity) = read().unwrap();
        let texts: Vec<_> = ca.iter().map(|pem| String::from_utf8_lossy(&pem.text)).collect();
        assert_eq!(
            (texts.as_slice(), identity.is_none()),
            (["a.crt".into(), "b.crt".into()].as_slice(), true)
        );
        write("me.key");
        assert!(read().unwrap_err().to_string().ends_with("me.cert is missing"));
        write("me.cert");
        let identity = read().unwrap().1.unwrap();
        assert_eq!(identity.certificate.text, b"me.cert");

        std::fs::remove_file(folder.join("me.key")).unwrap();
        assert!(read().unwrap_err().to_string().contains("me.key cannot be read"));
        assert!(of_host(root.path(), "r.example").unwrap().1.is_none());
    }
}
