//! Cleartext-signed files (RFC 9580, 7): text between two marks, and the signatures of it.

use super::SignatureError;
use super::armor::marked;

/// A file taken apart. Nothing of it is verified yet.
#[derive(Debug)]
pub(super) struct Cleartext<'a> {
    /// The lines that were signed: without their ends, without white space at the end, and without dash escapes.
    pub(super) lines: Vec<&'a str>,
    /// The armoured signatures.
    pub(super) signatures: &'a [u8],
}

/// The names of digests, those that do not count for signatures too.
const HASHES: [&[u8]; 9] =
    [b"MD5", b"SHA1", b"RIPEMD160", b"SHA224", b"SHA256", b"SHA384", b"SHA512", b"SHA3-256", b"SHA3-512"];

const MESSAGE: &[u8] = b"PGP SIGNED MESSAGE";
const SIGNATURE: &[u8] = b"PGP SIGNATURE";
const BEGIN: &[u8] = b"-----BEGIN ";
const END: &[u8] = b"-----END ";

impl<'a> Cleartext<'a> {
    /// Takes a file apart. What stands before or after the signed message is not covered by any signature, so nothing but
    /// white space may.
    pub(super) fn parse(bytes: &'a [u8]) -> Result<Self, SignatureError> {
        let mut reader = Lines { rest: bytes };
        let first = reader.by_ref().find(|line| !line.trim_ascii().is_empty());
        if first.and_then(|line| marked(line.trim_ascii_end(), BEGIN)) != Some(MESSAGE) {
            return Err(match has_message(bytes) {
                true => malformed("text before the signed message"),
                false => SignatureError::Missing,
            });
        }
        hash_headers(&mut reader)?;
        let lines = signed_lines(&mut reader)?;
        // The line that ended the text is the first of the signatures.
        let signatures = signature_block(bytes, reader)?;
        Ok(Self { lines, signatures })
    }

    /// The bytes that were signed.
    pub(super) fn signed_bytes(&self) -> Vec<u8> {
        self.lines.join("\r\n").into_bytes()
    }
}

fn malformed(why: &str) -> SignatureError {
    SignatureError::Malformed(why.into())
}

fn has_message(bytes: &[u8]) -> bool {
    Lines { rest: bytes }.any(|line| marked(line.trim_ascii_end(), BEGIN) == Some(MESSAGE))
}

/// The headers, up to the empty line. They are not signed: only `Hash`, with names of digests, may be there.
fn hash_headers(reader: &mut Lines<'_>) -> Result<(), SignatureError> {
    for line in reader {
        let line = line.trim_ascii_end();
        if line.is_empty() {
            return Ok(());
        }
        let Some(names) = line.strip_prefix(b"Hash: ") else {
            return Err(malformed("a header other than `Hash` before the signed text"));
        };
        if !names.split(|byte| *byte == b',').all(|name| HASHES.contains(&name.trim_ascii())) {
            return Err(malformed("a digest that is not known in the header before the signed text"));
        }
    }
    Err(malformed("it ends before the signed text"))
}

/// The text, up to the line that begins the signatures.
fn signed_lines<'a>(reader: &mut Lines<'a>) -> Result<Vec<&'a str>, SignatureError> {
    let mut lines = Vec::new();
    loop {
        let before = reader.rest;
        let Some(line) = reader.next() else { return Err(malformed("it ends before its signatures")) };
        let content = line.strip_suffix(b"\n").unwrap_or(line);
        let content = content.strip_suffix(b"\r").unwrap_or(content);
        if content.contains(&b'\r') {
            return Err(malformed("a carriage return within a line of the signed text"));
        }
        let content = match content {
            [b'-', b' ', text @ ..] => text,
            [b'-', ..] if marked(content.trim_ascii_end(), BEGIN) == Some(SIGNATURE) => {
                reader.rest = before;
                return Ok(lines);
            }
            [b'-', ..] => {
                return Err(malformed("a line of the signed text that begins with an unescaped `-`"));
            }
            text => text,
        };
        let text = std::str::from_utf8(content).map_err(|_| malformed("signed text that is not UTF-8"))?;
        lines.push(text.trim_end_matches([' ', '\t']));
    }
}

/// The signatures: one armoured block, and nothing after it.
fn signature_block<'a>(bytes: &'a [u8], mut reader: Lines<'a>) -> Result<&'a [u8], SignatureError> {
    let start = bytes.len() - reader.rest.len();
    let ended = reader.by_ref().any(|line| marked(line.trim_ascii_end(), END) == Some(SIGNATURE));
    if !ended {
        return Err(malformed("its signatures are cut off"));
    }
    if !reader.rest.trim_ascii().is_empty() {
        return Err(malformed("text after the signed message"));
    }
    Ok(&bytes[start..])
}

/// Lines with their ends.
struct Lines<'a> {
    rest: &'a [u8],
}

impl<'a> Iterator for Lines<'a> {
    type Item = &'a [u8];

    fn next(&mut self) -> Option<&'a [u8]> {
        if self.rest.is_empty() {
            return None;
        }
        let end = memchr::memchr(b'\n', self.rest).map_or(self.rest.len(), |at| at + 1);
        let (line, rest) = self.rest.split_at(end);
        self.rest = rest;
        Some(line)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SIGNATURES: &str = "-----BEGIN PGP SIGNATURE-----\n\nabcd\n-----END PGP SIGNATURE-----\n";

    fn lines(text: &str) -> Result<Vec<String>, SignatureError> {
        let file = format!("-----BEGIN PGP SIGNED MESSAGE-----\nHash: SHA512\n\n{text}{SIGNATURES}");
        let parsed = Cleartext::parse(file.as_bytes())?;
        assert_eq!(parsed.signatures, SIGNATURES.as_bytes());
        Ok(parsed.lines.into_iter().map(str::to_owned).collect())
    }

    fn wrong(file: &str) -> String {
        Cleartext::parse(file.as_bytes()).unwrap_err().to_string()
    }

    #[test]
    fn lines_are_those_that_were_signed() {
        assert_eq!(lines("a\nb\n").unwrap(), ["a", "b"]);
        assert_eq!(lines("a \t\r\n\r\n- -b\n- - c\n").unwrap(), ["a", "", "-b", "- c"]);
        assert_eq!(lines("").unwrap(), Vec::<String>::new());
        let file = Cleartext { lines: vec!["a", "", "b"], signatures: b"" };
        assert_eq!(file.signed_bytes(), b"a\r\n\r\nb");
    }

    #[test]
    fn what_could_be_read_in_two_ways_is_refused() {
        assert!(lines("a\rb\n").unwrap_err().to_string().contains("carriage return"));
        assert!(lines("a\r\r\n").unwrap_err().to_string().contains("carriage return"));
        assert!(lines("-a\n").unwrap_err().to_string().contains("unescaped"));
        assert!(lines("-----BEGIN PGP MESSAGE-----\n").unwrap_err().to_string().contains("unescaped"));
        let file = b"-----BEGIN PGP SIGNED MESSAGE-----\n\n\xff\n-----BEGIN PGP SIGNATURE-----\n";
        assert!(Cleartext::parse(file).unwrap_err().to_string().contains("UTF-8"));
    }

    #[test]
    fn nothing_stands_around_the_message() {
        let file = format!("-----BEGIN PGP SIGNED MESSAGE-----\n\na\n{SIGNATURES}");
        assert!(Cleartext::parse(format!("\n \n{file}\n\t\n").as_bytes()).is_ok());
        assert!(wrong(&format!("Origin: x\n{file}")).contains("text before"));
        assert!(wrong(&format!("{file}Origin: x\n")).contains("text after"));
        assert!(wrong(&format!("{file}{file}")).contains("text after"));
        let header = file.replacen("\n\n", "\nOrigin: x\n\n", 1);
        assert!(wrong(&header).contains("header other than"));
    }

    #[test]
    fn what_is_missing_is_said() {
        assert_eq!(wrong("Origin: x\n"), "it is not signed");
        assert_eq!(wrong(""), "it is not signed");
        assert!(
            wrong("-----BEGIN PGP SIGNED MESSAGE-----\nHash: SHA512\n").contains("before the signed text")
        );
        assert!(wrong("-----BEGIN PGP SIGNED MESSAGE-----\n\na\n").contains("before its signatures"));
        let cut = "-----BEGIN PGP SIGNED MESSAGE-----\n\na\n-----BEGIN PGP SIGNATURE-----\n\nabc\n";
        assert!(wrong(cut).contains("cut off"));
    }
}
