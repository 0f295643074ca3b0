//! Variables in the values of a Compose file: `$NAME`, `${NAME}`, `${NAME:-default}`, and `$$` for a dollar.

use std::ops::Range;

use crate::scan::scalar::Scalar;
use crate::scan::{Piece, Spelled, Unresolved};

/// How deep defaults may hold variables.
const MAX_DEPTH: usize = 16;

/// A part of a scalar's text as it is where no variable is set.
pub(super) fn resolve(scalar: &Scalar<'_>, range: Range<usize>) -> Result<Spelled, Unresolved> {
    let mut spelled = Spelled { text: String::new(), pieces: Vec::new() };
    let resolver = Resolver { scalar, whole: range.clone(), lenient: false };
    resolver.append(range, 0, &mut spelled)?;
    Ok(spelled)
}

/// A scalar's text with what is known of its variables; the others stay as they are written, and so does all that
/// follows a mistake.
pub(super) fn known(scalar: &Scalar<'_>) -> Spelled {
    let whole = 0..scalar.text.len();
    let mut spelled = Spelled { text: String::new(), pieces: Vec::new() };
    let resolver = Resolver { scalar, whole: whole.clone(), lenient: true };
    // Nothing is refused here.
    drop(resolver.append(whole, 0, &mut spelled));
    spelled
}

struct Resolver<'a, 's> {
    scalar: &'a Scalar<'s>,
    whole: Range<usize>,
    /// Whether what has no value stays as it is written.
    lenient: bool,
}

/// A variable in a text.
struct Variable<'t> {
    name: &'t str,
    /// What stands for it, if it is not set: within the text. `None`: nothing does.
    default: Option<Range<usize>>,
    /// Behind it.
    end: usize,
}

impl Resolver<'_, '_> {
    fn append(&self, range: Range<usize>, depth: usize, out: &mut Spelled) -> Result<(), Unresolved> {
        let text = &self.scalar.text[..range.end];
        let mut at = range.start;
        while let Some(dollar) = text[at..].find('$').map(|offset| at + offset) {
            self.literal(at..dollar, depth, out);
            if text[dollar + 1..].starts_with('$') {
                out.text.push('$');
                out.pieces.push(Piece { length: 1, span: None, shared: depth > 0 });
                at = dollar + 2;
                continue;
            }
            let variable = variable(text, dollar).filter(|_| depth < MAX_DEPTH);
            at = variable.as_ref().map_or(range.end, |variable| variable.end);
            match variable {
                Some(Variable { default: Some(default), .. }) => self.append(default, depth + 1, out)?,
                _ if self.lenient => self.literal(dollar..at, depth, out),
                Some(Variable { name, .. }) => {
                    let alone = self.whole == (dollar..at);
                    return Err(Unresolved::Argument { name: name.into(), alone });
                }
                None => return Err(Unresolved::Malformed(self.scalar.text[self.whole.clone()].into())),
            }
        }
        self.literal(at..range.end, depth, out);
        Ok(())
    }

    fn literal(&self, range: Range<usize>, depth: usize, out: &mut Spelled) {
        let spelled = self.scalar.part(range);
        out.text.push_str(&spelled.text);
        out.pieces.extend(spelled.pieces.into_iter().map(|piece| Piece { shared: depth > 0, ..piece }));
    }
}

/// The variable whose dollar stands at `dollar`; `None` where Compose refuses it.
fn variable(text: &str, dollar: usize) -> Option<Variable<'_>> {
    let braced = text[dollar + 1..].starts_with('{');
    let start = dollar + if braced { 2 } else { 1 };
    let name = &text[start..start + name_length(&text[start..])];
    if name.is_empty() {
        return None;
    }
    let rest = start + name.len();
    if !braced {
        return Some(Variable { name, default: None, end: rest });
    }
    let close = closing(text, rest)?;
    let inside = &text[rest..close];
    let empty = close..close;
    let default = match inside.strip_prefix(':').unwrap_or(inside) {
        "" if inside.is_empty() => None,
        word if word.starts_with('-') => Some(close - word.len() + 1..close),
        // What stands for a variable that is set.
        word if word.starts_with('+') => Some(empty),
        word if word.starts_with('?') => None,
        _ => return None,
    };
    Some(Variable { name, default, end: close + 1 })
}

fn name_length(text: &str) -> usize {
    match text.starts_with(|c: char| c.is_ascii_digit()) {
        true => 0,
        false => text.bytes().take_while(|b| b.is_ascii_alphanumeric() || *b == b'_').count(),
    }
}

/// Where the brace closes that is open at `from`.
fn closing(text: &str, from: usize) -> Option<usize> {
    let mut open = 1_usize;
    let bytes = text.as_bytes();
    for at in from..bytes.len() {
        match bytes[at] {
            b'{' if bytes[at - 1] == b'$' => open += 1,
            b'}' => open -= 1,
            _ => {}
        }
        if open == 0 {
            return Some(at);
        }
    }
    None
}
