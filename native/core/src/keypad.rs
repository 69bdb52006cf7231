//! Keys that are pressed in a call while it lasts, as its RTP tells them (RFC 4733).
//!
//! A key comes in many packets with one time stamp, of which any may be lost: the first that comes
//! is copied, the others are not. What it says is read by whoever takes the copies, since it may be
//! sealed; source, payload type and time stamp stand in clear all the same.

/// Copies that wait to be taken; more are not made.
const MAX_WAITING: usize = 32;
/// Of a packet: a key takes four bytes behind the header, and a tag if it is sealed.
const MAX_BYTES: usize = 128;
/// Keys whose further packets are known as theirs, however they are mixed.
const REMEMBERED: usize = 16;
/// A key held longer goes on under a time stamp that is later by so much (RFC 4733, 2.5.1.3).
const SEGMENT_TICKS: u32 = 0xFFFF;

/// The first packet of a key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Press {
    /// Of the packet, realtime.
    pub arrival_ns: u64,
    /// The whole packet.
    pub datagram: Vec<u8>,
}

/// Copies the keys of one stream.
pub struct Keypad {
    payload_types: u128, // a bit each
    known: [(u32, u32); REMEMBERED],
    count: usize, // of those
    next: usize,  // whose place is taken next
    waiting: Vec<Press>,
}

impl Keypad {
    /// Copy what comes under these payload types.
    pub fn new(payload_types: &[u8]) -> Self {
        let payload_types = payload_types.iter().filter(|one| **one < 128);
        let payload_types = payload_types.fold(0, |bits, one| bits | 1 << one);
        let known = [(0, 0); REMEMBERED];
        Self { payload_types, known, count: 0, next: 0, waiting: Vec::new() }
    }

    /// Take note of an RTP packet of `ssrc` that was accepted, kept or not.
    pub fn hear(&mut self, ssrc: u32, payload_type: u8, datagram: &[u8], arrival_ns: u64) {
        if self.payload_types & 1 << (payload_type & 0x7F) == 0 {
            return;
        }
        let Some(Ok(timestamp)) = datagram.get(4..8).map(<[u8; 4]>::try_from) else { return };
        let timestamp = u32::from_be_bytes(timestamp);
        if datagram.len() > MAX_BYTES || self.waiting.len() >= MAX_WAITING {
            return;
        }
        if self.is_new(ssrc, timestamp) {
            self.waiting.push(Press { arrival_ns, datagram: datagram.to_vec() });
        }
    }

    /// Take the copies made since the last call.
    pub fn take(&mut self) -> Vec<Press> {
        std::mem::take(&mut self.waiting)
    }

    fn is_new(&mut self, ssrc: u32, timestamp: u32) -> bool {
        let known = &self.known[..self.count];
        if known.contains(&(ssrc, timestamp)) {
            return false;
        }
        let is_segment = known.contains(&(ssrc, timestamp.wrapping_sub(SEGMENT_TICKS)));
        self.known[self.next] = (ssrc, timestamp);
        self.next = (self.next + 1) % REMEMBERED;
        self.count = (self.count + 1).min(REMEMBERED);
        !is_segment
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn packet(timestamp: u32, sequence: u16, event: u8) -> Vec<u8> {
        let mut bytes = vec![0x80, 101];
        bytes.extend_from_slice(&sequence.to_be_bytes());
        bytes.extend_from_slice(&timestamp.to_be_bytes());
        bytes.extend_from_slice(&[0, 0, 0, 7, event, 10, 0, 160]);
        bytes
    }

    fn heard(keypad: &mut Keypad, packets: &[(u32, u8)]) -> Vec<u8> {
        for (number, (timestamp, event)) in packets.iter().enumerate() {
            keypad.hear(7, 101, &packet(*timestamp, number as u16, *event), 5);
        }
        keypad.take().iter().map(|one| one.datagram[12]).collect()
    }

    #[test]
    fn a_key_is_told_once_however_often_its_packets_come() {
        let mut keypad = Keypad::new(&[101]);
        assert_eq!(heard(&mut keypad, &[(160, 10); 9]), [10]);
        assert_eq!(heard(&mut keypad, &[(160, 10), (160, 10)]), [0; 0]);
        assert_eq!(heard(&mut keypad, &[(1600, 10)]), [10], "the same key, pressed again");
    }

    #[test]
    fn any_one_packet_of_a_key_will_do() {
        for lost in 0..6 {
            let mut keypad = Keypad::new(&[101]);
            let all = [(160, 10), (160, 10), (160, 10), (3200, 3), (3200, 3), (3200, 3)];
            let left: Vec<_> = all.iter().skip(lost % 3).step_by(3).copied().collect();
            assert_eq!(heard(&mut keypad, &left), [10, 3], "{lost}");
        }
    }

    #[test]
    fn late_packets_of_a_key_are_not_another_one() {
        let mut keypad = Keypad::new(&[101]);
        let mixed = [(160, 10), (3200, 3), (160, 10), (3200, 3), (160, 10)];
        assert_eq!(heard(&mut keypad, &mixed), [10, 3]);
    }

    #[test]
    fn a_key_that_is_held_for_long_is_one() {
        let mut keypad = Keypad::new(&[101]);
        let held = [(9, 10), (9 + SEGMENT_TICKS, 10), (9u32.wrapping_add(2 * SEGMENT_TICKS), 10)];
        assert_eq!(heard(&mut keypad, &held), [10]);
    }

    #[test]
    fn only_what_was_negotiated_is_a_key() {
        let mut keypad = Keypad::new(&[96, 200]);
        assert_eq!(heard(&mut keypad, &[(160, 10)]), [0; 0]);
        keypad.hear(7, 96, &packet(160, 1, 4), 5);
        keypad.hear(7, 96, &[0x80, 96, 0], 5); // cut
        keypad.hear(7, 96, &[0x80; 1400], 5); // no key is so long
        assert_eq!(keypad.take(), [Press { arrival_ns: 5, datagram: packet(160, 1, 4) }]);
    }

    #[test]
    fn a_flood_takes_neither_memory_nor_the_next_call_of_take() {
        let mut keypad = Keypad::new(&[101]);
        for timestamp in 0..100_000u32 {
            keypad.hear(timestamp % 977, 101, &packet(timestamp * 3, 0, 1), 5);
        }
        assert_eq!(keypad.take().len(), MAX_WAITING);
        assert_eq!(heard(&mut keypad, &[(7, 10), (7, 10)]), [10]);
    }
}
