//! The writer: the one thread that waits for the spool's disk.
//!
//! Journals hand over sealed blocks and go on, so that neither a sweep nor a caller waits for a
//! disk that stalls. What is not written yet waits in memory, in order; what a disk refuses is
//! tried again, byte for byte.

use std::collections::VecDeque;
use std::panic::{catch_unwind, AssertUnwindSafe};
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::sync::{Arc, Condvar, Mutex, PoisonError};
use std::time::{Duration, Instant};

use crate::clock;
use crate::outbox::Outbox;
use crate::shared::{locked, Shared};

/// How long to wait after a failed attempt before the next.
const RETRY: Duration = Duration::from_secs(1);
/// How long what nobody waits for may lie before the writer is woken for it: a call hands over a
/// dozen events within milliseconds, and each waking of a thread costs as much as its write.
const GATHER: Duration = Duration::from_millis(10);
/// One call to the disk that takes longer is a stall.
const STALL_NS: u64 = 50_000_000;

/// What the writer has to do. Its thread is started by the receiver.
#[derive(Default)]
pub struct Writer {
    desk: Mutex<Desk>,
    changed: Condvar,
    busy_since_ns: AtomicU64, // monotonic; 0: not in a call to the disk
}

#[derive(Default)]
struct Desk {
    due: Vec<Arc<Outbox>>,
    is_urgent: bool, // somebody waits
    is_stopping: bool,
}

impl Writer {
    /// See to an outbox soon; false if the writer has stopped.
    pub fn submit(&self, outbox: &Arc<Outbox>) -> bool {
        let mut desk = locked(&self.desk);
        if !desk.is_stopping {
            desk.due.push(outbox.clone());
            if desk.due.len() == 1 {
                self.changed.notify_one();
            }
        }
        !desk.is_stopping
    }

    /// Have what was handed over written at once: somebody waits for it.
    pub fn hurry(&self) {
        let mut desk = locked(&self.desk);
        if !desk.is_urgent {
            desk.is_urgent = true;
            self.changed.notify_one();
        }
    }

    /// Let `run` return once it has tried to write all that was handed over.
    pub fn stop(&self) {
        locked(&self.desk).is_stopping = true;
        self.changed.notify_one();
    }

    /// Whether the disk has kept the writer waiting for longer than usual.
    pub fn is_stalled(&self) -> bool {
        let since_ns = self.busy_since_ns.load(Relaxed);
        since_ns != 0 && clock::monotonic_ns().saturating_sub(since_ns) > STALL_NS
    }

    /// Write until `stop`.
    pub fn run(&self, shared: &Shared) {
        let mut failing = VecDeque::new();
        let mut retry_at = Instant::now();
        loop {
            let (due, is_stopping) = self.next((!failing.is_empty()).then_some(retry_at));
            failing.extend(due.into_iter().filter(|outbox| !self.see_to(outbox, shared)));
            let now = Instant::now();
            if is_stopping || retry_at <= now {
                failing.retain(|outbox| !self.see_to(outbox, shared));
                retry_at = now + RETRY;
            }
            if is_stopping {
                failing.iter().for_each(|outbox| outbox.give_up(shared));
                return;
            }
        }
    }

    /// Wait for something to do, and a moment for more; or for the moment of the next attempt.
    fn next(&self, retry_at: Option<Instant>) -> (Vec<Arc<Outbox>>, bool) {
        let mut desk = locked(&self.desk);
        while desk.due.is_empty() && !desk.is_stopping {
            let left = retry_at.map(|at| at.saturating_duration_since(Instant::now()));
            if left.is_some_and(|left| left.is_zero()) {
                break;
            }
            // Without anything to try again there is no hurry: a notice wakes us.
            let waited = self.changed.wait_timeout(desk, left.unwrap_or(Duration::from_secs(60)));
            desk = waited.unwrap_or_else(PoisonError::into_inner).0;
        }
        let gathered_at = Instant::now() + GATHER;
        while !desk.due.is_empty() && !desk.is_urgent && !desk.is_stopping {
            let left = gathered_at.saturating_duration_since(Instant::now());
            if left.is_zero() {
                break;
            }
            let waited = self.changed.wait_timeout(desk, left);
            desk = waited.unwrap_or_else(PoisonError::into_inner).0;
        }
        desk.is_urgent = false;
        (std::mem::take(&mut desk.due), desk.is_stopping)
    }

    /// Write all that an outbox holds; false if the disk refuses.
    pub fn see_to(&self, outbox: &Outbox, shared: &Shared) -> bool {
        // A defect that shows in one journal must not end the writing of all.
        let outcome = catch_unwind(AssertUnwindSafe(|| {
            while let Some(work) = outbox.next_work() {
                self.busy_since_ns.store(clock::monotonic_ns(), Relaxed);
                let outcome = work.done();
                self.busy_since_ns.store(0, Relaxed);
                if !outbox.note(outcome, shared) {
                    return false;
                }
            }
            true
        }));
        outcome.unwrap_or_else(|_| {
            self.busy_since_ns.store(0, Relaxed);
            outbox.give_up(shared);
            true
        })
    }
}
