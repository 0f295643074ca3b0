//! The names under which images are built.

/// The repository of a name that is known only up to some place in its tag: `ghcr.io/acme/app:v`. `None` where the
/// repository itself may go on.
pub(super) fn begun(beginning: &str) -> Option<&str> {
    let slash = beginning.rfind('/').map_or(0, |slash| slash + 1);
    let colon = slash + beginning[slash..].find([':', '@'])?;
    (colon > slash).then(|| &beginning[..colon])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_tag_may_be_unknown() {
        for (beginning, name) in [
            ("ghcr.io/acme/app:", Some("ghcr.io/acme/app")),
            ("ghcr.io/acme/app:v1-", Some("ghcr.io/acme/app")),
            ("host:5000/app:x", Some("host:5000/app")),
            ("host:5000/app", None),
            ("ghcr.io/", None),
            (":", None),
            ("", None),
        ] {
            assert_eq!(begun(beginning), name, "{beginning}");
        }
    }
}
