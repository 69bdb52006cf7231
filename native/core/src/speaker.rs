//! What is said into a stream: an announcement once, and a sound again and again.
//!
//! It goes to whoever sends us audio on the stream, and to nobody else: where nothing comes from,
//! nothing is sent to, whatever an offer asks for. G.711 only: a byte a sample, 20 ms a packet.

use std::net::{IpAddr, SocketAddr, UdpSocket};
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use crate::shared::locked;

/// Time between two packets.
pub const FRAME: Duration = Duration::from_millis(20);
const FRAME_NS: u64 = FRAME.as_nanos() as u64;
/// Samples of a packet, and bytes.
const FRAME_BYTES: usize = 160;
/// So many packets of others in a row, a second of speech, and what is said is for them.
const MAX_VOTES: u8 = 50;
const HEAD_BYTES: usize = 12;

/// What is to be said.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Speech {
    /// As was negotiated for PCMU or PCMA.
    pub payload_type: u8,
    /// Said as soon as it is known to whom; may be empty.
    pub once: Vec<u8>,
    /// Said each `every` after that; may be empty.
    pub repeated: Vec<u8>,
    /// From one beginning to the next; zero: never.
    pub every: Duration,
    /// Where the peer wants its audio: believed if it sends from that address.
    pub wanted: Option<(IpAddr, u16)>,
}

/// The numbers of an RTP source, at random.
#[derive(Clone, Copy, Debug)]
pub struct Origin {
    /// Synchronisation source.
    pub ssrc: u32,
    /// First sequence number.
    pub sequence: u16,
    /// First time stamp.
    pub timestamp: u32,
}

/// Says it, packet by packet; `due` is asked once a frame.
pub struct Speaker {
    speech: Speech,
    origin: Origin,
    to: Option<(IpAddr, u16)>,
    votes: u8,
    began_ns: Option<u64>, // when the first packet was sent
    next_ns: u64,          // when the sound is due again
    position: usize,       // in what is being said
    is_repeating: bool,
    sequence: u16,
    timestamp: u32,
}

impl Speaker {
    /// Say nothing until somebody is heard.
    pub fn new(speech: Speech, origin: Origin) -> Self {
        let (sequence, timestamp) = (origin.sequence, origin.timestamp);
        Self {
            speech,
            origin,
            to: None,
            votes: 0,
            began_ns: None,
            next_ns: 0,
            position: 0,
            is_repeating: false,
            sequence,
            timestamp,
        }
    }

    /// Take note of where an accepted RTP packet came from.
    pub fn hear(&mut self, from: (IpAddr, u16)) {
        if self.to.is_some_and(|to| to == self.place_for(from)) {
            self.votes = 0;
        } else if self.to.is_none() || self.votes >= MAX_VOTES {
            (self.to, self.votes) = (Some(self.place_for(from)), 0);
        } else {
            self.votes += 1;
        }
    }

    /// Return the packet that is to be sent now, and where to. `now_ns` is monotonic.
    pub fn due(&mut self, now_ns: u64) -> Option<((IpAddr, u16), Vec<u8>)> {
        let to = self.to?;
        let began_ns = *self.began_ns.get_or_insert(now_ns);
        if !self.is_speaking() && !self.begin_again(now_ns, began_ns) {
            return None;
        }
        let is_first = self.position == 0;
        if is_first {
            let elapsed = now_ns.saturating_sub(began_ns) / FRAME_NS * FRAME_BYTES as u64;
            let here = self.origin.timestamp.wrapping_add(elapsed as u32);
            // Never back: a burst that was late may have passed the clock by a frame.
            if here.wrapping_sub(self.timestamp) < u32::MAX / 2 {
                self.timestamp = here;
            }
            if !self.is_repeating {
                self.next_ns = now_ns.saturating_add(self.speech.every.as_nanos() as u64);
            }
        }
        Some((to, self.packet(is_first)))
    }

    /// Whether everything is said that will ever be.
    pub fn is_done(&self) -> bool {
        let never_again = self.speech.every.is_zero() || self.speech.repeated.is_empty();
        self.began_ns.is_some() && never_again && !self.is_speaking()
    }

    /// Whether the announcement was said to its end.
    pub fn has_announced(&self) -> bool {
        self.is_repeating || (self.began_ns.is_some() && !self.is_speaking())
    }

    fn place_for(&self, from: (IpAddr, u16)) -> (IpAddr, u16) {
        self.speech.wanted.filter(|wanted| wanted.0 == from.0).unwrap_or(from)
    }

    fn said(&self) -> &[u8] {
        if self.is_repeating {
            &self.speech.repeated
        } else {
            &self.speech.once
        }
    }

    fn is_speaking(&self) -> bool {
        self.position < self.said().len()
    }

    /// Begin the sound if it is due.
    fn begin_again(&mut self, now_ns: u64, began_ns: u64) -> bool {
        if self.speech.every.is_zero() || self.speech.repeated.is_empty() {
            return false;
        }
        let every_ns = self.speech.every.as_nanos() as u64;
        if self.next_ns == 0 {
            self.next_ns = began_ns.saturating_add(every_ns); // nothing was announced
        }
        if now_ns < self.next_ns {
            return false;
        }
        (self.is_repeating, self.position) = (true, 0);
        self.next_ns = now_ns.saturating_add(every_ns);
        true
    }

    fn packet(&mut self, is_first: bool) -> Vec<u8> {
        let payload_type = self.speech.payload_type & 0x7F | if is_first { 0x80 } else { 0 };
        let end = self.said().len().min(self.position + FRAME_BYTES);
        let mut bytes = Vec::with_capacity(HEAD_BYTES + FRAME_BYTES);
        bytes.extend_from_slice(&[0x80, payload_type]);
        bytes.extend_from_slice(&self.sequence.to_be_bytes());
        bytes.extend_from_slice(&self.timestamp.to_be_bytes());
        bytes.extend_from_slice(&self.origin.ssrc.to_be_bytes());
        bytes.extend_from_slice(&self.said()[self.position..end]);
        self.position = end;
        self.sequence = self.sequence.wrapping_add(1);
        self.timestamp = self.timestamp.wrapping_add(FRAME_BYTES as u32);
        bytes
    }
}

/// A speaker with the socket of its stream. Capture waits for it no longer than a packet takes.
pub struct Voice {
    is_dual: bool, // the socket is of IPv6 and speaks IPv4, too
    speaking: Mutex<(Speaker, Option<UdpSocket>)>,
    sent: AtomicU64,
}

impl Voice {
    /// `socket` is another handle of the stream's own, not waiting.
    pub fn new(socket: UdpSocket, is_dual: bool, speaker: Speaker) -> Self {
        Self { is_dual, speaking: Mutex::new((speaker, Some(socket))), sent: AtomicU64::new(0) }
    }

    /// Take note of where an accepted RTP packet came from.
    pub fn hear(&self, from: (IpAddr, u16)) {
        locked(&self.speaking).0.hear(from);
    }

    /// Say nothing more, and let the port go.
    pub fn end(&self) {
        locked(&self.speaking).1 = None;
    }

    /// Packets that the kernel took.
    pub fn sent(&self) -> u64 {
        self.sent.load(Relaxed)
    }

    /// Whether the announcement was said to its end.
    pub fn has_announced(&self) -> bool {
        locked(&self.speaking).0.has_announced()
    }

    /// Send what is due; false when there will be no more.
    fn speak(&self, now_ns: u64) -> bool {
        let mut speaking = locked(&self.speaking);
        let (speaker, Some(socket)) = &mut *speaking else { return false };
        if let Some(((address, port), bytes)) = speaker.due(now_ns) {
            let place = SocketAddr::new(as_spoken(address, self.is_dual), port);
            // What the kernel does not take at once is lost, as on any network.
            if socket.send_to(&bytes, place).is_ok() {
                self.sent.fetch_add(1, Relaxed);
            }
        }
        !speaker.is_done()
    }
}

/// Write an address as a socket wants it.
pub fn as_spoken(address: IpAddr, is_dual: bool) -> IpAddr {
    match address {
        IpAddr::V4(address) if is_dual => address.to_ipv6_mapped().into(),
        address => address,
    }
}

/// All that is being said. Its thread asks each voice once a frame.
#[derive(Default)]
pub struct Voices(Mutex<Vec<Arc<Voice>>>);

impl Voices {
    /// Have a voice speak.
    pub fn add(&self, voice: Arc<Voice>) {
        locked(&self.0).push(voice);
    }

    /// Send what is due.
    pub fn round(&self, now_ns: u64) {
        locked(&self.0).retain(|voice| voice.speak(now_ns));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const MS: u64 = 1_000_000;
    const PEER: (IpAddr, u16) = (IpAddr::V4(std::net::Ipv4Addr::new(192, 0, 2, 14)), 4000);

    fn speaker(once: usize, repeated: usize, every_ms: u64) -> Speaker {
        let speech = Speech {
            payload_type: 8,
            once: vec![1; once],
            repeated: vec![2; repeated],
            every: Duration::from_millis(every_ms),
            wanted: None,
        };
        Speaker::new(speech, Origin { ssrc: 7, sequence: 0xFFFF, timestamp: 0xFFFF_FFFF })
    }

    /// What is sent in so many milliseconds from one second on: when, first byte, whether marked,
    /// sequence number, time stamp.
    fn sent(speaker: &mut Speaker, for_ms: u64) -> Vec<(u64, u8, bool, u16, u32)> {
        let mut found = Vec::new();
        for ms in (0..for_ms).step_by(20) {
            if let Some((to, bytes)) = speaker.due((1000 + ms) * MS) {
                assert_eq!(to, PEER);
                assert_eq!(
                    (bytes[0], bytes[1] & 0x7F, &bytes[8..12]),
                    (0x80, 8, &[0, 0, 0, 7][..])
                );
                let sequence = u16::from_be_bytes([bytes[2], bytes[3]]);
                let timestamp = u32::from_be_bytes(bytes[4..8].try_into().unwrap());
                found.push((ms, bytes[12], bytes[1] & 0x80 != 0, sequence, timestamp));
            }
        }
        found
    }

    #[test]
    fn nothing_is_said_to_nobody() {
        let mut speaker = speaker(320, 0, 0);
        assert_eq!(speaker.due(0), None);
        assert!(!speaker.is_done());
    }

    #[test]
    fn an_announcement_is_said_once_with_numbers_that_wrap() {
        let mut speaker = speaker(400, 0, 0);
        speaker.hear(PEER);
        assert!(!speaker.has_announced());
        let found = sent(&mut speaker, 400);
        assert_eq!(
            found,
            [(0, 1, true, 0xFFFF, 0xFFFF_FFFF), (20, 1, false, 0, 159), (40, 1, false, 1, 319)]
        );
        assert!(speaker.is_done() && speaker.has_announced());
    }

    #[test]
    fn a_sound_comes_again_and_its_time_stamps_tell_of_the_pause() {
        let mut speaker = speaker(160, 160, 1000);
        speaker.hear(PEER);
        let found = sent(&mut speaker, 2100);
        let times: Vec<_> = found.iter().map(|one| (one.0, one.1, one.2)).collect();
        assert_eq!(times, [(0, 1, true), (1000, 2, true), (2000, 2, true)]);
        let stamps: Vec<_> = found.iter().map(|one| one.4.wrapping_add(1)).collect();
        assert_eq!(stamps, [0, 8000, 16000]);
        assert!(!speaker.is_done() && speaker.has_announced());
    }

    #[test]
    fn a_sound_alone_waits_for_its_time() {
        let mut speaker = speaker(0, 160, 500);
        speaker.hear(PEER);
        assert_eq!(
            sent(&mut speaker, 1100).iter().map(|one| one.0).collect::<Vec<_>>(),
            [500, 1000]
        );
    }

    #[test]
    fn the_last_packet_may_be_short_and_nothing_at_all_is_done_at_once() {
        let mut short = speaker(200, 0, 0);
        short.hear(PEER);
        let lengths: Vec<_> = (0..2).map(|n| short.due(n * 20 * MS).unwrap().1.len()).collect();
        assert_eq!(lengths, [172, 52]);
        let mut empty = speaker(0, 0, 0);
        empty.hear(PEER);
        assert_eq!(empty.due(0), None);
        assert!(empty.is_done());
    }

    #[test]
    fn what_is_wanted_is_believed_only_of_the_address_that_sends() {
        let mut speaker = speaker(1600, 0, 0);
        speaker.speech.wanted = Some((PEER.0, 9000));
        speaker.hear(PEER);
        assert_eq!(speaker.due(0).unwrap().0, (PEER.0, 9000));
        let other = ("192.0.2.99".parse().unwrap(), 5000);
        for _ in 0..=MAX_VOTES {
            speaker.hear(other);
        }
        assert_eq!(speaker.due(0).unwrap().0, other);
    }

    #[test]
    fn a_few_packets_of_another_change_nothing() {
        let mut speaker = speaker(1600, 0, 0);
        speaker.hear(PEER);
        for _ in 0..500 {
            speaker.hear(("192.0.2.99".parse().unwrap(), 5000));
            speaker.hear(PEER);
        }
        assert_eq!(speaker.due(0).unwrap().0, PEER);
    }
}
