//! The user's credentials, from the Docker configuration and the helpers that it names.
//!
//! Which entry counts is decided here, as podman does it, whose file has the same form: a helper of the registry, the
//! entry of the longest part of `registry/repository`, the registry's own in any of its spellings, the store of all.
//! The library decodes the entry, or runs the helper.

use std::collections::{BTreeMap, HashMap};
use std::io::ErrorKind;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use docker_credential::{CredentialRetrievalError, DockerCredential};
use secrecy::{ExposeSecret as _, SecretString};
use serde::Deserialize;
use serde_json::json;

use crate::net::NetError;
use crate::net::error::seconds;
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

/// Where a credential is kept.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(in crate::net) enum Login {
    /// In the file itself, under this key.
    Entry(String),
    /// With a helper, under the first of these names that it knows.
    Helper(String, Vec<String>),
}

/// The Docker configuration, read when a host first wants a credential.
#[derive(Debug)]
pub(in crate::net) struct Credentials {
    file: Option<PathBuf>,
    timeout: Duration,
    configuration: Flight<Arc<Configuration>>,
    found: Mutex<HashMap<Login, Slot>>,
}

/// Where the credential of one login is made and kept. A failure is kept too: a helper that hangs does so once a run.
type Slot = Arc<Flight<Result<Option<Arc<Credential>>, NetError>>>;

/// What of the file is about credentials.
#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct Configuration {
    auths: Option<BTreeMap<String, Option<Entry>>>,
    creds_store: Option<String>,
    cred_helpers: Option<BTreeMap<String, String>>,
}

/// What is stored under one key. `docker logout` and stores leave empty ones behind.
#[derive(Debug, Deserialize)]
struct Entry {
    auth: Option<SecretString>,
    username: Option<String>,
    password: Option<SecretString>,
    identitytoken: Option<SecretString>,
}

impl Credentials {
    pub(in crate::net) fn new(file: Option<PathBuf>) -> Self {
        let (configuration, found) = (Flight::default(), Mutex::default());
        Self { file, timeout: HELPER_TIMEOUT, configuration, found }
    }

    /// Where the credential for the repository `name` is, of the host that has these names.
    pub(in crate::net) async fn find(&self, names: &[String], name: &str) -> Result<Option<Login>, NetError> {
        Ok(self.configuration().await?.and_then(|configuration| configuration.find(names, name)))
    }

    /// The file.
    pub(in crate::net) fn file(&self) -> Option<&Path> {
        self.file.as_deref()
    }

    /// What is kept there, asked for at most once.
    pub(in crate::net) async fn read(
        &self,
        login: Option<Login>,
    ) -> Result<Option<Arc<Credential>>, NetError> {
        let (Some(login), Some(file), Some(configuration)) =
            (login, self.file.clone(), self.configuration().await?)
        else {
            return Ok(None);
        };
        let flight = {
            let mut found = self.found.lock().unwrap_or_else(PoisonError::into_inner);
            Arc::clone(found.entry(login.clone()).or_default())
        };
        let what = match &login {
            Login::Entry(key) => format!("the credential for {key} in {}", file.display()),
            Login::Helper(helper, _) => {
                format!("the credential helper `{helper}` that {} names", file.display())
            }
        };
        let read = move || configuration.read(&file, &login).map(|found| found.map(Arc::new));
        flight.get(|_| true, async { Ok(apart(self.timeout, what, read).await) }).await?
    }

    async fn configuration(&self) -> Result<Option<Arc<Configuration>>, NetError> {
        let Some(file) = self.file.clone() else {
            return Ok(None);
        };
        let what = format!("the Docker configuration {}", file.display());
        let read = apart(self.timeout, what, move || Configuration::load(&file).map(Arc::new));
        self.configuration.get(|_| true, read).await.map(Some)
    }
}

/// Does `work` on a thread that nothing waits for: one that hangs ends with the process.
async fn apart<T: Send + 'static>(
    timeout: Duration,
    what: String,
    work: impl FnOnce() -> Result<T, NetError> + Send + 'static,
) -> Result<T, NetError> {
    let (done, answer) = tokio::sync::oneshot::channel();
    let thread = std::thread::Builder::new().name("credentials".into());
    let begun = thread.spawn(move || {
        // Who asked may have gone.
        let _ = done.send(work());
    });
    let why = match (begun, tokio::time::timeout(timeout, answer).await) {
        (Ok(_), Ok(Ok(answer))) => return answer,
        (Ok(_), Ok(Err(_))) => "was not read: it was interrupted".into(),
        (Ok(_), Err(_)) => format!("did not answer within {}", seconds(timeout)),
        (Err(error), _) => format!("was not read: {error}"),
    };
    Err(NetError::Configuration(format!("{what} {why}")))
}

impl Configuration {
    fn load(file: &Path) -> Result<Self, NetError> {
        let shown = file.display();
        match std::fs::read(file) {
            // The parser's own message would quote what it read.
            Ok(text) => serde_json::from_slice(&text)
                .map_err(|_| NetError::Configuration(format!("{shown} is not a Docker configuration"))),
            Err(error) if matches!(error.kind(), ErrorKind::NotFound | ErrorKind::NotADirectory) => {
                Ok(Self::default())
            }
            Err(error) => Err(NetError::Configuration(format!(
                "the Docker configuration {shown} cannot be read: {error}"
            ))),
        }
    }

    fn find(&self, names: &[String], name: &str) -> Option<Login> {
        let helper =
            |host: &String| self.cred_helpers.as_ref()?.get(host).filter(|helper| !helper.is_empty());
        if let Some((host, helper)) = names.iter().find_map(|host| Some((host, helper(host)?))) {
            return Some(Login::Helper(helper.clone(), vec![host.clone()]));
        }
        let parts = std::iter::successors(Some(name), |part| Some(part.rsplit_once('/')?.0));
        let parts = parts.flat_map(|part| names.iter().map(move |host| format!("{host}/{part}")));
        let exact = parts.chain(names.iter().cloned()).find(|key| self.entry(key).is_some());
        let spelt = || {
            let keys = self.auths.iter().flatten().map(|(key, _)| key);
            let mut own = keys.filter(|key| names.iter().any(|name| host_of_url(key) == Some(name)));
            own.find(|key| self.entry(key).is_some()).cloned()
        };
        let store = || {
            let store = self.creds_store.clone().filter(|store| !store.is_empty())?;
            Some(Login::Helper(store, names.to_vec()))
        };
        exact.or_else(spelt).map(Login::Entry).or_else(store)
    }

    /// The entry under `key`, if it says anything.
    fn entry(&self, key: &str) -> Option<&Entry> {
        self.auths.as_ref()?.get(key)?.as_ref().filter(|entry| entry.says_something())
    }

    /// Decodes an entry, or runs a helper.
    fn read(&self, file: &Path, login: &Login) -> Result<Option<Credential>, NetError> {
        match login {
            Login::Entry(key) => match self.entry(key) {
                Some(entry) => credential(file, key, &json!({"auths": {key: entry.as_json()}})),
                None => Ok(None),
            },
            Login::Helper(helper, names) => {
                for name in names {
                    let found = credential(file, name, &json!({"credHelpers": {name: helper}}))?;
                    if found.is_some() {
                        return Ok(found);
                    }
                }
                Ok(None)
            }
        }
    }
}

/// The host of a key that is a URL, as older clients wrote them.
fn host_of_url(key: &str) -> Option<&str> {
    let rest = key.strip_prefix("https://").or_else(|| key.strip_prefix("http://"))?;
    rest.split('/').next()
}

impl Entry {
    fn says_something(&self) -> bool {
        let has =
            |secret: &Option<SecretString>| secret.as_ref().is_some_and(|s| !s.expose_secret().is_empty());
        let named = self.username.as_ref().is_some_and(|user| !user.is_empty());
        has(&self.auth) || has(&self.identitytoken) || (named && has(&self.password))
    }

    /// As the library reads it, to whom an empty text is one that cannot be decoded.
    fn as_json(&self) -> serde_json::Value {
        let text = |secret: &Option<SecretString>| {
            secret.as_ref().map(|s| s.expose_secret().to_owned()).filter(|text| !text.is_empty())
        };
        json!({
            "auth": text(&self.auth),
            "username": self.username,
            "password": text(&self.password),
            "identitytoken": text(&self.identitytoken),
        })
    }
}

/// The credential for `key` in a configuration that has nothing else.
fn credential(
    file: &Path,
    key: &str,
    configuration: &serde_json::Value,
) -> Result<Option<Credential>, NetError> {
    let shown = file.display();
    let wrong = |why: String| Err(NetError::Configuration(why));
    use CredentialRetrievalError as Error;
    match docker_credential::get_credential_from_reader(configuration.to_string().as_bytes(), key) {
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

    use super::*;

    async fn of(config: &str, key: &str) -> Result<Option<Arc<Credential>>, NetError> {
        let mut file = tempfile::NamedTempFile::new().unwrap();
        file.write_all(config.as_bytes()).unwrap();
        let credentials = Credentials::new(Some(file.path().into()));
        let login = credentials.find(&[key.into()], "a").await?;
        credentials.read(login).await
    }

    /// Where the credential for a repository of `names` is.
    fn login(config: &str, names: &[&str], name: &str) -> String {
        let configuration: Configuration = serde_json::from_str(config).unwrap();
        let names: Vec<String> = names.iter().map(|name| (*name).into()).collect();
        match configuration.find(&names, name) {
            Some(Login::Entry(key)) => key,
            Some(Login::Helper(helper, names)) => format!("{helper} {}", names.join(",")),
            None => "none".into(),
        }
    }

    #[test]
    fn docker_hub_has_several_names() {
        let hub = ["https://index.docker.io/v1/", "index.docker.io", "docker.io", "registry-1.docker.io"];
        for key in hub.iter().chain(&["https://index.docker.io", "http://docker.io/v2/"]) {
            let config = json!({"auths": {*key: {"auth": "x"}, "docker.io.evil.example": {"auth": "x"}}});
            assert_eq!(login(&config.to_string(), &hub, "library/rust"), *key);
        }
        let podman = r#"{"credHelpers": {"docker.io": "pass"}, "credsStore": "all"}"#;
        assert_eq!(login(podman, &hub, "library/rust"), "pass docker.io");
        let part =
            r#"{"auths": {"docker.io/acme": {"auth": "x"}, "https://index.docker.io/v1/": {"auth": "y"}}}"#;
        assert_eq!(login(part, &hub, "acme/app"), "docker.io/acme");
        assert_eq!(login(part, &hub, "library/rust"), hub[0]);
    }

    #[test]
    fn the_longest_part_of_a_name_goes_first_and_an_empty_entry_counts_as_none() {
        let all = r#"{"auths": {"q.io/acme/app": {"auth": "x"}, "q.io/acme": {"auth": "x"},
            "q.io": {"auth": "x"}, "https://q.io/acme/tool": {"auth": "x"}}}"#;
        for (name, key) in [
            ("acme/app", "q.io/acme/app"),
            ("acme/app/sub", "q.io/acme/app"),
            ("acme/app2", "q.io/acme"),
            ("acme", "q.io/acme"),
            ("acme2/app", "q.io"),
        ] {
            assert_eq!(login(all, &["q.io"], name), key, "{name}");
            assert_eq!(login(all, &["q.io:1"], name), "none");
        }
        let empty = r#"{"auths": {"q.io/a": {"auth": ""}, "q.io": {}, "r.io": null, "s.io": {"username": "u"}},
            "credHelpers": {"h.io": ""}"#;
        let with = |rest: &str| format!("{empty}{rest}}}");
        for host in ["q.io", "r.io", "s.io", "h.io"] {
            assert_eq!(login(&with(""), &[host], "a/b"), "none");
            assert_eq!(login(&with(r#", "credsStore": """#), &[host], "a/b"), "none");
            assert_eq!(login(&with(r#", "credsStore": "all""#), &[host], "a/b"), format!("all {host}"));
        }
    }

    /// A pipe that nobody writes to is what a helper is that waits for somebody who has gone home.
    #[test]
    fn what_hangs_is_not_waited_for() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("config.json");
        assert!(std::process::Command::new("mkfifo").arg(&file).status().unwrap().success());
        let begun = std::time::Instant::now();
        let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build().unwrap();
        let mut credentials = Credentials::new(Some(file));
        credentials.timeout = Duration::from_millis(20);
        let error = runtime.block_on(credentials.find(&["r.example".into()], "a")).unwrap_err();
        assert!(error.to_string().contains("did not answer within 20 ms"), "{error}");
        drop(runtime);
        assert!(begun.elapsed() < Duration::from_secs(5));
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
        let nowhere = Credentials::new(Some("/nonexistent/config.json".into()));
        assert_eq!(nowhere.find(&["x".into()], "a").await, Ok(None));
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
