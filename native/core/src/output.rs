//! The way out of a journal: seal, write, try again, tell.

use std::fs::File;
use std::io;
use std::sync::atomic::Ordering::Relaxed;
use std::sync::Arc;

use crate::clock;
use crate::file::BlockFile;
use crate::seal::{Kind, Sealer};
use crate::shared::Shared;

/// How long to wait after a failed write before it is tried again.
const RETRY_NS: u64 = 1_000_000_000;

/// Seals the blocks of one journal and appends them to its file.
pub struct Output {
    journal_id: [u8; 16],
    sealer: Sealer,
    file: Option<BlockFile<Arc<File>>>,
    retry_at_ns: u64,
    // What the receiver's figures already contain.
    reported_position: u64,
    reported_waiting: u64,
}

impl Output {
    /// Append to a file whose preamble and header end at `position`.
    pub fn new(journal_id: [u8; 16], sealer: Sealer, file: Arc<File>, position: u64) -> Self {
        let file = Some(BlockFile::new(file, position));
        Self { journal_id, sealer, file, retry_at_ns: 0, reported_position: 0, reported_waiting: 0 }
    }

    /// The open file, to sync it.
    pub fn file(&self) -> Option<Arc<File>> {
        self.file.as_ref().map(|file| file.disk().clone())
    }

    /// Whether blocks wait in memory for a disk that takes them.
    pub fn is_failing(&self) -> bool {
        self.reported_waiting > 0
    }

    /// Seal a block and append it. On an error it waits in memory, and the alarm is raised.
    ///
    /// `block` is a buffer to work in.
    pub fn write(
        &mut self,
        kind: Kind,
        parts: &[&[u8]],
        block: &mut Vec<u8>,
        shared: &Shared,
    ) -> io::Result<()> {
        let Some(file) = &mut self.file else { return Err(io::ErrorKind::NotConnected.into()) };
        // Payloads are bounded by those who make them, so a block can always be sealed.
        if self.sealer.seal(kind, parts, block).is_none() {
            return Err(io::ErrorKind::InvalidData.into());
        }
        shared.totals.blocks.fetch_add(1, Relaxed);
        let outcome = file.append(block);
        self.note(&outcome, shared);
        outcome
    }

    /// Try again what failed, if it is time.
    pub fn retry_if_due(&mut self, now_ns: u64, shared: &Shared) {
        if self.is_failing() && now_ns >= self.retry_at_ns {
            self.retry(shared);
        }
    }

    /// Try again what failed.
    pub fn retry(&mut self, shared: &Shared) {
        if let Some(file) = &mut self.file {
            let outcome = file.retry();
            self.note(&outcome, shared);
        }
    }

    /// Close the file, which unlocks it. What still waits is lost, and said to be.
    pub fn close(&mut self, shared: &Shared) {
        if self.is_failing() {
            let detail = format!("{} bytes were never written", self.reported_waiting);
            shared.alarms.raise("packets_lost", Some(self.journal_id), detail);
            shared.journal_is_over();
        }
        self.file = None;
        self.report(shared);
    }

    /// Add to the receiver's figures what is new here.
    pub fn report(&mut self, shared: &Shared) {
        let (position, waiting) = match &self.file {
            Some(file) => (file.position(), file.waiting_bytes()),
            None => (self.reported_position, 0),
        };
        let totals = &shared.totals;
        totals.bytes_written.fetch_add(position - self.reported_position, Relaxed);
        // The total wraps around to what is right when less waits than before.
        totals.unwritten_bytes.fetch_add(waiting.wrapping_sub(self.reported_waiting), Relaxed);
        (self.reported_position, self.reported_waiting) = (position, waiting);
    }

    fn note(&mut self, outcome: &io::Result<()>, shared: &Shared) {
        let was_failing = self.is_failing();
        self.report(shared);
        if let Err(error) = outcome {
            self.retry_at_ns = clock::monotonic_ns() + RETRY_NS;
            shared.totals.write_errors.fetch_add(1, Relaxed);
            if !was_failing {
                shared.journal_fails(self.journal_id, error.to_string());
            }
        } else if was_failing {
            shared.journal_recovered();
        }
    }
}
