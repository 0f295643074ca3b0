//! Paths as files write them.

/// A file in a folder, without what leads nowhere (`./`, `a/../`). Parts that lead out of where it starts stay.
pub(super) fn joined(folder: &str, file: &str) -> String {
    let absolute = file.starts_with('/');
    let folder = if absolute { "" } else { folder };
    let root = if absolute || folder.starts_with('/') { "/" } else { "" };
    let mut parts: Vec<&str> = Vec::new();
    for part in folder.split('/').chain(file.split('/')) {
        match part {
            "" | "." => {}
            ".." if parts.last().is_some_and(|last| *last != "..") => {
                parts.pop();
            }
            part => parts.push(part),
        }
    }
    format!("{root}{}", parts.join("/"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn joins() {
        for (folder, file, path) in [
            (".", "Dockerfile", "Dockerfile"),
            ("./a/", "Dockerfile", "a/Dockerfile"),
            ("a/b", "../c/Dockerfile", "a/c/Dockerfile"),
            ("..", "Dockerfile", "../Dockerfile"),
            ("a", "../../Dockerfile", "../Dockerfile"),
            ("a", "/x/Dockerfile", "/x/Dockerfile"),
            ("/a", "Dockerfile", "/a/Dockerfile"),
            ("", "", ""),
        ] {
            assert_eq!(joined(folder, file), path, "{folder} {file}");
        }
    }
}
