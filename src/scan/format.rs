//! What a file is, by its name.

/// The files that may name outside inputs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Format {
    /// A Dockerfile or Containerfile.
    Dockerfile,
    /// A Compose file.
    Compose,
    /// A kustomization or a component of one.
    Kustomization,
    /// `Chart.yaml`.
    Chart,
    /// Values of a Helm chart.
    Values,
    /// In a `templates` folder: Helm's if it has template markers, else as [`Format::Yaml`].
    Template,
    /// A bake file in HCL.
    BakeHcl,
    /// A bake file in JSON.
    BakeJson,
    /// A workflow of GitHub, Gitea or Forgejo.
    Workflow,
    /// `action.yml`.
    Action,
    /// A pipeline of GitLab.
    Gitlab,
    /// Any other YAML: a Kubernetes manifest if its text says so.
    Yaml,
    /// Any other JSON, likewise.
    Json,
}

/// What the file at a path is; the parts of the path are separated by `/`. `None` where it names no outside input.
pub fn of(path: &str) -> Option<Format> {
    let (folder, name) = path.rsplit_once('/').unwrap_or(("", path));
    let lower = name.to_ascii_lowercase();
    let in_folder = |wanted: &str| folder.split('/').any(|part| part == wanted);
    if is_dockerfile(name, &lower) {
        return Some(Format::Dockerfile);
    }
    if let Some(bake) = bake(&lower) {
        return Some(bake);
    }
    if name == "Kustomization" {
        return Some(Format::Kustomization);
    }
    let Some(stem) = lower.strip_suffix(".yaml").or(lower.strip_suffix(".yml")) else {
        return match lower.rsplit_once('.')?.1 {
            "json" => Some(Format::Json),
            "tpl" if in_folder("templates") => Some(Format::Template),
            _ => None,
        };
    };
    Some(match stem {
        "compose" => Format::Compose,
        "kustomization" => Format::Kustomization,
        "chart" => Format::Chart,
        "action" => Format::Action,
        _ if stem.starts_with("docker-compose") || stem.starts_with("compose.") => Format::Compose,
        _ if stem == ".gitlab-ci" || stem.ends_with(".gitlab-ci") => Format::Gitlab,
        _ if is_workflows(folder) => Format::Workflow,
        _ if in_folder("templates") => Format::Template,
        _ if stem.starts_with("values") || stem.ends_with("values") || in_folder("values") => Format::Values,
        _ => Format::Yaml,
    })
}

fn is_dockerfile(name: &str, lower: &str) -> bool {
    let named = |file: &str, title: &str| {
        // `Dockerfile.prod`, `Dockerfile-prod`, `dockerfile_prod`; `Dockerfile.go` is for Go, `dockerfile.go` is Go.
        let rest = lower.strip_prefix(file);
        let begins = rest.is_some_and(|rest| rest.is_empty() || rest.starts_with(['.', '-', '_']));
        let is_program = !name.starts_with(title) && ends_in(lower, &PROGRAMS);
        begins && !is_program && !ends_in(lower, &TEXTS)
            || lower.ends_with(file) && lower[..lower.len() - file.len()].ends_with('.')
    };
    // `Dockerfile.dockerignore` lists what is not sent to the builder.
    !ends_in(lower, &["dockerignore", "containerignore"])
        && (named("dockerfile", "Dockerfile.") || named("containerfile", "Containerfile."))
}

/// The endings of texts about Dockerfiles.
const TEXTS: [&str; 16] = [
    "adoc", "css", "csv", "html", "json", "lock", "md", "png", "rst", "snap", "svg", "toml", "vim", "xml",
    "yaml", "yml",
];

/// The endings of programs about Dockerfiles.
const PROGRAMS: [&str; 20] = [
    "c", "cc", "cpp", "cs", "go", "h", "java", "js", "kt", "lua", "php", "pl", "py", "rb", "rs", "scala",
    "sh", "swift", "ts", "tsx",
];

fn ends_in(name: &str, endings: &[&str]) -> bool {
    name.rsplit_once('.').is_some_and(|(_, ending)| endings.contains(&ending))
}

fn bake(name: &str) -> Option<Format> {
    let (stem, ending) = name.rsplit_once('.')?;
    let is_bake = matches!(stem, "docker-bake" | "docker-bake.override") || stem.ends_with(".bake");
    match ending {
        "hcl" if is_bake => Some(Format::BakeHcl),
        "json" if is_bake => Some(Format::BakeJson),
        _ => None,
    }
}

fn is_workflows(folder: &str) -> bool {
    let at = |forge: &str| {
        folder.strip_suffix(forge).is_some_and(|before| before.is_empty() || before.ends_with('/'))
    };
    [".github/workflows", ".gitea/workflows", ".forgejo/workflows"].into_iter().any(at)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_tell() {
        for (path, expected) in [
            ("Dockerfile", Some(Format::Dockerfile)),
            ("a/Dockerfile.dev", Some(Format::Dockerfile)),
            ("api.Dockerfile", Some(Format::Dockerfile)),
            ("api.dockerfile", Some(Format::Dockerfile)),
            ("Containerfile.x86", Some(Format::Dockerfile)),
            ("dockerfile.prod", Some(Format::Dockerfile)),
            ("Dockerfile-prod", Some(Format::Dockerfile)),
            ("a/Dockerfile_prod", Some(Format::Dockerfile)),
            ("DOCKERFILE", Some(Format::Dockerfile)),
            ("Containerfile-1.2", Some(Format::Dockerfile)),
            ("Dockerfile.build-ignore", Some(Format::Dockerfile)),
            ("Dockerfile.dockerignore", None),
            ("Containerfile.containerignore", None),
            ("Dockerfiles", None),
            ("dockerfile.go", None),
            ("Dockerfile.go", Some(Format::Dockerfile)),
            ("dockerfile-parse.js", None),
            ("Dockerfile_test.go", None),
            ("Dockerfile.md", None),
            ("dockerfile-service.yaml", Some(Format::Yaml)),
            ("compose.yaml", Some(Format::Compose)),
            ("a/docker-compose.prod.yml", Some(Format::Compose)),
            ("docker-compose-ci.yml", Some(Format::Compose)),
            ("compose.override.yml", Some(Format::Compose)),
            ("composer.yml", Some(Format::Yaml)),
            ("kustomization.yml", Some(Format::Kustomization)),
            ("k8s/Kustomization", Some(Format::Kustomization)),
            ("charts/a/Chart.yaml", Some(Format::Chart)),
            ("charts/a/values.yaml", Some(Format::Values)),
            ("values-prod.yml", Some(Format::Values)),
            ("ci/prod-values.yaml", Some(Format::Values)),
            ("a/values/prod.yaml", Some(Format::Values)),
            ("charts/a/templates/deployment.yaml", Some(Format::Template)),
            ("charts/a/templates/_helpers.tpl", Some(Format::Template)),
            ("docker-bake.hcl", Some(Format::BakeHcl)),
            ("docker-bake.override.json", Some(Format::BakeJson)),
            ("ci.bake.hcl", Some(Format::BakeHcl)),
            ("main.hcl", None),
            (".github/workflows/ci.yml", Some(Format::Workflow)),
            ("a/.github/workflows/ci.yaml", Some(Format::Workflow)),
            (".github/dependabot.yml", Some(Format::Yaml)),
            ("action.yml", Some(Format::Action)),
            (".gitlab-ci.yml", Some(Format::Gitlab)),
            ("ci/build.gitlab-ci.yml", Some(Format::Gitlab)),
            ("k8s/pod.json", Some(Format::Json)),
            ("README.md", None),
            ("", None),
        ] {
            assert_eq!(of(path), expected, "{path}");
        }
    }
}
