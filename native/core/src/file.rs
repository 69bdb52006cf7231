//! A journal's file: whole blocks, in order, whatever the disk does.

use std::collections::VecDeque;
use std::fs::{self, File, OpenOptions};
use std::io;
use std::os::unix::fs::{FileExt, OpenOptionsExt};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use crate::sys;

/// Suffix of a file that is not a journal yet.
const NEW: &str = "new";

/// Where blocks go: a file, or in tests a disk that can be told to fail.
pub trait Disk: Send {
    /// Write at a position; may write less than asked.
    fn write_at(&self, bytes: &[u8], position: u64) -> io::Result<usize>;
    /// Cut off everything behind a position.
    fn cut(&self, position: u64) -> io::Result<()>;
}

impl Disk for Arc<File> {
    fn write_at(&self, bytes: &[u8], position: u64) -> io::Result<usize> {
        FileExt::write_at(self.as_ref(), bytes, position)
    }

    fn cut(&self, position: u64) -> io::Result<()> {
        self.set_len(position)
    }
}

/// Appends blocks. What the disk does not take waits in memory and is tried again, byte for byte.
pub struct BlockFile<D: Disk> {
    disk: D,
    position: u64, // behind the last whole block
    waiting: VecDeque<Box<[u8]>>,
    waiting_bytes: u64,
}

impl<D: Disk> BlockFile<D> {
    /// Append behind `position`, where the last whole piece ends.
    pub fn new(disk: D, position: u64) -> Self {
        Self { disk, position, waiting: VecDeque::new(), waiting_bytes: 0 }
    }

    /// Write a block behind all earlier ones. On an error it waits in memory.
    pub fn append(&mut self, block: &[u8]) -> io::Result<()> {
        let outcome = self.retry().and_then(|()| self.write_whole(block));
        if outcome.is_err() {
            self.waiting_bytes += block.len() as u64;
            self.waiting.push_back(block.into());
        }
        outcome
    }

    /// Write what waits.
    pub fn retry(&mut self) -> io::Result<()> {
        while let Some(block) = self.waiting.pop_front() {
            if let Err(error) = self.write_whole(&block) {
                self.waiting.push_front(block);
                return Err(error);
            }
            self.waiting_bytes -= block.len() as u64;
        }
        Ok(())
    }

    /// How many bytes wait in memory.
    pub fn waiting_bytes(&self) -> u64 {
        self.waiting_bytes
    }

    /// Length of the file as far as it is whole.
    pub fn position(&self) -> u64 {
        self.position
    }

    /// The disk itself, to sync it.
    pub fn disk(&self) -> &D {
        &self.disk
    }

    fn write_whole(&mut self, block: &[u8]) -> io::Result<()> {
        let mut done = 0;
        while done < block.len() {
            match self.disk.write_at(&block[done..], self.position + done as u64) {
                Ok(written) if written > 0 => done += written,
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                outcome => {
                    // If even the cut fails, the torn block is still the last one: the next
                    // attempt writes over it.
                    let _ = self.disk.cut(self.position);
                    return Err(outcome.err().unwrap_or(io::ErrorKind::WriteZero.into()));
                }
            }
        }
        self.position += block.len() as u64;
        Ok(())
    }
}

/// Create a journal: it gets its name only when `content` is in it and it is locked.
///
/// So a file of that name is always a journal, and its lock says whether it is live.
pub fn create(path: &Path, content: &[u8]) -> io::Result<Arc<File>> {
    if path.exists() {
        return Err(io::ErrorKind::AlreadyExists.into());
    }
    let unfinished = unfinished_path(path);
    let file = OpenOptions::new().write(true).create_new(true).mode(0o600).open(&unfinished)?;
    let outcome = sys::lock_exclusively(&file)
        .and_then(|()| file.write_all_at(content, 0))
        .and_then(|()| fs::rename(&unfinished, path));
    if let Err(error) = outcome {
        fs::remove_file(&unfinished)?;
        return Err(error);
    }
    Ok(Arc::new(file))
}

/// Delete what a recorder left that died while creating a journal: it holds no packet yet.
pub fn remove_unfinished(folder: &Path) -> io::Result<()> {
    for entry in fs::read_dir(folder)? {
        let path = entry?.path();
        let is_unfinished = path.to_str().is_some_and(|path| path.ends_with(".cvj.new"));
        if is_unfinished && File::open(&path).is_ok_and(|file| !sys::is_locked(&file)) {
            fs::remove_file(&path)?;
        }
    }
    Ok(())
}

fn unfinished_path(path: &Path) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(".");
    name.push(NEW);
    name.into()
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::Mutex;

    /// A disk that takes so many bytes more and then says that it is full.
    #[derive(Clone, Default)]
    struct SmallDisk(Arc<Mutex<SmallDiskState>>);

    #[derive(Default)]
    struct SmallDiskState {
        content: Vec<u8>,
        free_bytes: usize,
        refuses_cuts: bool,
    }

    impl SmallDisk {
        fn with_room(free_bytes: usize) -> Self {
            let disk = Self::default();
            disk.0.lock().unwrap().free_bytes = free_bytes;
            disk
        }

        fn content(&self) -> Vec<u8> {
            self.0.lock().unwrap().content.clone()
        }
    }

    impl Disk for SmallDisk {
        fn write_at(&self, bytes: &[u8], position: u64) -> io::Result<usize> {
            let mut disk = self.0.lock().unwrap();
            let position = position as usize;
            let taken = bytes.len().min(disk.free_bytes);
            if taken == 0 {
                return Err(io::Error::from_raw_os_error(libc::ENOSPC));
            }
            disk.free_bytes -= taken;
            let end = disk.content.len().max(position + taken);
            disk.content.resize(end, 0);
            disk.content[position..position + taken].copy_from_slice(&bytes[..taken]);
            Ok(taken)
        }

        fn cut(&self, position: u64) -> io::Result<()> {
            let mut disk = self.0.lock().unwrap();
            if disk.refuses_cuts {
                return Err(io::Error::from_raw_os_error(libc::EIO));
            }
            let freed = disk.content.len() - position as usize;
            disk.free_bytes += freed;
            disk.content.truncate(position as usize);
            Ok(())
        }
    }

    #[test]
    fn a_full_disk_never_holds_part_of_a_block() {
        let disk = SmallDisk::with_room(7);
        let mut file = BlockFile::new(disk.clone(), 0);
        file.append(b"first").unwrap();
        assert!(file.append(b"second").is_err());
        assert!(file.append(b"third").is_err());
        assert_eq!(disk.content(), b"first");
        assert_eq!(file.waiting_bytes(), 11);
    }

    #[test]
    fn what_waited_is_written_in_order_when_there_is_room() {
        let disk = SmallDisk::with_room(7);
        let mut file = BlockFile::new(disk.clone(), 0);
        file.append(b"first").unwrap();
        assert!(file.append(b"second").is_err());
        disk.0.lock().unwrap().free_bytes = 100;
        file.append(b"third").unwrap();
        assert_eq!(disk.content(), b"firstsecondthird");
        assert_eq!((file.waiting_bytes(), file.position()), (0, 16));
    }

    #[test]
    fn a_torn_block_that_cannot_be_cut_is_written_over() {
        let disk = SmallDisk::with_room(7);
        disk.0.lock().unwrap().refuses_cuts = true;
        let mut file = BlockFile::new(disk.clone(), 0);
        file.append(b"first").unwrap();
        assert!(file.append(b"second").is_err());
        assert_eq!(disk.content(), b"firstse");
        disk.0.lock().unwrap().free_bytes = 100;
        file.retry().unwrap();
        assert_eq!(disk.content(), b"firstsecond");
    }

    #[test]
    fn a_disk_that_fails_at_any_byte_holds_whole_blocks_only() {
        let blocks: [&[u8]; 3] = [b"one", b"fourfour", b"five5"];
        for room in 0..16 {
            let disk = SmallDisk::with_room(room);
            let mut file = BlockFile::new(disk.clone(), 0);
            blocks.iter().for_each(|block| drop(file.append(block)));
            let whole = [0, 3, 11, 16].into_iter().filter(|end| *end <= room).max();
            assert_eq!(disk.content(), blocks.concat()[..whole.unwrap()]);
        }
    }

    #[test]
    fn a_new_journal_is_locked_and_an_unfinished_one_is_swept_away() {
        let folder = std::env::temp_dir().join(format!("callvault-file-{}", std::process::id()));
        fs::create_dir_all(&folder).unwrap();
        let path = folder.join("a.cvj");
        let file = create(&path, b"content").unwrap();
        assert!(sys::is_locked(&File::open(&path).unwrap()));
        assert_eq!(create(&path, b"").unwrap_err().kind(), io::ErrorKind::AlreadyExists);
        fs::write(folder.join("b.cvj.new"), b"").unwrap();
        remove_unfinished(&folder).unwrap();
        drop(file);
        assert!(!sys::is_locked(&File::open(&path).unwrap()));
        assert_eq!(fs::read_dir(&folder).unwrap().count(), 1);
        fs::remove_dir_all(&folder).unwrap();
    }
}
