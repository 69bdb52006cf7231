//! Checkpoints of calls in progress (`docs/formats/checkpoint.md`): sealed, and put in the place
//! of the one before. What is in them is Python's affair.
//!
//! A thread writes them, so that a disk that stalls holds up no call. While it does, a newer state
//! of a call takes the place of the one that waits.

use std::collections::{HashMap, VecDeque};
use std::fs::{self, File, OpenOptions};
use std::io::{self, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Condvar, Mutex, PoisonError};
use std::thread::{self, JoinHandle};
use std::time::Duration;

use ring::aead::{Aad, LessSafeKey, Nonce, UnboundKey, AES_256_GCM};
use ring::hkdf::{Salt, HKDF_SHA256};

use crate::error::Error;
use crate::shared::locked;
use crate::sys;

const MAGIC: &[u8; 8] = b"CVCKPT01";
const VERSION: u16 = 2;
const SALT_BYTES: usize = 32;
const INFO: &[u8] = b"callvault checkpoint";
/// How long the thread waits for more to do: each of its wakings costs as much as a writing.
const GATHER: Duration = Duration::from_millis(10);
/// Failures that are remembered until somebody asks.
const MAX_FAILURES: usize = 64;

/// What failed, and whose checkpoint it was.
pub type Failure = ([u8; 16], String);

/// The checkpoints in one spool folder. Dropping it writes what waits.
pub struct Checkpoints {
    files: Arc<Files>,
    thread: Mutex<Option<JoinHandle<()>>>,
}

struct Files {
    folder: PathBuf,
    node_key: [u8; 32],
    desk: Mutex<Desk>,
    changed: Condvar,
    progress: Condvar,
    writing: Mutex<()>, // taken before `desk`: no older state is written after a newer one
}

#[derive(Default)]
struct Desk {
    waiting: HashMap<[u8; 16], Option<Vec<u8>>>, // None: to be removed
    order: VecDeque<[u8; 16]>,
    queued: u64, // ever
    done: u64,
    failures: Vec<Failure>,
    is_stopping: bool,
    is_over: bool,
}

impl Checkpoints {
    /// Start the thread. What an earlier process left half-written is removed.
    pub fn start(folder: PathBuf, node_key: [u8; 32]) -> Result<Self, Error> {
        remove_unfinished(&folder).map_err(|error| Error::from_spool("checkpoints", &error))?;
        let files = Arc::new(Files {
            folder,
            node_key,
            desk: Mutex::default(),
            changed: Condvar::new(),
            progress: Condvar::new(),
            writing: Mutex::default(),
        });
        let writer = files.clone();
        let started =
            thread::Builder::new().name("cv-checkpoint".to_owned()).spawn(move || writer.run());
        let thread = started.map_err(|error| Error::Spool(format!("no thread: {error}")))?;
        Ok(Self { files, thread: Mutex::new(Some(thread)) })
    }

    /// Keep the newest state of a call, soon.
    pub fn put(&self, journal_id: [u8; 16], content: Vec<u8>) {
        self.files.queue(journal_id, Some(content));
    }

    /// Forget a call, soon.
    pub fn remove(&self, journal_id: [u8; 16]) {
        self.files.queue(journal_id, None);
    }

    /// Keep the newest state of a call; it is on disk when this returns. Waits for the disk.
    pub fn put_durably(&self, journal_id: [u8; 16], content: &[u8]) -> Result<(), Error> {
        let _writing = locked(&self.files.writing);
        locked(&self.files.desk).waiting.remove(&journal_id);
        self.files
            .write(&journal_id, content, true)
            .map_err(|error| Error::from_spool("checkpoint cannot be written", &error))
    }

    /// Wait until all that waits now is written or removed. Waits for the disk.
    pub fn flush(&self) {
        let mut desk = locked(&self.files.desk);
        let wanted = desk.queued;
        while desk.done < wanted && !desk.is_over {
            desk = self.files.progress.wait(desk).unwrap_or_else(PoisonError::into_inner);
        }
    }

    /// Take what could not be written since the last call.
    pub fn failures(&self) -> Vec<Failure> {
        std::mem::take(&mut locked(&self.files.desk).failures)
    }

    /// Write what waits, and stop the thread.
    pub fn close(&self) {
        locked(&self.files.desk).is_stopping = true;
        self.files.changed.notify_all();
        if let Some(thread) = locked(&self.thread).take() {
            let _ = thread.join();
        }
    }
}

impl Drop for Checkpoints {
    fn drop(&mut self) {
        self.close();
    }
}

impl Files {
    fn queue(&self, journal_id: [u8; 16], content: Option<Vec<u8>>) {
        let mut desk = locked(&self.desk);
        if desk.waiting.insert(journal_id, content).is_none() {
            desk.order.push_back(journal_id);
            desk.queued += 1;
        }
        if desk.order.len() == 1 {
            self.changed.notify_one();
        }
    }

    /// Write until there is nothing left after `close`.
    fn run(&self) {
        while self.wait() {
            while self.write_next() {}
        }
        locked(&self.desk).is_over = true;
        self.progress.notify_all();
    }

    /// Wait for something to do, and a moment for more; false: there will be nothing.
    fn wait(&self) -> bool {
        let mut desk = locked(&self.desk);
        while desk.order.is_empty() && !desk.is_stopping {
            desk = self.changed.wait(desk).unwrap_or_else(PoisonError::into_inner);
        }
        if !desk.is_stopping {
            let stopping = |desk: &mut Desk| !desk.is_stopping;
            let waited = self.changed.wait_timeout_while(desk, GATHER, stopping);
            desk = waited.unwrap_or_else(PoisonError::into_inner).0;
        }
        !desk.order.is_empty()
    }

    /// Write or remove one checkpoint; false if none waits.
    fn write_next(&self) -> bool {
        let _writing = locked(&self.writing);
        let mut desk = locked(&self.desk);
        let Some(journal_id) = desk.order.pop_front() else { return false };
        let content = desk.waiting.remove(&journal_id);
        drop(desk);
        let outcome = match content {
            Some(Some(content)) => self.write(&journal_id, &content, false),
            Some(None) => self.delete(&journal_id),
            None => Ok(()), // written durably meanwhile
        };
        let mut desk = locked(&self.desk);
        desk.done += 1;
        if let Err(error) = outcome {
            if desk.failures.len() < MAX_FAILURES {
                let problem = format!("checkpoint cannot be written: {error}");
                desk.failures.push((journal_id, problem));
            }
        }
        self.progress.notify_all();
        true
    }

    fn delete(&self, journal_id: &[u8; 16]) -> io::Result<()> {
        match fs::remove_file(self.folder.join(file_name(journal_id))) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error),
            _ => Ok(()),
        }
    }

    /// Put a checkpoint in the place of the one before, so that a reader sees either whole.
    fn write(&self, journal_id: &[u8; 16], content: &[u8], is_durable: bool) -> io::Result<()> {
        let sealed = seal(content, journal_id, &self.node_key)?;
        let name = file_name(journal_id);
        let unfinished = self.folder.join(format!(".{name}"));
        let mut file = OpenOptions::new()
            .write(true)
            .create(true)
            .truncate(true)
            .mode(0o600)
            .open(&unfinished)?;
        file.write_all(&sealed)?;
        if is_durable {
            file.sync_all()?;
        }
        fs::rename(&unfinished, self.folder.join(name))?;
        if is_durable {
            File::open(&self.folder)?.sync_all()?;
        }
        Ok(())
    }
}

/// The file's bytes: each writing has a salt, and so a key, of its own.
fn seal(content: &[u8], journal_id: &[u8; 16], node_key: &[u8; 32]) -> io::Result<Vec<u8>> {
    let unsealable = |_| io::Error::other("it cannot be sealed");
    let salt: [u8; SALT_BYTES] = sys::random_bytes().map_err(io::Error::other)?;
    let mut sealed = Vec::with_capacity(76 + content.len());
    sealed.extend_from_slice(MAGIC);
    sealed.extend_from_slice(&VERSION.to_le_bytes());
    sealed.extend_from_slice(&0u16.to_le_bytes());
    sealed.extend_from_slice(journal_id);
    sealed.extend_from_slice(&salt);
    let derived = Salt::new(HKDF_SHA256, &salt).extract(node_key);
    let key: UnboundKey = derived.expand(&[INFO], &AES_256_GCM).map_err(unsealable)?.into();
    let (head, mut body) = (sealed.clone(), content.to_vec());
    let nonce = Nonce::assume_unique_for_key([0; 12]);
    LessSafeKey::new(key)
        .seal_in_place_append_tag(nonce, Aad::from(&head), &mut body)
        .map_err(unsealable)?;
    sealed.append(&mut body);
    Ok(sealed)
}

fn file_name(journal_id: &[u8; 16]) -> String {
    let hex: String = journal_id.iter().map(|byte| format!("{byte:02x}")).collect();
    format!("{hex}.ckpt")
}

fn remove_unfinished(folder: &Path) -> io::Result<()> {
    for entry in fs::read_dir(folder)? {
        let entry = entry?;
        let is_unfinished = |name: &str| name.starts_with('.') && name.contains(".ckpt");
        if entry.file_name().to_str().is_some_and(is_unfinished) {
            fs::remove_file(entry.path())?;
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    const KEY: [u8; 32] = [3; 32];

    fn folder(name: &str) -> PathBuf {
        let name = format!("callvault-checkpoints-{name}-{}", std::process::id());
        let folder = std::env::temp_dir().join(name);
        fs::create_dir_all(&folder).unwrap();
        folder
    }

    fn names(folder: &Path) -> Vec<String> {
        let entries = fs::read_dir(folder).unwrap();
        entries.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect()
    }

    #[test]
    fn the_newest_state_of_a_call_lies_in_its_file_until_the_call_is_forgotten() {
        let folder = folder("newest");
        fs::write(folder.join(".left.ckpt"), b"half").unwrap();
        for (last, expected) in [(Some(b"state"), 1), (None, 0)] {
            let checkpoints = Checkpoints::start(folder.clone(), KEY).unwrap();
            checkpoints.put([1; 16], b"older state".to_vec());
            match last {
                Some(state) => checkpoints.put([1; 16], state.to_vec()),
                None => checkpoints.remove([1; 16]),
            }
            checkpoints.remove([2; 16]);
            checkpoints.close();
            assert_eq!(names(&folder).len(), expected);
            assert_eq!(checkpoints.failures(), []);
        }
        fs::remove_dir_all(&folder).unwrap();
    }

    #[test]
    fn what_is_put_durably_is_there_at_once_and_no_older_state_follows_it() {
        let folder = folder("durable");
        let checkpoints = Checkpoints::start(folder.clone(), KEY).unwrap();
        checkpoints.put([1; 16], vec![0; 100]);
        checkpoints.put_durably([1; 16], &[0; 7]).unwrap();
        let path = folder.join(file_name(&[1; 16]));
        assert_eq!(fs::metadata(&path).unwrap().len(), 60 + 7 + 16);
        checkpoints.close();
        assert_eq!(fs::metadata(&path).unwrap().len(), 60 + 7 + 16);
        fs::remove_dir_all(&folder).unwrap();
    }

    #[test]
    fn what_cannot_be_written_is_told_of_once() {
        let folder = folder("gone");
        let checkpoints = Checkpoints::start(folder.clone(), KEY).unwrap();
        fs::remove_dir_all(&folder).unwrap();
        checkpoints.put([1; 16], b"state".to_vec());
        checkpoints.close();
        let failures = checkpoints.failures();
        assert_eq!(failures[0].0, [1; 16]);
        assert!(failures[0].1.starts_with("checkpoint cannot be written: "), "{failures:?}");
        assert!(checkpoints.put_durably([1; 16], b"state").is_err());
        assert_eq!(checkpoints.failures(), []);
    }

    #[test]
    fn each_writing_is_sealed_anew_and_shows_nothing() {
        let one = seal(b"content", &[7; 16], &KEY).unwrap();
        let two = seal(b"content", &[7; 16], &KEY).unwrap();
        assert_eq!((&one[..8], &one[12..28]), (&MAGIC[..], &[7; 16][..]));
        assert_ne!(one[28..], two[28..]);
        assert!(!one.windows(7).any(|part| part == b"content"));
    }
}
