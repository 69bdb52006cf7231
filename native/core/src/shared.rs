//! What all journals of a receiver share: ports, figures, alarms, the spool folder.

use std::fs::File;
use std::net::{IpAddr, Ipv4Addr};
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering::Relaxed};
use std::sync::{Mutex, MutexGuard, PoisonError};

use crate::alarms::Alarms;
use crate::config::Config;
use crate::error::Error;
use crate::file;
use crate::ports::PortPool;
use crate::reports::CNAME_BYTES;
use crate::socket::{self, MediaSocket};
use crate::speaker::Voices;
use crate::sys;
use crate::writer::Writer;

/// Events are taken beyond the bound for packets: they are few, and a call hangs on them.
const EVENT_RESERVE_BYTES: u64 = 16 * 1024 * 1024;

/// Lock, also if another thread panicked while it held the lock: the state is still the best
/// that there is, and capture must go on.
pub fn locked<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Figures of a receiver since its start.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Stats {
    /// Journals that are open.
    pub open_journals: u64,
    /// Sockets that are open.
    pub open_sockets: u64,
    /// RTP and RTCP packets journalled.
    pub packets: u64,
    /// Bytes of those packets.
    pub bytes: u64,
    /// Packets that full socket buffers lost.
    pub kernel_drops: u64,
    /// Packets dropped because the spool could not be written and memory was full.
    pub lost_packets: u64,
    /// Packets that were held in memory, and then not kept.
    pub unkept_packets: u64,
    /// Blocks sealed.
    pub blocks: u64,
    /// Bytes written to journals.
    pub bytes_written: u64,
    /// Bytes sealed that wait in memory.
    pub unwritten_bytes: u64,
    /// Bytes that wait in memory until it is known whether they are kept.
    pub held_bytes: u64,
    /// Failed attempts to write.
    pub write_errors: u64,
    /// Failed syncs.
    pub sync_errors: u64,
    /// Syncs that succeeded.
    pub syncs: u64,
    /// How long the last sync took.
    pub last_sync_ns: u64,
    /// How long the last sweep took, the slowest of the threads.
    pub last_sweep_ns: u64,
    /// Smallest receive buffer of an RTP socket; 0: none opened yet.
    pub granted_buffer_bytes: u64,
    /// RTCP receiver reports sent.
    pub reports: u64,
    /// Receiver reports that the kernel did not take.
    pub report_errors: u64,
    /// Limit of open files.
    pub open_file_limit: u64,
}

/// The figures that are counted as they happen.
#[derive(Default)]
pub struct Totals {
    pub packets: AtomicU64,
    pub bytes: AtomicU64,
    pub kernel_drops: AtomicU64,
    pub lost_packets: AtomicU64,
    pub unkept_packets: AtomicU64,
    pub blocks: AtomicU64,
    pub bytes_written: AtomicU64,
    pub unwritten_bytes: AtomicU64,
    pub held_bytes: AtomicU64,
    pub write_errors: AtomicU64,
    pub sync_errors: AtomicU64,
    pub syncs: AtomicU64,
    pub last_sync_ns: AtomicU64,
    pub open_sockets: AtomicU64,
    pub granted_buffer_bytes: AtomicU64,
    pub reports: AtomicU64,
    pub report_errors: AtomicU64,
}

/// Owned by the receiver and by each of its journals.
pub struct Shared {
    pub config: Config,
    pub totals: Totals,
    pub alarms: Alarms,
    pub writer: Writer,
    pub voices: Voices,
    pub spool: File, // the folder
    pub open_file_limit: u64,
    pub cname: [u8; CNAME_BYTES], // random: in RTCP it names this run of the recorder, and nobody
    ports: Mutex<PortPool>,
    failing_journals: AtomicUsize,
    // The kernel stamps packets only while some socket asks for it, and switches that on a
    // moment after the first one asks: this one asks as long as the receiver lives.
    _time_stamps: Option<MediaSocket>,
}

impl Shared {
    /// Open the spool folder and clear what an earlier recorder left unfinished.
    pub fn new(config: Config) -> Result<Self, Error> {
        let folder = &config.spool_folder;
        let spool_error =
            |error| Error::from_spool(&format!("spool folder {}", folder.display()), &error);
        let spool = File::open(folder).map_err(spool_error)?;
        file::remove_unfinished(folder).map_err(spool_error)?;
        let ports = PortPool::new(config.port_first, config.port_last, config.port_cooldown);
        Ok(Self {
            totals: Totals::default(),
            alarms: Alarms::default(),
            writer: Writer::default(),
            voices: Voices::default(),
            spool,
            open_file_limit: sys::raise_open_file_limit(),
            cname: random_name()?,
            ports: Mutex::new(ports),
            failing_journals: AtomicUsize::new(0),
            _time_stamps: socket::open(IpAddr::V4(Ipv4Addr::LOCALHOST), 0, 0).ok(),
            config,
        })
    }

    /// The pool of media ports.
    pub fn ports(&self) -> MutexGuard<'_, PortPool> {
        locked(&self.ports)
    }

    /// Whether so much waits in memory that packets are dropped.
    pub fn is_out_of_memory(&self) -> bool {
        self.totals.unwritten_bytes.load(Relaxed) >= self.config.max_unwritten_bytes
    }

    /// Whether so much waits that even events are refused.
    pub fn refuses_events(&self) -> bool {
        let bound = self.config.max_unwritten_bytes + EVENT_RESERVE_BYTES;
        self.totals.unwritten_bytes.load(Relaxed) >= bound
    }

    /// Note the receive buffer that the kernel gave; say once if it is less than asked.
    pub fn note_buffer(&self, granted_bytes: usize) {
        let granted = granted_bytes as u64;
        let wanted = self.config.socket_buffer_bytes as u64;
        let smallest = &self.totals.granted_buffer_bytes;
        let before = smallest.swap(granted, Relaxed);
        if before != 0 && before < granted {
            smallest.store(before, Relaxed);
        } else if granted < wanted && (before == 0 || before >= wanted) {
            let detail = format!(
                "receive buffer of {granted} bytes instead of {wanted}: raise net.core.rmem_max"
            );
            self.alarms.raise("buffer_small", None, detail);
        }
    }

    /// A journal began to fail; the first one raises the alarm.
    pub fn journal_fails(&self, journal_id: [u8; 16], detail: String) {
        if self.failing_journals.fetch_add(1, Relaxed) == 0 {
            self.alarms.raise("write_failed", Some(journal_id), detail);
        }
    }

    /// A journal that failed is given up.
    pub fn journal_is_over(&self) {
        self.failing_journals.fetch_sub(1, Relaxed);
    }

    /// A journal has nothing waiting any more; the last one says so.
    pub fn journal_recovered(&self) {
        if self.failing_journals.fetch_sub(1, Relaxed) == 1 {
            let detail = "all that waited in memory is written".to_owned();
            self.alarms.raise("write_recovered", None, detail);
        }
    }
}

/// Hexadecimal digits of random bytes.
fn random_name() -> Result<[u8; CNAME_BYTES], Error> {
    let mut name = [0; CNAME_BYTES];
    for eight in name.chunks_exact_mut(8) {
        eight.copy_from_slice(&format!("{:08x}", sys::random()? as u32).as_bytes()[..8]);
    }
    Ok(name)
}
