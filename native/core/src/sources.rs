//! Who sends on a stream: a bounded table, so that a flood of senders costs nothing.

use std::net::IpAddr;

use crate::tap::PER_SOURCE;

/// A source silent this long gives its place to a new one when the table is full. A long call
/// has many sources one after the other (each hold or transfer may bring a new SSRC).
const SILENT_NS: u64 = 1_000_000_000;
/// With fewer packets a source is a passer-by: the first to go.
const PASSER_BY_PACKETS: u64 = 3;
/// With so many packets, and not silent, a source speaks: it never has to go.
const SPEAKS_PACKETS: u64 = 25;

/// What makes a source: for RTP its address and SSRC, for RTCP its address.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Source {
    /// Sender's address.
    pub address: IpAddr,
    /// Sender's port.
    pub port: u16,
    /// None: RTCP.
    pub ssrc: Option<u32>,
}

struct Entry {
    source: Source,
    place: u64, // in the order of first being heard
    packets: u64,
    last_heard_ns: u64,
    last_turn: u64,            // orders what one sweep heard at the same moment
    listed: Option<(u64, u8)>, // the block that lists it, and its number there
    tapped: u8,                // copies made for the tap
}

impl Entry {
    /// How soon it has to go for a new source, the lowest first; None: it speaks.
    fn worth(&self, now_ns: u64) -> Option<u8> {
        if self.packets < PASSER_BY_PACKETS {
            Some(0)
        } else if now_ns.saturating_sub(self.last_heard_ns) >= SILENT_NS {
            Some(1)
        } else {
            (self.packets < SPEAKS_PACKETS).then_some(2)
        }
    }
}

/// The sources of one stream. Each has a number in every block that lists it: numbers begin
/// anew with a block, so that a place may change hands within one.
pub struct Sources {
    entries: Vec<Entry>,
    limit: usize, // of RTP sources, and again of RTCP sources
    latest: usize,
    heard: u64,
    turns: u64,
    listing: (u64, u16), // the latest block, and how many sources it lists
}

/// Where a source stands in the table.
#[derive(Debug, PartialEq, Eq)]
pub struct Placed {
    /// Its number, valid in this block alone.
    pub number: u8,
    /// Whether the block has to list it first.
    pub is_new_in_block: bool,
}

impl Sources {
    /// A table of at most `limit` sources.
    pub fn new(limit: u8) -> Self {
        let (limit, listing) = (usize::from(limit), (0, 0));
        Self { entries: Vec::new(), limit, latest: 0, heard: 0, turns: 0, listing }
    }

    /// Find or add a source heard now (monotonic) in the block; None if all others speak, or
    /// the block has no number left.
    pub fn place(&mut self, source: Source, now_ns: u64, block: u64) -> Option<Placed> {
        let index = self.find(source).or_else(|| self.add(source, now_ns))?;
        self.latest = index;
        self.turns += 1;
        let entry = self.entries.get_mut(index)?;
        entry.packets += 1;
        (entry.last_heard_ns, entry.last_turn) = (now_ns, self.turns);
        if let Some((_, number)) = entry.listed.filter(|(listed_in, _)| *listed_in == block) {
            return Some(Placed { number, is_new_in_block: false });
        }
        if self.listing.0 != block {
            self.listing = (block, 0);
        }
        let number = u8::try_from(self.listing.1).ok()?;
        self.listing.1 += 1;
        entry.listed = Some((block, number));
        Some(Placed { number, is_new_in_block: true })
    }

    /// Whether the source placed last is to be tapped, and count that it is.
    pub fn tap_latest(&mut self) -> bool {
        let entry = self.entries.get_mut(self.latest).filter(|entry| entry.tapped < PER_SOURCE);
        entry.map(|entry| entry.tapped += 1).is_some()
    }

    /// Tap all sources from their next packet on.
    pub fn tap_anew(&mut self) {
        self.entries.iter_mut().for_each(|entry| entry.tapped = 0);
    }

    /// Synchronisation sources in the table, in the order in which they were first heard.
    pub fn ssrcs(&self) -> Vec<u32> {
        let mut entries: Vec<&Entry> = self.entries.iter().collect();
        entries.sort_unstable_by_key(|entry| entry.place);
        entries.iter().filter_map(|entry| entry.source.ssrc).collect()
    }

    /// How many RTP sources were heard so far; one that had lost its place counts again.
    pub fn heard(&self) -> u64 {
        self.heard
    }

    fn find(&self, source: Source) -> Option<usize> {
        if self.entries.get(self.latest).is_some_and(|entry| entry.source == source) {
            return Some(self.latest);
        }
        self.entries.iter().position(|entry| entry.source == source)
    }

    fn add(&mut self, source: Source, now_ns: u64) -> Option<usize> {
        let is_rtp = source.ssrc.is_some();
        let index = self.free_place(is_rtp, now_ns)?;
        self.heard += u64::from(is_rtp);
        let place = self.heard;
        let entry = Entry {
            source,
            place,
            packets: 0,
            last_heard_ns: now_ns,
            last_turn: 0,
            listed: None,
            tapped: 0,
        };
        match self.entries.get_mut(index) {
            Some(old) => *old = entry,
            None => self.entries.push(entry),
        }
        Some(index)
    }

    /// A new place, or that of the source of this sort that is worth least.
    fn free_place(&self, is_rtp: bool, now_ns: u64) -> Option<usize> {
        let entries = self.entries.iter().enumerate();
        let same_sort = entries.filter(|(_, entry)| entry.source.ssrc.is_some() == is_rtp);
        if same_sort.clone().count() < self.limit {
            return Some(self.entries.len());
        }
        same_sort
            .filter_map(|(index, entry)| Some((entry.worth(now_ns)?, entry.last_turn, index)))
            .min()
            .map(|(_, _, index)| index)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn source(port: u16, ssrc: Option<u32>) -> Source {
        Source { address: "192.0.2.1".parse().unwrap(), port, ssrc }
    }

    /// Let one SSRC send packets; how many of them were refused.
    fn speak(sources: &mut Sources, ssrc: u32, packets: u64, now_ns: u64, block: u64) -> usize {
        let source = source(1, Some(ssrc));
        (0..packets).filter(|_| sources.place(source, now_ns, block).is_none()).count()
    }

    #[test]
    fn a_source_has_one_number_in_a_block_and_is_listed_once() {
        let mut sources = Sources::new(4);
        let first = sources.place(source(1, Some(7)), 0, 1).unwrap();
        assert_eq!(first, Placed { number: 0, is_new_in_block: true });
        assert_eq!(sources.place(source(1, Some(8)), 0, 1).unwrap().number, 1);
        let again = sources.place(source(1, Some(7)), 0, 1).unwrap();
        assert_eq!(again, Placed { number: 0, is_new_in_block: false });
        let next_block = sources.place(source(1, Some(8)), 0, 2).unwrap();
        assert_eq!(next_block, Placed { number: 0, is_new_in_block: true });
    }

    #[test]
    fn strangers_before_a_voice_cost_it_no_packet() {
        let mut sources = Sources::new(16);
        assert_eq!((0..300).map(|ssrc| speak(&mut sources, ssrc, 1, 0, 300)).sum::<usize>(), 44);
        let refused: usize = (0..150).map(|n| speak(&mut sources, 999, 1, n * 20_000_000, n)).sum();
        assert_eq!(refused, 0);
        assert_eq!(sources.entries.len(), 16);
    }

    #[test]
    fn strangers_all_through_a_call_cost_the_voice_no_packet() {
        let mut sources = Sources::new(16);
        let mut refused = 0;
        for turn in 0..150 {
            let now_ns = u64::from(turn) * 20_000_000;
            for stranger in 0..100 {
                speak(&mut sources, 1_000 + turn * 100 + stranger, 1, now_ns, u64::from(turn));
            }
            refused += speak(&mut sources, 7, 1, now_ns, u64::from(turn));
        }
        assert_eq!(refused, 0);
        assert_eq!(sources.entries.len(), 16);
    }

    #[test]
    fn many_sources_one_after_the_other_are_all_heard() {
        let mut sources = Sources::new(16);
        for ssrc in 0..200 {
            let now_ns = u64::from(ssrc) * 400_000_000;
            assert_eq!(speak(&mut sources, ssrc, 20, now_ns, u64::from(ssrc)), 0);
        }
        assert_eq!((sources.heard(), sources.entries.len()), (200, 16));
    }

    #[test]
    fn a_source_that_speaks_keeps_its_place_and_one_too_many_is_refused_for_each_sort() {
        let mut sources = Sources::new(2);
        for ssrc in 0..2 {
            assert_eq!(speak(&mut sources, ssrc, SPEAKS_PACKETS, 0, 1), 0);
        }
        assert_eq!(speak(&mut sources, 2, 1, SILENT_NS - 1, 1), 1);
        assert!(sources.place(source(2, None), 0, 1).is_some());
        assert_eq!((sources.ssrcs(), sources.heard()), (vec![0, 1], 2));
    }

    #[test]
    fn the_least_valuable_source_goes_first() {
        let mut sources = Sources::new(4);
        speak(&mut sources, 10, SPEAKS_PACKETS, 0, 1); // silent
        for (ssrc, packets) in [(11, 3), (12, 2), (13, SPEAKS_PACKETS)] {
            speak(&mut sources, ssrc, packets, SILENT_NS, 2);
        }
        for (newcomer, gone) in [(20, 12), (21, 10), (22, 11)] {
            assert!(sources.ssrcs().contains(&gone));
            assert_eq!(speak(&mut sources, newcomer, SPEAKS_PACKETS, SILENT_NS, 2), 0);
            assert!(!sources.ssrcs().contains(&gone));
        }
        assert_eq!(speak(&mut sources, 23, 1, SILENT_NS, 2), 1);
    }

    #[test]
    fn of_passers_by_the_one_heard_longest_ago_goes_first() {
        let mut sources = Sources::new(2);
        for ssrc in [10, 11, 10, 12] {
            speak(&mut sources, ssrc, 1, 0, 1);
        }
        assert_eq!(sources.ssrcs(), [10, 12]);
    }

    #[test]
    fn a_number_is_never_given_twice_in_a_block_and_fits_a_byte() {
        let mut sources = Sources::new(1);
        let mut numbers = (0..600).filter_map(|ssrc| sources.place(source(1, Some(ssrc)), 0, 1));
        assert!((0..=255).all(|number| numbers.next().unwrap().number == number));
        assert_eq!(numbers.next(), None);
        assert!(sources.place(source(1, Some(9)), 0, 2).is_some());
    }
}
