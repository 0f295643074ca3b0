//! pkt-line, the framing of git's protocol (gitprotocol-common): four hexadecimal digits of length, then the content.

/// One packet.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Packet<'a> {
    /// Content, as it was sent.
    Data(&'a [u8]),
    /// `0000`: the end of a message.
    Flush,
    /// `0001`: the end of a section.
    Delimiter,
    /// `0002`: the end of a stateless response.
    ResponseEnd,
}

/// Why bytes are not packets.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub(super) enum Malformed {
    #[error("a packet's length is not four hexadecimal digits")]
    Length,
    #[error("it ends in the middle of a packet")]
    Truncated,
}

/// What four bytes announce.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Header {
    /// So many bytes of content.
    Data(usize),
    Special(Packet<'static>),
}

/// Reads a packet's first four bytes.
pub(super) fn header(bytes: [u8; 4]) -> Result<Header, Malformed> {
    let mut length = 0;
    for byte in bytes {
        let digit = char::from(byte).to_digit(16).ok_or(Malformed::Length)?;
        length = length * 16 + digit as usize;
    }
    match length {
        0 => Ok(Header::Special(Packet::Flush)),
        1 => Ok(Header::Special(Packet::Delimiter)),
        2 => Ok(Header::Special(Packet::ResponseEnd)),
        3 => Err(Malformed::Length),
        length => Ok(Header::Data(length - 4)),
    }
}

/// The packets of a whole message; ends after the first that is malformed.
pub(super) fn packets(bytes: &[u8]) -> impl Iterator<Item = Result<Packet<'_>, Malformed>> {
    let mut rest = bytes;
    std::iter::from_fn(move || {
        if rest.is_empty() {
            return None;
        }
        let packet = first(rest);
        rest = match packet {
            Ok((_, after)) => after,
            Err(_) => &[],
        };
        Some(packet.map(|(packet, _)| packet))
    })
}

fn first(bytes: &[u8]) -> Result<(Packet<'_>, &[u8]), Malformed> {
    let (digits, rest) = bytes.split_first_chunk::<4>().ok_or(Malformed::Truncated)?;
    match header(*digits)? {
        Header::Special(packet) => Ok((packet, rest)),
        Header::Data(length) => {
            let (data, rest) = rest.split_at_checked(length).ok_or(Malformed::Truncated)?;
            Ok((Packet::Data(data), rest))
        }
    }
}

/// Appends a packet of `text`, which is short.
pub(super) fn write(message: &mut Vec<u8>, text: &str) {
    message.extend_from_slice(format!("{:04x}{text}", text.len() + 4).as_bytes());
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_and_writes() {
        let mut message = Vec::new();
        write(&mut message, "a\n");
        message.extend_from_slice(b"000100040000");
        assert_eq!(message, b"0006a\n000100040000");
        let read: Vec<_> = packets(&message).map(Result::unwrap).collect();
        assert_eq!(read, [Packet::Data(b"a\n"), Packet::Delimiter, Packet::Data(b""), Packet::Flush]);
    }

    #[test]
    fn what_is_malformed_ends_it() {
        let read = |bytes: &'static [u8]| packets(bytes).collect::<Vec<_>>();
        assert_eq!(read(b"000"), [Err(Malformed::Truncated)]);
        assert_eq!(read(b"0005"), [Err(Malformed::Truncated)]);
        assert_eq!(read(b"0003"), [Err(Malformed::Length)]);
        assert_eq!(read(b"+005a"), [Err(Malformed::Length)]);
        assert_eq!(read(b"0000<htm"), [Ok(Packet::Flush), Err(Malformed::Length)]);
    }

    proptest::proptest! {
        #[test]
        fn no_bytes_make_it_panic(bytes: Vec<u8>) {
            let _ = packets(&bytes).count();
        }

        #[test]
        fn what_is_written_is_read_back(texts in proptest::collection::vec("[ -~]{0,99}", 0..20)) {
            let mut message = Vec::new();
            for text in &texts {
                write(&mut message, text);
            }
            let read: Vec<_> = packets(&message).map(Result::unwrap).collect();
            let written: Vec<_> = texts.iter().map(|text| Packet::Data(text.as_bytes())).collect();
            proptest::prop_assert_eq!(read, written);
        }
    }
}
