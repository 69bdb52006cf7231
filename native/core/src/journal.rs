//! One journal: the packets and events of one SIP dialog, sealed into one file.

mod holding;
mod listening;

use std::cell::RefCell;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering::Relaxed};
use std::sync::{Arc, Mutex, MutexGuard};

use crate::block::Gathering;
use crate::clock::{self, Clocks};
use crate::error::Error;
use crate::held::Held;
use crate::network::Network;
use crate::outbox::{Leave, Outbox};
use crate::output::{closed, Output};
use crate::reports::Reporting;
use crate::seal::{self, Kind, Sealer};
use crate::shared::{locked, Shared};
use crate::speaker::Speech;
use crate::stream::{Counters, Intake, Port, Stream, StreamPorts, Sweep};
use crate::sweep::Batch;
use crate::window::Window;

/// Calls of `recvmmsg` on one socket in one sweep: a flood on one must not starve the others.
const CALLS_A_SWEEP: usize = 64;

thread_local! {
    /// Receive buffers of each thread that works on a journal.
    static BATCH: RefCell<Option<Box<Batch>>> = const { RefCell::new(None) };
}

/// What a journal is made of.
pub struct NewJournal<'a> {
    /// Random.
    pub id: [u8; 16],
    /// New, and used for nothing else.
    pub key: [u8; 32],
    /// The key, sealed for the ingest certificates.
    pub envelope: &'a [u8],
    /// JSON.
    pub header: &'a [u8],
    /// A node event journal.
    pub is_node_events: bool,
}

/// A journal that is being written. All methods may be called from any thread.
///
/// Its lock is never held while the disk is waited for.
pub struct Journal {
    id: [u8; 16],
    path: PathBuf,
    is_dialog: bool,
    shared: Arc<Shared>,
    outbox: Arc<Outbox>,
    is_name_durable: AtomicBool,
    inner: Mutex<Inner>,
}

struct Inner {
    output: Output,
    streams: Vec<Stream>,
    gathering: Gathering,
    held: Option<Held>, // what waits in memory for being kept; None: all is written
    window: Window,
    told: Option<Clocks>, // in the last block that carries them
    is_losing: bool,
    reported: Reported,
}

/// What the receiver's figures already contain of this journal.
#[derive(Clone, Copy, Default)]
struct Reported {
    packets: u64,
    bytes: u64,
    kernel_drops: u64,
    lost_packets: u64,
}

impl Journal {
    /// Create the file, locked, with preamble and header.
    ///
    /// While the disk stalls it is created later, and what comes meanwhile waits in memory.
    pub(crate) fn create(new: &NewJournal<'_>, shared: Arc<Shared>) -> Result<Self, Error> {
        if new.envelope.len() > seal::MAX_ENVELOPE_BYTES {
            return Err(Error::Spool(format!("envelope of {} bytes", new.envelope.len())));
        }
        let mut content = seal::preamble(&new.id, new.envelope);
        let mut header = Vec::new();
        let mut sealer = Sealer::new(&new.key, &content).ok_or_else(unsealable)?;
        sealer.seal(Kind::Header, &[new.header], &mut header).ok_or_else(unsealable)?;
        content.append(&mut header);
        let path = shared.config.spool_folder.join(file_name(&new.id, new.is_node_events));
        let outbox = Outbox::new(new.id, Arc::new(path.clone()));
        outbox.hand_over(content, &shared);
        if let Some(failure) = outbox.settle(&shared) {
            outbox.leave(Leave::Removed, &shared);
            return Err(Error::from_spool("journal cannot be created", &failure));
        }
        let inner =
            Mutex::new(Inner::new(Output::new(sealer, outbox.clone()), Gathering::of(&new.id)));
        let is_name_durable = AtomicBool::new(false);
        let (id, is_dialog) = (new.id, !new.is_node_events);
        Ok(Self { id, path, is_dialog, shared, outbox, is_name_durable, inner })
    }

    /// Its random number.
    pub(crate) fn id(&self) -> [u8; 16] {
        self.id
    }

    /// The file.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Whether arriving packets are dropped.
    pub fn is_paused(&self) -> bool {
        self.lock().window.is_shut()
    }

    /// Whether nothing is left to do for it.
    pub(crate) fn is_finished(&self) -> bool {
        self.outbox.is_closed()
    }

    /// Write an event, after all earlier ones. Does not wait for the disk.
    pub fn append(&self, event: &[u8]) -> Result<(), Error> {
        self.append_event(event).map(drop)
    }

    /// Write an event and wait until it is on disk.
    pub fn append_durably(&self, event: &[u8]) -> Result<(), Error> {
        let number = self.append_event(event)?;
        self.shared.writer.hurry();
        let disk = self.outbox.wait_written(number).map_err(|error| not_durable(&error))?;
        disk.sync().map_err(|error| not_durable(&error))?;
        if !self.is_name_durable.load(Relaxed) {
            self.shared.spool.sync_all().map_err(|error| not_durable(&error))?;
            self.is_name_durable.store(true, Relaxed);
        }
        Ok(())
    }

    /// Bind ports for an m-line, `rtp_port` if it is known already, and receive on them.
    pub fn open_stream(
        &self,
        index: u16,
        allow: Vec<Network>,
        rtp_port: Option<u16>,
    ) -> Result<(usize, StreamPorts), Error> {
        let mut inner = self.lock();
        inner.check_open()?;
        if inner.streams.iter().any(|stream| stream.index() == index && stream.is_open()) {
            return Err(Error::Capture(format!("stream {index} is open already")));
        }
        let stream = Stream::open(index, allow, rtp_port, &self.shared)?;
        let ports = stream.ports();
        inner.streams.reserve_exact(1); // they are few, and large
        inner.streams.push(stream);
        Ok((inner.streams.len() - 1, ports))
    }

    /// What a stream received; `number` as given by `open_stream`.
    pub fn counters(&self, number: usize) -> Counters {
        let inner = self.lock();
        let now_ns = clock::monotonic_ns();
        inner.streams.get(number).map(|stream| stream.counters(now_ns)).unwrap_or_default()
    }

    /// A stream is sealed from now on, under new keys: copy the next packets of each source.
    pub fn open_tap(&self, number: usize) {
        if let Some(stream) = self.lock().streams.get_mut(number) {
            stream.open_tap();
        }
    }

    /// A stream is plain RTP from now on.
    pub fn close_tap(&self, number: usize) {
        if let Some(stream) = self.lock().streams.get_mut(number) {
            stream.close_tap();
        }
    }

    /// Send receiver reports for a stream from now on, or none.
    pub fn set_reporting(&self, number: usize, reporting: Option<Reporting>) {
        if let Some(stream) = self.lock().streams.get_mut(number) {
            stream.set_reporting(reporting, &self.shared);
        }
    }

    /// Say something into a stream, or nothing more (`Stream::speak`).
    pub fn speak(&self, number: usize, speech: Option<Speech>) -> Result<(), Error> {
        self.lock().streams.get_mut(number).map_or(Ok(()), |one| one.speak(speech, &self.shared))
    }

    /// Packets sent of what is said, and whether the announcement was said to its end.
    pub fn spoken(&self, number: usize) -> (u64, bool) {
        self.lock().streams.get(number).map(Stream::spoken).unwrap_or_default()
    }

    /// Take the copies of a stream's packets made since the last call.
    pub fn tapped(&self, number: usize) -> Vec<Vec<u8>> {
        self.lock().streams.get_mut(number).map(Stream::tapped).unwrap_or_default()
    }

    /// Receive what has arrived on a stream and close it.
    pub fn close_stream(&self, number: usize) {
        let mut inner = self.lock();
        if inner.streams.get(number).is_some_and(Stream::is_open) {
            inner.receive(self);
            // A new stream of the same index must not share a block with this one.
            inner.seal_gathered(self);
            inner.streams[number].close(&self.shared);
            inner.report(self);
        }
    }

    /// Write what arrived up to now; drop what arrives from now on.
    pub fn pause(&self) -> Result<(), Error> {
        let mut inner = self.lock();
        inner.check_open()?;
        if !inner.window.is_shut() {
            inner.window = inner.window.closing(clock::realtime_ns());
            inner.receive(self);
            inner.window = Window::SHUT;
            inner.seal_gathered(self);
        }
        drop(inner);
        self.outbox.settle(&self.shared);
        Ok(())
    }

    /// Keep what arrives from now on.
    pub fn resume(&self) -> Result<(), Error> {
        let mut inner = self.lock();
        inner.check_open()?;
        if inner.window.is_shut() {
            // Shut still: should the wall clock have stepped back, arrival times would lie.
            inner.receive(self);
            inner.window = Window::reopened(clock::realtime_ns(), clock::monotonic_ns());
        }
        Ok(())
    }

    /// Receive what has arrived, hand over that and the end, release the ports.
    ///
    /// Does not wait: the file is whole and unlocked within milliseconds.
    pub fn close_soon(&self) {
        self.end(true);
    }

    /// The same, and wait a moment for the file to be whole and unlocked.
    pub fn close(&self) {
        self.close_soon();
        self.outbox.settle(&self.shared);
    }

    /// Write what arrived and release ports and file, without an end: the recorder stops, or
    /// has lost hold of it. Does not wait.
    pub fn abandon(&self) {
        self.end(false);
    }

    /// Release the ports and delete the file: nothing of this journal is wanted.
    pub fn discard(&self) {
        let mut inner = self.lock();
        inner.close_streams(self);
        inner.forget_held(self);
        inner.gathering = Gathering::default();
        inner.output.end(Leave::Removed, &self.shared);
        drop(inner);
        self.outbox.settle(&self.shared);
    }

    /// One round: empty the sockets, seal what is due.
    pub(crate) fn sweep(&self) {
        let mut inner = self.lock();
        let now_ns = clock::monotonic_ns();
        inner.receive(self);
        inner.streams.iter_mut().for_each(|stream| stream.report(now_ns, &self.shared));
        inner.window = inner.window.after_sweep(now_ns);
        if inner.gathering.is_due(now_ns, self.shared.config.sweep.as_nanos() as u64) {
            inner.seal_gathered(self);
        }
        inner.forget_old(now_ns, self);
    }

    fn end(&self, is_whole: bool) {
        let mut inner = self.lock();
        if inner.output.is_ended() {
            return;
        }
        inner.receive(self);
        inner.close_streams(self);
        inner.forget_held(self);
        inner.seal_gathered(self);
        if is_whole {
            // It cannot be refused: it is empty, and the journal has not ended.
            let _ = inner.output.write(Kind::End, &[], &self.shared);
        }
        inner.output.end(Leave::Written, &self.shared);
    }

    /// Hand over an event; returns its number in the outbox.
    fn append_event(&self, event: &[u8]) -> Result<u64, Error> {
        if event.len() > seal::MAX_PAYLOAD_BYTES {
            return Err(Error::Spool(format!("event of {} bytes is too long", event.len())));
        }
        let mut inner = self.lock();
        inner.check_open()?;
        if self.shared.refuses_events() {
            let message = "too much waits for a spool that takes no bytes";
            return Err(Error::SpoolFull(message.to_owned()));
        }
        inner.tell_clocks(self);
        inner.output.write(Kind::Event, &[event], &self.shared)
    }

    fn lock(&self) -> MutexGuard<'_, Inner> {
        locked(&self.inner)
    }
}

impl Inner {
    fn new(output: Output, gathering: Gathering) -> Self {
        Self {
            output,
            streams: Vec::new(),
            gathering,
            held: None,
            window: Window::OPEN,
            told: None,
            is_losing: false,
            reported: Reported::default(),
        }
    }

    fn check_open(&self) -> Result<(), Error> {
        if self.output.is_ended() {
            Err(closed())
        } else {
            Ok(())
        }
    }

    /// Empty the sockets of all streams.
    fn receive(&mut self, journal: &Journal) {
        BATCH.with_borrow_mut(|batch| {
            let batch = batch.get_or_insert_with(|| Box::new(Batch::new()));
            for number in 0..self.streams.len() {
                self.receive_stream(number, batch, journal);
            }
        });
        self.report(journal);
    }

    fn receive_stream(&mut self, number: usize, batch: &mut Batch, journal: &Journal) {
        let now_ns = clock::monotonic_ns();
        let is_out_of_memory = journal.shared.is_out_of_memory();
        for port in [Port::Rtp, Port::Rtcp] {
            for _ in 0..CALLS_A_SWEEP {
                let intake = Intake { gathering: &mut self.gathering, now_ns, is_out_of_memory };
                let mut sweep = Sweep { batch, window: self.window, intake };
                let is_more = self.streams[number].receive_once(port, &mut sweep);
                if self.held.is_some() {
                    sweep.batch.erase_all();
                }
                if self.gathering.is_full() {
                    self.seal_gathered(journal);
                }
                if !is_more {
                    break;
                }
            }
        }
    }

    fn seal_gathered(&mut self, journal: &Journal) {
        self.hold_gathered(journal);
        if !self.gathering.is_empty() {
            self.write_gathered(journal);
        }
    }

    /// Write both clocks before an event, which has but the one that may be set: at first, and
    /// after a step. In a hold no packets come whose block would tell.
    fn tell_clocks(&mut self, journal: &Journal) {
        let now = Clocks::now();
        let is_told = self.told.is_some_and(|told| !now.has_stepped_since(&told));
        if journal.is_dialog && !is_told {
            // What came before the step may wait in the sockets still.
            self.receive(journal);
            self.hold_gathered(journal);
            self.write_gathered(journal);
        }
    }

    /// Seal a block with both clocks, be it without packets.
    fn write_gathered(&mut self, journal: &Journal) {
        let now = Clocks::now();
        self.told = Some(now);
        let heads = self.gathering.heads(&now);
        let parts = self.gathering.parts(&heads);
        // It cannot be refused: a gathering is bounded, and streams end before their journal.
        let _ = self.output.write(Kind::Packets, &parts, &journal.shared);
        self.gathering.clear();
    }

    /// Say once, each time that it begins, that packets are dropped for want of memory.
    fn note_losses(&mut self, before: &Reported, now: &Reported, journal: &Journal) {
        let is_losing = now.lost_packets > before.lost_packets;
        if is_losing && !self.is_losing {
            let detail = "memory is full of what the spool does not take".to_owned();
            journal.shared.alarms.raise("packets_lost", Some(journal.id), detail);
        }
        self.is_losing = is_losing || (self.is_losing && journal.shared.is_out_of_memory());
        if before.kernel_drops == 0 && now.kernel_drops > 0 {
            let detail =
                "a socket buffer was full: the recorder stalled, or was flooded".to_owned();
            journal.shared.alarms.raise("kernel_drops", Some(journal.id), detail);
        }
    }

    fn close_streams(&mut self, journal: &Journal) {
        self.streams.iter_mut().for_each(|stream| stream.close(&journal.shared));
        self.report(journal);
    }

    /// Add to the receiver's figures what is new here.
    fn report(&mut self, journal: &Journal) {
        let mut now = Reported::default();
        for counted in self.streams.iter().map(Stream::counted) {
            now.packets += counted.packets + counted.rtcp_packets;
            now.bytes += counted.bytes;
            now.kernel_drops += counted.dropped_kernel;
            now.lost_packets += counted.dropped_unwritten;
        }
        if self.held.is_some() {
            // What waits in memory counts once it is kept: these figures never go back.
            (now.packets, now.bytes) = (self.reported.packets, self.reported.bytes);
        }
        let before = std::mem::replace(&mut self.reported, now);
        let totals = &journal.shared.totals;
        totals.packets.fetch_add(now.packets.saturating_sub(before.packets), Relaxed);
        totals.bytes.fetch_add(now.bytes.saturating_sub(before.bytes), Relaxed);
        totals.kernel_drops.fetch_add(now.kernel_drops - before.kernel_drops, Relaxed);
        totals.lost_packets.fetch_add(now.lost_packets - before.lost_packets, Relaxed);
        self.note_losses(&before, &now, journal);
    }
}

fn file_name(id: &[u8; 16], is_node_events: bool) -> String {
    let hex: String = id.iter().map(|byte| format!("{byte:02x}")).collect();
    format!("{}{hex}.cvj", if is_node_events { "events-" } else { "" })
}

fn unsealable() -> Error {
    Error::Spool("journal header is too long, or its key is none".to_owned())
}

fn not_durable(error: &io::Error) -> Error {
    Error::from_spool("journal is not on disk", error)
}

#[cfg(test)]
mod tests;
