//! One media stream: its two sockets, who may send, and what was counted.

use std::io;
use std::net::{IpAddr, SocketAddr};
use std::os::fd::AsRawFd;
use std::sync::atomic::Ordering::Relaxed;
use std::sync::Arc;

use crate::block::{GatheredPacket, Gathering, Tally};
use crate::classify::{classify, Class};
use crate::clock;
use crate::ear::Ear;
use crate::error::Error;
use crate::keypad::{Keypad, Press};
use crate::level::{self, PeakMeter};
use crate::network::Network;
use crate::pair::{self, SocketPair};
use crate::reports::{Report, Reporter, Reporting};
use crate::shared::Shared;
use crate::sources::{Source, Sources};
use crate::speaker::{as_spoken, Origin, Speaker, Speech, Voice};
use crate::sweep::{Batch, Datagram, DATAGRAMS};
use crate::sys;
use crate::tap::Tap;
use crate::window::Window;

const PCMU: u8 = 0;
const PCMA: u8 = 8;
/// Comfort noise: nobody speaks (RFC 3551; 19 as it was before).
const NOISE: [u8; 2] = [13, 19];
const TOO_SHORT: usize = 4; // bytes of a payload

/// The ports of a stream.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct StreamPorts {
    /// Even.
    pub rtp: u16,
    /// The one above.
    pub rtcp: u16,
}

/// What a stream has received so far.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Counters {
    /// RTP packets journalled, or held to be.
    pub packets: u64,
    /// Bytes of those, headers included.
    pub bytes: u64,
    /// RTCP packets journalled.
    pub rtcp_packets: u64,
    /// Arrived in a pause.
    pub dropped_paused: u64,
    /// Held in memory, and then not kept.
    pub dropped_unkept: u64,
    /// From outside the allowed networks.
    pub dropped_foreign: u64,
    /// Neither RTP nor RTCP, or too long.
    pub dropped_invalid: u64,
    /// Of sources above the bound, while all others spoke.
    pub dropped_sources: u64,
    /// Dropped because memory was full of what the spool did not take.
    pub dropped_unwritten: u64,
    /// Lost in a full socket buffer.
    pub dropped_kernel: u64,
    /// Arrival of the newest journalled RTP packet, realtime; 0: none.
    pub last_arrival_ns: u64,
    /// Of the sources in the table, in the order of first being heard.
    pub ssrcs: Vec<u32>,
    /// RTP sources heard; one that had lost its place in the table counts again.
    pub sources: u64,
    /// Loudest G.711 sample of the last one to two seconds; None: no G.711.
    pub peak_dbfs: Option<f64>,
    /// Arrival of the newest journalled packet in which somebody may speak, realtime; 0: none.
    pub last_speech_ns: u64,
}

/// Move as much as both have out of both; returns how much that is.
fn take(one: &mut u64, other: &mut u64) -> u64 {
    let both = (*one).min(*other);
    *one -= both;
    *other -= both;
    both
}

/// Which of the two sockets.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Port {
    /// RTP, and RTCP if multiplexed.
    Rtp,
    /// RTCP only.
    Rtcp,
}

/// What a sweep of one journal works with.
pub struct Sweep<'a> {
    /// Receive buffers.
    pub batch: &'a mut Batch,
    /// Arrival times that are kept.
    pub window: Window,
    /// Where kept packets go.
    pub intake: Intake<'a>,
}

/// Where kept packets go.
pub struct Intake<'a> {
    /// The block that is being gathered.
    pub gathering: &'a mut Gathering,
    /// Now, monotonic.
    pub now_ns: u64,
    /// The spool takes nothing and memory is full: packets are dropped.
    pub is_out_of_memory: bool,
}

/// One stream of a journal. Its counters can be read after its end.
pub struct Stream {
    index: u16,
    ports: StreamPorts,
    sockets: Option<SocketPair>,
    allow: Vec<Network>,
    sources: Sources,
    counted: Counters,
    socket_drops: [u32; 2], // as the kernel last reported them
    level: PeakMeter,
    tap: Option<Box<Tap>>, // of a stream with SRTP
    ear: Option<Box<Ear>>, // while somebody listens
    reporter: Option<Box<Reporter>>,
    voice: Option<Arc<Voice>>,   // of a stream into which something is said
    keypad: Option<Box<Keypad>>, // of a call that is told by keys what to do
}

impl Stream {
    /// Bind `rtp_port` and the one above; `None`: a random free pair of ports.
    pub fn open(
        index: u16,
        allow: Vec<Network>,
        rtp_port: Option<u16>,
        shared: &Shared,
    ) -> Result<Self, Error> {
        let (rtp_port, sockets) = match rtp_port {
            Some(known) => (known, pair::open_known_pair(known, shared)?),
            None => pair::open_pair(shared)?,
        };
        Ok(Self {
            index,
            ports: StreamPorts { rtp: rtp_port, rtcp: rtp_port + 1 },
            sockets: Some(sockets),
            allow,
            sources: Sources::new(shared.config.max_sources),
            counted: Counters::default(),
            socket_drops: [0; 2],
            level: PeakMeter::default(),
            tap: None,
            ear: None,
            reporter: None,
            voice: None,
            keypad: None,
        })
    }

    /// Index of the m-line.
    pub fn index(&self) -> u16 {
        self.index
    }

    /// The ports that it has or had.
    pub fn ports(&self) -> StreamPorts {
        self.ports
    }

    /// Whether it still receives.
    pub fn is_open(&self) -> bool {
        self.sockets.is_some()
    }

    /// The bare numbers of what was received so far.
    pub fn counted(&self) -> &Counters {
        &self.counted
    }

    /// Take out of the numbers what was held and is not kept, as far as it is of this stream.
    pub fn unkeep(&mut self, tally: &mut Tally) {
        let counted = &mut self.counted;
        let packets = take(&mut counted.packets, &mut tally.packets);
        counted.dropped_unkept += packets;
        take(&mut counted.bytes, &mut tally.bytes);
        take(&mut counted.rtcp_packets, &mut tally.rtcp_packets);
    }

    /// What was received so far; `now_ns` is monotonic.
    pub fn counters(&self, now_ns: u64) -> Counters {
        Counters {
            ssrcs: self.sources.ssrcs(),
            sources: self.sources.heard(),
            peak_dbfs: self.level.dbfs(now_ns),
            ..self.counted.clone()
        }
    }

    /// Copy the next packets of each source: the stream is sealed from now on, under these keys.
    ///
    /// What is sealed has no level.
    pub fn open_tap(&mut self) {
        self.sources.tap_anew();
        self.tap = Some(Box::default());
    }

    /// Copy no more: the stream is plain RTP.
    pub fn close_tap(&mut self) {
        self.tap = None;
    }

    /// Take the copies made since the last call.
    pub fn tapped(&mut self) -> Vec<Vec<u8>> {
        self.tap.as_mut().map(|tap| tap.take()).unwrap_or_default()
    }

    /// Copy the newest packets from now on: somebody listens.
    pub fn open_ear(&mut self) {
        self.ear.get_or_insert_default();
    }

    /// Copy none any more: nobody listens.
    pub fn close_ear(&mut self) {
        self.ear = None;
    }

    /// The copies from this number on, and the number of the next.
    pub fn overheard(&self, since: u64) -> (u64, Vec<Vec<u8>>) {
        self.ear.as_ref().map_or((since, Vec::new()), |ear| ear.since(since))
    }

    /// Copy the keys that come under these payload types from now on, in pauses, too; none: no keys.
    pub fn set_keypad(&mut self, payload_types: &[u8]) {
        let is_open = !payload_types.is_empty();
        self.keypad = is_open.then(|| Box::new(Keypad::new(payload_types)));
    }

    /// Take the keys copied since the last call.
    pub fn pressed(&mut self) -> Vec<Press> {
        self.keypad.as_mut().map(|keypad| keypad.take()).unwrap_or_default()
    }

    /// Send receiver reports from now on, or none.
    pub fn set_reporting(&mut self, reporting: Option<Reporting>, shared: &Shared) {
        let (Some(reporting), Some(interval)) = (reporting, shared.config.report_interval) else {
            self.reporter = None;
            return;
        };
        if let Some(reporter) = &mut self.reporter {
            reporter.change(reporting);
            return;
        }
        // A system without random numbers has bound no port either.
        let Ok(random) = sys::random() else { return };
        let (now_ns, interval_ns) = (clock::monotonic_ns(), interval.as_nanos() as u64);
        let reporter = Reporter::new(reporting, random as u32, now_ns, interval_ns);
        self.reporter = Some(Box::new(reporter));
    }

    /// Send the receiver report that is due, if one is; `now_ns` is monotonic.
    pub fn report(&mut self, now_ns: u64, shared: &Shared) {
        let Some(reporter) = self.reporter.as_mut().filter(|one| one.is_due(now_ns)) else {
            return;
        };
        let (Some(sockets), Some(interval)) = (&self.sockets, shared.config.report_interval) else {
            return;
        };
        let now = (now_ns, clock::realtime_ns());
        let report = reporter.report(&shared.cname, now, interval.as_nanos() as u64);
        if let Some(report) = report {
            let is_sent = send(&report, sockets, shared).is_ok();
            let total = if is_sent { &shared.totals.reports } else { &shared.totals.report_errors };
            total.fetch_add(1, Relaxed);
        }
    }

    /// Say this to whoever sends audio, from now on and instead of what was said; None: nothing.
    pub fn speak(&mut self, speech: Option<Speech>, shared: &Shared) -> Result<(), Error> {
        self.voice.take().iter().for_each(|voice| voice.end());
        let (Some(speech), Some(sockets)) = (speech, &self.sockets) else { return Ok(()) };
        let no_socket = |error| Error::Capture(format!("nothing can be said: {error}"));
        let socket = sockets.rtp.try_clone().map_err(no_socket)?;
        let (ssrc, numbers) = (sys::random()? as u32, sys::random()?);
        let origin = Origin { ssrc, sequence: (numbers >> 32) as u16, timestamp: numbers as u32 };
        let is_dual = shared.config.bind_address.is_ipv6();
        let voice = Arc::new(Voice::new(socket, is_dual, Speaker::new(speech, origin)));
        shared.voices.add(voice.clone());
        self.voice = Some(voice);
        Ok(())
    }

    /// Packets sent of what is said, and whether the announcement was said to its end.
    pub fn spoken(&self) -> (u64, bool) {
        self.voice.as_ref().map_or((0, false), |voice| (voice.sent(), voice.has_announced()))
    }

    /// Take what one `recvmmsg` gives; true if there may be more.
    pub fn receive_once(&mut self, port: Port, sweep: &mut Sweep<'_>) -> bool {
        let Some(sockets) = &self.sockets else { return false };
        let socket = if port == Port::Rtp { &sockets.rtp } else { &sockets.rtcp };
        let received = sweep.batch.receive(socket);
        for number in 0..received {
            self.take(port, number, sweep);
        }
        received == DATAGRAMS
    }

    /// Close the sockets and let the ports rest.
    pub fn close(&mut self, shared: &Shared) {
        self.voice.iter().for_each(|voice| voice.end());
        if let Some(sockets) = self.sockets.take() {
            // The last losses of a socket came with no later packet that would have told of them.
            for (port, socket) in [(Port::Rtp, &sockets.rtp), (Port::Rtcp, &sockets.rtcp)] {
                self.note_kernel_drops(port, sys::dropped_datagrams(socket.as_raw_fd()));
            }
            shared.ports().rest(self.ports.rtp, clock::monotonic_ns());
            shared.totals.open_sockets.fetch_sub(2, Relaxed);
        }
    }

    fn take(&mut self, port: Port, number: usize, sweep: &mut Sweep<'_>) {
        let Some(datagram) = sweep.batch.datagram(number) else {
            self.counted.dropped_invalid += 1;
            return;
        };
        self.note_kernel_drops(port, datagram.kernel_drops);
        let arrival_ns = datagram.arrival_ns.unwrap_or_else(clock::realtime_ns);
        if !sweep.window.keeps(arrival_ns) {
            self.counted.dropped_paused += 1;
            self.hear_in_pause(port, &datagram, arrival_ns);
            sweep.batch.erase(number);
        } else if !self.is_allowed(datagram.address) {
            self.counted.dropped_foreign += 1;
        } else {
            self.sort(port, &datagram, arrival_ns, &mut sweep.intake);
        }
    }

    fn is_allowed(&self, address: IpAddr) -> bool {
        self.allow.iter().any(|network| network.contains(address))
    }

    /// Classify a datagram that may be kept, and gather it.
    fn sort(&mut self, port: Port, datagram: &Datagram<'_>, arrival_ns: u64, to: &mut Intake<'_>) {
        let class = class_of(port, datagram);
        let ssrc = match class {
            Class::Rtp { ssrc, .. } => Some(ssrc),
            Class::Rtcp => None,
            Class::Invalid => {
                self.counted.dropped_invalid += 1;
                return;
            }
        };
        let source = Source { address: datagram.address, port: datagram.port, ssrc };
        if to.is_out_of_memory {
            self.counted.dropped_unwritten += 1;
            self.hear(class, port, datagram, arrival_ns);
        } else if self.gather(source, datagram.bytes, arrival_ns, to) {
            self.hear(class, port, datagram, arrival_ns);
            self.count(class, datagram.bytes, arrival_ns, to.now_ns);
        } else {
            self.counted.dropped_sources += 1;
        }
    }

    /// Put a packet into the block; false if its source is above the bound.
    fn gather(
        &mut self,
        source: Source,
        datagram: &[u8],
        arrival_ns: u64,
        to: &mut Intake<'_>,
    ) -> bool {
        let Some(placed) = self.sources.place(source, to.now_ns, to.gathering.serial()) else {
            return false;
        };
        if placed.is_new_in_block {
            to.gathering.list(self.index, placed.number, &source);
        }
        let is_rtcp = source.ssrc.is_none();
        let (stream, source) = (self.index, placed.number);
        let packet = GatheredPacket { stream, source, is_rtcp, arrival_ns, datagram };
        to.gathering.push(&packet, to.now_ns);
        if !is_rtcp {
            self.copy_to_tap(datagram);
            self.ear.iter_mut().for_each(|ear| ear.put(datagram));
        }
        true
    }

    /// Let reports, keys and what is said know of what is dropped: it was received all the same.
    fn hear_in_pause(&mut self, port: Port, datagram: &Datagram<'_>, arrival_ns: u64) {
        let is_listening = self.reporter.is_some() || self.voice.is_some() || self.keypad.is_some();
        if is_listening && self.is_allowed(datagram.address) {
            self.hear(class_of(port, datagram), port, datagram, arrival_ns);
        }
    }

    fn hear(&mut self, class: Class, port: Port, datagram: &Datagram<'_>, arrival_ns: u64) {
        let from = (datagram.address, datagram.port);
        if let (Some(voice), Class::Rtp { .. }) = (&self.voice, class) {
            voice.hear(from);
        }
        if let (Some(keypad), Class::Rtp { ssrc, payload_type, .. }) = (&mut self.keypad, class) {
            keypad.hear(ssrc, payload_type, datagram.bytes, arrival_ns);
        }
        let Some(reporter) = &mut self.reporter else { return };
        match class {
            Class::Rtp { .. } => reporter.hear(from, datagram.bytes, arrival_ns),
            Class::Rtcp => reporter.hear_rtcp(from, port, datagram.bytes, arrival_ns),
            Class::Invalid => {}
        }
    }

    fn copy_to_tap(&mut self, datagram: &[u8]) {
        if let Some(tap) = self.tap.as_mut().filter(|tap| tap.has_room(datagram)) {
            if self.sources.tap_latest() {
                tap.put(datagram);
            }
        }
    }

    fn count(&mut self, class: Class, datagram: &[u8], arrival_ns: u64, now_ns: u64) {
        let Class::Rtp { payload_type, payload_offset, .. } = class else {
            self.counted.rtcp_packets += 1;
            return;
        };
        self.counted.packets += 1;
        self.counted.bytes += datagram.len() as u64;
        self.counted.last_arrival_ns = self.counted.last_arrival_ns.max(arrival_ns);
        let payload = datagram.get(payload_offset..).unwrap_or_default();
        let peak = match payload_type {
            _ if self.tap.is_some() => None, // sealed
            PCMU => Some(level::ulaw_linear(level::ulaw_peak(payload))),
            PCMA => Some(level::alaw_linear(level::alaw_peak(payload))),
            _ => None,
        };
        if let Some(peak) = peak {
            self.level.add(peak, now_ns);
        }
        // What has no level that we know may be speech, but for what is too short for it: keys
        // (RFC 4733: four bytes), what keeps a path open (RFC 6263), and signs that a codec is silent.
        let may_speak = payload.len() > TOO_SHORT && !NOISE.contains(&payload_type);
        if peak.map_or(may_speak, |peak| peak >= level::SPEECH) {
            self.counted.last_speech_ns = self.counted.last_speech_ns.max(arrival_ns);
        }
    }

    fn note_kernel_drops(&mut self, port: Port, drops: Option<u32>) {
        if let Some(drops) = drops {
            let last = &mut self.socket_drops[port as usize];
            self.counted.dropped_kernel += u64::from(drops.wrapping_sub(*last));
            *last = drops;
        }
    }
}

fn class_of(port: Port, datagram: &Datagram<'_>) -> Class {
    match classify(datagram.bytes) {
        Class::Rtp { .. } if port == Port::Rtcp => Class::Invalid,
        _ if datagram.is_cut => Class::Invalid,
        class => class,
    }
}

/// Send without waiting. These sockets are not connected: no ICMP error comes back to them.
fn send(report: &Report, sockets: &SocketPair, shared: &Shared) -> io::Result<usize> {
    let socket = if report.from == Port::Rtp { &sockets.rtp } else { &sockets.rtcp };
    let address = as_spoken(report.address, shared.config.bind_address.is_ipv6());
    socket.send_to(&report.bytes, SocketAddr::new(address, report.port))
}
