//! Packets that wait in memory until it is known whether they are kept.
//!
//! Nothing of them has been sealed or handed to the writer. Whichever way they go, the memory that
//! they took is overwritten.

use std::collections::{BTreeMap, VecDeque};
use std::sync::atomic::Ordering::Relaxed;

use crate::block::{Payload, Tally};
use crate::shared::Shared;

/// How long packets are held. What is judged is known within seconds, or never.
const MAX_HELD_NS: u64 = 30_000_000_000;
/// How much of one call is held: half a minute of any audio, a few seconds of video.
const MAX_CALL_BYTES: u64 = 4 * 1024 * 1024;
/// How much is held of all calls of a receiver.
pub const MAX_ALL_BYTES: u64 = 256 * 1024 * 1024;

/// The blocks of one journal that are held, oldest first.
#[derive(Default)]
pub struct Held {
    payloads: VecDeque<Payload>,
    bytes: u64,
    dropped_packets: u64,
    unkept: BTreeMap<u16, Tally>, // of what went, by line, until it is taken
    is_told: bool,
}

impl Held {
    /// Hold one more, and drop the oldest where there is no room.
    pub fn add(&mut self, payload: Payload, shared: &Shared) {
        self.bytes += payload.bytes();
        shared.totals.held_bytes.fetch_add(payload.bytes(), Relaxed);
        self.payloads.push_back(payload);
        while self.bytes > MAX_CALL_BYTES || shared.totals.held_bytes.load(Relaxed) > MAX_ALL_BYTES
        {
            if !self.drop_oldest(shared) {
                break;
            }
        }
    }

    /// Drop what was gathered too long before `now_ns`, monotonic.
    pub fn forget_old(&mut self, now_ns: u64, shared: &Shared) {
        let is_old = |payload: &Payload| payload.gathered().monotonic_ns + MAX_HELD_NS < now_ns;
        while self.payloads.front().is_some_and(is_old) {
            self.drop_oldest(shared);
        }
    }

    /// Take the oldest out.
    pub fn pop(&mut self, shared: &Shared) -> Option<Payload> {
        let payload = self.payloads.pop_front()?;
        self.bytes -= payload.bytes();
        shared.totals.held_bytes.fetch_sub(payload.bytes(), Relaxed);
        Some(payload)
    }

    /// Forget all.
    pub fn clear(&mut self, shared: &Shared) {
        while let Some(payload) = self.pop(shared) {
            self.count(&payload);
        }
    }

    /// How much went of each line that was not kept, since this was asked last.
    pub fn take_unkept(&mut self) -> BTreeMap<u16, Tally> {
        std::mem::take(&mut self.unkept)
    }

    fn count(&mut self, gone: &Payload) {
        for (line, one) in gone.tallies() {
            let all = self.unkept.entry(line).or_default();
            all.packets += one.packets;
            all.bytes += one.bytes;
            all.rtcp_packets += one.rtcp_packets;
        }
    }

    /// Memory taken.
    pub fn bytes(&self) -> u64 {
        self.bytes
    }

    /// Whether packets were dropped; true once.
    pub fn has_news_of_losses(&mut self) -> bool {
        let is_news = self.dropped_packets > 0 && !self.is_told;
        self.is_told |= is_news;
        is_news
    }

    /// Packets for which there was no room, or which waited for too long.
    pub fn dropped_packets(&self) -> u64 {
        self.dropped_packets
    }

    fn drop_oldest(&mut self, shared: &Shared) -> bool {
        let Some(oldest) = self.pop(shared) else { return false };
        self.dropped_packets += u64::from(oldest.packet_count());
        self.count(&oldest);
        true
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::block::{GatheredPacket, Gathering};
    use crate::clock::Clocks;
    use crate::fake_disk;

    const SECOND_NS: u64 = 1_000_000_000;

    fn payload(packets: usize, gathered_ns: u64) -> Payload {
        let mut gathering = Gathering::default();
        let datagram = &[7; 1000][..];
        for _ in 0..packets {
            let packet =
                GatheredPacket { stream: 0, source: 0, is_rtcp: false, arrival_ns: 0, datagram };
            gathering.push(&packet, 0);
        }
        gathering.take(&Clocks { realtime_ns: 0, monotonic_ns: gathered_ns })
    }

    #[test]
    fn what_is_older_than_thirty_seconds_is_dropped_and_counted() {
        let (mut held, shared) = (Held::default(), fake_disk::shared());
        for second in 0..40 {
            held.add(payload(2, second * SECOND_NS), &shared);
        }
        held.forget_old(40 * SECOND_NS, &shared);
        assert_eq!(held.dropped_packets(), 20);
        assert!(held.has_news_of_losses() && !held.has_news_of_losses());
        assert_eq!(held.pop(&shared).unwrap().gathered().monotonic_ns, 10 * SECOND_NS);
        assert!(held.bytes() > 0);
        held.clear(&shared);
        assert_eq!((held.bytes(), shared.totals.held_bytes.load(Relaxed)), (0, 0));
    }

    #[test]
    fn a_call_holds_no_more_than_its_share() {
        let (mut held, shared) = (Held::default(), fake_disk::shared());
        for number in 0..20 {
            held.add(payload(400, number), &shared);
            assert!(held.bytes() <= MAX_CALL_BYTES);
        }
        let left = held.payloads.len() as u64;
        assert_eq!(held.dropped_packets(), (20 - left) * 400);
        assert!(left >= 9);
        assert_eq!(held.payloads.back().unwrap().gathered().monotonic_ns, 19);
    }

    #[test]
    fn all_calls_together_hold_no_more_than_the_node_can_bear() {
        let (mut held, shared) = (Held::default(), fake_disk::shared());
        held.add(payload(1, 0), &shared);
        shared.totals.held_bytes.store(2 * MAX_ALL_BYTES, Relaxed);
        held.add(payload(1, 1), &shared);
        assert!(held.payloads.is_empty());
        assert_eq!(held.dropped_packets(), 2);
    }
}
