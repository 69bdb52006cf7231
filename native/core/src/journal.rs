//! One journal: the packets and events of one SIP dialog, sealed into one file.

use std::cell::RefCell;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::atomic::AtomicBool;
use std::sync::atomic::Ordering::Relaxed;
use std::sync::{Arc, Mutex, MutexGuard};

use crate::block::Gathering;
use crate::clock;
use crate::error::Error;
use crate::file;
use crate::network::Network;
use crate::output::Output;
use crate::seal::{self, Kind, Sealer};
use crate::shared::{locked, Shared};
use crate::stream::{Counters, Intake, Port, Stream, StreamPorts, Sweep};
use crate::sweep::Batch;
use crate::window::Window;

/// Calls of `recvmmsg` on one socket in one sweep: a flood on one must not starve the others.
const CALLS_A_SWEEP: usize = 64;
/// A seal buffer grown beyond this by one large block is given back.
const KEPT_BYTES: usize = 1024 * 1024;

thread_local! {
    static SCRATCH: RefCell<Scratch> = RefCell::new(Scratch::default());
}

/// Buffers that any thread needs while it works on a journal.
#[derive(Default)]
struct Scratch {
    batch: Option<Box<Batch>>,
    block: Vec<u8>,
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
pub struct Journal {
    id: [u8; 16],
    path: PathBuf,
    shared: Arc<Shared>,
    is_finished: AtomicBool,
    inner: Mutex<Inner>,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum State {
    Open,
    /// The end block is sealed; it waits in memory for a disk that takes it.
    Ending,
    Closed,
}

struct Inner {
    state: State,
    output: Output,
    is_name_durable: bool,
    streams: Vec<Stream>,
    gathering: Gathering,
    window: Window,
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
        let file = file::create(&path, &content)
            .map_err(|error| Error::from_spool("journal cannot be created", &error))?;
        let mut output = Output::new(new.id, sealer, file, content.len() as u64);
        output.report(&shared);
        let inner = Mutex::new(Inner::new(output));
        let is_finished = AtomicBool::new(false);
        Ok(Self { id: new.id, path, shared, is_finished, inner })
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
        self.is_finished.load(Relaxed)
    }

    /// Write an event; if the disk does not take it, it waits in memory.
    pub fn append(&self, event: &[u8]) -> Result<(), Error> {
        self.append_event(&mut self.lock(), event).map(drop)
    }

    /// Write an event and wait until it is on disk.
    pub fn append_durably(&self, event: &[u8]) -> Result<(), Error> {
        let (file, is_name_durable) = {
            let mut inner = self.lock();
            self.append_event(&mut inner, event)?.map_err(|error| not_durable(&error))?;
            let file = inner.output.file().ok_or_else(closed)?;
            (file, inner.is_name_durable)
        };
        // Without the lock: a sweep must not wait for the disk.
        file.sync_data().map_err(|error| not_durable(&error))?;
        if !is_name_durable {
            self.shared.spool.sync_all().map_err(|error| not_durable(&error))?;
            self.lock().is_name_durable = true;
        }
        Ok(())
    }

    /// Bind ports for an m-line and receive on them.
    pub fn open_stream(
        &self,
        index: u16,
        allow: Vec<Network>,
    ) -> Result<(usize, StreamPorts), Error> {
        let mut inner = self.lock();
        inner.check_open()?;
        if inner.streams.iter().any(|stream| stream.index() == index && stream.is_open()) {
            return Err(Error::Capture(format!("stream {index} is open already")));
        }
        let stream = Stream::open(index, allow, &self.shared)?;
        let ports = stream.ports();
        inner.streams.push(stream);
        Ok((inner.streams.len() - 1, ports))
    }

    /// What a stream received; `number` as given by `open_stream`.
    pub fn counters(&self, number: usize) -> Counters {
        let inner = self.lock();
        let now_ns = clock::monotonic_ns();
        inner.streams.get(number).map(|stream| stream.counters(now_ns)).unwrap_or_default()
    }

    /// Receive what has arrived on a stream and close it.
    pub fn close_stream(&self, number: usize) {
        self.with_scratch(|inner, scratch| {
            if inner.streams.get(number).is_some_and(Stream::is_open) {
                inner.receive(scratch, self);
                // A new stream of the same index must not share a block with this one.
                inner.seal_gathered(scratch, self);
                inner.streams[number].close(&self.shared);
                inner.report(self);
            }
        });
    }

    /// Write what arrived up to now; drop what arrives from now on.
    pub fn pause(&self) -> Result<(), Error> {
        self.with_scratch(|inner, scratch| {
            inner.check_open()?;
            if !inner.window.is_shut() {
                inner.window = inner.window.closing(clock::realtime_ns());
                inner.receive(scratch, self);
                inner.window = Window::SHUT;
                inner.seal_gathered(scratch, self);
            }
            Ok(())
        })
    }

    /// Keep what arrives from now on.
    pub fn resume(&self) -> Result<(), Error> {
        self.with_scratch(|inner, scratch| {
            inner.check_open()?;
            if inner.window.is_shut() {
                let realtime_ns = clock::realtime_ns();
                inner.window = Window::reopened(realtime_ns, clock::monotonic_ns());
                inner.receive(scratch, self);
            }
            Ok(())
        })
    }

    /// Receive what has arrived, write it and the end, release ports and file.
    pub fn close(&self) {
        self.with_scratch(|inner, scratch| {
            if inner.state == State::Open {
                inner.receive(scratch, self);
                inner.close_streams(self);
                inner.seal_gathered(scratch, self);
                inner.state = State::Ending;
                // An end that the disk refuses waits like any other block.
                let _ = inner.output.write(Kind::End, &[], &mut scratch.block, &self.shared);
                inner.finish_if_written(self);
            }
        });
    }

    /// Write what arrived and release ports and file, without an end: the recorder stops.
    pub(crate) fn abandon(&self) {
        self.with_scratch(|inner, scratch| {
            if inner.state == State::Closed {
                return;
            }
            inner.receive(scratch, self);
            inner.close_streams(self);
            inner.seal_gathered(scratch, self);
            inner.output.retry(&self.shared);
            inner.finish(self);
        });
    }

    /// One round: empty the sockets, seal what is due, try again what failed.
    pub(crate) fn sweep(&self) {
        self.with_scratch(|inner, scratch| {
            let now_ns = clock::monotonic_ns();
            inner.receive(scratch, self);
            inner.window = inner.window.after_sweep(now_ns);
            if inner.gathering.is_due(now_ns, self.shared.config.sweep.as_nanos() as u64) {
                inner.seal_gathered(scratch, self);
            }
            inner.output.retry_if_due(now_ns, &self.shared);
            if inner.state == State::Ending {
                inner.finish_if_written(self);
            }
        });
    }

    /// Ok(Err) if the event waits in memory.
    fn append_event(&self, inner: &mut Inner, event: &[u8]) -> Result<io::Result<()>, Error> {
        inner.check_open()?;
        if self.shared.refuses_events() {
            let message = "too much waits for a spool that takes no bytes";
            return Err(Error::SpoolFull(message.to_owned()));
        }
        if event.len() > seal::MAX_PAYLOAD_BYTES {
            return Err(Error::Spool(format!("event of {} bytes is too long", event.len())));
        }
        SCRATCH.with_borrow_mut(|scratch| {
            Ok(inner.output.write(Kind::Event, &[event], &mut scratch.block, &self.shared))
        })
    }

    fn with_scratch<T>(&self, work: impl FnOnce(&mut Inner, &mut Scratch) -> T) -> T {
        let mut inner = self.lock();
        SCRATCH.with_borrow_mut(|scratch| work(&mut inner, scratch))
    }

    fn lock(&self) -> MutexGuard<'_, Inner> {
        locked(&self.inner)
    }
}

impl Inner {
    fn new(output: Output) -> Self {
        Self {
            state: State::Open,
            output,
            is_name_durable: false,
            streams: Vec::new(),
            gathering: Gathering::default(),
            window: Window::OPEN,
            is_losing: false,
            reported: Reported::default(),
        }
    }

    fn check_open(&self) -> Result<(), Error> {
        if self.state == State::Open {
            Ok(())
        } else {
            Err(closed())
        }
    }

    /// Empty the sockets of all streams.
    fn receive(&mut self, scratch: &mut Scratch, journal: &Journal) {
        let now_ns = clock::monotonic_ns();
        let is_out_of_memory = journal.shared.is_out_of_memory();
        for number in 0..self.streams.len() {
            for port in [Port::Rtp, Port::Rtcp] {
                for _ in 0..CALLS_A_SWEEP {
                    let mut sweep = Sweep {
                        batch: scratch.batch.get_or_insert_with(|| Box::new(Batch::new())),
                        window: self.window,
                        intake: Intake { gathering: &mut self.gathering, now_ns, is_out_of_memory },
                    };
                    let is_more = self.streams[number].receive_once(port, &mut sweep);
                    if self.gathering.is_full() {
                        self.seal_gathered(scratch, journal);
                    }
                    if !is_more {
                        break;
                    }
                }
            }
        }
        self.report(journal);
    }

    fn seal_gathered(&mut self, scratch: &mut Scratch, journal: &Journal) {
        if self.gathering.is_empty() {
            return;
        }
        let gathering = std::mem::take(&mut self.gathering);
        let heads = gathering.heads(clock::realtime_ns(), clock::monotonic_ns());
        // What the disk refuses waits, and has raised the alarm.
        let parts = gathering.parts(&heads);
        let _ = self.output.write(Kind::Packets, &parts, &mut scratch.block, &journal.shared);
        scratch.block.shrink_to(KEPT_BYTES);
        self.gathering = gathering;
        self.gathering.clear();
    }

    /// Say once, each time that it begins, that packets are dropped for want of memory.
    fn note_losses(&mut self, before: &Reported, now: &Reported, journal: &Journal) {
        let is_losing = now.lost_packets > before.lost_packets;
        if is_losing && !self.is_losing {
            let detail = "memory is full of what the spool does not take".to_owned();
            journal.shared.alarms.raise("packets_lost", Some(journal.id), detail);
        }
        self.is_losing = is_losing || (self.is_losing && self.output.is_failing());
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

    fn finish_if_written(&mut self, journal: &Journal) {
        if !self.output.is_failing() {
            self.finish(journal);
        }
    }

    fn finish(&mut self, journal: &Journal) {
        self.output.close(&journal.shared);
        self.state = State::Closed;
        journal.is_finished.store(true, Relaxed);
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
        let before = std::mem::replace(&mut self.reported, now);
        let totals = &journal.shared.totals;
        totals.packets.fetch_add(now.packets - before.packets, Relaxed);
        totals.bytes.fetch_add(now.bytes - before.bytes, Relaxed);
        totals.kernel_drops.fetch_add(now.kernel_drops - before.kernel_drops, Relaxed);
        totals.lost_packets.fetch_add(now.lost_packets - before.lost_packets, Relaxed);
        self.note_losses(&before, &now, journal);
    }
}

fn file_name(id: &[u8; 16], is_node_events: bool) -> String {
    let hex: String = id.iter().map(|byte| format!("{byte:02x}")).collect();
    format!("{}{hex}.cvj", if is_node_events { "events-" } else { "" })
}

fn closed() -> Error {
    Error::Spool("journal is closed".to_owned())
}

fn unsealable() -> Error {
    Error::Spool("journal header is too long, or its key is none".to_owned())
}

fn not_durable(error: &io::Error) -> Error {
    Error::from_spool("journal is not on disk", error)
}
