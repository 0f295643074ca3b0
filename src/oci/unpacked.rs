//! A layer as it unpacks (image-spec, "layer"): packed or not, read through once, hashed as it is read, and never on a disk.

use std::io::{self, BufRead, Read};

use flate2::bufread::MultiGzDecoder;

use crate::model::{Algorithm, Digest, Hasher};

/// The most bytes that a layer may unpack to.
const MOST: u64 = 64 << 30;

/// The archive behind whatever a layer is packed with.
pub struct Unpacked<'r> {
    input: Box<dyn Read + 'r>,
    hasher: Option<Hasher>,
    left: u64,
}

impl<'r> Unpacked<'r> {
    /// Of a layer, whose first bytes tell how it is packed. What it unpacks to is hashed where an algorithm is given.
    pub fn new(mut layer: impl BufRead + 'r, hashed: Option<Algorithm>) -> io::Result<Self> {
        let input: Box<dyn Read + 'r> = match layer.fill_buf()? {
            [0x1f, 0x8b, ..] => Box::new(MultiGzDecoder::new(layer)),
            [0x28, 0xb5, 0x2f, 0xfd, ..] => Box::new(zstd::Decoder::with_buffer(layer)?),
            _ => Box::new(layer),
        };
        Ok(Self { input, hasher: hashed.map(Hasher::new), left: MOST })
    }

    /// Reads what is behind the archive's end; gives what all of it is.
    pub fn finish(mut self) -> io::Result<Option<Digest>> {
        io::copy(&mut self, &mut io::sink())?;
        Ok(self.hasher.map(Hasher::finish))
    }
}

impl Read for Unpacked<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let read = self.input.read(buffer)?;
        let length = u64::try_from(read).unwrap_or(u64::MAX);
        let left = self.left.checked_sub(length);
        self.left = left.ok_or_else(|| io::Error::other("it unpacks to more than is read"))?;
        if let Some(hasher) = &mut self.hasher {
            hasher.update(&buffer[..read]);
        }
        Ok(read)
    }
}
