//! Versions of Debian packages (policy manual, 5.6.12).

use std::cmp::Ordering;
use std::fmt;
use std::str::FromStr;

/// `[epoch:]upstream[-revision]`.
///
/// Two that dpkg holds for equal, such as `1.0` and `0:1.0-0`, compare as equal here.
#[derive(Clone)]
pub struct Version {
    text: String,
    epoch: u32,
    /// Where the upstream version is.
    start: usize,
    end: usize,
}

/// Why a text is not a version.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("`{text}` is not a version of a Debian package: {why}")]
pub struct VersionError {
    text: String,
    why: &'static str,
}

impl Version {
    /// As written.
    pub fn as_str(&self) -> &str {
        &self.text
    }

    fn upstream(&self) -> &str {
        &self.text[self.start..self.end]
    }

    fn revision(&self) -> &str {
        self.text.get(self.end + 1..).unwrap_or_default()
    }
}

impl FromStr for Version {
    type Err = VersionError;

    fn from_str(text: &str) -> Result<Self, VersionError> {
        let wrong = |why| VersionError { text: text.chars().take(80).collect(), why };
        let (epoch, start) = match text.split_once(':') {
            None => (0, 0),
            Some((epoch, _)) => {
                let digits = !epoch.is_empty() && epoch.bytes().all(|byte| byte.is_ascii_digit());
                // dpkg keeps it in a signed integer.
                let number = digits.then(|| epoch.parse::<i32>().ok()).flatten();
                let number = number.and_then(|number| u32::try_from(number).ok());
                (number.ok_or_else(|| wrong("its epoch is not a number"))?, epoch.len() + 1)
            }
        };
        let end = text[start..].rfind('-').map_or(text.len(), |at| start + at);
        let version = Self { text: text.into(), epoch, start, end };
        let consists_of = |part: &str, others: &[u8]| {
            part.bytes().all(|byte| byte.is_ascii_alphanumeric() || others.contains(&byte))
        };
        if !version.upstream().starts_with(|first: char| first.is_ascii_digit()) {
            return Err(wrong("it does not begin with a digit"));
        }
        if !consists_of(version.upstream(), b".+-~") {
            return Err(wrong("it has a character that no version has"));
        }
        if end < text.len() && (version.revision().is_empty() || !consists_of(version.revision(), b".+~")) {
            return Err(wrong("its revision is none"));
        }
        Ok(version)
    }
}

impl Ord for Version {
    fn cmp(&self, other: &Self) -> Ordering {
        self.epoch
            .cmp(&other.epoch)
            .then_with(|| compare(self.upstream(), other.upstream()))
            .then_with(|| compare(self.revision(), other.revision()))
    }
}

/// Text and numbers in turn: what is not a number is compared by characters, where `~` comes before everything, even the
/// end, and letters before the rest; numbers are compared as such, and none is zero.
fn compare(a: &str, b: &str) -> Ordering {
    let (mut a, mut b) = (a.as_bytes(), b.as_bytes());
    while !a.is_empty() || !b.is_empty() {
        let (text_a, text_b) = (until(a, u8::is_ascii_digit), until(b, u8::is_ascii_digit));
        let length = text_a.len().max(text_b.len());
        let rank = |text: &[u8], at: usize| text.get(at).map_or(0, |byte| weight(*byte));
        let text = (0..length).map(|at| rank(text_a, at).cmp(&rank(text_b, at))).find(|order| order.is_ne());
        if let Some(order) = text {
            return order;
        }
        (a, b) = (&a[text_a.len()..], &b[text_b.len()..]);
        let digits = |rest| until(rest, |byte: &u8| !byte.is_ascii_digit());
        let (number_a, number_b) = (digits(a), digits(b));
        (a, b) = (&a[number_a.len()..], &b[number_b.len()..]);
        let (number_a, number_b) = (significant(number_a), significant(number_b));
        let order = number_a.len().cmp(&number_b.len()).then_with(|| number_a.cmp(number_b));
        if order.is_ne() {
            return order;
        }
    }
    Ordering::Equal
}

fn until(text: &[u8], stop: impl Fn(&u8) -> bool) -> &[u8] {
    &text[..text.iter().position(stop).unwrap_or(text.len())]
}

/// A number without the zeros before it.
fn significant(digits: &[u8]) -> &[u8] {
    &digits[digits.iter().take_while(|digit| **digit == b'0').count()..]
}

fn weight(byte: u8) -> i32 {
    match byte {
        b'~' => -1,
        letter if letter.is_ascii_alphabetic() => i32::from(letter),
        other => i32::from(other) + 256,
    }
}

impl PartialOrd for Version {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl PartialEq for Version {
    fn eq(&self, other: &Self) -> bool {
        self.cmp(other).is_eq()
    }
}

impl Eq for Version {}

impl fmt::Display for Version {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

impl fmt::Debug for Version {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

#[cfg(test)]
mod tests {
    use std::process::Command;

    use proptest::prelude::*;
    use proptest::test_runner::{Config, RngAlgorithm, TestRng, TestRunner};

    use super::*;

    fn version(text: &str) -> Version {
        text.parse().unwrap()
    }

    #[test]
    fn what_is_no_version_is_refused() {
        for wrong in [
            "",
            "1:",
            "-1",
            "1-",
            "a",
            "1:-1",
            "x:1",
            ":1",
            "-1:1",
            "1 2",
            "1_2",
            "1:2:3",
            "2147483648:1",
            "ü",
        ] {
            assert!(wrong.parse::<Version>().is_err(), "{wrong}");
        }
        assert_eq!(version("1:2-3-4~5").upstream(), "2-3");
        assert_eq!(version("1:2-3-4~5").revision(), "4~5");
    }

    #[test]
    fn versions_are_ordered_as_the_policy_says() {
        let rising = [
            "0~~",
            "0~~a",
            "0~",
            "0",
            "0a",
            "0.",
            "1.2~rc1-1",
            "1.2-1~bpo",
            "1.2-1",
            "1.2-1+b1",
            "1.10",
            "1:0",
        ];
        for pair in rising.windows(2) {
            assert!(version(pair[0]) < version(pair[1]), "{pair:?}");
        }
        for (a, b) in [("1.", "1.0"), ("1", "0:1-0"), ("1.01", "1.1"), ("1-0", "1-")] {
            let Ok(b) = b.parse::<Version>() else { continue };
            assert_eq!(version(a), b);
        }
    }

    /// What dpkg says of two versions.
    fn dpkg(a: &str, b: &str) -> Ordering {
        let holds = |relation: &str| {
            Command::new("dpkg").args(["--compare-versions", a, relation, b]).status().unwrap().success()
        };
        match holds("lt") {
            true => Ordering::Less,
            false if holds("eq") => Ordering::Equal,
            false => Ordering::Greater,
        }
    }

    #[test]
    fn versions_are_ordered_as_dpkg_orders_them() {
        if Command::new("dpkg").arg("--version").output().is_err() {
            eprintln!("there is no dpkg on this machine to compare with");
            return;
        }
        let any = "([01]:)?[0-9][0-2a~.+]{0,3}(-[0-2b~.+]{1,3})?";
        let rng = TestRng::from_seed(RngAlgorithm::ChaCha, &[7; 32]);
        let config = Config { cases: 300, failure_persistence: None, ..Config::default() };
        let mut runner = TestRunner::new_with_rng(config, rng);
        let result = runner.run(&(any, any), |(a, b)| {
            prop_assert_eq!(version(&a).cmp(&version(&b)), dpkg(&a, &b), "{} {}", a, b);
            Ok(())
        });
        result.unwrap();
    }
}
