//! The blocks of one journal on their way to its file.

use std::collections::VecDeque;
use std::io;
use std::sync::atomic::{AtomicBool, Ordering::Relaxed};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use crate::file::{BlockFile, Disk, Place};
use crate::shared::{locked, Shared};

/// How long a caller waits, at most, to see its journal written.
const GRACE: Duration = Duration::from_millis(50);

/// What became of a journal's blocks: why it is not written, if it is not.
pub type Failure = Arc<io::Error>;

/// How a journal leaves the writer.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Leave {
    /// Its file stays, with all that was handed over.
    Written,
    /// Its file goes.
    Removed,
}

/// Sealed blocks in order, and the file that they go to. The first one creates the file.
pub struct Outbox {
    journal_id: [u8; 16],
    place: Arc<dyn Place>,
    is_closed: AtomicBool,
    queue: Mutex<Queue>,
    progress: Condvar,
}

#[derive(Default)]
struct Queue {
    file: Option<BlockFile>, // None: not created, in the writer's hands, or closed
    disk: Option<Arc<dyn Disk>>,
    blocks: VecDeque<Box<[u8]>>,
    waiting_bytes: u64,
    accepted: u64, // blocks
    written: u64,
    failure: Option<Failure>, // until all is written
    leave: Option<Leave>,
    is_with_writer: bool,
}

/// One step of the writer.
pub enum Work {
    /// Write the file's start, and with it the file.
    Create(Arc<dyn Place>, Box<[u8]>),
    /// Write a block.
    Append(BlockFile, Box<[u8]>),
    /// Close the file, which unlocks it.
    Close(Option<BlockFile>),
    /// Delete the file, if there is one.
    Remove(Arc<dyn Place>, Option<BlockFile>),
}

/// A step that was tried.
pub enum Outcome {
    /// A block is in the file.
    Written(BlockFile, u64),
    /// It is not. It waits, with the file if there is one.
    Refused(Option<BlockFile>, Box<[u8]>, io::Error),
    /// The file is closed.
    Closed,
}

impl Work {
    /// Do it. Waits for the disk.
    pub fn done(self) -> Outcome {
        match self {
            Self::Create(place, block) => match place.create(&block) {
                Ok(disk) => {
                    let length = block.len() as u64;
                    Outcome::Written(BlockFile::new(disk, length), length)
                }
                Err(error) => Outcome::Refused(None, block, error),
            },
            Self::Append(mut file, block) => match file.append(&block) {
                Ok(()) => Outcome::Written(file, block.len() as u64),
                Err(error) => Outcome::Refused(Some(file), block, error),
            },
            Self::Close(file) => {
                drop(file);
                Outcome::Closed
            }
            Self::Remove(place, file) => {
                // One that cannot be deleted reads as cut off, and is seen to by a worker.
                let _ = file.map(|_locked| place.remove());
                Outcome::Closed
            }
        }
    }
}

impl Outbox {
    /// An outbox for a journal that will lie at `place`.
    pub fn new(journal_id: [u8; 16], place: Arc<dyn Place>) -> Arc<Self> {
        Arc::new(Self {
            journal_id,
            place,
            is_closed: AtomicBool::new(false),
            queue: Mutex::default(),
            progress: Condvar::new(),
        })
    }

    /// Whether the file is closed, or was given up.
    pub fn is_closed(&self) -> bool {
        self.is_closed.load(Relaxed)
    }

    /// Hand over a block; returns its number, for `wait_written`. None: the outbox is closed.
    pub fn hand_over(self: &Arc<Self>, block: Vec<u8>, shared: &Shared) -> Option<u64> {
        let mut queue = self.lock();
        if self.is_closed() {
            return None;
        }
        queue.accepted += 1;
        queue.waiting_bytes += block.len() as u64;
        shared.totals.unwritten_bytes.fetch_add(block.len() as u64, Relaxed);
        queue.blocks.push_back(block.into_boxed_slice());
        let number = queue.accepted;
        self.submit(queue, shared);
        Some(number)
    }

    /// Say that nothing more will be handed over.
    pub fn leave(self: &Arc<Self>, leave: Leave, shared: &Shared) {
        let mut queue = self.lock();
        queue.leave = Some(leave);
        self.submit(queue, shared);
    }

    /// Wait until a block is in the file; returns what to sync. Waits for the disk, for
    /// which the writer may be told to hurry.
    pub fn wait_written(&self, number: u64) -> Result<Arc<dyn Disk>, Failure> {
        let mut queue = self.lock();
        loop {
            match (&queue.disk, &queue.failure) {
                (Some(disk), _) if queue.written >= number => return Ok(disk.clone()),
                (_, Some(failure)) => return Err(failure.clone()),
                _ if self.is_closed() => return Err(Arc::new(io::ErrorKind::NotConnected.into())),
                _ => queue = self.progress.wait(queue).unwrap_or_else(PoisonError::into_inner),
            }
        }
    }

    /// Wait a moment for what was handed over, and tell why it cannot be written.
    ///
    /// Gives up after `GRACE`, and at once while the disk stalls: callers answer the phone.
    pub fn settle(&self, shared: &Shared) -> Option<Failure> {
        shared.writer.hurry();
        let deadline = Instant::now() + GRACE;
        let mut queue = self.lock();
        while queue.failure.is_none() && !self.is_settled(&queue) && !shared.writer.is_stalled() {
            let left = deadline.saturating_duration_since(Instant::now());
            if left.is_zero() {
                break;
            }
            let waited = self.progress.wait_timeout(queue, left);
            queue = waited.unwrap_or_else(PoisonError::into_inner).0;
        }
        queue.failure.clone()
    }

    /// What to do next; None: nothing, until more is handed over. For the writer.
    pub fn next_work(&self) -> Option<Work> {
        let mut queue = self.lock();
        queue.is_with_writer = !self.is_closed();
        if self.is_closed() {
            return None;
        }
        if queue.leave == Some(Leave::Removed) {
            return Some(Work::Remove(self.place.clone(), queue.file.take()));
        }
        if let Some(block) = queue.blocks.pop_front() {
            return Some(match queue.file.take() {
                Some(file) => Work::Append(file, block),
                None => Work::Create(self.place.clone(), block),
            });
        }
        if queue.leave == Some(Leave::Written) {
            return Some(Work::Close(queue.file.take()));
        }
        queue.is_with_writer = false;
        None
    }

    /// Take in what became of a step; false if the disk refused it. For the writer.
    pub fn note(&self, outcome: Outcome, shared: &Shared) -> bool {
        let mut queue = self.lock();
        let is_fine = match outcome {
            Outcome::Written(file, length) => {
                queue.disk = Some(file.disk().clone());
                queue.file = Some(file);
                queue.written += 1;
                queue.take_off(length, shared);
                shared.totals.bytes_written.fetch_add(length, Relaxed);
                if queue.blocks.is_empty() && queue.failure.take().is_some() {
                    shared.journal_recovered();
                }
                true
            }
            Outcome::Refused(file, block, error) => {
                queue.file = file;
                queue.blocks.push_front(block);
                shared.totals.write_errors.fetch_add(1, Relaxed);
                if queue.failure.is_none() {
                    shared.journal_fails(self.journal_id, error.to_string());
                }
                queue.failure = Some(Arc::new(error));
                false
            }
            Outcome::Closed => {
                self.close(&mut queue, shared);
                true
            }
        };
        self.progress.notify_all();
        is_fine
    }

    /// Close the file without what still waits, and say that it is lost. For the writer.
    pub fn give_up(&self, shared: &Shared) {
        let mut queue = self.lock();
        if self.is_closed() {
            return;
        }
        if queue.waiting_bytes > 0 && queue.leave != Some(Leave::Removed) {
            let detail = format!("{} bytes were never written", queue.waiting_bytes);
            shared.alarms.raise("packets_lost", Some(self.journal_id), detail);
        }
        self.close(&mut queue, shared);
        self.progress.notify_all();
    }

    fn close(&self, queue: &mut Queue, shared: &Shared) {
        if queue.failure.take().is_some() {
            shared.journal_is_over();
        }
        queue.take_off(queue.waiting_bytes, shared);
        queue.blocks.clear();
        (queue.file, queue.disk) = (None, None);
        self.is_closed.store(true, Relaxed);
    }

    /// Bring the outbox to the writer, unless it is there.
    fn submit(self: &Arc<Self>, mut queue: MutexGuard<'_, Queue>, shared: &Shared) {
        let is_there = std::mem::replace(&mut queue.is_with_writer, true);
        drop(queue);
        if !is_there && !shared.writer.submit(self) {
            self.give_up(shared);
        }
    }

    fn is_settled(&self, queue: &Queue) -> bool {
        self.is_closed() || (queue.written == queue.accepted && queue.leave.is_none())
    }

    fn lock(&self) -> MutexGuard<'_, Queue> {
        locked(&self.queue)
    }
}

impl Queue {
    fn take_off(&mut self, length: u64, shared: &Shared) {
        self.waiting_bytes -= length;
        shared.totals.unwritten_bytes.fetch_sub(length, Relaxed);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fake_disk::{shared, FakeDisk, Fault};

    fn outbox(disk: &FakeDisk) -> Arc<Outbox> {
        Outbox::new([1; 16], Arc::new(disk.clone()))
    }

    fn alarms(shared: &Shared) -> Vec<&'static str> {
        shared.alarms.take().into_iter().map(|alarm| alarm.kind).collect()
    }

    #[test]
    fn what_a_full_disk_refused_is_written_in_order_when_there_is_room() {
        let (disk, shared) = (FakeDisk::with_room(7), shared());
        let outbox = outbox(&disk);
        for block in ["first", "second", "third"] {
            outbox.hand_over(block.into(), &shared);
        }
        assert!(!shared.writer.see_to(&outbox, &shared));
        assert_eq!(disk.content(), b"first");
        assert_eq!(shared.totals.unwritten_bytes.load(Relaxed), 11);
        assert_eq!(outbox.settle(&shared).unwrap().raw_os_error(), Some(libc::ENOSPC));
        assert!(outbox.wait_written(3).is_err());
        disk.state().free_bytes = 100;
        assert!(shared.writer.see_to(&outbox, &shared));
        assert_eq!(disk.content(), b"firstsecondthird");
        assert_eq!(shared.totals.unwritten_bytes.load(Relaxed), 0);
        assert_eq!(shared.totals.bytes_written.load(Relaxed), 16);
        assert!(outbox.wait_written(3).is_ok());
        assert_eq!(alarms(&shared), ["write_failed", "write_recovered"]);
    }

    /// Write a journal of four blocks, cut short by a full disk in between, and sync it.
    fn write_a_journal(disk: &FakeDisk, shared: &Shared) -> Result<(), Failure> {
        let outbox = outbox(disk);
        for block in ["first", "second", "third", "fourth"] {
            outbox.hand_over(block.into(), shared);
            shared.writer.see_to(&outbox, shared);
            assert!(WHOLE.starts_with(&disk.content()), "{:?}", disk.content());
        }
        disk.state().free_bytes = 1000;
        while !shared.writer.see_to(&outbox, shared) {}
        outbox.wait_written(4)?.sync()?;
        outbox.leave(Leave::Written, shared);
        assert!(shared.writer.see_to(&outbox, shared));
        Ok(())
    }

    const WHOLE: &[u8] = b"firstsecondthirdfourth";

    #[test]
    fn whatever_call_fails_once_the_journal_is_whole_and_in_order_in_the_end() {
        for fault in [Fault::Full, Fault::Broken, Fault::Torn] {
            let mut syncs_failed = 0;
            for call in 0.. {
                let (disk, shared) = (FakeDisk::with_room(13), shared());
                disk.fail_once(call, fault);
                syncs_failed += usize::from(write_a_journal(&disk, &shared).is_err());
                assert_eq!(disk.content(), WHOLE, "call {call} {fault:?}");
                assert_eq!(shared.totals.unwritten_bytes.load(Relaxed), 0);
                if disk.state().calls <= call {
                    assert!(call > 6, "{call}");
                    break;
                }
            }
            assert_eq!(syncs_failed, 1, "whoever asked for the sync is told");
        }
    }

    #[test]
    fn a_journal_that_ended_is_closed_behind_its_last_block() {
        let (disk, shared) = (FakeDisk::with_room(7), shared());
        let outbox = outbox(&disk);
        outbox.hand_over("first".into(), &shared);
        outbox.hand_over("last".into(), &shared);
        outbox.leave(Leave::Written, &shared);
        assert!(!shared.writer.see_to(&outbox, &shared));
        assert!(!outbox.is_closed());
        disk.state().free_bytes = 100;
        assert!(shared.writer.see_to(&outbox, &shared));
        assert!(outbox.is_closed());
        assert_eq!(disk.content(), b"firstlast");
    }

    #[test]
    fn a_journal_that_is_not_wanted_leaves_no_file_whether_it_had_one_or_not() {
        for had_one in [false, true] {
            let (disk, shared) = (FakeDisk::with_room(100), shared());
            let outbox = outbox(&disk);
            outbox.hand_over("first".into(), &shared);
            if had_one {
                assert!(shared.writer.see_to(&outbox, &shared));
            }
            outbox.leave(Leave::Removed, &shared);
            assert!(shared.writer.see_to(&outbox, &shared));
            assert_eq!(disk.state().created, had_one);
            assert_eq!(disk.state().removed, had_one);
            assert!(outbox.is_closed());
            assert_eq!(shared.totals.unwritten_bytes.load(Relaxed), 0);
            assert_eq!(alarms(&shared), [] as [&str; 0]);
        }
    }

    #[test]
    fn what_was_never_written_is_told_when_the_writer_stops() {
        let (disk, shared) = (FakeDisk::with_room(0), shared());
        let outbox = outbox(&disk);
        outbox.hand_over("first".into(), &shared);
        shared.writer.stop();
        shared.writer.run(&shared);
        assert!(outbox.is_closed());
        assert_eq!(alarms(&shared), ["write_failed", "packets_lost"]);
        assert!(outbox.wait_written(1).is_err());
        assert_eq!(outbox.hand_over("late".into(), &shared), None);
        assert_eq!(shared.totals.unwritten_bytes.load(Relaxed), 0);
    }

    #[test]
    fn while_a_disk_stalls_nobody_waits_long_but_who_must_have_it_on_disk() {
        let (disk, shared) = (FakeDisk::with_room(100), Arc::new(shared()));
        let outbox = outbox(&disk);
        let writer = shared.clone();
        let thread = std::thread::spawn(move || writer.writer.run(&writer));
        disk.stall(true);
        let number = outbox.hand_over("first".into(), &shared).unwrap();
        assert!(outbox.settle(&shared).is_none());
        while !shared.writer.is_stalled() {
            std::thread::yield_now();
        }
        let began = Instant::now();
        for _ in 0..1000 {
            outbox.hand_over("x".into(), &shared);
            assert!(outbox.settle(&shared).is_none());
        }
        assert!(began.elapsed() < 10 * GRACE, "{:?}", began.elapsed());
        assert_eq!(disk.content(), b"");
        let patient = outbox.clone();
        let waiting = std::thread::spawn(move || patient.wait_written(number).is_ok());
        disk.state().free_bytes = 2000;
        disk.stall(false);
        assert!(waiting.join().unwrap());
        outbox.leave(Leave::Written, &shared);
        shared.writer.stop();
        thread.join().unwrap();
        assert_eq!(disk.content().len(), 1005);
        assert!(!shared.writer.is_stalled());
    }
}
