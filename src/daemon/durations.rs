//! How long runs took, all that there ever were.

use serde::{Deserialize, Serialize};

/// The longest of each class, in seconds.
pub const BOUNDS: [f64; 8] = [1.0, 5.0, 15.0, 60.0, 300.0, 900.0, 3600.0, f64::INFINITY];

/// A histogram.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Durations {
    /// All of them together.
    pub seconds: f64,
    /// How many there were of each class of [`BOUNDS`].
    pub classes: [u64; BOUNDS.len()],
}

impl Durations {
    /// One more. A clock that was put back meanwhile makes none shorter than nothing.
    pub fn add(&mut self, seconds: f64) {
        let seconds = seconds.max(0.0);
        self.seconds += seconds;
        let class = BOUNDS.iter().position(|bound| seconds <= *bound).unwrap_or(BOUNDS.len() - 1);
        self.classes[class] += 1;
    }

    /// How many there were.
    pub fn count(&self) -> u64 {
        self.classes.iter().sum()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_is_in_one_class() {
        let mut all = Durations::default();
        for seconds in [-5.0, 0.5, 1.0, 1.5, 3600.0, 3601.0, 1e9] {
            all.add(seconds);
        }
        assert_eq!((all.classes, all.count()), ([3, 1, 0, 0, 0, 0, 1, 2], 7));
        assert!((all.seconds - (0.5 + 1.0 + 1.5 + 3600.0 + 3601.0 + 1e9)).abs() < 1e-3);
    }
}
