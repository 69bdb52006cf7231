//! Random datagrams through classification, the table of sources and a block, and read back.

use std::collections::HashMap;
use std::net::IpAddr;

use crate::block::{GatheredPacket, Gathering};
use crate::classify::{classify, Class};
use crate::clock::Clocks;
use crate::sources::{Source, Sources};

/// Numbers that look random and are the same in every run.
struct Chance(u64);

impl Chance {
    fn below(&mut self, limit: u64) -> u64 {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963);
        (self.0 >> 33) % limit
    }

    /// A datagram: noise, or RTP or RTCP with bits turned, cut anywhere.
    fn datagram(&mut self) -> Vec<u8> {
        let longest = if self.below(50) == 0 { 2048 } else { 200 };
        let length = self.below(longest) as usize;
        let mut bytes: Vec<u8> = (0..length).map(|_| self.below(256) as u8).collect();
        let head: &[u8] = match self.below(4) {
            0 => &[],
            1 => &[0x80, 200],
            2 => &[0x9F, 8],
            _ => &[0x80, 0],
        };
        for (byte, wanted) in bytes.iter_mut().zip(head) {
            *byte = *wanted;
        }
        bytes
    }

    fn source(&mut self, ssrc: Option<u32>) -> Source {
        let address: IpAddr = if self.below(2) == 0 {
            [192, 0, 2, self.below(4) as u8].into()
        } else {
            [0x2001, 0xdb8, 0, 0, 0, 0, 0, self.below(4) as u16].into()
        };
        Source { address, port: self.below(3) as u16, ssrc }
    }
}

/// Stream, address and port of the sender, arrival, content.
type Kept = (u16, IpAddr, u16, u64, Vec<u8>);

/// Takes a payload apart as docs/formats/journal.md says.
fn read_back(payload: &[u8]) -> Vec<Kept> {
    let mut rest = payload.get(16..).unwrap();
    let mut take = |count: usize| {
        let (taken, after) = rest.split_at(count);
        rest = after;
        taken.to_vec()
    };
    let number =
        |bytes: Vec<u8>| bytes.iter().rev().fold(0u64, |sum, byte| sum << 8 | u64::from(*byte));
    let mut sources = HashMap::new();
    for _ in 0..number(take(1)) {
        let (stream, place) = (number(take(2)), number(take(1)));
        let address: IpAddr = match number(take(1)) {
            4 => <[u8; 4]>::try_from(take(4)).unwrap().into(),
            6 => <[u8; 16]>::try_from(take(16)).unwrap().into(),
            family => panic!("address family {family}"),
        };
        let port = number(take(2)) as u16;
        assert!(sources.insert((stream, place), (address, port)).is_none(), "listed twice");
    }
    let packets = (0..number(take(4)))
        .map(|_| {
            let (stream, place) = (number(take(2)), number(take(1)));
            let _is_rtcp = take(1);
            let arrival_ns = number(take(8));
            let length = number(take(2)) as usize;
            let (address, port) = sources[&(stream, place)];
            (stream as u16, address, port, arrival_ns, take(length))
        })
        .collect();
    assert!(rest.is_empty());
    packets
}

#[test]
fn whatever_is_kept_of_random_datagrams_is_in_the_block_with_its_sender() {
    let mut chance = Chance(7);
    let mut tables = [Sources::new(16), Sources::new(1), Sources::new(255)];
    let mut gathering = Gathering::default();
    let (mut kept, mut blocks, mut classes) = (Vec::new(), 0, [0; 3]);
    for turn in 0..60_000u64 {
        let datagram = chance.datagram();
        let (class, ssrc) = match classify(&datagram) {
            // Few sources that speak, and many that pass by.
            Class::Rtp { ssrc, .. } => (0, Some(if turn % 3 == 0 { ssrc } else { ssrc % 3 })),
            Class::Rtcp => (1, None),
            Class::Invalid => (2, None),
        };
        classes[class] += 1;
        let (source, stream) = (chance.source(ssrc), chance.below(3) as u16);
        let now_ns = turn * 1_000_000;
        let table = &mut tables[usize::from(stream)];
        let is_media = class < 2;
        let placed = is_media.then(|| table.place(source, now_ns, gathering.serial())).flatten();
        if let Some(placed) = placed {
            if placed.is_new_in_block {
                gathering.list(stream, placed.number, &source);
            }
            let packet = GatheredPacket {
                stream,
                source: placed.number,
                is_rtcp: ssrc.is_none(),
                arrival_ns: now_ns,
                datagram: &datagram,
            };
            gathering.push(&packet, now_ns);
            kept.push((stream, source.address, source.port, now_ns, datagram));
        }
        if gathering.is_full() || turn % 1_000 == 999 {
            let heads = gathering.heads(&Clocks { realtime_ns: 1, monotonic_ns: 2 });
            assert_eq!(read_back(&gathering.parts(&heads).concat()), kept);
            gathering.clear();
            kept.clear();
            blocks += 1;
        }
    }
    assert!(blocks > 60 && classes.iter().all(|count| *count > 5_000), "{blocks} {classes:?}");
}
