//! A company's network: a registry behind nginx, with a certificate of the company's own authority, that is only reached
//! through a proxy.

use crate::certs::Authority;
use crate::content::{Manifest, push_index};
use crate::forward::{Squid, Wants};
use crate::front::Front;
use crate::server::{AUTH, Access, PASSWORD, Registry};
use crate::skopeo::{Children, agrees};
use crate::workspace::Workspace;

/// The registry's name, which only the proxy can resolve.
pub(crate) const NAME: &str = "registry.cellar.test";
/// One on another domain.
pub(crate) const ELSEWHERE: &str = "tokens.bodega.test";
const BOTH: [&str; 2] = ["linux/amd64", "linux/arm64"];

/// A registry with one image, nginx before it, and a repository that asks there.
pub(crate) struct Company {
    pub(crate) authority: Authority,
    pub(crate) registry: Registry,
    pub(crate) image: Manifest,
    pub(crate) front: Front,
    pub(crate) workspace: Workspace,
}

impl Company {
    pub(crate) fn new(access: Access) -> Self {
        Self::with(access, &mut |authority, registry| {
            let certificate = authority.gives("registry", &format!("DNS:{NAME},IP:0.0.0.0"));
            Front::of(&certificate, registry.host())
        })
    }

    /// One whose nginx is made of the authority and the registry.
    pub(crate) fn with(access: Access, front: &mut dyn FnMut(&Authority, &Registry) -> Front) -> Self {
        let (authority, registry) = (Authority::new(), Registry::with(access));
        let image = push_index(&registry, "library/app", "1.0.0", &BOTH, "app");
        let front = front(&authority, &registry);
        let workspace = Workspace::new(&registry, "[pin.app]\nimage = \"app\"\ntrack = \"{version}\"\n");
        let company = Self { authority, registry, image, front, workspace };
        company.asks(&company.host(), &company.ca());
        company
    }

    /// `NAME:PORT`
    pub(crate) fn host(&self) -> String {
        format!("{NAME}:{}", self.front.port)
    }

    /// The authority as a registry's own.
    pub(crate) fn ca(&self) -> String {
        format!("ca = \"{}\"\n", self.authority.file().display())
    }

    /// Has `host` asked for the images of Docker Hub; `lines` are further lines of the configuration.
    pub(crate) fn asks(&self, host: &str, lines: &str) {
        let text = format!("[registries.\"docker.io\"]\nmirror = \"https://{host}\"\n{lines}");
        self.workspace.configure(&text);
    }

    /// A proxy that knows the company's names.
    pub(crate) fn proxy(&mut self) -> Squid {
        let squid = Squid::start(&[NAME, ELSEWHERE], &Wants::Nothing);
        self.workspace.set("HTTPS_PROXY", format!("http://{}", squid.host()));
        squid
    }

    /// A refresh locks what skopeo reads from the registry itself.
    #[track_caller]
    pub(crate) fn locks(&self) {
        let refreshed = self.workspace.run("refresh -v").ended(0);
        assert!(
            !refreshed.stderr.contains(PASSWORD) && !refreshed.stderr.contains(AUTH),
            "{}",
            refreshed.stderr
        );
        assert_eq!(self.workspace.pin("app").digest, self.image.digest());
        assert_eq!(self.workspace.pin("app").image, "docker.io/library/app", "the canonical name");
        assert_eq!(agrees(&self.registry, &self.workspace, Children::Served), 1);
    }
}

#[test]
fn a_registry_with_users_behind_tls_and_a_proxy() {
    let mut company = Company::new(Access::Password);
    let squid = company.proxy();
    let refused = company.workspace.run("refresh").ended(3);
    refused.says("wants a user and a password").says(&format!("docker login {}", company.host()));
    squid.was_asked(&format!("CONNECT {} - 200", company.host()));
    // The same login under the registry's own address, for skopeo.
    let (front, own) = (company.host(), company.registry.host().to_owned());
    company.workspace.log_in_at(&format!("{front}\": {{\"auth\": \"{AUTH}\"}}, \"{own}"), AUTH);
    company.locks();
    company.workspace.run("verify --upstream").ended(0);
    squid.was_asked(&format!("CONNECT {front} - 200"));
    // By its own name, which then is the one in the lock.
    company.workspace.configure(&format!("[registries.\"{front}\"]\n{}", company.ca()));
    company.workspace.declare(&format!("[pin.app]\nimage = \"{front}/library/app\"\ntrack = \"1.0.0\"\n"));
    company.workspace.run("refresh").ended(0);
    assert_eq!(company.workspace.pin("app").image, format!("{front}/library/app"));
    assert_eq!(company.workspace.pin("app").digest, company.image.digest());
}

#[test]
fn the_authority_is_that_of_the_registry_of_the_network_or_of_the_environment() {
    let mut company = Company::new(Access::Open);
    let _squid = company.proxy();
    company.locks();
    company.asks(&company.host(), "");
    company.workspace.run("refresh").ended(3).says("UnknownIssuer").says(&company.host());
    let file = company.authority.file();
    company.asks(&company.host(), &format!("[network]\nca-files = [\"{}\"]\n", file.display()));
    company.workspace.run("refresh").ended(0);
    company.asks(&company.host(), "");
    company.workspace.set("SSL_CERT_FILE", file);
    company.workspace.run("refresh").ended(0);
}

#[test]
fn the_authority_of_one_registry_is_not_anothers() {
    let mut company = Company::with(Access::Open, &mut |authority, registry| {
        let certificate = authority.gives("registry", &format!("DNS:{NAME},DNS:{ELSEWHERE}"));
        Front::of(&certificate, registry.host())
    });
    let _squid = company.proxy();
    let (one, other) = (company.host(), format!("{ELSEWHERE}:{}", company.front.port));
    company.workspace.configure(&format!("[registries.\"{one}\"]\n{}", company.ca()));
    company.workspace.declare(&format!(
        "[pin.one]\nimage = \"{one}/library/app\"\ntrack = \"1.0.0\"\n[pin.other]\nimage = \"{other}/library/app\"\n\
         track = \"1.0.0\"\n"
    ));
    let refreshed = company.workspace.run("refresh").ended(3);
    refreshed.says("UnknownIssuer").says(&other);
    assert_eq!(company.workspace.locked().into_keys().collect::<Vec<_>>(), ["one"]);
}

#[test]
fn a_certificate_that_is_wrong_is_told_apart() {
    for (names, expired, says) in [
        ("DNS:registry.cellar.test", false, ""),
        ("DNS:other.cellar.test", false, "not valid for name"),
        ("DNS:registry.cellar.test", true, "expired"),
    ] {
        let mut company = Company::with(Access::Open, &mut |authority, registry| {
            let certificate = match expired {
                true => authority.gave("registry", names),
                false => authority.gives("registry", names),
            };
            Front::of(&certificate, registry.host())
        });
        let _squid = company.proxy();
        match says {
            "" => company.locks(),
            _ => drop(company.workspace.run("refresh").ended(3).says(says).says(&company.host())),
        }
    }
}

#[test]
fn an_authority_that_is_another_is_told() {
    let mut company = Company::new(Access::Open);
    let _squid = company.proxy();
    // The second is what a company's authority was, before it was made anew under its name.
    for (name, says) in [("bodega", "UnknownIssuer"), ("cellar", "BadSignature")] {
        let other = Authority::named(name);
        company.asks(&company.host(), &format!("ca = \"{}\"\n", other.file().display()));
        let refused = company.workspace.run("refresh").ended(3);
        refused.says(says).says(&company.host()).says("name its certificate as `ca`");
        assert!(!company.workspace.path("pins.lock").exists());
    }
}
