//! The tag that an image is pushed under, made from its pins: `{wordpress.version}-php8.3`.

use std::str::FromStr;

use crate::model::PinName;

/// A tag with placeholders.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Template {
    parts: Vec<TemplatePart>,
}

/// A piece of a template.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum TemplatePart {
    /// As it stands.
    Literal(String),
    /// `{PIN.version}`: the numbers of a pin's tag.
    Version(PinName),
    /// `{PIN.tag}`: a pin's whole tag.
    Tag(PinName),
    /// `{inputs}`: eight hexadecimal digits of all pins and files that the image is built from.
    Inputs,
}

impl Template {
    /// Its pieces, in order.
    pub fn parts(&self) -> &[TemplatePart] {
        &self.parts
    }

    /// The pins that it names.
    pub fn pins(&self) -> impl Iterator<Item = &PinName> {
        self.parts.iter().filter_map(|part| match part {
            TemplatePart::Version(pin) | TemplatePart::Tag(pin) => Some(pin),
            TemplatePart::Literal(_) | TemplatePart::Inputs => None,
        })
    }
}

impl FromStr for Template {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let mut parts = Vec::new();
        let mut rest = text;
        while !rest.is_empty() {
            let (literal, after) = match rest.find('{') {
                Some(open) => (&rest[..open], &rest[open + 1..]),
                None => (rest, ""),
            };
            let word = |c: char| c.is_ascii_alphanumeric() || "._-".contains(c);
            if let Some(bad) = literal.chars().find(|c| !word(*c)) {
                return Err(format!("{bad:?} cannot stand in a tag"));
            }
            if !literal.is_empty() {
                parts.push(TemplatePart::Literal(literal.into()));
            }
            if literal.len() == rest.len() {
                break;
            }
            let (inner, after) = after.split_once('}').ok_or("a `{` has no `}`")?;
            parts.push(placeholder(inner)?);
            rest = after;
        }
        match parts[..] {
            [] => Err("an image's tag must not be empty".into()),
            [TemplatePart::Literal(ref tag)] if tag == "latest" => {
                Err("`latest` is not a tag to push under".into())
            }
            _ => Ok(Self { parts }),
        }
    }
}

fn placeholder(inner: &str) -> Result<TemplatePart, String> {
    let expected =
        || format!("`{{{inner}}}` is not a placeholder: expected {{PIN.version}}, {{PIN.tag}} or {{inputs}}");
    match inner.split_once('.') {
        None if inner == "inputs" => Ok(TemplatePart::Inputs),
        Some((pin, "version")) => Ok(TemplatePart::Version(pin.parse().map_err(|_| expected())?)),
        Some((pin, "tag")) => Ok(TemplatePart::Tag(pin.parse().map_err(|_| expected())?)),
        _ => Err(expected()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_pins_and_inputs() {
        let template: Template = "{wordpress.version}-php8.3-{inputs}".parse().unwrap();
        assert_eq!(template.parts().len(), 3);
        assert_eq!(template.pins().map(PinName::as_str).collect::<Vec<_>>(), ["wordpress"]);
        for bad in ["", "latest", "{inputs", "{a.b}", "{nothing}", "a/b", "{A.tag}"] {
            assert!(bad.parse::<Template>().is_err(), "{bad}");
        }
    }
}
