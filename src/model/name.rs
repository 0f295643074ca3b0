//! Names that people give: of pins and of images.

use std::fmt;
use std::str::FromStr;

/// Why a text is not a name.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("`{0}` is not a name: expected lower-case letters, digits and `-`, starting with a letter or digit")]
pub struct NameError(String);

fn check(text: &str) -> Result<String, NameError> {
    let word = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit();
    let first = text.bytes().next().is_some_and(word);
    match first && text.bytes().all(|b| word(b) || b == b'-') {
        true => Ok(text.into()),
        false => Err(NameError(text.into())),
    }
}

macro_rules! name {
    ($(#[$doc:meta])* $type:ident) => {
        $(#[$doc])*
        #[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub struct $type(String);

        impl $type {
            /// The text.
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl FromStr for $type {
            type Err = NameError;

            fn from_str(text: &str) -> Result<Self, NameError> {
                check(text).map(Self)
            }
        }

        impl fmt::Display for $type {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.pad(&self.0)
            }
        }

        super::text_type!($type);

        impl<'de> serde::Deserialize<'de> for $type {
            fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                let text = String::deserialize(deserializer)?;
                text.parse().map_err(serde::de::Error::custom)
            }
        }
    };
}

name!(
    /// A pin's name: `[a-z0-9][a-z0-9-]*`.
    PinName
);
name!(
    /// The name of an image of the catalog, which is its folder's: `[a-z0-9][a-z0-9-]*`.
    ImageName
);
name!(
    /// The name of pins that are proposed together: `[a-z0-9][a-z0-9-]*`.
    GroupName
);

impl PinName {
    /// The build argument that carries the pin: `PIN_FIP_BASE` for `fip-base`.
    pub fn argument(&self) -> String {
        format!("PIN_{}", self.0.to_ascii_uppercase().replace('-', "_"))
    }

    /// The build arguments of a Debian pin: its time, and the digests of its `InRelease` files.
    pub fn debian_arguments(&self) -> [String; 2] {
        ["", "_INRELEASE"].map(|suffix| self.argument() + suffix)
    }

    /// The build arguments of an archive's file: its URL and its checksum.
    pub fn file_arguments(&self, architecture: Option<&super::Architecture>) -> [String; 2] {
        let of = architecture.map_or_else(String::new, |of| format!("_{}", of.argument()));
        ["", "_SHA256"].map(|suffix| self.argument() + &of + suffix)
    }

    /// The build argument of an archive's version.
    pub fn version_argument(&self) -> String {
        self.argument() + "_VERSION"
    }

    /// The build arguments of a git pin: its source, its commit and its tag.
    pub fn git_arguments(&self) -> [String; 3] {
        ["", "_COMMIT", "_TAG"].map(|suffix| self.argument() + suffix)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_become_arguments() {
        assert_eq!("fip-base2".parse::<PinName>().unwrap().argument(), "PIN_FIP_BASE2");
        for bad in ["", "-a", "A", "a_b", "a.b", "ä"] {
            assert!(bad.parse::<PinName>().is_err(), "{bad}");
        }
    }
}
