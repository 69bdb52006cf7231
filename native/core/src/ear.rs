//! Copies of the newest packets of a stream, for whoever listens to the call while it lasts.

use std::collections::VecDeque;

/// Copies that wait; the oldest go first. At 20 ms a packet these are five seconds.
const MAX_DATAGRAMS: usize = 256;
/// Bytes of those.
const MAX_BYTES: usize = 128 * 1024;

/// The newest packets of one stream, numbered from the first that was ever copied.
#[derive(Default)]
pub struct Ear {
    datagrams: VecDeque<Vec<u8>>,
    bytes: usize,
    first: u64, // number of the oldest that is still there
}

impl Ear {
    /// Copy a packet; the oldest ones make room.
    pub fn put(&mut self, datagram: &[u8]) {
        self.bytes += datagram.len();
        self.datagrams.push_back(datagram.to_vec());
        while self.datagrams.len() > MAX_DATAGRAMS || self.bytes > MAX_BYTES {
            let gone = self.datagrams.pop_front().unwrap_or_default();
            self.bytes -= gone.len();
            self.first += 1;
        }
    }

    /// The packets from this number on that are still there, and the number of the next to come.
    pub fn since(&self, number: u64) -> (u64, Vec<Vec<u8>>) {
        let next = self.first + self.datagrams.len() as u64;
        let skipped = number.saturating_sub(self.first).min(self.datagrams.len() as u64);
        (next, self.datagrams.iter().skip(skipped as usize).cloned().collect())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_listener_goes_on_where_it_was() {
        let mut ear = Ear::default();
        assert_eq!(ear.since(0), (0, vec![]));
        ear.put(&[1]);
        ear.put(&[2]);
        assert_eq!(ear.since(0), (2, vec![vec![1], vec![2]]));
        assert_eq!(ear.since(1), (2, vec![vec![2]]));
        assert_eq!(ear.since(2), (2, vec![]));
        assert_eq!(ear.since(u64::MAX), (2, vec![]));
    }

    #[test]
    fn the_newest_packets_are_kept_within_number_and_bytes() {
        for (size, fit) in [(172, MAX_DATAGRAMS), (1500, MAX_BYTES / 1500)] {
            let mut ear = Ear::default();
            (0..1000_u16).for_each(|number| ear.put(&vec![(number % 251) as u8; size]));
            let (next, heard) = ear.since(0);
            assert_eq!((next, heard.len()), (1000, fit));
            assert_eq!(heard[fit - 1][0], (999 % 251) as u8);
        }
    }
}
