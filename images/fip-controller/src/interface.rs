//! Names of interfaces and the labels of their aliases, within the kernel's limits.

use std::fmt;

/// `IFNAMSIZ` is 16 bytes, and the last one ends the string. It holds for interface names and for labels.
pub const LONGEST_NAME: usize = 15;

/// The name of a network interface.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Interface(String);

impl Interface {
    /// Checks a name.
    ///
    /// This is narrower than the kernel, which takes nearly any byte: a name ends up in commands that a person
    /// pastes into a shell, so only characters that mean nothing there are allowed.
    pub fn new(name: &str) -> Result<Self, InterfaceError> {
        let allowed = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '_' | '-');
        if name.is_empty() {
            Err(InterfaceError::Empty)
        } else if let Some(character) = name.chars().find(|&c| !allowed(c)) {
            Err(InterfaceError::Character { name: name.into(), character })
        } else if name.len() > LONGEST_NAME {
            Err(InterfaceError::TooLong { name: name.into() })
        } else if name.starts_with('-') || name == "." || name == ".." {
            Err(InterfaceError::Reserved { name: name.into() })
        } else {
            Ok(Self(name.into()))
        }
    }

    /// The name as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The label of the alias with this number: `eth0` and 2 make `eth0:fip2`.
    pub fn label(&self, number: usize) -> Result<Label, LabelError> {
        let label = format!("{}:fip{number}", self.0);
        if label.len() > LONGEST_NAME { Err(LabelError { label }) } else { Ok(Label(label)) }
    }
}

impl fmt::Display for Interface {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// The label of an IPv4 alias, by which older tools show it as an interface of its own.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Label(String);

impl fmt::Display for Label {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// Why a text is no interface name.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum InterfaceError {
    /// There is no name.
    Empty,
    /// A character that is not allowed.
    Character {
        /// The text that was given.
        name: String,
        /// The first character that is not allowed.
        character: char,
    },
    /// More bytes than the kernel takes.
    TooLong {
        /// The text that was given.
        name: String,
    },
    /// A name that the kernel keeps for itself, or that `ip` would read as an option.
    Reserved {
        /// The text that was given.
        name: String,
    },
}

impl fmt::Display for InterfaceError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Empty => write!(f, "the interface name is empty; expected a name such as eth0"),
            Self::Character { name, character: ':' } => write!(
                f,
                "{name:?} is a label, not an interface; expected the name before the colon, such as eth0"
            ),
            Self::Character { name, character } => write!(
                f,
                "{name:?} has the character {character:?}; expected ASCII letters, digits, '.', '_' and '-'"
            ),
            Self::TooLong { name } => write!(
                f,
                "{name:?} has {} characters; expected at most {LONGEST_NAME}, the kernel's limit",
                name.len()
            ),
            Self::Reserved { name } => {
                write!(f, "{name:?} cannot name an interface; expected a name such as eth0")
            }
        }
    }
}

impl std::error::Error for InterfaceError {}

/// A label over the kernel's limit.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LabelError {
    label: String,
}

impl fmt::Display for LabelError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "the label {} has {} characters; expected at most {LONGEST_NAME}, the kernel's limit: use a shorter \
             interface name, or --no-labels",
            self.label,
            self.label.len()
        )
    }
}

impl std::error::Error for LabelError {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_in_use_are_accepted() {
        for name in
            ["eth0", "lo", "enp0s31f6", "br-1a2b3c4d5e6f", "bond0.100", "wg_home", "a", "123456789012345"]
        {
            assert_eq!(Interface::new(name).as_ref().map(Interface::as_str), Ok(name));
        }
    }

    #[test]
    fn a_name_has_at_most_15_characters() {
        assert!(Interface::new("abcdefghijklmno").is_ok());
        let error = Interface::new("abcdefghijklmnop").unwrap_err();
        assert_eq!(
            error.to_string(),
            "\"abcdefghijklmnop\" has 16 characters; expected at most 15, the kernel's limit"
        );
    }

    #[test]
    fn what_a_shell_or_the_kernel_reads_otherwise_is_refused() {
        for name in
            ["eth0;reboot", "eth 0", "a/b", "$(id)", "eth0@if3", "été", "a\nb", "-eth0", ".", "..", ""]
        {
            assert!(Interface::new(name).is_err(), "{name:?}");
        }
    }

    #[test]
    fn a_label_in_the_place_of_a_name_is_explained() {
        let error = Interface::new("eth0:fip0").unwrap_err();
        assert!(error.to_string().contains("is a label"), "{error}");
    }

    #[test]
    fn labels_are_numbered_and_limited() {
        let interface = Interface::new("enp0s31f6x").unwrap();
        assert_eq!(interface.label(9).map(|label| label.to_string()), Ok("enp0s31f6x:fip9".into()));
        let error = interface.label(10).unwrap_err();
        assert!(error.to_string().starts_with("the label enp0s31f6x:fip10 has 16 characters"), "{error}");
    }
}
