//! Where the user's credentials are: several files of one form, each looked into where those before it have nothing.

use std::sync::Arc;

use super::credentials::{Credential, Credentials, Login as Within};
use crate::model::Registry;
use crate::net::settings::Settings;
use crate::net::{Endpoint, NetError};

/// The files, in the order in which they are looked into.
#[derive(Debug)]
pub(in crate::net) struct Places(Vec<Place>);

/// One file; for one registry alone, if it was declared for that.
#[derive(Debug)]
struct Place {
    only: Option<Registry>,
    credentials: Credentials,
}

/// Where a credential is kept: in which of the files, and where in it.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(in crate::net) struct Login {
    place: usize,
    within: Within,
}

impl Places {
    /// A registry's own file, the one of all registries, and the Docker configuration.
    pub(in crate::net) fn new(settings: &Settings) -> Self {
        let own = settings
            .registries
            .iter()
            .filter_map(|(registry, declared)| Some((Some(registry.clone()), declared.auth_file.clone()?)));
        let all = [&settings.auth_file, &settings.docker_config].into_iter().flatten();
        let files = own.chain(all.map(|file| (None, file.clone())));
        Self(files.map(|(only, file)| Place { only, credentials: Credentials::new(Some(file)) }).collect())
    }

    /// Where the credential for the repository `name` of `endpoint` is.
    pub(in crate::net) async fn find(
        &self,
        endpoint: &Endpoint,
        name: &str,
    ) -> Result<Option<Login>, NetError> {
        let names = endpoint.logins();
        for (place, Place { only, credentials }) in self.0.iter().enumerate() {
            if only.as_ref().is_some_and(|only| only != endpoint.registry()) {
                continue;
            }
            if let Some(within) = credentials.find(&names, name).await? {
                return Ok(Some(Login { place, within }));
            }
        }
        Ok(None)
    }

    /// Where a credential is kept, in words.
    pub(in crate::net) fn place(&self, login: &Login) -> String {
        let file = self.0.get(login.place).and_then(|place| place.credentials.file());
        let file = file.map(|file| file.display().to_string()).unwrap_or_default();
        match &login.within {
            Within::Entry(key) => format!("under `{key}` in {file}"),
            Within::Helper(helper, _) => format!("with the helper `{helper}` that {file} names"),
        }
    }

    /// What is kept there, asked for at most once.
    pub(in crate::net) async fn read(
        &self,
        login: Option<Login>,
    ) -> Result<Option<Arc<Credential>>, NetError> {
        match login.and_then(|login| Some((self.0.get(login.place)?, login.within))) {
            Some((place, within)) => place.credentials.read(Some(within)).await,
            None => Ok(None),
        }
    }
}

#[cfg(test)]
mod tests {
    use secrecy::ExposeSecret as _;

    use super::*;
    use crate::net::RegistrySettings;

    #[tokio::test]
    #[expect(clippy::disallowed_methods, reason = "a test makes its own files")]
    async fn a_registrys_own_file_goes_first_and_docker_configuration_last() {
        let folder = tempfile::tempdir().unwrap();
        // `u:` and the name of the file
        let write = |name: &str, auth: &str, hosts: &[&str]| {
            let entries: Vec<String> =
                hosts.iter().map(|host| format!("\"{host}\": {{\"auth\": \"{auth}\"}}")).collect();
            let file = folder.path().join(name);
            std::fs::write(&file, format!("{{\"auths\": {{{}}}}}", entries.join(","))).unwrap();
            Some(file)
        };
        let own = RegistrySettings {
            auth_file: write("own", "dTpvd24=", &["a.example", "b.example"]),
            ..Default::default()
        };
        let settings = Settings {
            registries: [("a.example".parse().unwrap(), own)].into(),
            auth_file: write("all", "dTphbGw=", &["a.example", "b.example"]),
            docker_config: write("docker", "dTpkb2NrZXI=", &["a.example", "b.example", "c.example"]),
            ..Settings::default()
        };
        let places = Places::new(&settings);
        for (registry, password) in
            [("a.example", "own"), ("b.example", "all"), ("c.example", "docker"), ("d.example", "none")]
        {
            let endpoint = Endpoint::of(&registry.parse().unwrap(), &settings).unwrap();
            let login = places.find(&endpoint, "x").await.unwrap();
            let found = match places.read(login).await.unwrap().as_deref() {
                Some(Credential::Password(_, password)) => password.expose_secret().to_owned(),
                _ => "none".into(),
            };
            assert_eq!(found, password, "{registry}");
        }
    }
}
