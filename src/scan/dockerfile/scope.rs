//! What arguments and variables stand for at a place of a Dockerfile.

use std::cell::Cell;
use std::collections::BTreeMap;
use std::ops::Range;
use std::rc::Rc;

use crate::scan::Spelled;

/// How much may be spent on one file: bytes put together, values looked at. No Dockerfile that a person wrote needs a
/// hundredth.
const FUEL: usize = 8_000_000;

/// The arguments that a build sets by itself, to what its platforms are.
const PLATFORM: [&str; 11] = [
    "BUILDPLATFORM",
    "BUILDOS",
    "BUILDOSVERSION",
    "BUILDARCH",
    "BUILDVARIANT",
    "TARGETPLATFORM",
    "TARGETOS",
    "TARGETOSVERSION",
    "TARGETARCH",
    "TARGETVARIANT",
    "TARGETSTAGE",
];

/// What is left to spend on a file, so that a hostile one ends too.
#[derive(Clone, Debug)]
pub(super) struct Fuel(Rc<Cell<usize>>);

impl Default for Fuel {
    fn default() -> Self {
        Self(Rc::new(Cell::new(FUEL)))
    }
}

impl Fuel {
    pub(super) fn burn(&self, amount: usize) -> Result<(), String> {
        match self.0.get().checked_sub(amount) {
            Some(rest) => {
                self.0.set(rest);
                Ok(())
            }
            None => Err("it expands to more than any image's name".into()),
        }
    }
}

/// What an argument or variable stands for.
#[derive(Clone, Debug)]
pub(super) enum Value {
    /// A text.
    Known(Known),
    /// Nothing, if the build is not given one.
    Unset,
    /// What the platform of the build makes it.
    Platform,
    /// Nothing: nobody declared it.
    Undeclared,
}

/// A text that an argument stands for.
#[derive(Clone, Debug)]
pub(super) struct Known {
    pub(super) text: Spelled,
    /// The parts of it that the file does not tell.
    pub(super) holes: Vec<Hole>,
    /// Where something can be written that comes behind it; `None` if it is not this file's.
    pub(super) end: Option<usize>,
}

/// A part of a text that stands for what the file does not tell; in the text it is as it is written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Hole {
    /// In bytes of the text.
    pub(super) range: Range<usize>,
    /// The argument that would tell.
    pub(super) name: String,
    /// Whether it is the argument as it is: not one that depends on it, and no part of its value.
    pub(super) plain: bool,
}

/// What arguments and variables stand for.
#[derive(Clone, Debug, Default)]
pub(super) struct Scope {
    values: Rc<BTreeMap<String, Value>>,
    /// Whether the arguments of the platform are set.
    platform: bool,
    /// Whether an image may have set what nobody declares here.
    open: bool,
    pub(super) fuel: Fuel,
}

impl Scope {
    /// A scope in which only the platform arguments are set.
    pub(super) fn global(fuel: &Fuel) -> Self {
        Self { values: Rc::default(), platform: true, open: false, fuel: fuel.clone() }
    }

    /// The scope of a stage that begins with nothing, or with an image that may have variables.
    pub(super) fn of_stage(fuel: &Fuel, open: bool) -> Self {
        Self { values: Rc::default(), platform: false, open, fuel: fuel.clone() }
    }

    /// What a name stands for.
    pub(super) fn get(&self, name: &str) -> Value {
        match self.values.get(name) {
            Some(value) => value.clone(),
            None if self.platform && PLATFORM.contains(&name) => Value::Platform,
            None if self.open => Value::Unset,
            None => Value::Undeclared,
        }
    }

    /// Whether something gave the name a value or declared it.
    pub(super) fn has(&self, name: &str) -> bool {
        self.values.contains_key(name) || self.platform && PLATFORM.contains(&name)
    }

    /// Whether a name is that of an argument, declared here, that has no value but what the build gives it, or gave it.
    pub(super) fn is_left_to_build(&self, name: &str) -> bool {
        match self.values.get(name) {
            Some(Value::Unset) => true,
            // An empty default has no place either.
            Some(Value::Known(known)) => known.end.is_none() && !known.text.text.is_empty(),
            _ => false,
        }
    }

    /// The text that a name stands for, where the file tells all of it.
    pub(super) fn text(&self, name: &str) -> Option<&str> {
        match self.values.get(name) {
            Some(Value::Known(known)) if known.holes.is_empty() => Some(&known.text.text),
            _ => None,
        }
    }

    /// Sets a name. Nothing more is known once too much was spent.
    pub(super) fn set(&mut self, name: String, value: Value) {
        let copied = if Rc::strong_count(&self.values) > 1 { self.values.len() } else { 0 };
        if self.fuel.burn(copied.saturating_mul(16)).is_err() {
            self.values = Rc::default();
            self.platform = false;
            self.open = true;
        }
        Rc::make_mut(&mut self.values).insert(name, value);
    }

    /// The same on a platform, as `os/architecture[/variant]`.
    pub(super) fn on(&self, platform: &str) -> Self {
        let mut scope = self.clone();
        let mut parts = platform.splitn(3, '/');
        let mut part = || parts.next().unwrap_or_default();
        let parts = [("OS", part()), ("ARCH", part()), ("VARIANT", part()), ("OSVERSION", "")];
        for side in ["BUILD", "TARGET"] {
            for (name, value) in parts.into_iter().chain([("PLATFORM", platform)]) {
                let name = format!("{side}{name}");
                if matches!(scope.get(&name), Value::Platform) {
                    let text = super::spelling::unwritten(value, true);
                    scope.set(name, Value::Known(Known { text, holes: Vec::new(), end: None }));
                }
            }
        }
        scope
    }
}
