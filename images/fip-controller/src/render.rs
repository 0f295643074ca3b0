//! Writes a plan, one action a line.

use std::fmt::Write as _;

use crate::plan::{Action, Plan};

/// How a plan is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Format {
    /// `add 203.0.113.10/32 dev eth0 label eth0:fip0`, for people and line-based tools.
    Text,
    /// `ip` commands; what needs no command is a comment.
    Ip,
}

/// The actions of a plan.
pub fn actions(plan: &Plan, format: Format) -> String {
    plan.actions.iter().fold(String::new(), |mut lines, action| {
        lines.push_str(&line(plan, action, format));
        lines.push('\n');
        lines
    })
}

fn line(plan: &Plan, action: &Action, format: Format) -> String {
    let device = &plan.interface;
    let (verb, address, label) = match action {
        Action::Remove(address) => ("remove", address, None),
        Action::Leave(address) => ("leave", address, None),
        Action::Keep(address) => ("keep", address, None),
        Action::Add(address, label) => ("add", address, label.as_ref()),
    };
    let start = match (format, action) {
        (Format::Text, _) => verb.to_string(),
        (Format::Ip, Action::Remove(_)) => "ip address del".into(),
        // `replace`, so that carrying out a plan twice is no error.
        (Format::Ip, Action::Add(..)) => "ip address replace".into(),
        (Format::Ip, Action::Leave(_) | Action::Keep(_)) => format!("# {verb}"),
    };
    let label = label.map(|label| format!(" label {label}")).unwrap_or_default();
    format!("{start} {address} dev {device}{label}")
}

/// One sentence about a plan: above all that it is only one.
pub fn summary(plan: &Plan) -> String {
    let count = |wanted: fn(&Action) -> bool| plan.actions.iter().filter(|&action| wanted(action)).count();
    let removed = count(|action| matches!(action, Action::Remove(_)));
    let added = count(|action| matches!(action, Action::Add(..)));
    let kept = count(|action| matches!(action, Action::Keep(_)));
    let left = count(|action| matches!(action, Action::Leave(_)));
    let mut sentence = format!(
        "nothing was changed; the plan for {}: {removed} to remove, {added} to add, {kept} to keep",
        plan.interface
    );
    if left > 0 {
        // Writing to a string cannot fail.
        let _ = write!(sentence, ", {left} left alone (not an alias)");
    }
    if !plan.knows_bound {
        sentence.push_str(" (without --present, nothing is taken to be bound)");
    }
    sentence
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::interface::Interface;

    fn sample() -> Plan {
        let interface = Interface::new("eth0").unwrap();
        let label = interface.label(1).unwrap();
        Plan {
            actions: vec![
                Action::Remove("198.51.100.7".parse().unwrap()),
                Action::Leave("10.0.0.5/24".parse().unwrap()),
                Action::Keep("203.0.113.10".parse().unwrap()),
                Action::Add("203.0.113.11".parse().unwrap(), Some(label)),
                Action::Add("2001:db8::10".parse().unwrap(), None),
            ],
            interface,
            knows_bound: true,
        }
    }

    #[test]
    fn text_is_one_action_a_line() {
        assert_eq!(
            actions(&sample(), Format::Text),
            "remove 198.51.100.7/32 dev eth0\n\
             leave 10.0.0.5/24 dev eth0\n\
             keep 203.0.113.10/32 dev eth0\n\
             add 203.0.113.11/32 dev eth0 label eth0:fip1\n\
             add 2001:db8::10/128 dev eth0\n"
        );
    }

    #[test]
    fn commands_touch_only_what_changes() {
        assert_eq!(
            actions(&sample(), Format::Ip),
            "ip address del 198.51.100.7/32 dev eth0\n\
             # leave 10.0.0.5/24 dev eth0\n\
             # keep 203.0.113.10/32 dev eth0\n\
             ip address replace 203.0.113.11/32 dev eth0 label eth0:fip1\n\
             ip address replace 2001:db8::10/128 dev eth0\n"
        );
    }

    #[test]
    fn an_empty_plan_is_no_line() {
        let plan = Plan { actions: vec![], ..sample() };
        assert_eq!(actions(&plan, Format::Text), "");
    }

    #[test]
    fn the_summary_says_that_nothing_was_changed() {
        assert_eq!(
            summary(&sample()),
            "nothing was changed; the plan for eth0: 1 to remove, 2 to add, 1 to keep, 1 left alone (not an alias)"
        );
        let guess = Plan { actions: vec![], knows_bound: false, ..sample() };
        assert_eq!(
            summary(&guess),
            "nothing was changed; the plan for eth0: 0 to remove, 0 to add, 0 to keep (without --present, nothing is \
             taken to be bound)"
        );
    }
}
