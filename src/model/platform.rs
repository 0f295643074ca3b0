//! Platforms, normalised as containerd does: `linux/arm64/v8` is `linux/arm64`.

use std::fmt;
use std::str::FromStr;

/// `os/architecture[/variant]`; never the host's own, always what was declared or served.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Platform {
    os: String,
    architecture: String,
    variant: Option<String>,
}

/// Why a text is not a platform.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "`{0}` is not a platform: expected `os/architecture` or `os/architecture/variant`, such as `linux/arm64`"
)]
pub struct PlatformError(String);

impl Platform {
    /// From the fields of an image index or image configuration.
    pub fn new(os: &str, architecture: &str, variant: Option<&str>) -> Result<Self, PlatformError> {
        match variant {
            Some(variant) if !variant.is_empty() => format!("{os}/{architecture}/{variant}").parse(),
            _ => format!("{os}/{architecture}").parse(),
        }
    }

    /// Such as `linux`.
    pub fn os(&self) -> &str {
        &self.os
    }

    /// In Go's words: `amd64`, `arm64`, `arm`, `386` …
    pub fn architecture(&self) -> &str {
        &self.architecture
    }

    /// Such as `v7`; absent where it is the architecture's default.
    pub fn variant(&self) -> Option<&str> {
        self.variant.as_deref()
    }

    /// `unknown/unknown`: the children of an index that are attestations.
    pub fn is_unknown(&self) -> bool {
        self.os == "unknown" || self.architecture == "unknown"
    }
}

impl FromStr for Platform {
    type Err = PlatformError;

    fn from_str(text: &str) -> Result<Self, PlatformError> {
        let lower = text.to_ascii_lowercase();
        let parts: Vec<&str> = lower.split('/').collect();
        let word = |part: &&str| {
            !part.is_empty()
                && part.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'.' | b'_' | b'-'))
        };
        if !parts.iter().all(word) {
            return Err(PlatformError(text.into()));
        }
        let (os, architecture, variant) = match parts[..] {
            [os, architecture] => (os, architecture, None),
            [os, architecture, variant] => (os, architecture, Some(variant)),
            _ => return Err(PlatformError(text.into())),
        };
        let (architecture, variant) = normalise(architecture, variant);
        Ok(Self { os: os.into(), architecture: architecture.into(), variant: variant.map(Into::into) })
    }
}

fn normalise<'a>(architecture: &'a str, variant: Option<&'a str>) -> (&'a str, Option<&'a str>) {
    match (architecture, variant) {
        ("x86_64" | "x86-64" | "amd64", None | Some("v1")) => ("amd64", None),
        ("x86_64" | "x86-64" | "amd64", variant) => ("amd64", variant),
        ("i386" | "i486" | "i586" | "i686" | "386", _) => ("386", None),
        ("aarch64" | "arm64", None | Some("8" | "v8")) => ("arm64", None),
        ("aarch64" | "arm64", variant) => ("arm64", variant),
        ("armhf", _) | ("arm", None | Some("7")) => ("arm", Some("v7")),
        ("armel", _) | ("arm", Some("6")) => ("arm", Some("v6")),
        ("arm", Some("5")) => ("arm", Some("v5")),
        other => other,
    }
}

impl fmt::Display for Platform {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.os, self.architecture)?;
        match &self.variant {
            Some(variant) => write!(f, "/{variant}"),
            None => Ok(()),
        }
    }
}

super::text_type!(Platform);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_platform_has_one_spelling() {
        for (text, normal) in [
            ("linux/arm64/v8", "linux/arm64"),
            ("linux/aarch64", "linux/arm64"),
            ("Linux/x86_64", "linux/amd64"),
            ("linux/amd64/v3", "linux/amd64/v3"),
            ("linux/arm", "linux/arm/v7"),
            ("linux/arm/v5", "linux/arm/v5"),
            ("linux/i386", "linux/386"),
            ("windows/amd64", "windows/amd64"),
        ] {
            assert_eq!(text.parse::<Platform>().unwrap().to_string(), normal);
        }
        for bad in ["linux", "", "linux/", "a/b/c/d", "linux/ amd64"] {
            assert!(bad.parse::<Platform>().is_err(), "{bad}");
        }
    }

    #[test]
    fn attestations_are_known_by_their_platform() {
        assert!(Platform::new("unknown", "unknown", None).unwrap().is_unknown());
    }
}
