//! Receiver reports of one stream: whom they are for, when they are due, how they are written.
//!
//! Some session border controllers take a recorder that sends no RTCP for dead. A report goes to
//! the one source that most packets come from, and it is smaller than what came from there.

use std::net::IpAddr;

use crate::reception::{Heard, Reception, BLOCK_BYTES};
use crate::stream::Port;

/// Synchronisation sources of the address that are reported on, in one packet.
const MAX_BLOCKS: usize = 4;
/// So many packets of others in a row, a second of speech, and the reports are for them.
const MAX_VOTES: u8 = 50;
/// Bytes of a canonical name: 96 random bits in hexadecimal digits.
pub const CNAME_BYTES: usize = 24;
const RR_HEAD_BYTES: usize = 8;
const SDES_BYTES: usize = 4 + 4 + 2 + CNAME_BYTES + 2;
const SENDER_REPORT: u8 = 200;
const RECEIVER_REPORT: u8 = 201;
const SOURCE_DESCRIPTION: u8 = 202;

/// How a stream is to be reported on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Reporting {
    /// RTCP goes to the port of RTP (RFC 5761), as was negotiated.
    pub is_multiplexed: bool,
    /// Clock rate of dynamic payload types.
    pub clock_rate_hz: u32,
}

/// A datagram that is due.
#[derive(Debug, PartialEq, Eq)]
pub struct Report {
    /// The socket that it is sent from.
    pub from: Port,
    /// The source's address.
    pub address: IpAddr,
    /// The port that its RTCP comes from, or ought to.
    pub port: u16,
    /// Receiver report and source description.
    pub bytes: Vec<u8>,
}

/// Listens to one stream, and says what is to be sent.
pub struct Reporter {
    is_multiplexed: bool,
    clock_rate_hz: u32,
    ssrc: u32, // ours
    due_ns: u64,
    latched: Option<(IpAddr, u16)>,
    votes: u8,
    rtcp_from: Option<(Port, u16)>, // where the address sends RTCP from, and to
    bytes: u32,                     // of its RTP, since the last report
    receptions: Vec<Reception>,
}

impl Reporter {
    /// `ssrc` is random, as is what the first report waits for.
    pub fn new(reporting: Reporting, ssrc: u32, now_ns: u64, interval_ns: u64) -> Self {
        let mut reporter = Self {
            is_multiplexed: reporting.is_multiplexed,
            clock_rate_hz: reporting.clock_rate_hz,
            ssrc,
            due_ns: now_ns,
            latched: None,
            votes: 0,
            rtcp_from: None,
            bytes: 0,
            receptions: Vec::with_capacity(1), // now: among what a sweep makes it would be in the way
        };
        reporter.put_off(now_ns, interval_ns);
        reporter
    }

    /// Go on under what a new offer says.
    pub fn change(&mut self, reporting: Reporting) {
        self.is_multiplexed = reporting.is_multiplexed;
        self.clock_rate_hz = reporting.clock_rate_hz;
    }

    /// Take an RTP packet that is accepted. `datagram` has a whole header.
    pub fn hear(&mut self, from: (IpAddr, u16), datagram: &[u8], arrival_ns: u64) {
        let Some(packet) = self.read(datagram, arrival_ns) else { return };
        if !self.is_latched(from) {
            return;
        }
        self.bytes = self.bytes.saturating_add(datagram.len() as u32);
        let of_source = |one: &Reception| one.ssrc() == packet.ssrc;
        match self.receptions.iter().position(of_source) {
            Some(index) => self.receptions[index].hear(&packet),
            None => self.begin(&packet),
        }
    }

    /// Take an RTCP packet that is accepted.
    pub fn hear_rtcp(&mut self, from: (IpAddr, u16), to: Port, datagram: &[u8], arrival_ns: u64) {
        if self.latched.is_none_or(|(address, _)| address != from.0) {
            return;
        }
        self.rtcp_from = Some((to, from.1));
        let Some((ssrc, middle_of_ntp)) = sender_report(datagram) else { return };
        let mut receptions = self.receptions.iter_mut();
        if let Some(reception) = receptions.find(|reception| reception.ssrc() == ssrc) {
            reception.hear_sender_report(middle_of_ntp, arrival_ns);
        }
    }

    /// Whether it is time for a report, if there is anything to report.
    pub fn is_due(&self, now_ns: u64) -> bool {
        now_ns >= self.due_ns
    }

    /// Write the report that is due, and put the next one off; None: nothing came.
    pub fn report(
        &mut self,
        cname: &[u8; CNAME_BYTES],
        now: (u64, u64),
        interval_ns: u64,
    ) -> Option<Report> {
        let (monotonic_ns, realtime_ns) = now;
        self.put_off(monotonic_ns, interval_ns);
        let (from, address, port) = self.destination()?;
        let heard = self.receptions.iter().filter(|one| one.received() > 0).count();
        let size = RR_HEAD_BYTES + heard * BLOCK_BYTES + SDES_BYTES;
        // Whoever forges an address must not gain by us.
        if heard == 0 || (self.bytes as usize) < size {
            return None;
        }
        self.bytes = 0;
        self.receptions.retain(|reception| reception.received() > 0);
        let bytes = self.compound(cname, size, realtime_ns);
        Some(Report { from, address, port, bytes })
    }

    /// Where RTCP came from, if any did; else where it would come from (RFC 3550, section 11).
    fn destination(&self) -> Option<(Port, IpAddr, u16)> {
        let (address, rtp_port) = self.latched?;
        let (from, port) = match self.rtcp_from {
            Some(known) => known,
            None if self.is_multiplexed => (Port::Rtp, rtp_port),
            None => (Port::Rtcp, rtp_port.checked_add(1)?),
        };
        (port != 0).then_some((from, address, port))
    }

    /// A receiver report, and the description that must be with it (section 6.1).
    fn compound(&mut self, cname: &[u8; CNAME_BYTES], size: usize, realtime_ns: u64) -> Vec<u8> {
        let mut bytes = Vec::with_capacity(size);
        let blocks = self.receptions.len() as u8;
        put_head(&mut bytes, blocks, RECEIVER_REPORT, (size - SDES_BYTES) / 4);
        bytes.extend_from_slice(&self.ssrc.to_be_bytes());
        for reception in &mut self.receptions {
            bytes.extend_from_slice(&reception.report(realtime_ns));
        }
        put_head(&mut bytes, 1, SOURCE_DESCRIPTION, SDES_BYTES / 4);
        bytes.extend_from_slice(&self.ssrc.to_be_bytes());
        bytes.extend_from_slice(&[1, CNAME_BYTES as u8]);
        bytes.extend_from_slice(cname);
        bytes.extend_from_slice(&[0; 2]); // the end of the items, up to a whole word
        bytes
    }

    /// Whether this is the address that most packets come from, by majority vote: it costs no
    /// table, and whoever is there first but says little loses it.
    fn is_latched(&mut self, from: (IpAddr, u16)) -> bool {
        if self.latched == Some(from) {
            self.votes = (self.votes + 1).min(MAX_VOTES);
            return true;
        }
        if self.votes > 0 {
            self.votes -= 1;
            return false;
        }
        (self.latched, self.votes) = (Some(from), 1);
        (self.rtcp_from, self.bytes) = (None, 0);
        self.receptions.clear();
        true
    }

    /// Begin to listen to a further source of the address; a full table gives up a silent one.
    fn begin(&mut self, packet: &Heard) {
        if packet.ssrc == self.ssrc {
            self.ssrc = mixed(u64::from(self.ssrc)) as u32; // a collision (section 8.2)
        }
        if self.receptions.len() < MAX_BLOCKS {
            self.receptions.reserve_exact(1);
            self.receptions.push(Reception::of(packet));
        } else if let Some(old) = self.receptions.iter_mut().find(|one| one.received() == 0) {
            *old = Reception::of(packet);
        }
    }

    fn read(&self, datagram: &[u8], arrival_ns: u64) -> Option<Heard> {
        let head: &[u8; 12] = datagram.first_chunk()?;
        Some(Heard {
            ssrc: u32::from_be_bytes([head[8], head[9], head[10], head[11]]),
            sequence_number: u16::from_be_bytes([head[2], head[3]]),
            timestamp: u32::from_be_bytes([head[4], head[5], head[6], head[7]]),
            clock_rate_hz: clock_rate_hz(head[1] & 0x7F).unwrap_or(self.clock_rate_hz),
            arrival_ns,
        })
    }

    /// Half to one and a half intervals, so that streams do not report in step (section 6.3.1).
    fn put_off(&mut self, now_ns: u64, interval_ns: u64) {
        let random = mixed(self.due_ns ^ u64::from(self.ssrc) << 32);
        let part = random.checked_rem(interval_ns).unwrap_or(0);
        self.due_ns = now_ns + interval_ns / 2 + part;
    }
}

/// Clock rate of a static payload type (RFC 3551, section 6); None: it is dynamic.
fn clock_rate_hz(payload_type: u8) -> Option<u32> {
    match payload_type {
        6 => Some(16_000),
        10 | 11 => Some(44_100),
        14 => Some(90_000),
        16 => Some(11_025),
        17 => Some(22_050),
        0..=23 => Some(8000),
        _ => None,
    }
}

/// Source and middle of the NTP time, if the compound packet begins with a whole sender report.
fn sender_report(datagram: &[u8]) -> Option<(u32, u32)> {
    let report: &[u8; 28] = datagram.first_chunk()?;
    let words = u16::from_be_bytes([report[2], report[3]]);
    let ssrc = u32::from_be_bytes([report[4], report[5], report[6], report[7]]);
    let middle = u32::from_be_bytes([report[10], report[11], report[12], report[13]]);
    (report[1] == SENDER_REPORT && words >= 6).then_some((ssrc, middle))
}

fn put_head(bytes: &mut Vec<u8>, count: u8, packet_type: u8, words: usize) {
    bytes.extend_from_slice(&[0x80 | count, packet_type]);
    bytes.extend_from_slice(&(words as u16 - 1).to_be_bytes());
}

/// Spread the bits of a number (the finaliser of SplitMix64): no secret hangs on it.
fn mixed(number: u64) -> u64 {
    let mut mixed = number.wrapping_add(0x9E37_79B9_7F4A_7C15);
    mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
    mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
    mixed ^ (mixed >> 31)
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECOND_NS: u64 = 1_000_000_000;
    const INTERVAL_NS: u64 = 5 * SECOND_NS;
    const CNAME: [u8; CNAME_BYTES] = *b"0123456789abcdef01234567";
    const OWN_PORTS: Reporting = Reporting { is_multiplexed: false, clock_rate_hz: 8000 };
    const MULTIPLEXED: Reporting = Reporting { is_multiplexed: true, clock_rate_hz: 8000 };

    fn reporter(reporting: Reporting) -> Reporter {
        Reporter::new(reporting, 0xABCD, 0, INTERVAL_NS)
    }

    fn from(last_byte: u8, port: u16) -> (IpAddr, u16) {
        ([192, 0, 2, last_byte].into(), port)
    }

    fn speak(reporter: &mut Reporter, who: (IpAddr, u16), ssrc: u8, packets: u16) {
        for number in 1..=packets {
            let mut packet = [0; 172];
            packet[..12].copy_from_slice(&[0x80, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, ssrc]);
            packet[2..4].copy_from_slice(&number.to_be_bytes());
            reporter.hear(who, &packet, 0);
        }
    }

    fn report(reporter: &mut Reporter) -> Option<Report> {
        reporter.report(&CNAME, (reporter.due_ns, 0), INTERVAL_NS)
    }

    fn destination(reporter: &mut Reporter) -> Option<(Port, (IpAddr, u16))> {
        report(reporter).map(|report| (report.from, (report.address, report.port)))
    }

    #[test]
    fn a_report_has_a_block_and_a_name() {
        let mut reporter = reporter(OWN_PORTS);
        speak(&mut reporter, from(1, 4000), 7, 3);
        let bytes = report(&mut reporter).unwrap().bytes;
        let expected = [
            &[0x81, 201, 0, 7, 0, 0, 0xAB, 0xCD][..],
            &[0, 0, 0, 7, 0, 0, 0, 0, 0, 0, 0, 3, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0],
            &[0x81, 202, 0, 8, 0, 0, 0xAB, 0xCD, 1, 24],
            &CNAME,
            &[0, 0],
        ];
        assert_eq!(bytes, expected.concat());
    }

    #[test]
    fn it_goes_above_the_port_of_rtp_or_to_it_or_where_rtcp_came_from() {
        let sender_report = [0x80, 200, 0, 6, 0, 0, 0, 7];
        for (reporting, guess) in
            [(OWN_PORTS, (Port::Rtcp, from(1, 4001))), (MULTIPLEXED, (Port::Rtp, from(1, 4000)))]
        {
            let mut reporter = reporter(reporting);
            speak(&mut reporter, from(1, 4000), 7, 3);
            assert_eq!(destination(&mut reporter), Some(guess));
            reporter.hear_rtcp(from(2, 5001), Port::Rtcp, &sender_report, 0); // a stranger
            speak(&mut reporter, from(1, 4000), 7, 3);
            assert_eq!(destination(&mut reporter), Some(guess));
            reporter.hear_rtcp(from(1, 4444), Port::Rtcp, &sender_report, 0);
            speak(&mut reporter, from(1, 4000), 7, 3);
            assert_eq!(destination(&mut reporter), Some((Port::Rtcp, from(1, 4444))));
            reporter.hear_rtcp(from(1, 4000), Port::Rtp, &sender_report, 0);
            speak(&mut reporter, from(1, 4000), 7, 3);
            assert_eq!(destination(&mut reporter), Some((Port::Rtp, from(1, 4000))));
        }
    }

    #[test]
    fn there_is_no_port_above_the_last() {
        let mut reporter = reporter(OWN_PORTS);
        speak(&mut reporter, from(1, u16::MAX), 7, 9);
        assert_eq!(report(&mut reporter), None);
    }

    #[test]
    fn it_is_for_whoever_sends_most() {
        let mut reporter = reporter(OWN_PORTS);
        speak(&mut reporter, from(66, 6000), 66, 5); // was there first
        for _ in 0..20 {
            speak(&mut reporter, from(1, 4000), 7, 2);
            speak(&mut reporter, from(66, 6000), 66, 1);
        }
        let report = report(&mut reporter).unwrap();
        assert_eq!((report.address, report.port), from(1, 4001));
        assert_eq!((report.bytes[0], report.bytes[11]), (0x81, 7));
    }

    #[test]
    fn a_source_that_moves_has_its_reports_again_within_a_second_of_speech() {
        let mut reporter = reporter(OWN_PORTS);
        speak(&mut reporter, from(1, 4000), 7, 5000);
        speak(&mut reporter, from(1, 4800), 7, u16::from(MAX_VOTES));
        assert_eq!(destination(&mut reporter), Some((Port::Rtcp, from(1, 4001))));
        speak(&mut reporter, from(1, 4800), 7, 1);
        assert_eq!(destination(&mut reporter), Some((Port::Rtcp, from(1, 4801))));
    }

    #[test]
    fn nothing_is_sent_for_nothing_nor_more_than_came() {
        let mut reporter = reporter(OWN_PORTS);
        assert_eq!(report(&mut reporter), None);
        let short = [0x80, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0, 7];
        (0..5).for_each(|_| reporter.hear(from(1, 4000), &short, 0));
        assert_eq!(report(&mut reporter), None);
        reporter.hear(from(1, 4000), &short, 0);
        assert_eq!(report(&mut reporter).unwrap().bytes.len(), 6 * 12 - 4);
        assert_eq!(report(&mut reporter), None);
    }

    #[test]
    fn one_packet_reports_on_few_sources_and_only_on_those_that_were_heard() {
        let mut reporter = reporter(OWN_PORTS);
        (1..=6).for_each(|ssrc| speak(&mut reporter, from(1, 4000), ssrc, 2));
        assert_eq!(report(&mut reporter).unwrap().bytes[0], 0x84);
        speak(&mut reporter, from(1, 4000), 2, 2);
        let only = report(&mut reporter).unwrap();
        assert_eq!((only.bytes[0], only.bytes[11]), (0x81, 2));
        speak(&mut reporter, from(1, 4000), 9, 2);
        assert_eq!(report(&mut reporter).unwrap().bytes[11], 9);
    }

    #[test]
    fn a_sender_report_of_the_source_is_given_back() {
        let mut reporter = reporter(OWN_PORTS);
        speak(&mut reporter, from(1, 4000), 7, 3);
        let mut sender_report = [0; 28];
        sender_report[..8].copy_from_slice(&[0x80, 200, 0, 6, 0, 0, 0, 7]);
        sender_report[8..16].copy_from_slice(&[1, 2, 3, 4, 5, 6, 7, 8]);
        reporter.hear_rtcp(from(1, 4001), Port::Rtcp, &sender_report, 0);
        sender_report[7] = 8; // another source
        reporter.hear_rtcp(from(1, 4001), Port::Rtcp, &sender_report, 0);
        assert_eq!(report(&mut reporter).unwrap().bytes[24..28], [3, 4, 5, 6]);
    }

    #[test]
    fn reports_come_every_half_to_one_and_a_half_intervals_at_random() {
        let mut waited = Vec::new();
        for ssrc in 0..1000 {
            let mut reporter = Reporter::new(OWN_PORTS, ssrc, SECOND_NS, INTERVAL_NS);
            let first_ns = reporter.due_ns;
            waited.push(first_ns - SECOND_NS);
            assert!(reporter.is_due(first_ns) && !reporter.is_due(first_ns - 1));
            report(&mut reporter);
            waited.push(reporter.due_ns - first_ns);
        }
        assert!(waited.iter().all(|ns| (INTERVAL_NS / 2..INTERVAL_NS * 3 / 2).contains(ns)));
        let mean_ns = waited.iter().sum::<u64>() / waited.len() as u64;
        assert!(mean_ns.abs_diff(INTERVAL_NS) < INTERVAL_NS / 20);
    }

    #[test]
    fn a_source_with_our_number_makes_us_take_another() {
        let mut reporter = Reporter::new(OWN_PORTS, 7, 0, INTERVAL_NS);
        speak(&mut reporter, from(1, 4000), 7, 3);
        let bytes = report(&mut reporter).unwrap().bytes;
        assert_ne!(bytes[4..8], [0, 0, 0, 7]);
        assert_eq!(bytes[4..8], bytes[36..40]);
    }

    #[test]
    fn it_is_small() {
        assert!(size_of::<Reporter>() <= 72, "{}", size_of::<Reporter>());
        assert!(size_of::<Reception>() <= 40, "{}", size_of::<Reception>());
    }

    #[test]
    fn what_is_no_sender_report_is_none() {
        let whole = [0x80, 200, 0, 6, 0, 0, 0, 7, 0, 0, 0, 1, 0, 0, 0, 0].repeat(2);
        assert_eq!(sender_report(&whole), Some((7, 1 << 16)));
        for length in 0..28 {
            assert_eq!(sender_report(&whole[..length]), None);
        }
        let mut receiver_report = whole.clone();
        receiver_report[1] = 201;
        assert_eq!(sender_report(&receiver_report), None);
    }
}
