//! Compares the aliases that are wanted with the addresses that are bound.

use std::fmt;

use crate::address::Address;
use crate::interface::{Interface, Label, LabelError};
use crate::parse::{Listed, Place};

/// What is to happen to one address.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Action {
    /// Release an alias that is bound and not wanted.
    Remove(Address),
    /// Leave alone what is bound with a network's prefix: that is the interface's own address, not an alias.
    Leave(Address),
    /// An alias that is wanted is bound already.
    Keep(Address),
    /// Bind an alias.
    Add(Address, Option<Label>),
}

/// Whether new IPv4 aliases get a label. IPv6 has none.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Labels {
    /// `eth0:fip0` and so on, by the alias's position among the IPv4 aliases that are wanted.
    Numbered,
    /// None.
    Off,
}

/// The actions for one interface, in order.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Plan {
    /// The interface that the actions are for.
    pub interface: Interface,
    /// First what is released or left, then what is wanted in the order it was listed: an address that has
    /// moved to another node must stop answering here before anything else happens.
    pub actions: Vec<Action>,
    /// Whether what is bound was given; without it nothing is taken to be bound.
    pub knows_bound: bool,
}

impl Plan {
    /// Whether carrying out the plan would change anything.
    pub fn changes_anything(&self) -> bool {
        self.actions.iter().any(|action| matches!(action, Action::Remove(_) | Action::Add(..)))
    }
}

/// Makes the plan. `bound` is `None` where nobody said what is bound.
pub fn plan(
    interface: &Interface,
    wanted: &[Listed],
    bound: Option<&[Listed]>,
    labels: Labels,
) -> Result<Plan, PlanError> {
    let knows_bound = bound.is_some();
    let bound: Vec<Address> = bound.unwrap_or_default().iter().map(|listed| listed.address).collect();
    let mut actions: Vec<Action> = bound
        .iter()
        .filter(|&&address| !wanted.iter().any(|listed| listed.address == address))
        .map(|&address| if address.is_host() { Action::Remove(address) } else { Action::Leave(address) })
        .collect();
    let mut number = 0;
    for listed in wanted {
        let address = listed.address;
        let is_v4 = address.ip().is_ipv4();
        if bound.contains(&address) {
            actions.push(Action::Keep(address));
        } else {
            refuse_own_address(listed, &bound)?;
            let label = (is_v4 && labels == Labels::Numbered).then(|| interface.label(number)).transpose()?;
            actions.push(Action::Add(address, label));
        }
        number += usize::from(is_v4);
    }
    Ok(Plan { interface: interface.clone(), actions, knows_bound })
}

/// The same address with a network's prefix is most likely the node's own; binding it again would hide a
/// mistake.
fn refuse_own_address(wanted: &Listed, bound: &[Address]) -> Result<(), PlanError> {
    let own = bound.iter().find(|address| address.ip() == wanted.address.ip() && !address.is_host());
    match own {
        Some(&own) => Err(PlanError::OwnAddress { place: wanted.place.clone(), wanted: wanted.address, own }),
        None => Ok(()),
    }
}

/// Why there is no plan.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum PlanError {
    /// A label would be too long.
    Label(LabelError),
    /// An alias is an address that the interface has as its own.
    OwnAddress {
        /// Where the alias was written.
        place: Place,
        /// The alias.
        wanted: Address,
        /// The address as it is bound.
        own: Address,
    },
}

impl From<LabelError> for PlanError {
    fn from(error: LabelError) -> Self {
        Self::Label(error)
    }
}

impl fmt::Display for PlanError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Label(error) => error.fmt(f),
            Self::OwnAddress { place, wanted, own } => write!(
                f,
                "{place}: {wanted} is bound as {own}, which looks like the interface's own address; expected another \
                 address, or the same prefix"
            ),
        }
    }
}

impl std::error::Error for PlanError {}

#[cfg(test)]
mod tests {
    use super::*;

    fn list(addresses: &[&str]) -> Vec<Listed> {
        addresses
            .iter()
            .map(|text| Listed { address: text.parse().unwrap(), place: Place::Argument })
            .collect()
    }

    fn actions_on(interface: &str, wanted: &[&str], bound: Option<&[&str]>, labels: Labels) -> Vec<String> {
        let bound = bound.map(list);
        let interface = Interface::new(interface).unwrap();
        let plan = plan(&interface, &list(wanted), bound.as_deref(), labels).unwrap();
        plan.actions.iter().map(describe).collect()
    }

    fn actions(wanted: &[&str], bound: &[&str]) -> Vec<String> {
        actions_on("eth0", wanted, Some(bound), Labels::Numbered)
    }

    fn describe(action: &Action) -> String {
        match action {
            Action::Remove(address) => format!("remove {address}"),
            Action::Leave(address) => format!("leave {address}"),
            Action::Keep(address) => format!("keep {address}"),
            Action::Add(address, None) => format!("add {address}"),
            Action::Add(address, Some(label)) => format!("add {address} as {label}"),
        }
    }

    #[test]
    fn removals_come_first_then_the_list_in_its_order() {
        assert_eq!(
            actions(&["203.0.113.11", "2001:db8::10", "203.0.113.10"], &["203.0.113.10", "198.51.100.7"]),
            [
                "remove 198.51.100.7/32",
                "add 203.0.113.11/32 as eth0:fip0",
                "add 2001:db8::10/128",
                "keep 203.0.113.10/32"
            ]
        );
    }

    #[test]
    fn labels_count_the_ipv4_aliases_that_are_wanted() {
        assert_eq!(
            actions(&["203.0.113.10", "2001:db8::10", "203.0.113.11", "203.0.113.12"], &["203.0.113.11"]),
            [
                "add 203.0.113.10/32 as eth0:fip0",
                "add 2001:db8::10/128",
                "keep 203.0.113.11/32",
                "add 203.0.113.12/32 as eth0:fip2"
            ]
        );
    }

    #[test]
    fn an_interface_s_own_addresses_are_left() {
        assert_eq!(
            actions(&["203.0.113.10"], &["10.0.0.5/24", "fe80::1/64", "203.0.113.10"]),
            ["leave 10.0.0.5/24", "leave fe80::1/64", "keep 203.0.113.10/32"]
        );
    }

    #[test]
    fn an_own_address_is_not_bound_again() {
        let interface = Interface::new("eth0").unwrap();
        let bound = list(&["203.0.113.10/24"]);
        let error = plan(&interface, &list(&["203.0.113.10"]), Some(&bound), Labels::Numbered).unwrap_err();
        assert!(error.to_string().contains("203.0.113.10/32 is bound as 203.0.113.10/24"), "{error}");
    }

    #[test]
    fn a_changed_prefix_is_a_removal_and_an_addition() {
        assert_eq!(
            actions(&["203.0.113.10/24"], &["203.0.113.10"]),
            ["remove 203.0.113.10/32", "add 203.0.113.10/24 as eth0:fip0"]
        );
    }

    #[test]
    fn nothing_wanted_releases_every_alias() {
        assert_eq!(
            actions(&[], &["203.0.113.10", "2001:db8::10"]),
            ["remove 203.0.113.10/32", "remove 2001:db8::10/128"]
        );
    }

    #[test]
    fn without_what_is_bound_everything_is_added() {
        assert_eq!(actions_on("eth0", &["203.0.113.10"], None, Labels::Off), ["add 203.0.113.10/32"]);
    }

    #[test]
    fn a_long_interface_name_needs_no_labels() {
        let name = "enx001122334455";
        let interface = Interface::new(name).unwrap();
        let wanted = list(&["203.0.113.10"]);
        assert!(matches!(plan(&interface, &wanted, None, Labels::Numbered), Err(PlanError::Label(_))));
        assert_eq!(actions_on(name, &["203.0.113.10"], None, Labels::Off), ["add 203.0.113.10/32"]);
        assert_eq!(actions_on(name, &["2001:db8::10"], None, Labels::Numbered), ["add 2001:db8::10/128"]);
        assert_eq!(
            actions_on(name, &["203.0.113.10"], Some(&["203.0.113.10"]), Labels::Numbered),
            ["keep 203.0.113.10/32"]
        );
    }

    #[test]
    fn a_plan_knows_whether_it_changes_anything() {
        let interface = Interface::new("eth0").unwrap();
        let wanted = list(&["203.0.113.10"]);
        let same = list(&["203.0.113.10", "10.0.0.5/24"]);
        let settled = plan(&interface, &wanted, Some(&same), Labels::Numbered).unwrap();
        assert!(!settled.changes_anything());
        let fresh = plan(&interface, &wanted, None, Labels::Numbered).unwrap();
        assert!(fresh.changes_anything() && !fresh.knows_bound);
    }
}
