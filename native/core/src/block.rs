//! The packets of one journal since its last block, already in the form of the block.

use std::net::IpAddr;

use crate::clock::Clocks;
use crate::sources::Source;
use crate::sweep::DATAGRAMS;

/// How long packets are gathered before a block is sealed.
const BLOCK_NS: u64 = 1_000_000_000;
/// A block with so much in it is sealed early (after a stall, or video).
const FULL_BYTES: usize = 512 * 1024;
/// What a usual second of two G.711 streams takes; a buffer grown beyond is given back.
const KEPT_BYTES: usize = 64 * 1024;
/// Flag of an RTCP packet.
const RTCP: u8 = 1;

/// Sources and packets that wait to be sealed.
#[derive(Default)]
pub struct Gathering {
    sources: Vec<u8>,
    source_count: u8,
    packets: Vec<u8>,
    packet_count: u32,
    began_ns: u64,
    serial: u64,
}

/// The parts of a packets payload that the gathering does not hold itself.
pub struct Heads {
    clocks: [u8; 16],
    source_count: [u8; 1],
    packet_count: [u8; 4],
}

impl Gathering {
    /// Number of the block that is being gathered, for `Sources::place`.
    pub fn serial(&self) -> u64 {
        self.serial
    }

    /// Whether there is nothing to seal.
    pub fn is_empty(&self) -> bool {
        self.packet_count == 0
    }

    /// Whether the block must be sealed before another batch comes in.
    pub fn is_full(&self) -> bool {
        self.packets.len() >= FULL_BYTES
            || usize::from(self.source_count) + DATAGRAMS > usize::from(u8::MAX)
    }

    /// Whether a second has passed, counted to the nearest sweep.
    pub fn is_due(&self, now_ns: u64, sweep_ns: u64) -> bool {
        !self.is_empty() && now_ns.saturating_sub(self.began_ns) + sweep_ns / 2 >= BLOCK_NS
    }

    /// List a source, before its first packet in this block.
    pub fn list(&mut self, stream: u16, number: u8, source: &Source) {
        self.sources.extend_from_slice(&stream.to_le_bytes());
        self.sources.push(number);
        match source.address {
            IpAddr::V4(address) => {
                self.sources.push(4);
                self.sources.extend_from_slice(&address.octets());
            }
            IpAddr::V6(address) => {
                self.sources.push(6);
                self.sources.extend_from_slice(&address.octets());
            }
        }
        self.sources.extend_from_slice(&source.port.to_le_bytes());
        self.source_count += 1;
    }

    /// Add a packet; `now_ns` is monotonic, `arrival_ns` realtime.
    pub fn push(&mut self, packet: &GatheredPacket<'_>, now_ns: u64) {
        if self.is_empty() {
            self.began_ns = now_ns;
        }
        let mut head = [0; 14];
        head[..2].copy_from_slice(&packet.stream.to_le_bytes());
        head[2] = packet.source;
        head[3] = if packet.is_rtcp { RTCP } else { 0 };
        head[4..12].copy_from_slice(&packet.arrival_ns.to_le_bytes());
        head[12..].copy_from_slice(&(packet.datagram.len() as u16).to_le_bytes());
        self.packets.extend_from_slice(&head);
        self.packets.extend_from_slice(packet.datagram);
        self.packet_count += 1;
    }

    /// The numbers that stand before and between sources and packets.
    pub fn heads(&self, now: &Clocks) -> Heads {
        let mut clocks = [0; 16];
        clocks[..8].copy_from_slice(&now.realtime_ns.to_le_bytes());
        clocks[8..].copy_from_slice(&now.monotonic_ns.to_le_bytes());
        let packet_count = self.packet_count.to_le_bytes();
        Heads { clocks, source_count: [self.source_count], packet_count }
    }

    /// The whole payload, in pieces.
    pub fn parts<'a>(&'a self, heads: &'a Heads) -> [&'a [u8]; 5] {
        let Heads { clocks, source_count, packet_count } = heads;
        [clocks, source_count, &self.sources, packet_count, &self.packets]
    }

    /// Begin the next block.
    pub fn clear(&mut self) {
        self.serial += 1;
        self.source_count = 0;
        self.packet_count = 0;
        self.sources.clear();
        self.packets.clear();
        self.packets.shrink_to(KEPT_BYTES);
    }
}

/// One packet on its way into a block.
pub struct GatheredPacket<'a> {
    /// Index of the m-line.
    pub stream: u16,
    /// Number of its source in this block.
    pub source: u8,
    /// RTCP rather than RTP.
    pub is_rtcp: bool,
    /// The kernel's time stamp, realtime.
    pub arrival_ns: u64,
    /// As received.
    pub datagram: &'a [u8],
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_payload_is_laid_out_as_the_format_says() {
        let mut gathering = Gathering::default();
        let source = Source { address: "1.2.3.4".parse().unwrap(), port: 5, ssrc: None };
        gathering.list(258, 3, &source);
        let packet = GatheredPacket {
            stream: 258,
            source: 3,
            is_rtcp: true,
            arrival_ns: 9,
            datagram: b"hi",
        };
        gathering.push(&packet, 0);
        let clocks = Clocks { realtime_ns: 7, monotonic_ns: 8 };
        let payload = gathering.parts(&gathering.heads(&clocks)).concat();
        let expected = [
            &[7, 0, 0, 0, 0, 0, 0, 0, 8, 0, 0, 0, 0, 0, 0, 0][..],
            &[1, 2, 1, 3, 4, 1, 2, 3, 4, 5, 0],
            &[1, 0, 0, 0, 2, 1, 3, 1, 9, 0, 0, 0, 0, 0, 0, 0, 2, 0],
            b"hi",
        ]
        .concat();
        assert_eq!(payload, expected);
    }

    #[test]
    fn a_block_is_due_a_second_after_its_first_packet() {
        let mut gathering = Gathering::default();
        assert!(!gathering.is_due(u64::MAX, 0));
        let packet =
            GatheredPacket { stream: 0, source: 0, is_rtcp: false, arrival_ns: 0, datagram: b"" };
        gathering.push(&packet, 5);
        gathering.push(&packet, 400_000_000);
        assert!(!gathering.is_due(899_999_999, 200_000_000));
        assert!(gathering.is_due(900_000_005, 200_000_000));
        gathering.clear();
        assert!(gathering.is_empty());
        assert_eq!(gathering.serial(), 1);
    }
}
