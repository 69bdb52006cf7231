//! The packets of one journal since its last block, already in the form of the block.

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::net::IpAddr;

use crate::clock::Clocks;
use crate::sources::Source;
use crate::sweep::DATAGRAMS;

/// How long packets are gathered before a block is sealed.
const BLOCK_NS: u64 = 1_000_000_000;
/// A block with so much in it is sealed early (after a stall, or video).
const FULL_BYTES: usize = 512 * 1024;
/// Packets are gathered in pieces of this size (4 KiB with what the allocator adds): a buffer that
/// grew with its content would keep up to twice of it, for each call.
const PIECE_BYTES: usize = 4080;
/// Empty pieces that a thread keeps for the next packets, 4 MiB: given to the system and asked for
/// again, each costs a page fault.
const MAX_SPARE: usize = 1024;

thread_local! {
    static SPARE: RefCell<Vec<Vec<u8>>> = const { RefCell::new(Vec::new()) };
}
/// What stands before each packet.
const HEAD_BYTES: usize = 14;
/// Flag of an RTCP packet.
const RTCP: u8 = 1;

/// Sources and packets that wait to be sealed.
#[derive(Default)]
pub struct Gathering {
    sources: Vec<u8>,
    source_count: u8,
    packets: Pieces,
    packet_count: u32,
    due_ns: u64,
    phase_ns: u64,
    serial: u64,
}

/// The parts of a packets payload that the gathering does not hold itself.
pub struct Heads {
    clocks: [u8; 16],
    source_count: [u8; 1],
    packet_count: [u8; 4],
}

impl Gathering {
    /// A gathering whose blocks are due once a second, at a moment of it that follows from the
    /// journal's random id: were all calls of a node due at once, each second would begin with
    /// all their packets twice in memory, and with all that the disk has to take.
    pub fn of(journal_id: &[u8; 16]) -> Self {
        let [first, second, third, fourth, ..] = *journal_id;
        let phase_ns = u64::from(u32::from_le_bytes([first, second, third, fourth])) % BLOCK_NS;
        Self { phase_ns, ..Self::default() }
    }

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
        self.packets.length >= FULL_BYTES
            || usize::from(self.source_count) + DATAGRAMS > usize::from(u8::MAX)
    }

    /// Whether the moment of the block has come, counted to the nearest sweep.
    pub fn is_due(&self, now_ns: u64, sweep_ns: u64) -> bool {
        !self.is_empty() && now_ns.saturating_add(sweep_ns / 2) >= self.due_ns
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
            self.due_ns = self.next_moment(now_ns);
        }
        let mut head = [0; HEAD_BYTES];
        head[..2].copy_from_slice(&packet.stream.to_le_bytes());
        head[2] = packet.source;
        head[3] = if packet.is_rtcp { RTCP } else { 0 };
        head[4..12].copy_from_slice(&packet.arrival_ns.to_le_bytes());
        head[12..].copy_from_slice(&(packet.datagram.len() as u16).to_le_bytes());
        self.packets.append(&head);
        self.packets.append(packet.datagram);
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
    pub fn parts<'a>(&'a self, heads: &'a Heads) -> Vec<&'a [u8]> {
        let Heads { clocks, source_count, packet_count } = heads;
        let mut parts: Vec<&[u8]> = vec![clocks, source_count, &self.sources, packet_count];
        parts.extend(self.packets.pieces.iter().map(Vec::as_slice));
        parts
    }

    /// Take the whole payload out, unsealed, and begin the next block.
    pub fn take(&mut self, now: &Clocks) -> Payload {
        let Heads { clocks, source_count, packet_count } = self.heads(now);
        let payload = Payload {
            head: [&clocks[..], &source_count, &self.sources, &packet_count].concat(),
            pieces: std::mem::take(&mut self.packets.pieces),
            packet_count: self.packet_count,
            gathered: *now,
        };
        self.clear();
        payload
    }

    /// Begin the next block.
    pub fn clear(&mut self) {
        self.serial += 1;
        self.source_count = 0;
        self.packet_count = 0;
        self.sources.clear();
        self.packets.clear();
    }

    /// The first moment of this journal's blocks after `now_ns`.
    fn next_moment(&self, now_ns: u64) -> u64 {
        now_ns + BLOCK_NS - (now_ns + BLOCK_NS - self.phase_ns) % BLOCK_NS
    }
}

/// The payload of a block that is not sealed. Its memory is overwritten when it goes.
pub struct Payload {
    head: Vec<u8>,
    pieces: Vec<Vec<u8>>,
    packet_count: u32,
    gathered: Clocks,
}

impl Payload {
    /// The whole payload, in pieces.
    pub fn parts(&self) -> Vec<&[u8]> {
        let mut parts: Vec<&[u8]> = vec![&self.head];
        parts.extend(self.pieces.iter().map(Vec::as_slice));
        parts
    }

    /// Memory taken.
    pub fn bytes(&self) -> u64 {
        (self.head.len() + self.pieces.len() * PIECE_BYTES) as u64
    }

    /// How many packets are in it.
    pub fn packet_count(&self) -> u32 {
        self.packet_count
    }

    /// How much of each stream is in it, by the index of its line.
    pub fn tallies(&self) -> BTreeMap<u16, Tally> {
        let mut found: BTreeMap<u16, Tally> = BTreeMap::new();
        let mut bytes = Cursor { pieces: &self.pieces, at: 0 };
        while let Some(head) = bytes.head() {
            let length = u16::from_le_bytes([head[12], head[13]]);
            let tally = found.entry(u16::from_le_bytes([head[0], head[1]])).or_default();
            if head[3] & RTCP != 0 {
                tally.rtcp_packets += 1;
            } else {
                tally.packets += 1;
                tally.bytes += u64::from(length);
            }
            bytes.skip(usize::from(length));
        }
        found
    }

    /// When it was gathered.
    pub fn gathered(&self) -> Clocks {
        self.gathered
    }

    fn erase(&mut self) {
        self.pieces.iter_mut().for_each(|piece| piece.fill(0));
        // Memory that is freed next need not be written, as the compiler sees it.
        std::hint::black_box(&self.pieces);
    }
}

impl Drop for Payload {
    fn drop(&mut self) {
        self.erase();
    }
}

/// How much of one stream is in a payload.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Tally {
    /// RTP packets.
    pub packets: u64,
    /// Bytes of those, headers included.
    pub bytes: u64,
    /// RTCP packets.
    pub rtcp_packets: u64,
}

/// Walks over packets that may lie across pieces.
struct Cursor<'a> {
    pieces: &'a [Vec<u8>],
    at: usize, // in the first piece
}

impl Cursor<'_> {
    /// What stands before the next packet; None: there is none.
    fn head(&mut self) -> Option<[u8; HEAD_BYTES]> {
        let mut head = [0; HEAD_BYTES];
        for byte in &mut head {
            while self.at >= self.pieces.first()?.len() {
                self.at -= self.pieces[0].len();
                self.pieces = &self.pieces[1..];
            }
            *byte = self.pieces[0][self.at];
            self.at += 1;
        }
        Some(head)
    }

    fn skip(&mut self, bytes: usize) {
        self.at += bytes;
    }
}

/// Bytes in pieces that are never moved.
#[derive(Default)]
struct Pieces {
    pieces: Vec<Vec<u8>>,
    length: usize,
}

impl Pieces {
    fn append(&mut self, mut bytes: &[u8]) {
        self.length += bytes.len();
        while !bytes.is_empty() {
            let has_room = self.pieces.last().is_some_and(|piece| piece.len() < PIECE_BYTES);
            if !has_room {
                let spare = SPARE.with_borrow_mut(Vec::pop);
                self.pieces.push(spare.unwrap_or_else(|| Vec::with_capacity(PIECE_BYTES)));
            }
            let Some(piece) = self.pieces.last_mut() else { return };
            let (fits, rest) = bytes.split_at(bytes.len().min(PIECE_BYTES - piece.len()));
            piece.extend_from_slice(fits);
            bytes = rest;
        }
    }

    fn clear(&mut self) {
        self.length = 0;
        SPARE.with_borrow_mut(|spare| {
            let room = MAX_SPARE.saturating_sub(spare.len()).min(self.pieces.len());
            self.pieces.iter_mut().for_each(Vec::clear);
            spare.extend(self.pieces.drain(..room));
        });
        self.pieces = Vec::new();
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

    fn packet(datagram: &[u8]) -> GatheredPacket<'_> {
        GatheredPacket { stream: 0, source: 0, is_rtcp: false, arrival_ns: 0, datagram }
    }

    #[test]
    fn what_is_in_a_payload_is_counted_by_line_across_pieces() {
        let mut gathering = Gathering::default();
        for number in 0..1000 {
            let (stream, is_rtcp) = (number % 2, number % 10 == 1);
            let datagram = &[7; 172][..];
            let packet = GatheredPacket { stream, is_rtcp, ..packet(datagram) };
            gathering.push(&packet, 0);
        }
        let payload = gathering.take(&Clocks { realtime_ns: 0, monotonic_ns: 0 });
        assert!(payload.pieces.len() > 40);
        let tallies = payload.tallies();
        assert_eq!(tallies[&0], Tally { packets: 500, bytes: 500 * 172, rtcp_packets: 0 });
        assert_eq!(tallies[&1], Tally { packets: 400, bytes: 400 * 172, rtcp_packets: 100 });
    }

    #[test]
    fn a_block_is_due_once_a_second_at_the_moment_of_its_journal() {
        let mut id = [9; 16];
        id[..4].copy_from_slice(&250_000_000u32.to_le_bytes());
        let mut gathering = Gathering::of(&id);
        assert!(!gathering.is_due(u64::MAX, 0));
        for (first_ns, due_ns) in [(5, 250_000_000), (450_000_000, 1_250_000_000)] {
            gathering.push(&packet(b""), first_ns);
            gathering.push(&packet(b""), first_ns + 100_000_000);
            assert!(!gathering.is_due(due_ns - 100_000_001, 200_000_000));
            assert!(gathering.is_due(due_ns - 100_000_000, 200_000_000));
            gathering.clear();
            assert!(gathering.is_empty());
        }
        assert_eq!(gathering.serial(), 2);
    }

    #[test]
    fn no_packet_waits_longer_than_a_second_for_its_block() {
        for (id, began_ns) in (0..=255u8).map(|byte| ([byte; 16], u64::from(byte) * 77_777_777)) {
            let mut gathering = Gathering::of(&id);
            gathering.push(&packet(b""), began_ns);
            assert!(!gathering.is_due(began_ns, 0));
            assert!(gathering.is_due(began_ns + BLOCK_NS, 0));
        }
    }

    #[test]
    fn packets_that_span_pieces_come_out_whole_and_nothing_is_kept_of_them() {
        let mut gathering = Gathering::default();
        let datagrams: Vec<Vec<u8>> = (0..60).map(|one| vec![one; 200]).collect();
        datagrams.iter().for_each(|one| gathering.push(&packet(one), 0));
        let clocks = Clocks { realtime_ns: 7, monotonic_ns: 8 };
        let payload = gathering.parts(&gathering.heads(&clocks)).concat();
        let packets: Vec<&[u8]> = payload[21..].chunks(214).map(|one| &one[14..]).collect();
        assert_eq!(packets, datagrams);
        assert_eq!(gathering.packets.pieces.len(), 4);
        gathering.clear();
        assert!(gathering.packets.pieces.is_empty());
    }

    #[test]
    fn a_payload_taken_out_is_the_one_that_would_have_been_sealed() {
        let (mut kept, mut taken) = (Gathering::default(), Gathering::default());
        let source = Source { address: "::1".parse().unwrap(), port: 5, ssrc: Some(6) };
        for gathering in [&mut kept, &mut taken] {
            gathering.list(0, 0, &source);
            (0..60).for_each(|one| gathering.push(&packet(&[one; 200]), 0));
        }
        let clocks = Clocks { realtime_ns: 7, monotonic_ns: 8 };
        let mut payload = taken.take(&clocks);
        assert_eq!(payload.parts().concat(), kept.parts(&kept.heads(&clocks)).concat());
        assert_eq!((payload.packet_count(), payload.gathered()), (60, clocks));
        assert!(taken.is_empty() && taken.serial() == 1);
        payload.erase();
        assert!(payload.pieces.iter().flatten().all(|byte| *byte == 0));
    }
}
