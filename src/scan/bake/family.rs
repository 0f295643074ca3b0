//! Targets with what they inherit.

use std::collections::{BTreeMap, HashMap, HashSet};
use std::rc::Rc;

use super::file::{File, Target, Value};
use super::variables::Variables;
use crate::scan::Unread;

/// How many arguments are passed on from target to target.
const INHERITED: usize = 1 << 18;

/// How far targets inherit from one another.
const DEEPEST: usize = 64;

/// A target with what it inherits.
#[derive(Clone, Debug, Default)]
pub(super) struct Whole<'f> {
    pub(super) context: Option<&'f Value>,
    pub(super) dockerfile: Option<&'f Value>,
    pub(super) inline: Option<&'f Value>,
    pub(super) platforms: Option<&'f Value>,
    pub(super) arguments: BTreeMap<&'f str, &'f Value>,
}

/// The targets of a file by name.
pub(super) struct Family<'f, 'v> {
    variables: &'v Variables<'f>,
    names: Vec<&'f str>,
    targets: HashMap<&'f str, Vec<&'f Target>>,
    known: HashMap<&'f str, Rc<Whole<'f>>>,
    /// How many more arguments may be inherited.
    budget: usize,
    /// Whether that, or the depth, was not enough.
    exhausted: bool,
}

impl<'f, 'v> Family<'f, 'v> {
    pub(super) fn of(file: &'f File, variables: &'v Variables<'f>) -> Self {
        let mut targets: HashMap<&str, Vec<&Target>> = HashMap::new();
        let mut names = Vec::new();
        for target in &file.targets {
            let same = targets.entry(&target.name).or_default();
            if same.is_empty() {
                names.push(target.name.as_str());
            }
            same.push(target);
        }
        Self { variables, names, targets, known: HashMap::new(), budget: INHERITED, exhausted: false }
    }

    /// The targets that are built: not those that only say what others have in common.
    pub(super) fn built(&self) -> Vec<&'f str> {
        let parents: HashSet<String> = self.names.iter().flat_map(|name| self.parents(name)).collect();
        let own = ["context", "dockerfile", "dockerfile-inline", "tags"];
        let is_built = |name: &&&str| {
            let sets = |target: &&Target| own.iter().any(|key| target.get(key).is_some());
            !name.starts_with('_') && (!parents.contains(**name) || self.targets[**name].iter().any(sets))
        };
        self.names.iter().filter(is_built).copied().collect()
    }

    /// A target with what it inherits; nothing of what leads back to it.
    pub(super) fn whole(&mut self, name: &str) -> Rc<Whole<'f>> {
        self.descend(name, 0)
    }

    /// What was not looked at.
    pub(super) fn unread(&self) -> Option<Unread> {
        let why =
            "targets inherit more from one another than is followed; arguments of a build may be missed";
        self.exhausted.then(|| Unread { span: 0..0, why: why.to_owned() })
    }

    fn descend(&mut self, name: &str, depth: usize) -> Rc<Whole<'f>> {
        if let Some(known) = self.known.get(name) {
            return Rc::clone(known);
        }
        let Some((&name, blocks)) = self.targets.get_key_value(name) else { return Rc::default() };
        let blocks = blocks.clone();
        if depth > DEEPEST {
            self.exhausted = true;
            return Rc::default();
        }
        self.known.insert(name, Rc::default());
        let mut whole = Whole::default();
        for parent in self.parents(name) {
            let parent = self.descend(&parent, depth + 1);
            match self.budget.checked_sub(parent.arguments.len() + 1) {
                Some(rest) => {
                    self.budget = rest;
                    whole.take(&parent);
                }
                None => self.exhausted = true,
            }
        }
        for block in blocks {
            whole.take(&Whole::own(block));
        }
        let whole = Rc::new(whole);
        self.known.insert(name, Rc::clone(&whole));
        whole
    }

    /// The names of the targets that a target inherits from, in order.
    fn parents(&self, name: &str) -> Vec<String> {
        let blocks = self.targets.get(name).map(Vec::as_slice).unwrap_or_default();
        let inherits = blocks.iter().rev().find_map(|block| block.get("inherits"));
        let texts = inherits.map(|value| self.variables.list(value)).unwrap_or_default();
        texts.into_iter().filter_map(|text| Some(self.variables.resolve(text).ok()?.spelled.text)).collect()
    }
}

impl<'f> Whole<'f> {
    fn own(target: &'f Target) -> Self {
        let arguments = target.get("args").map(Value::pairs).unwrap_or_default();
        Self {
            context: target.get("context"),
            dockerfile: target.get("dockerfile"),
            inline: target.get("dockerfile-inline"),
            platforms: target.get("platforms"),
            arguments: arguments.iter().map(|(name, value)| (name.as_str(), value)).collect(),
        }
    }

    /// Takes over what another says; that goes before what was known.
    fn take(&mut self, other: &Self) {
        self.context = other.context.or(self.context);
        self.dockerfile = other.dockerfile.or(self.dockerfile);
        self.inline = other.inline.or(self.inline);
        self.platforms = other.platforms.or(self.platforms);
        self.arguments.extend(&other.arguments);
    }
}
