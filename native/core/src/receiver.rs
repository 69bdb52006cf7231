//! The receiver: threads that sweep, one that writes, one that syncs.

use std::panic::{catch_unwind, AssertUnwindSafe};
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::sync::{Arc, Condvar, Mutex, PoisonError};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use crate::alarms::Alarm;
use crate::clock;
use crate::config::Config;
use crate::error::Error;
use crate::journal::{Journal, NewJournal};
use crate::shared::{locked, Shared, Stats};
use crate::speaker::FRAME;
use crate::sys;

/// Owns media ports, journals and threads. Dropping it closes it.
pub struct Receiver {
    shared: Arc<Shared>,
    shards: Vec<Arc<Shard>>,
    stop: Arc<Stop>,
    threads: Mutex<Vec<JoinHandle<()>>>,
    writer: Mutex<Option<JoinHandle<()>>>,
}

/// The journals that one thread sweeps.
#[derive(Default)]
struct Shard {
    journals: Mutex<Vec<Arc<Journal>>>,
    last_sweep_ns: AtomicU64,
}

/// Tells the threads to end, without making them wait for their next round.
#[derive(Default)]
struct Stop {
    is_set: Mutex<bool>,
    changed: Condvar,
}

impl Receiver {
    /// Open the spool folder and start the threads.
    pub fn start(config: Config) -> Result<Self, Error> {
        let count = config.sweep_threads.max(1);
        let receiver = Self {
            shared: Arc::new(Shared::new(config)?),
            shards: (0..count).map(|_| Arc::default()).collect(),
            stop: Arc::default(),
            threads: Mutex::default(),
            writer: Mutex::default(),
        };
        let shared = receiver.shared.clone();
        let write = move || shared.writer.run(&shared);
        *locked(&receiver.writer) = Some(thread("cv-write".to_owned(), write)?);
        for (number, shard) in receiver.shards.iter().enumerate() {
            let (shared, shard) = (receiver.shared.clone(), shard.clone());
            let interval = shared.config.sweep;
            let round = move || shard.sweep(&shared);
            receiver.spawn(format!("cv-sweep-{number}"), interval, round)?;
        }
        let shared = receiver.shared.clone();
        let interval = shared.config.sync;
        let mut sync = Sync::default();
        receiver.spawn("cv-sync".to_owned(), interval, move || sync.round(&shared))?;
        let shared = receiver.shared.clone();
        let say = move || shared.voices.round(clock::monotonic_ns());
        receiver.spawn("cv-speak".to_owned(), FRAME, say)?;
        Ok(receiver)
    }

    /// Create a journal; it is swept from now on.
    pub fn open_journal(&self, new: &NewJournal<'_>) -> Result<Arc<Journal>, Error> {
        let journal = Arc::new(Journal::create(new, self.shared.clone())?);
        // Looked at while it is held: a receiver that closes takes all journals or refuses.
        let stopped = locked(&self.stop.is_set);
        if *stopped {
            journal.discard();
            return Err(Error::Spool("the receiver is closed".to_owned()));
        }
        let mut shards: Vec<_> = self.shards.iter().map(|shard| locked(&shard.journals)).collect();
        if let Some(smallest) = shards.iter_mut().min_by_key(|journals| journals.len()) {
            smallest.push(journal.clone());
        }
        Ok(journal)
    }

    /// Figures since the start.
    pub fn stats(&self) -> Stats {
        let totals = &self.shared.totals;
        Stats {
            open_journals: self.shards.iter().map(|shard| shard.open_journals()).sum(),
            open_sockets: totals.open_sockets.load(Relaxed),
            packets: totals.packets.load(Relaxed),
            bytes: totals.bytes.load(Relaxed),
            kernel_drops: totals.kernel_drops.load(Relaxed),
            lost_packets: totals.lost_packets.load(Relaxed),
            unkept_packets: totals.unkept_packets.load(Relaxed),
            blocks: totals.blocks.load(Relaxed),
            bytes_written: totals.bytes_written.load(Relaxed),
            unwritten_bytes: totals.unwritten_bytes.load(Relaxed),
            held_bytes: totals.held_bytes.load(Relaxed),
            write_errors: totals.write_errors.load(Relaxed),
            sync_errors: totals.sync_errors.load(Relaxed),
            syncs: totals.syncs.load(Relaxed),
            last_sync_ns: totals.last_sync_ns.load(Relaxed),
            last_sweep_ns: self.last_sweep_ns(),
            granted_buffer_bytes: totals.granted_buffer_bytes.load(Relaxed),
            reports: totals.reports.load(Relaxed),
            report_errors: totals.report_errors.load(Relaxed),
            open_file_limit: self.shared.open_file_limit,
        }
    }

    /// Take the alarms raised since the last call.
    pub fn alarms(&self) -> Vec<Alarm> {
        self.shared.alarms.take()
    }

    /// Stop the threads, write what arrived, sync. Journals that are open get no end block.
    pub fn close(&self) {
        self.stop.set();
        for handle in locked(&self.threads).drain(..) {
            // A thread that panicked has told so by an alarm; the rest is closed all the same.
            let _ = handle.join();
        }
        for shard in &self.shards {
            locked(&shard.journals).drain(..).for_each(|journal| journal.abandon());
        }
        self.shared.writer.stop();
        if let Some(handle) = locked(&self.writer).take() {
            let _ = handle.join();
        }
        Sync::default().round(&self.shared);
    }

    fn spawn(
        &self,
        name: String,
        interval: Duration,
        mut round: impl FnMut() + Send + 'static,
    ) -> Result<(), Error> {
        let stop = self.stop.clone();
        let rounds = move || {
            let mut next = Instant::now();
            while !stop.wait_until(next) {
                round();
                // After a stall go on from now: what was missed is in the sockets.
                next = (next + interval).max(Instant::now());
            }
        };
        locked(&self.threads).push(thread(name, rounds)?);
        Ok(())
    }

    fn last_sweep_ns(&self) -> u64 {
        let last = self.shards.iter().map(|shard| shard.last_sweep_ns.load(Relaxed));
        last.max().unwrap_or(0)
    }
}

fn thread(name: String, body: impl FnOnce() + Send + 'static) -> Result<JoinHandle<()>, Error> {
    let started = thread::Builder::new().name(name).spawn(body);
    started.map_err(|error| Error::Capture(format!("no thread: {error}")))
}

impl Drop for Receiver {
    fn drop(&mut self) {
        self.close();
    }
}

impl Shard {
    /// Sweep all journals once; forget those that are finished.
    fn sweep(&self, shared: &Shared) {
        let began = Instant::now();
        let journals: Vec<_> = locked(&self.journals).clone();
        for journal in &journals {
            // A defect in one journal must not end the capture of all.
            if catch_unwind(AssertUnwindSafe(|| journal.sweep())).is_err() {
                let detail = "a sweep of the journal was abandoned: please report it".to_owned();
                shared.alarms.raise("sweep_failed", Some(journal.id()), detail);
            }
        }
        if journals.iter().any(|journal| journal.is_finished()) {
            locked(&self.journals).retain(|journal| !journal.is_finished());
        }
        self.last_sweep_ns.store(began.elapsed().as_nanos() as u64, Relaxed);
    }

    fn open_journals(&self) -> u64 {
        locked(&self.journals).iter().filter(|journal| !journal.is_finished()).count() as u64
    }
}

/// The sync thread's memory of its last round.
#[derive(Default)]
struct Sync {
    synced_bytes: u64,
    is_failing: bool,
}

impl Sync {
    /// Make durable what was written since the last round.
    fn round(&mut self, shared: &Shared) {
        let totals = &shared.totals;
        let written = totals.bytes_written.load(Relaxed);
        if written == self.synced_bytes && !self.is_failing {
            return;
        }
        let began = Instant::now();
        match sys::sync_file_system(&shared.spool) {
            Ok(()) => {
                self.synced_bytes = written;
                totals.syncs.fetch_add(1, Relaxed);
                totals.last_sync_ns.store(began.elapsed().as_nanos() as u64, Relaxed);
                if std::mem::take(&mut self.is_failing) {
                    shared.alarms.raise("sync_recovered", None, "the spool syncs again".to_owned());
                }
            }
            Err(error) => {
                totals.sync_errors.fetch_add(1, Relaxed);
                if !std::mem::replace(&mut self.is_failing, true) {
                    shared.alarms.raise("sync_failed", None, error.to_string());
                }
            }
        }
    }
}

impl Stop {
    fn set(&self) {
        *locked(&self.is_set) = true;
        self.changed.notify_all();
    }

    /// Wait; true if the threads are to end.
    fn wait_until(&self, moment: Instant) -> bool {
        let mut is_set = locked(&self.is_set);
        while !*is_set {
            let left = moment.saturating_duration_since(Instant::now());
            if left.is_zero() {
                return false;
            }
            let waited = self.changed.wait_timeout(is_set, left);
            is_set = waited.unwrap_or_else(PoisonError::into_inner).0;
        }
        true
    }
}
