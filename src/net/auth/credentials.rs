//! The user's credentials, from the Docker configuration and the helpers that it names.

use std::collections::HashMap;
use std::io::ErrorKind;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use docker_credential::{CredentialRetrievalError, DockerCredential};
use secrecy::SecretString;

use crate::net::NetError;
use crate::net::flight::Flight;

/// A helper may ask a keyring, which may ask a person; it is not waited for longer than this.
const HELPER_TIMEOUT: Duration = Duration::from_secs(30);

/// A secret for one host. Its `Debug` shows no secret.
#[derive(Debug)]
pub(in crate::net) enum Credential {
    /// A user's name and password.
    Password(String, SecretString),
    /// A refresh token, exchanged for tokens at the token server.
    Identity(SecretString),
}

/// The Docker configuration, read when a host first wants a credential.
#[derive(Debug)]
pub(in crate::net) struct Credentials {
    file: Option<PathBuf>,
    found: Mutex<HashMap<String, Slot>>,
}

/// Where the answer for one host is made and kept.
type Slot = Arc<Flight<Option<Arc<Credential>>>>;

impl Credentials {
    pub(in crate::net) fn new(file: Option<PathBuf>) -> Self {
        Self { file, found: Mutex::default() }
    }

    /// The credential for `key`, asked for at most once.
    pub(in crate::net) async fn of(&self, key: &str) -> Result<Option<Arc<Credential>>, NetError> {
        let Some(file) = self.file.clone() else {
            return Ok(None);
        };
        let flight = {
            let mut found = self.found.lock().unwrap_or_else(PoisonError::into_inner);
            Arc::clone(found.entry(key.into()).or_default())
        };
        flight.get(|_| true, read(file, key.to_owned())).await
    }
}

async fn read(file: PathBuf, key: String) -> Result<Option<Arc<Credential>>, NetError> {
    let shown = file.display().to_string();
    let reading = tokio::task::spawn_blocking(move || read_blocking(&file, &key));
    match tokio::time::timeout(HELPER_TIMEOUT, reading).await {
        Ok(Ok(result)) => result.map(|credential| credential.map(Arc::new)),
        Ok(Err(_)) => Err(NetError::Configuration(format!("reading {shown} was interrupted"))),
        Err(_) => Err(NetError::Configuration(format!(
            "the credential helper that {shown} names did not answer within {} s",
            HELPER_TIMEOUT.as_secs()
        ))),
    }
}

fn read_blocking(file: &Path, key: &str) -> Result<Option<Credential>, NetError> {
    let shown = file.display();
    let wrong = |why: String| Err(NetError::Configuration(why));
    let reader = match std::fs::File::open(file) {
        Ok(opened) => std::io::BufReader::new(opened),
        Err(error) if matches!(error.kind(), ErrorKind::NotFound | ErrorKind::NotADirectory) => {
            return Ok(None);
        }
        Err(error) => {
            return wrong(format!("the Docker configuration {shown} cannot be read: {error}"));
        }
    };
    use CredentialRetrievalError as Error;
    match docker_credential::get_credential_from_reader(reader, key) {
        Ok(DockerCredential::IdentityToken(token)) => Ok(Some(Credential::Identity(token.into()))),
        Ok(DockerCredential::UsernamePassword(user, password)) if user.is_empty() && password.is_empty() => {
            Ok(None)
        }
        Ok(DockerCredential::UsernamePassword(user, password)) => {
            Ok(Some(Credential::Password(user, password.into())))
        }
        Err(Error::NoCredentialConfigured | Error::ConfigNotFound) => Ok(None),
        Err(Error::ConfigReadError) => wrong(format!("{shown} is not a Docker configuration")),
        Err(Error::CredentialDecodingError | Error::CredentialMismatchError) => {
            wrong(format!("the credential for {key} in {shown} cannot be decoded"))
        }
        // A helper says on standard output that it has nothing for this host. The rest of its words may be secrets.
        Err(Error::HelperFailure { stdout, stderr, .. })
            if [&stdout, &stderr].iter().any(|text| text.contains("credentials not found")) =>
        {
            Ok(None)
        }
        Err(Error::HelperFailure { helper, .. }) => {
            wrong(format!("`{helper}`, which {shown} names, failed for {key}"))
        }
        Err(Error::HelperCommunicationError) => {
            wrong(format!("the credential helper that {shown} names for {key} cannot be run"))
        }
        Err(Error::MalformedHelperResponse) => {
            wrong(format!("the credential helper that {shown} names for {key} gave no credential"))
        }
    }
}

#[cfg(test)]
mod tests {
    use std::io::Write as _;

    use secrecy::ExposeSecret as _;

    use super::*;

    async fn of(config: &str, key: &str) -> Result<Option<Arc<Credential>>, NetError> {
        let mut file = tempfile::NamedTempFile::new().unwrap();
        file.write_all(config.as_bytes()).unwrap();
        Credentials::new(Some(file.path().into())).of(key).await
    }

    #[tokio::test]
    async fn a_password_and_an_identity_token_are_found_and_not_shown() {
        let config = r#"{"auths": {"r.example": {"auth": "dXNlcjpodW50ZXIy"}, "i.example": {"identitytoken": "hunter2"}}}"#;
        let found = of(config, "r.example").await.unwrap().unwrap();
        assert!(!format!("{found:?}").contains("hunter2"));
        match &*found {
            Credential::Password(user, password) => {
                assert_eq!((user.as_str(), password.expose_secret()), ("user", "hunter2"))
            }
            Credential::Identity(_) => panic!("not an identity token"),
        }
        let found = of(config, "i.example").await.unwrap().unwrap();
        assert!(matches!(&*found, Credential::Identity(token) if token.expose_secret() == "hunter2"));
        assert!(of(config, "other.example").await.unwrap().is_none());
    }

    #[tokio::test]
    async fn no_file_is_no_credential_and_a_malformed_one_is_named() {
        assert!(Credentials::new(Some("/nonexistent/config.json".into())).of("x").await.unwrap().is_none());
        let malformed = of("{", "x").await.unwrap_err().to_string();
        assert!(
            malformed.contains("is not a Docker configuration") && malformed.contains("/"),
            "{malformed}"
        );
        let undecodable =
            of(r#"{"auths": {"x": {"auth": "%%hunter2"}}}"#, "x").await.unwrap_err().to_string();
        assert!(
            undecodable.contains("cannot be decoded") && !undecodable.contains("hunter2"),
            "{undecodable}"
        );
    }

    #[tokio::test]
    async fn a_helper_that_is_not_there_is_said() {
        let error = of(r#"{"credHelpers": {"x": "no-such-helper-anywhere"}}"#, "x").await.unwrap_err();
        assert!(error.to_string().contains("cannot be run"), "{error}");
    }
}
