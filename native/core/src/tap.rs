//! Copies of the first packets of each source of a stream, for whoever checks live that keys fit.

use std::mem;

/// Copies of one source.
pub const PER_SOURCE: u8 = 3;
/// Copies that wait to be taken; more are not made.
const MAX_DATAGRAMS: usize = 8;
/// Bytes of those.
const MAX_BYTES: usize = 4096;

/// The copies of one stream that nobody has taken yet.
#[derive(Default)]
pub struct Tap {
    datagrams: Vec<Vec<u8>>,
    bytes: usize,
}

impl Tap {
    /// Whether a copy of this datagram still fits.
    pub fn has_room(&self, datagram: &[u8]) -> bool {
        self.datagrams.len() < MAX_DATAGRAMS && self.bytes + datagram.len() <= MAX_BYTES
    }

    /// Keep a copy.
    pub fn put(&mut self, datagram: &[u8]) {
        self.bytes += datagram.len();
        self.datagrams.push(datagram.to_vec());
    }

    /// Give the copies away.
    pub fn take(&mut self) -> Vec<Vec<u8>> {
        self.bytes = 0;
        mem::take(&mut self.datagrams)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn copies_are_bounded_in_number_and_bytes_until_they_are_taken() {
        for (size, fit) in [(10, MAX_DATAGRAMS), (1500, 2)] {
            let mut tap = Tap::default();
            let datagram = vec![7; size];
            for _ in 0..20 {
                if tap.has_room(&datagram) {
                    tap.put(&datagram);
                }
            }
            assert_eq!(tap.take(), vec![datagram.clone(); fit]);
            assert!(tap.has_room(&datagram));
            assert_eq!(tap.take(), Vec::<Vec<u8>>::new());
        }
    }
}
