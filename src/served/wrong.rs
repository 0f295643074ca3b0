//! What is wrong with a pin, and the finding that this makes.

use std::sync::Arc;

use super::rules::Rule;
use crate::catalog::Level;
use crate::document::{Place, SourceFile};
use crate::error::Status;
use crate::lock::locate;
use crate::model::PinName;
use crate::verify::Finding;

/// One thing that is not as it should be.
pub(super) struct Wrong {
    pub(super) rule: &'static Rule,
    pub(super) status: Status,
    /// Which value of the pin's table it is about.
    pub(super) keys: Vec<String>,
    pub(super) message: String,
    pub(super) help: Help,
}

/// What to do next.
pub(super) enum Help {
    /// A refresh finds something else.
    Refresh,
    /// The tag must be read, whatever the lock says of it.
    Accept,
    /// A person chooses another tag.
    Leave,
    /// This.
    Words(String),
}

impl Wrong {
    pub(super) fn finding(self, name: &PinName, file: &Arc<SourceFile>) -> (Finding, Status) {
        let keys: Vec<&str> = self.keys.iter().map(String::as_str).collect();
        let finding = Finding {
            rule: self.rule.id,
            // What fails the run is an error, whatever its rule weighs otherwise.
            level: if self.status == Status::Done { self.rule.level } else { Level::Error },
            place: Place { file: file.clone(), span: locate(file, name, &keys) },
            message: format!("the pin `{name}`: {}", self.message),
            help: self.help.words(name),
            subject: String::new(),
        };
        (finding, self.status)
    }
}

impl Help {
    fn words(self, name: &PinName) -> String {
        match self {
            Self::Refresh => {
                format!("if pins.lock was edited, restore it; else run `solera-pin refresh {name}`")
            }
            Self::Accept => format!(
                "if pins.lock was edited, restore it; else find out why, and to take what is there now: solera-pin \
                 refresh {name} --accept"
            ),
            Self::Leave => {
                format!("find out why; to leave it: solera-pin refresh {name} --to TAG --because \"REASON\"")
            }
            Self::Words(words) => words,
        }
    }
}
