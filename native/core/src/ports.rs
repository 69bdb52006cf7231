//! Pairs of media ports: even for RTP, the next for RTCP; random, and rested after use.

use std::time::Duration;

#[derive(Clone, Copy, PartialEq, Eq)]
enum Pair {
    Free,
    Taken,
    RestsUntil(u64),
}

/// The pairs between two ports. It hands out numbers; binding them is the caller's.
pub struct PortPool {
    first: u16,
    pairs: Vec<Pair>,
    cooldown_ns: u64,
}

impl PortPool {
    /// Pairs from `first` (rounded up to even) to the one whose RTP port is at most `last`.
    pub fn new(first: u16, last: u16, cooldown: Duration) -> Self {
        let even = first.checked_add(first % 2).filter(|even| *even <= last);
        let count = even.map_or(0, |even| usize::from((last - even) / 2) + 1);
        let cooldown_ns = cooldown.as_nanos() as u64;
        Self { first: even.unwrap_or(first), pairs: vec![Pair::Free; count], cooldown_ns }
    }

    /// Take the first pair that is free at or after a random place; return its RTP port.
    ///
    /// A port that has rested goes out again only by chance, so that late packets of a call
    /// and guesses of a stranger miss the next one.
    pub fn take(&mut self, random: u64, now_ns: u64) -> Option<u16> {
        let count = self.pairs.len();
        let start = random.checked_rem(count as u64)? as usize;
        let is_free = |pair: Pair| match pair {
            Pair::Free => true,
            Pair::Taken => false,
            Pair::RestsUntil(until_ns) => until_ns <= now_ns,
        };
        let index = (start..count).chain(0..start).find(|index| is_free(self.pairs[*index]))?;
        self.pairs[index] = Pair::Taken;
        Some(self.first + 2 * index as u16)
    }

    /// Take this very pair, rested or not, for a call that has it already: a restart goes on with
    /// it. False if it is taken; a port outside the range is nobody's to give, and goes through.
    pub fn claim(&mut self, rtp_port: u16) -> bool {
        let taken = self.pair(rtp_port).is_some_and(|pair| *pair == Pair::Taken);
        self.put(rtp_port, Pair::Taken);
        !taken
    }

    /// Let a pair rest: its call ended, or another program holds it.
    pub fn rest(&mut self, rtp_port: u16, now_ns: u64) {
        self.put(rtp_port, Pair::RestsUntil(now_ns + self.cooldown_ns));
    }

    /// Give back a pair that was never bound.
    pub fn give_back(&mut self, rtp_port: u16) {
        self.put(rtp_port, Pair::Free);
    }

    fn put(&mut self, rtp_port: u16, state: Pair) {
        if let Some(pair) = self.pair(rtp_port) {
            *pair = state;
        }
    }

    fn pair(&mut self, rtp_port: u16) -> Option<&mut Pair> {
        let above = rtp_port.checked_sub(self.first).filter(|above| above % 2 == 0)?;
        self.pairs.get_mut(usize::from(above / 2))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECOND: u64 = 1_000_000_000;

    fn pool(first: u16, last: u16) -> PortPool {
        PortPool::new(first, last, Duration::from_secs(10))
    }

    #[test]
    fn ports_are_even_and_within_the_range() {
        let mut pool = pool(10_001, 10_006);
        let mut taken: Vec<u16> = (0..).map_while(|random| pool.take(random * 7, 0)).collect();
        taken.sort_unstable();
        assert_eq!(taken, [10_002, 10_004, 10_006]);
    }

    #[test]
    fn the_random_number_decides_where_the_search_begins() {
        assert_eq!(pool(10_000, 10_998).take(33, 0), Some(10_066));
        assert_eq!(pool(10_000, 10_998).take(500 + 499, 0), Some(10_998));
    }

    #[test]
    fn a_port_rests_after_use() {
        let mut pool = pool(10_000, 10_000);
        assert_eq!(pool.take(0, 0), Some(10_000));
        pool.rest(10_000, SECOND);
        assert_eq!(pool.take(0, 11 * SECOND - 1), None);
        assert_eq!(pool.take(0, 11 * SECOND), Some(10_000));
    }

    #[test]
    fn a_pair_given_back_is_free_at_once() {
        let mut pool = pool(10_000, 10_000);
        assert_eq!(pool.take(0, 0), Some(10_000));
        pool.give_back(10_000);
        assert_eq!(pool.take(0, 0), Some(10_000));
    }

    #[test]
    fn a_pair_is_claimed_once_even_while_it_rests() {
        let mut pool = pool(10_000, 10_000);
        pool.rest(10_000, SECOND);
        assert!(pool.claim(10_000));
        assert!(!pool.claim(10_000));
        assert_eq!(pool.take(0, 100 * SECOND), None);
    }

    #[test]
    fn a_port_outside_the_range_is_claimed_of_nobody() {
        let mut pool = pool(10_000, 10_000);
        assert!(pool.claim(9_000) && pool.claim(10_002));
        assert_eq!(pool.take(0, 0), Some(10_000));
    }

    #[test]
    fn an_empty_range_has_no_port() {
        assert_eq!(pool(65_535, 65_535).take(1, 0), None);
        assert_eq!(pool(20_000, 10_000).take(1, 0), None);
    }

    #[test]
    fn the_top_of_the_range_has_its_rtcp_port() {
        assert_eq!(pool(65_534, 65_534).take(1, 0), Some(65_534));
    }
}
