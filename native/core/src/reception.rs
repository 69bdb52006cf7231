//! How one source is received, in the figures of a report block (RFC 3550, section 6.4.1).

/// Bytes of a report block.
pub const BLOCK_BYTES: usize = 24;

/// A sequence number so far ahead is a jump, and no loss (appendix A.1: MAX_DROPOUT).
const MAX_DROPOUT: u16 = 3000;
/// One so far behind came late or twice (appendix A.1: MAX_MISORDER).
const MAX_MISORDER: u16 = 100;
/// Where arrival and timestamp part by more, the timestamp has a new base: that is no jitter.
const NEW_BASE_S: u32 = 5;
const NS_PER_S: u64 = 1_000_000_000;

/// What an RTP packet tells of its reception.
#[derive(Clone, Copy)]
pub struct Heard {
    /// Synchronisation source.
    pub ssrc: u32,
    /// Wraps.
    pub sequence_number: u16,
    /// Ticks of the media clock; wraps.
    pub timestamp: u32,
    /// Of the timestamp.
    pub clock_rate_hz: u32,
    /// The kernel's time stamp, realtime.
    pub arrival_ns: u64,
}

/// One synchronisation source as received, from its first packet on.
///
/// Packets are counted from one report to the next, and what was lost is added up: that is the
/// arithmetic of appendix A.3 with fewer numbers to keep.
#[derive(Debug)]
pub struct Reception {
    ssrc: u32,
    highest: u32,            // sequence number, extended by its cycles
    reported: u32,           // the highest of the last report; before it, of none
    received: u32,           // since the last report
    lost: i32,               // up to the last report; duplicates make it less
    transit_ticks: u32,      // arrival less timestamp, both in ticks; wraps
    jitter: u32,             // in 1/16 tick
    last_sender_report: u32, // the middle of its NTP time; 0: none came
    sender_report_at: u32,   // its arrival, in 1/65536 s; wraps
    after_jump: Option<u16>, // the sequence number that would make a jump a new start
}

impl Reception {
    /// Begin with the first packet of a source.
    pub fn of(first: &Heard) -> Self {
        let highest = u32::from(first.sequence_number);
        Self {
            ssrc: first.ssrc,
            highest,
            reported: highest.wrapping_sub(1),
            received: 1,
            lost: 0,
            transit_ticks: transit_ticks(first),
            jitter: 0,
            last_sender_report: 0,
            sender_report_at: 0,
            after_jump: None,
        }
    }

    /// Whose packets these are.
    pub fn ssrc(&self) -> u32 {
        self.ssrc
    }

    /// Packets since the last report.
    pub fn received(&self) -> u32 {
        self.received
    }

    /// Take a further packet of this source.
    pub fn hear(&mut self, packet: &Heard) {
        if self.advance(packet.sequence_number) {
            self.received += 1;
            self.measure_jitter(packet);
        }
    }

    /// Take the middle 32 bits of a sender report's NTP time.
    pub fn hear_sender_report(&mut self, middle_of_ntp: u32, arrival_ns: u64) {
        self.last_sender_report = middle_of_ntp;
        self.sender_report_at = in_65536ths(arrival_ns);
    }

    /// Write a report block, as of now (realtime), and begin the next interval.
    pub fn report(&mut self, now_ns: u64) -> [u8; BLOCK_BYTES] {
        let expected = self.highest.wrapping_sub(self.reported);
        let lost = (i64::from(expected) - i64::from(self.received)).max(i64::from(i32::MIN)) as i32;
        self.lost = self.lost.saturating_add(lost).clamp(-0x80_0000, 0x7F_FFFF);
        let fraction = (i64::from(lost.max(0)) << 8).checked_div(i64::from(expected)).unwrap_or(0);
        (self.reported, self.received) = (self.highest, 0);
        let losses = (fraction.min(255) as u32) << 24 | (self.lost as u32 & 0xFF_FFFF);
        let (last, delay) = self.last_sender_report(now_ns);
        let words = [self.ssrc, losses, self.highest, self.jitter >> 4, last, delay];
        let mut block = [0; BLOCK_BYTES];
        for (four, word) in block.chunks_exact_mut(4).zip(words) {
            four.copy_from_slice(&word.to_be_bytes());
        }
        block
    }

    /// LSR and DLSR; both 0 while no sender report came.
    fn last_sender_report(&self, now_ns: u64) -> (u32, u32) {
        if self.last_sender_report == 0 {
            return (0, 0);
        }
        let delay = in_65536ths(now_ns).wrapping_sub(self.sender_report_at);
        // A wall clock that was set back must not make it half a day.
        (self.last_sender_report, if delay > u32::MAX / 2 { 0 } else { delay })
    }

    /// Follow the sequence number (appendix A.1); false: a jump, which may be noise.
    fn advance(&mut self, sequence_number: u16) -> bool {
        let ahead = sequence_number.wrapping_sub(self.highest as u16);
        if ahead < MAX_DROPOUT {
            self.highest = self.highest.wrapping_add(u32::from(ahead));
        } else if ahead <= u16::MAX - MAX_MISORDER {
            if self.after_jump != Some(sequence_number) {
                self.after_jump = Some(sequence_number.wrapping_add(1));
                return false;
            }
            // Two in a row: the source began anew without saying so.
            self.highest = u32::from(sequence_number);
            self.reported = self.highest.wrapping_sub(1);
            (self.received, self.lost) = (0, 0);
        }
        self.after_jump = None;
        true
    }

    /// Interarrival jitter (appendix A.8).
    fn measure_jitter(&mut self, packet: &Heard) {
        let transit_ticks = transit_ticks(packet);
        let apart = (transit_ticks.wrapping_sub(self.transit_ticks) as i32).unsigned_abs();
        self.transit_ticks = transit_ticks;
        if apart < NEW_BASE_S.saturating_mul(packet.clock_rate_hz) {
            let decay = (u64::from(self.jitter) + 8) >> 4;
            self.jitter = self.jitter.saturating_add(apart).saturating_sub(decay as u32);
        }
    }
}

fn transit_ticks(packet: &Heard) -> u32 {
    let (seconds, rest_ns) = (packet.arrival_ns / NS_PER_S, packet.arrival_ns % NS_PER_S);
    let rest_ticks = rest_ns * u64::from(packet.clock_rate_hz) / NS_PER_S;
    let ticks = (seconds as u32).wrapping_mul(packet.clock_rate_hz).wrapping_add(rest_ticks as u32);
    ticks.wrapping_sub(packet.timestamp)
}

/// A time as RTCP counts delays; wraps after 18 hours.
fn in_65536ths(time_ns: u64) -> u32 {
    ((time_ns / NS_PER_S) as u32) << 16 | (((time_ns % NS_PER_S) << 16) / NS_PER_S) as u32
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Packet `number` of a sender with 20 ms of G.711 each, that comes `late_ms` after its time.
    fn packet(number: u64, late_ms: u64) -> Heard {
        Heard {
            ssrc: 7,
            sequence_number: number as u16,
            timestamp: (number as u32).wrapping_mul(160),
            clock_rate_hz: 8000,
            arrival_ns: 1_800_000_000 * NS_PER_S + (20 * number + late_ms) * 1_000_000,
        }
    }

    fn heard(numbers: impl IntoIterator<Item = u64>) -> Reception {
        let mut numbers = numbers.into_iter();
        let mut reception = Reception::of(&packet(numbers.next().unwrap(), 0));
        numbers.for_each(|number| reception.hear(&packet(number, 0)));
        reception
    }

    fn words(reception: &mut Reception) -> [u32; 6] {
        let block = reception.report(0);
        std::array::from_fn(|n| u32::from_be_bytes(block[4 * n..4 * n + 4].try_into().unwrap()))
    }

    #[test]
    fn a_block_says_what_was_lost_since_the_last_and_in_all() {
        let mut reception = heard((1..=100).filter(|number| number % 4 != 2));
        // 25 of 100 expected: a quarter is 64/256.
        assert_eq!(words(&mut reception), [7, 64 << 24 | 25, 100, 0, 0, 0]);
        (101..=150).for_each(|number| reception.hear(&packet(number, 0)));
        assert_eq!(words(&mut reception), [7, 25, 150, 0, 0, 0]);
    }

    #[test]
    fn the_sequence_number_is_extended_by_its_cycles() {
        let mut reception = heard(65_530..=65_540);
        assert_eq!(words(&mut reception), [7, 0, 65_540, 0, 0, 0]);
        let mut from_zero = heard([0]);
        assert_eq!(words(&mut from_zero), [7, 0, 0, 0, 0, 0]);
    }

    #[test]
    fn what_came_twice_makes_the_loss_negative_and_the_fraction_nothing() {
        let mut reception = heard([5, 6, 6, 6, 7]);
        assert_eq!(words(&mut reception), [7, 0xFF_FFFE, 7, 0, 0, 0]);
    }

    #[test]
    fn what_came_late_is_not_lost() {
        let mut reception = heard([5, 7, 8, 6]);
        assert_eq!(words(&mut reception)[1..3], [0, 8]);
    }

    #[test]
    fn a_jump_counts_once_the_next_packet_follows_it() {
        let mut reception = heard([5, 6, 20_000, 7]);
        assert_eq!(words(&mut reception)[1..3], [0, 7]);
        [30_000, 30_001, 30_003].iter().for_each(|number| reception.hear(&packet(*number, 0)));
        assert_eq!(words(&mut reception)[1..3], [85 << 24 | 1, 30_003]);
    }

    #[test]
    fn jitter_is_the_mean_of_appendix_a_8_in_ticks() {
        let mut reception = heard([0]);
        // 10 ms off and back again are 80 ticks apart each time: J += |D| - (J + 8) / 16, in 1/16.
        let mut expected = 0;
        for number in 1..=400 {
            reception.hear(&packet(number, number % 2 * 10));
            expected += 80 - ((expected + 8) >> 4);
        }
        assert_eq!(words(&mut reception)[3], expected >> 4);
        assert!((79..=80).contains(&(expected >> 4)));
    }

    #[test]
    fn a_new_base_of_the_timestamp_is_no_jitter() {
        let mut reception = heard(0..3);
        for number in 3..10 {
            reception.hear(&Heard { timestamp: 1 << 30, ..packet(number, 0) });
        }
        let moved = words(&mut reception)[3];
        assert!(moved < 160, "{moved}");
    }

    #[test]
    fn a_sender_report_is_given_back_with_its_age() {
        let mut reception = heard([1]);
        reception.hear_sender_report(0xB705_2000, 10 * NS_PER_S);
        let block = reception.report(15 * NS_PER_S + NS_PER_S / 4);
        // 5.25 s, as in the example of section 6.4.1.
        assert_eq!(block[16..], [0xB7, 0x05, 0x20, 0x00, 0x00, 0x05, 0x40, 0x00]);
        assert_eq!(reception.report(9 * NS_PER_S)[20..], [0; 4]);
    }

    #[test]
    fn no_packets_whatever_end_in_a_panic() {
        let mut state = 1u64;
        let mut reception = heard([1]);
        for _ in 0..200_000 {
            state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
            reception.hear(&Heard {
                ssrc: 7,
                sequence_number: (state >> 48) as u16,
                timestamp: (state >> 16) as u32,
                clock_rate_hz: [8000, 90_000, 192_000][(state % 3) as usize],
                arrival_ns: state.rotate_left(20),
            });
            if state >> 56 == 7 {
                reception.report(state);
            }
        }
    }
}
