//! Lists as they are stored: plain, or compressed by gzip or xz.

use std::io::{self, BufReader, Read};

use flate2::bufread::MultiGzDecoder;
use liblzma::read::XzDecoder;
use liblzma::stream::{CONCATENATED, Stream};

/// The most memory that unpacking may take: xz at its highest level takes 65 MiB.
const MEMORY: u64 = 96 << 20;

/// How a list is stored, the best first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Form {
    /// `.xz`.
    Xz,
    /// `.gz`.
    Gzip,
    /// As it is.
    Plain,
}

impl Form {
    /// All, the best first.
    pub const ALL: [Self; 3] = [Self::Xz, Self::Gzip, Self::Plain];

    /// What a file's name ends with.
    pub fn suffix(self) -> &'static str {
        match self {
            Self::Xz => ".xz",
            Self::Gzip => ".gz",
            Self::Plain => "",
        }
    }
}

/// Reads what is stored in some form: all of it, no more than it should be, and an error where it is less.
pub struct Unpacked<R: Read> {
    input: Decoder<R>,
    left: u64,
    exact: bool,
}

enum Decoder<R: Read> {
    Xz(Box<XzDecoder<R>>),
    Gzip(Box<MultiGzDecoder<BufReader<R>>>),
    Plain(R),
}

impl<R: Read> Unpacked<R> {
    /// Content that has exactly this length, or, where that is not known, no more than this.
    pub fn new(form: Form, input: R, length: u64, exact: bool) -> io::Result<Self> {
        let input = match form {
            Form::Xz => {
                let stream = Stream::new_stream_decoder(MEMORY, CONCATENATED)?;
                Decoder::Xz(Box::new(XzDecoder::new_stream(input, stream)))
            }
            Form::Gzip => Decoder::Gzip(Box::new(MultiGzDecoder::new(BufReader::new(input)))),
            Form::Plain => Decoder::Plain(input),
        };
        Ok(Self { input, left: length, exact })
    }
}

impl<R: Read> Read for Unpacked<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let read = match &mut self.input {
            Decoder::Xz(input) => input.read(buffer),
            Decoder::Gzip(input) => input.read(buffer),
            Decoder::Plain(input) => input.read(buffer),
        };
        let read =
            read.map_err(|error| io::Error::new(error.kind(), format!("it cannot be unpacked: {error}")))?;
        let length = u64::try_from(read).unwrap_or(u64::MAX);
        if length > self.left {
            return Err(io::Error::other("it is longer than it should be"));
        }
        if read == 0 && !buffer.is_empty() && self.exact && self.left > 0 {
            return Err(io::Error::other(format!("it is {} bytes shorter than it should be", self.left)));
        }
        self.left -= length;
        Ok(read)
    }
}

#[cfg(test)]
mod tests {
    use std::io::Write;

    use super::*;

    fn packed(form: Form, content: &[u8]) -> Vec<u8> {
        match form {
            Form::Plain => content.to_vec(),
            Form::Gzip => {
                let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
                encoder.write_all(content).unwrap();
                encoder.finish().unwrap()
            }
            Form::Xz => {
                let mut encoder = liblzma::write::XzEncoder::new(Vec::new(), 0);
                encoder.write_all(content).unwrap();
                encoder.finish().unwrap()
            }
        }
    }

    fn unpack(form: Form, stored: &[u8], length: u64, exact: bool) -> Result<Vec<u8>, String> {
        let mut content = Vec::new();
        let mut unpacked = Unpacked::new(form, stored, length, exact).unwrap();
        unpacked.read_to_end(&mut content).map(|_| content).map_err(|error| error.to_string())
    }

    #[test]
    fn each_form_is_unpacked_to_its_length() {
        let content: Vec<u8> = (0..=255).cycle().take(300_000).collect();
        for form in Form::ALL {
            let stored = packed(form, &content);
            assert_eq!(unpack(form, &stored, 300_000, true).unwrap(), content);
            assert_eq!(unpack(form, &stored, 300_001, false).unwrap(), content);
            assert!(unpack(form, &stored, 299_999, true).unwrap_err().contains("longer"));
            assert!(unpack(form, &stored, 299_999, false).unwrap_err().contains("longer"));
            assert!(unpack(form, &stored, 300_001, true).unwrap_err().contains("1 bytes shorter"));
            let cut = unpack(form, &stored[..stored.len() - 20], 300_000, true).unwrap_err();
            assert!(cut.contains("unpacked") || cut.contains("shorter"), "{cut}");
        }
    }

    #[test]
    fn what_takes_too_much_memory_is_refused() {
        let mut options = liblzma::stream::LzmaOptions::new_preset(0).unwrap();
        options.dict_size(200 << 20);
        let mut filters = liblzma::stream::Filters::new();
        filters.lzma2(&options);
        let stream = Stream::new_stream_encoder(&filters, liblzma::stream::Check::None).unwrap();
        let mut encoder = liblzma::write::XzEncoder::new_stream(Vec::new(), stream);
        encoder.write_all(b"x").unwrap();
        let stored = encoder.finish().unwrap();
        assert!(unpack(Form::Xz, &stored, 1, true).unwrap_err().contains("unpacked"));
    }
}
