//! A row of packets, taken apart by their lengths.

use pgp::errors::Error;
use pgp::packet::{Packet, PacketHeader};
use pgp::types::{PacketLength, Tag};

/// One packet: what kind it says it is, and what it is, where that is understood.
pub(super) struct Part {
    pub(super) tag: Tag,
    pub(super) packet: Result<Packet, Error>,
}

/// All packets. Each has a length of its own, and none goes beyond the end.
pub(super) fn read(mut bytes: &[u8]) -> Result<Vec<Part>, String> {
    let mut parts = Vec::new();
    while !bytes.is_empty() {
        let number = parts.len() + 1;
        let header = PacketHeader::try_from_reader(&mut bytes)
            .map_err(|error| format!("packet {number} does not begin as one: {error}"))?;
        let PacketLength::Fixed(length) = header.packet_length() else {
            return Err(format!("packet {number} does not say how long it is"));
        };
        let body = usize::try_from(length).ok().and_then(|length| bytes.split_at_checked(length));
        let (body, rest) = body.ok_or_else(|| format!("packet {number} is cut off"))?;
        parts.push(Part { tag: header.tag(), packet: Packet::from_reader(header, body) });
        bytes = rest;
    }
    Ok(parts)
}
