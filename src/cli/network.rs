//! Network settings from the repository's policy, the user's own file and the environment.

use std::path::{Path, PathBuf};

use secrecy::{ExposeSecret as _, SecretString};

use super::session::expand_home;
use crate::app::App;
use crate::catalog::{Network, TokenSource, parse_user};
use crate::document::SourceFile;
use crate::error::Error;
use crate::files;
use crate::net::{GitToken, NetError, Proxies, RegistrySettings, Settings, read_identity, read_pem};
use crate::workspace::Workspace;

/// Where Docker keeps certificates by host.
const CERTS_DIR: &str = "/etc/docker/certs.d";

/// What the client of a repository is told.
pub(super) fn settings(app: &App, workspace: &Workspace) -> Result<Settings, Error> {
    let network = workspace.catalog.policy.network.clone();
    let network = match read_user(app)? {
        Some(user) => network.with_user(user),
        None => network,
    };
    let path = |text: &String| expand_home(app, &workspace.root, text);
    let pem = |text: &String| read_pem(&path(text)).map_err(|error| unreadable(&error));
    let auth_file = |file: &Option<String>| file.as_ref().map(|file| existing(path(file))).transpose();
    let default = Settings::default();
    let mut settings = Settings {
        timeout: network.timeout.unwrap_or(default.timeout),
        max_delay: network.max_wait.unwrap_or(default.max_delay),
        git: network.git.iter().map(|mirror| (mirror.prefix.clone(), mirror.mirror.clone())).collect(),
        archives: network.archives.clone().into_iter().collect(),
        git_tokens: network.git_tokens.iter().map(|token| git_token(app, token)).collect(),
        git_folder: Some(workspace.root.clone()),
        ca: network.ca_files.iter().map(pem).collect::<Result<_, _>>()?,
        certificates: Some(network.certs_dir.as_ref().map_or(CERTS_DIR.into(), path)),
        docker_config: docker_config(app),
        auth_file: auth_file(&network.auth_file)?,
        ssh_command: app.variable("GIT_SSH_COMMAND").map(str::to_owned),
        proxies: Proxies::from_environment(|name| app.variable(name)).map_err(|error| {
            Error::usage(error.to_string()).hint("its value is not shown here: it may hold a password")
        })?,
        ..default
    };
    for (registry, policy) in &network.registries {
        let identity =
            policy.client.as_ref().map(|files| read_identity(&path(&files.cert), &path(&files.key)));
        let declared = RegistrySettings {
            mirror: policy.mirror.clone(),
            realm: policy.realm.clone(),
            ca: policy.ca.iter().map(pem).collect::<Result<_, _>>()?,
            identity: identity.transpose().map_err(|error| unreadable(&error))?,
            auth_file: auth_file(&policy.auth_file)?,
            plain_http: policy.plain_http == Some(true),
        };
        settings.registries.insert(registry.clone(), declared);
    }
    Ok(settings)
}

/// The user's own file, and every file and folder that settings of the network name.
pub(super) fn named_files(app: &App, workspace: &Workspace) -> Result<Vec<PathBuf>, Error> {
    let networks = [Some(workspace.catalog.policy.network.clone()), read_user(app)?];
    let mut named: Vec<PathBuf> = user_file(app).into_iter().collect();
    for mut network in networks.into_iter().flatten() {
        named.extend(network.paths_mut().map(|path| expand_home(app, &workspace.root, path)));
    }
    Ok(named)
}

/// A file that somebody named: one that is not there would be passed over in silence.
fn existing(file: PathBuf) -> Result<PathBuf, Error> {
    match file.is_file() {
        true => Ok(file),
        false => Err(Error::usage(format!("there is no file {}", file.display()))
            .hint("the configuration names it under `auth-file`")),
    }
}

fn unreadable(error: &NetError) -> Error {
    Error::usage(error.to_string())
        .hint("the configuration names it under `ca`, `ca-files`, `client-cert` or `client-key`")
}

/// `SOLERA_PIN_CONFIG`, or `solera-pin/config.toml` among the user's configuration; whether it is there or not.
pub(super) fn user_file(app: &App) -> Option<PathBuf> {
    let named = app.variable("SOLERA_PIN_CONFIG").map(PathBuf::from);
    let path = named.or_else(|| app.xdg("XDG_CONFIG_HOME", ".config", "solera-pin/config.toml"))?;
    Some(app.folder.join(path))
}

/// The user's own file. Paths in it are relative to it.
fn read_user(app: &App) -> Result<Option<Network>, Error> {
    let must_exist = app.variable("SOLERA_PIN_CONFIG").is_some();
    let Some(path) = user_file(app) else { return Ok(None) };
    let text = files::read_text(&path)
        .map_err(|error| Error::usage(format!("{} could not be read: {error}", path.display())))?;
    match text {
        None if must_exist => {
            Err(Error::usage(format!("SOLERA_PIN_CONFIG names {}, which does not exist", path.display())))
        }
        None => Ok(None),
        Some(text) => {
            let file = SourceFile::new(path.display().to_string(), &text);
            let mut network = parse_user(&file).map_err(Error::problems)?;
            let folder = path.parent().unwrap_or(Path::new("/"));
            for named in network.paths_mut() {
                *named = expand_home(app, folder, named).display().to_string();
            }
            for token in &mut network.git_tokens {
                if let TokenSource::File(path) = &mut token.source {
                    *path = expand_home(app, folder, path).display().to_string();
                }
            }
            Ok(Some(network))
        }
    }
}

/// A token as it is where the user's file says. That there is none concerns only who asks for what it is for.
fn git_token(app: &App, declared: &crate::catalog::GitToken) -> GitToken {
    let source = declared.source.to_string();
    let token = match &declared.source {
        TokenSource::Variable(name) => {
            let value = app.variable(name).map(SecretString::from);
            value.ok_or_else(|| format!("the token for it, {source}, is not there: the variable is not set"))
        }
        TokenSource::File(path) => match files::read_text(Path::new(path)) {
            Ok(Some(text)) => Ok(SecretString::from(text)),
            Ok(None) => Err(format!("the token for it, {source}, is not there: there is no such file")),
            Err(error) => Err(format!("the token for it, {source}, cannot be read: {error}")),
        },
    };
    let token = token.and_then(|text| {
        let token = text.expose_secret().trim();
        match !token.is_empty() && token.bytes().all(|byte| byte.is_ascii_graphic()) {
            true => Ok(SecretString::from(token)),
            false => Err(format!(
                "what {source} gives is no token: it is empty, or has white space or a character that is not ASCII in it"
            )),
        }
    });
    let source = format!("{source}, which your own file has for {}", declared.below);
    GitToken { below: declared.below.clone(), user: declared.user.clone(), token, source }
}

/// Where Docker, or else podman, keeps credentials.
fn docker_config(app: &App) -> Option<PathBuf> {
    if let Some(file) = app.variable("REGISTRY_AUTH_FILE") {
        return Some(app.folder.join(file));
    }
    let docker = match app.variable("DOCKER_CONFIG") {
        Some(folder) => Some(app.folder.join(folder)),
        None => app.variable("HOME").map(|home| Path::new(home).join(".docker")),
    };
    let docker = docker.map(|folder| folder.join("config.json"));
    let podman = app.variable("XDG_RUNTIME_DIR").map(|folder| Path::new(folder).join("containers/auth.json"));
    [docker, podman].into_iter().flatten().find(|file| file.is_file())
}
