//! ASCII armour: packets as lines of text between two marks (RFC 9580, 6.2).

use std::io::Read;

use pgp::armor::{ArmorCrc24Status, Dearmor};

const DASHES: &[u8] = b"-----";
const BEGIN: &[u8] = b"-----BEGIN ";
const END: &[u8] = b"-----END ";

/// The packets of a text of one or more blocks, each of which must be of this kind. Nothing but white space may stand
/// around them.
pub(super) fn decode(text: &[u8], kind: &str) -> Result<Vec<u8>, String> {
    let mut packets = Vec::new();
    let mut block: Option<usize> = None;
    for (start, line) in lines(text) {
        let end = start + line.len();
        let line = line.trim_ascii_end();
        match block {
            None if line.is_empty() => {}
            None => {
                let name = marked(line, BEGIN).ok_or("there is text outside of the armour")?;
                if name != kind.as_bytes() {
                    return Err(format!("this is a {}, not a {kind}", String::from_utf8_lossy(name)));
                }
                block = Some(start);
            }
            Some(begin) if line.starts_with(END) => {
                packets.extend(block_packets(&text[begin..end])?);
                block = None;
            }
            Some(_) => {}
        }
    }
    match block {
        Some(_) => Err("the armour is cut off: it has no END line".into()),
        None => Ok(packets),
    }
}

/// The name in a line that marks a block.
pub(super) fn marked<'a>(line: &'a [u8], mark: &[u8]) -> Option<&'a [u8]> {
    line.strip_prefix(mark)?.strip_suffix(DASHES)
}

/// Each line with its end, and where it starts.
fn lines(text: &[u8]) -> impl Iterator<Item = (usize, &[u8])> {
    let mut start = 0;
    text.split_inclusive(|byte| *byte == b'\n').map(move |line| {
        start += line.len();
        (start - line.len(), line)
    })
}

fn block_packets(block: &[u8]) -> Result<Vec<u8>, String> {
    let mut packets = Vec::new();
    let mut reader = Dearmor::new(block);
    reader.read_to_end(&mut packets).map_err(|error| format!("its armour cannot be read: {error}"))?;
    // It proves nothing, but one that is wrong tells of a byte that no signature covers.
    match reader.crc24_status() {
        ArmorCrc24Status::Unchecked { footer_crc } if footer_crc != crc24(&packets) => {
            Err("its armour has another checksum than its content".into())
        }
        _ => Ok(packets),
    }
}

/// The checksum of armour (RFC 9580, 6.1). The library's own check, as of 0.21, forgets the
/// content before it compares.
fn crc24(bytes: &[u8]) -> u32 {
    const START: u32 = 0x00B7_04CE;
    const POLYNOMIAL: u32 = 0x0186_4CFB;
    bytes.iter().fold(START, |crc, byte| {
        (0..8).fold(crc ^ (u32::from(*byte) << 16), |crc, _| {
            let next = crc << 1;
            if next & 0x0100_0000 == 0 { next } else { next ^ POLYNOMIAL }
        })
    })
}
