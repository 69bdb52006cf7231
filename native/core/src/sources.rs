//! Who sends on a stream: a bounded table, so that a flood of senders costs nothing.

use std::net::IpAddr;

/// A source silent this long gives its place to a new one when the table is full. A long call
/// has many sources one after the other (each hold or transfer may bring a new SSRC).
const SILENT_NS: u64 = 10_000_000_000;

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
    last_heard_ns: u64,
    listed_in: Option<u64>, // the block that lists it
}

/// The sources of one stream, each with a number.
pub struct Sources {
    entries: Vec<Entry>,
    limit: usize, // of RTP sources, and again of RTCP sources
    latest: usize,
    heard: u64,
}

/// Where a source stands in the table.
#[derive(Debug, PartialEq, Eq)]
pub struct Placed {
    /// Its number, unique in a block.
    pub number: u8,
    /// Whether the block has to list it first.
    pub is_new_in_block: bool,
}

impl Sources {
    /// A table of at most `limit` sources.
    pub fn new(limit: u8) -> Self {
        Self { entries: Vec::new(), limit: usize::from(limit), latest: 0, heard: 0 }
    }

    /// Find or add a source heard now (monotonic) in the block; None if the table is full.
    pub fn place(&mut self, source: Source, now_ns: u64, block: u64) -> Option<Placed> {
        let index = self.find(source).or_else(|| self.add(source, now_ns, block))?;
        let number = u8::try_from(index).ok()?;
        self.latest = index;
        let entry = self.entries.get_mut(index)?;
        entry.last_heard_ns = now_ns;
        let is_new_in_block = entry.listed_in.replace(block) != Some(block);
        Some(Placed { number, is_new_in_block })
    }

    /// Synchronisation sources in the table, in the order in which they were first heard.
    pub fn ssrcs(&self) -> Vec<u32> {
        let mut entries: Vec<&Entry> = self.entries.iter().collect();
        entries.sort_unstable_by_key(|entry| entry.place);
        entries.iter().filter_map(|entry| entry.source.ssrc).collect()
    }

    /// How many distinct RTP sources were heard so far.
    pub fn heard(&self) -> u64 {
        self.heard
    }

    fn find(&self, source: Source) -> Option<usize> {
        if self.entries.get(self.latest).is_some_and(|entry| entry.source == source) {
            return Some(self.latest);
        }
        self.entries.iter().position(|entry| entry.source == source)
    }

    fn add(&mut self, source: Source, now_ns: u64, block: u64) -> Option<usize> {
        let is_rtp = source.ssrc.is_some();
        let index = self.free_place(is_rtp, now_ns, block)?;
        self.heard += u64::from(is_rtp);
        let entry = Entry { source, place: self.heard, last_heard_ns: now_ns, listed_in: None };
        match self.entries.get_mut(index) {
            Some(old) => *old = entry,
            None => self.entries.push(entry),
        }
        Some(index)
    }

    /// A new number, or the one of the source of this sort that is silent for longest.
    fn free_place(&self, is_rtp: bool, now_ns: u64, block: u64) -> Option<usize> {
        let same_sort = |entry: &&Entry| entry.source.ssrc.is_some() == is_rtp;
        let count = self.entries.iter().filter(same_sort).count();
        if count < self.limit && self.entries.len() <= usize::from(u8::MAX) {
            return Some(self.entries.len());
        }
        let is_silent = |entry: &Entry| {
            now_ns.saturating_sub(entry.last_heard_ns) >= SILENT_NS
                && entry.listed_in != Some(block)
        };
        let silent = self.entries.iter().enumerate();
        let silent = silent.filter(|(_, entry)| same_sort(entry) && is_silent(entry));
        silent.min_by_key(|(_, entry)| entry.last_heard_ns).map(|(index, _)| index)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn source(port: u16, ssrc: Option<u32>) -> Source {
        Source { address: "192.0.2.1".parse().unwrap(), port, ssrc }
    }

    #[test]
    fn a_source_keeps_its_number_and_is_listed_once_a_block() {
        let mut sources = Sources::new(4);
        let first = sources.place(source(1, Some(7)), 0, 1).unwrap();
        assert_eq!(first, Placed { number: 0, is_new_in_block: true });
        assert_eq!(sources.place(source(1, Some(8)), 0, 1).unwrap().number, 1);
        let again = sources.place(source(1, Some(7)), 0, 1).unwrap();
        assert_eq!(again, Placed { number: 0, is_new_in_block: false });
        assert!(sources.place(source(1, Some(7)), 0, 2).unwrap().is_new_in_block);
    }

    #[test]
    fn sources_above_the_bound_are_refused_for_each_sort() {
        let mut sources = Sources::new(2);
        for ssrc in 0..2 {
            assert!(sources.place(source(1, Some(ssrc)), 0, 1).is_some());
        }
        assert_eq!(sources.place(source(1, Some(2)), 0, 1), None);
        assert!(sources.place(source(2, None), 0, 1).is_some());
        assert_eq!(sources.ssrcs(), [0, 1]);
        assert_eq!(sources.heard(), 2);
    }

    #[test]
    fn a_silent_source_gives_its_number_to_a_new_one() {
        let mut sources = Sources::new(2);
        sources.place(source(1, Some(10)), 0, 1);
        sources.place(source(1, Some(11)), 1, 1);
        assert_eq!(sources.place(source(1, Some(12)), SILENT_NS - 1, 2), None);
        assert_eq!(sources.place(source(1, Some(12)), SILENT_NS, 2).unwrap().number, 0);
        assert_eq!(sources.ssrcs(), [11, 12]);
        assert_eq!(sources.heard(), 3);
    }

    #[test]
    fn a_number_is_never_given_twice_in_a_block() {
        let mut sources = Sources::new(1);
        sources.place(source(1, Some(10)), 0, 1);
        assert_eq!(sources.place(source(1, Some(11)), SILENT_NS, 1), None);
        assert!(sources.place(source(1, Some(11)), SILENT_NS, 2).is_some());
    }

    #[test]
    fn numbers_fit_a_byte() {
        let mut sources = Sources::new(255);
        let placed = (0..600).filter(|ssrc| sources.place(source(1, Some(*ssrc)), 0, 1).is_some());
        assert_eq!(placed.count(), 255);
        assert!(sources.place(source(1, None), 0, 1).is_some());
        assert_eq!(sources.place(source(2, None), 0, 1), None);
    }
}
