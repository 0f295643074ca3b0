//! Network settings from the repository's policy, the user's own file and the environment.

use std::path::{Path, PathBuf};

use crate::app::App;
use crate::catalog::{Network, parse_user};
use crate::document::SourceFile;
use crate::error::Error;
use crate::files;
use crate::net::{RegistrySettings, Settings};
use crate::workspace::Workspace;

/// What the client of a repository is told.
pub(super) fn settings(app: &App, workspace: &Workspace) -> Result<Settings, Error> {
    let network = workspace.catalog.policy.network.clone();
    let network = match read_user(app)? {
        Some(user) => network.with_user(user),
        None => network,
    };
    let pem = |path: &String| read_pem(&workspace.root.join(path));
    let default = Settings::default();
    let mut settings = Settings {
        timeout: network.timeout.unwrap_or(default.timeout),
        max_delay: network.max_wait.unwrap_or(default.max_delay),
        git: network.git.iter().map(|mirror| (mirror.prefix.clone(), mirror.mirror.clone())).collect(),
        ca_pem: network.ca_files.iter().map(pem).collect::<Result<_, _>>()?,
        docker_config: docker_config(app),
        ssh_command: app.variable("GIT_SSH_COMMAND").map(str::to_owned),
        ..default
    };
    for (registry, policy) in &network.registries {
        let declared = RegistrySettings {
            mirror: policy.mirror.clone(),
            realm: policy.realm.clone(),
            ca_pem: policy.ca.iter().map(pem).collect::<Result<_, _>>()?,
            plain_http: policy.plain_http,
        };
        settings.registries.insert(registry.clone(), declared);
    }
    Ok(settings)
}

/// `SOLERA_PIN_CONFIG`, or `solera-pin/config.toml` among the user's configuration. Paths in it are relative to it.
fn read_user(app: &App) -> Result<Option<Network>, Error> {
    let named = app.variable("SOLERA_PIN_CONFIG").map(PathBuf::from);
    let must_exist = named.is_some();
    let Some(path) = named.or_else(|| app.xdg("XDG_CONFIG_HOME", ".config", "solera-pin/config.toml")) else {
        return Ok(None);
    };
    let path = app.folder.join(path);
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
            let own = network.registries.values_mut().filter_map(|registry| registry.ca.as_mut());
            for ca in own.chain(&mut network.ca_files) {
                *ca = folder.join(&*ca).display().to_string();
            }
            Ok(Some(network))
        }
    }
}

fn read_pem(path: &Path) -> Result<Vec<u8>, Error> {
    std::fs::read(path).map_err(|error| {
        Error::usage(format!("the certificate file {} could not be read: {error}", path.display()))
            .hint("the configuration names it under `ca` or `ca-files`")
    })
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
