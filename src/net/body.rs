//! The body of an answer: in one piece, or in many that are given back one by one while they are read.

use std::collections::VecDeque;
use std::io::Read;

/// The size of a piece.
const PIECE: usize = 64 << 10;

/// The bytes that came.
#[derive(Clone, Debug, Default)]
pub(super) struct Body {
    pieces: VecDeque<Vec<u8>>,
    /// How long a piece may become.
    most: usize,
    length: usize,
}

impl Body {
    /// One that is kept in one piece, of about this length.
    pub(super) fn whole(announced: usize) -> Self {
        let pieces = VecDeque::from([Vec::with_capacity(announced)]);
        Self { pieces, most: usize::MAX, length: 0 }
    }

    /// One that is kept in pieces, however long it becomes.
    pub(super) fn in_pieces() -> Self {
        Self { pieces: VecDeque::new(), most: PIECE, length: 0 }
    }

    /// One that went elsewhere as it came.
    pub(super) fn elsewhere(length: usize) -> Self {
        Self { length, ..Self::default() }
    }

    pub(super) fn push(&mut self, mut bytes: &[u8]) {
        self.length += bytes.len();
        while !bytes.is_empty() {
            match self.pieces.back_mut().filter(|piece| piece.len() < self.most) {
                Some(piece) => {
                    let (now, later) = bytes.split_at(bytes.len().min(self.most - piece.len()));
                    piece.extend_from_slice(now);
                    bytes = later;
                }
                None => self.pieces.push_back(Vec::with_capacity(PIECE)),
            }
        }
    }

    pub(super) fn len(&self) -> usize {
        self.length
    }

    /// All of one that is in one piece.
    pub(super) fn first(&self) -> &[u8] {
        self.pieces.front().map(Vec::as_slice).unwrap_or_default()
    }

    pub(super) fn into_first(mut self) -> Vec<u8> {
        self.pieces.pop_front().unwrap_or_default()
    }

    pub(super) fn into_reader(self) -> BodyReader {
        BodyReader { pieces: self.pieces, read: 0 }
    }
}

impl From<&str> for Body {
    fn from(text: &str) -> Self {
        let mut body = Self::whole(text.len());
        body.push(text.as_bytes());
        body
    }
}

/// Reads a body, and gives the memory of each piece back once it is read.
#[derive(Debug)]
pub struct BodyReader {
    pieces: VecDeque<Vec<u8>>,
    /// How much of the first piece is read.
    read: usize,
}

impl Read for BodyReader {
    fn read(&mut self, buffer: &mut [u8]) -> std::io::Result<usize> {
        while let Some(piece) = self.pieces.front() {
            let rest = &piece[self.read..];
            if rest.is_empty() {
                self.pieces.pop_front();
                self.read = 0;
                continue;
            }
            let length = rest.len().min(buffer.len());
            buffer[..length].copy_from_slice(&rest[..length]);
            self.read += length;
            return Ok(length);
        }
        Ok(0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_pushed_is_read_in_either_form() {
        let bytes: Vec<u8> = (0..=250).cycle().take(3 * PIECE + 17).collect();
        for chunk in [1_000, PIECE - 1, PIECE, 5 * PIECE] {
            let mut bodies = [Body::whole(10), Body::in_pieces()];
            for body in &mut bodies {
                bytes.chunks(chunk).for_each(|chunk| body.push(chunk));
                assert_eq!(body.len(), bytes.len());
            }
            let [whole, pieces] = bodies;
            assert_eq!(whole.first(), bytes);
            assert!(pieces.pieces.iter().all(|piece| piece.len() <= PIECE && piece.capacity() == PIECE));
            for body in [whole, pieces] {
                let mut read = Vec::new();
                body.into_reader().read_to_end(&mut read).unwrap();
                assert_eq!(read, bytes);
            }
        }
    }

    #[test]
    fn memory_is_given_back_while_it_is_read() {
        let mut body = Body::in_pieces();
        body.push(&vec![7; 10 * PIECE]);
        let mut reader = body.into_reader();
        let mut buffer = vec![0; PIECE];
        for left in (0..10).rev() {
            reader.read_exact(&mut buffer).unwrap();
            assert!(reader.pieces.len() <= left + 1);
        }
        assert_eq!(reader.read(&mut buffer).unwrap(), 0);
        assert!(reader.pieces.is_empty());
    }
}
