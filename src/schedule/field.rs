//! One field of a cron expression: numbers, names, ranges, steps and lists of them.

use super::CronError;

/// The values that a field names.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Field {
    /// A bit for each.
    values: u64,
    /// Whether it begins with a star: crontab(5) asks for that, and not for what it amounts to.
    pub(super) star: bool,
}

/// What a field may hold.
pub(super) struct Kind {
    pub(super) name: &'static str,
    pub(super) first: u8,
    pub(super) last: u8,
    /// Words for the values, from the first on.
    pub(super) words: &'static [&'static str],
}

impl Field {
    pub(super) fn has(self, value: u8) -> bool {
        self.values >> value & 1 == 1
    }

    /// The values, the smallest first.
    pub(super) fn values(self) -> impl Iterator<Item = u8> {
        (0..64).filter(move |value| self.has(*value))
    }

    /// What stands for the same day of the week twice is one value.
    pub(super) fn folded(self, from: u8, to: u8) -> Self {
        let is_there = u64::from(self.has(from));
        Self { values: self.values & !(1 << from) | is_there << to, ..self }
    }
}

impl Kind {
    pub(super) fn read(&self, text: &str) -> Result<Field, CronError> {
        let mut values = 0;
        for part in text.split(',') {
            values |= self.part(part)?;
        }
        Ok(Field { values, star: text.starts_with('*') })
    }

    fn part(&self, part: &str) -> Result<u64, CronError> {
        let (range, step) = match part.split_once('/') {
            None => (part, None),
            Some((range, step)) => (range, Some(step)),
        };
        let (first, last) = match range.split_once('-') {
            _ if range == "*" => (self.first, self.last),
            Some((first, last)) => (self.value(first, part)?, self.value(last, part)?),
            None if step.is_some() => {
                return Err(self.wrong(part, "a step follows a range or a star, as in 5-59/10"));
            }
            None => {
                let value = self.value(range, part)?;
                (value, value)
            }
        };
        if first > last {
            return Err(self.wrong(part, "the range ends before it begins"));
        }
        let step = match step {
            None => 1,
            Some(step) => match step.parse::<u8>() {
                Ok(step) if step > 0 && step <= self.last => step,
                _ => return Err(self.wrong(part, &format!("a step is a number from 1 to {}", self.last))),
            },
        };
        Ok((first..=last).step_by(step.into()).fold(0, |values, value| values | 1 << value))
    }

    fn value(&self, text: &str, part: &str) -> Result<u8, CronError> {
        let word = self.words.iter().position(|word| word.eq_ignore_ascii_case(text));
        if let Some(value) = word.and_then(|at| u8::try_from(at).ok()) {
            return Ok(self.first + value);
        }
        let is_number = !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
        match text.parse::<u8>() {
            Ok(value) if is_number && (self.first..=self.last).contains(&value) => Ok(value),
            _ => Err(self.wrong(part, &format!("its values are {} to {}", self.first, self.last))),
        }
    }

    fn wrong(&self, part: &str, why: &str) -> CronError {
        CronError::Field { field: self.name, part: part.to_owned(), why: why.to_owned() }
    }
}
