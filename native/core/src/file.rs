//! A journal's file: whole blocks, in order, whatever the disk does.

use std::fs::{self, File, OpenOptions};
use std::io;
use std::os::unix::fs::{FileExt, OpenOptionsExt};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use crate::sys;

/// Suffix of a file that is not a journal yet.
const NEW: &str = "new";

/// Where blocks go: a file, or in tests a disk that can be told to fail.
pub trait Disk: Send + Sync {
    /// Write at a position; may write less than asked.
    fn write_at(&self, bytes: &[u8], position: u64) -> io::Result<usize>;
    /// Cut off everything behind a position.
    fn cut(&self, position: u64) -> io::Result<()>;
    /// Make what was written durable.
    fn sync(&self) -> io::Result<()>;
}

impl Disk for File {
    fn write_at(&self, bytes: &[u8], position: u64) -> io::Result<usize> {
        FileExt::write_at(self, bytes, position)
    }

    fn cut(&self, position: u64) -> io::Result<()> {
        self.set_len(position)
    }

    fn sync(&self) -> io::Result<()> {
        self.sync_data()
    }
}

/// Where a journal is to lie.
pub trait Place: Send + Sync {
    /// Create the journal with its first content.
    fn create(&self, content: &[u8]) -> io::Result<Arc<dyn Disk>>;
    /// Delete it.
    fn remove(&self) -> io::Result<()>;
}

impl Place for PathBuf {
    fn create(&self, content: &[u8]) -> io::Result<Arc<dyn Disk>> {
        Ok(Arc::new(create(self, content)?))
    }

    fn remove(&self) -> io::Result<()> {
        fs::remove_file(self)
    }
}

/// Appends blocks, each of them whole or not at all.
pub struct BlockFile {
    disk: Arc<dyn Disk>,
    position: u64, // behind the last whole block
}

impl BlockFile {
    /// Append behind `position`, where the last whole piece ends.
    pub fn new(disk: Arc<dyn Disk>, position: u64) -> Self {
        Self { disk, position }
    }

    /// The disk itself, to sync it.
    pub fn disk(&self) -> &Arc<dyn Disk> {
        &self.disk
    }

    /// Write a block behind all earlier ones. After an error try again with the same bytes.
    pub fn append(&mut self, block: &[u8]) -> io::Result<()> {
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
fn create(path: &Path, content: &[u8]) -> io::Result<File> {
    if path.exists() {
        return Err(io::ErrorKind::AlreadyExists.into());
    }
    let unfinished = unfinished_path(path);
    let file = OpenOptions::new().write(true).create_new(true).mode(0o600).open(&unfinished)?;
    let outcome = sys::lock_exclusively(&file)
        .and_then(|()| file.write_all_at(content, 0))
        .and_then(|()| fs::rename(&unfinished, path));
    if let Err(error) = outcome {
        // What cannot be removed now is removed at the next start.
        let _ = fs::remove_file(&unfinished);
        return Err(error);
    }
    Ok(file)
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
    use crate::fake_disk::FakeDisk;

    #[test]
    fn a_full_disk_never_holds_part_of_a_block() {
        let disk = FakeDisk::with_room(7);
        let mut file = BlockFile::new(Arc::new(disk.clone()), 0);
        file.append(b"first").unwrap();
        assert!(file.append(b"second").is_err());
        assert_eq!(disk.content(), b"first");
    }

    #[test]
    fn a_torn_block_that_cannot_be_cut_is_written_over() {
        let disk = FakeDisk::with_room(7);
        disk.state().refuses_cuts = true;
        let mut file = BlockFile::new(Arc::new(disk.clone()), 0);
        file.append(b"first").unwrap();
        assert!(file.append(b"second").is_err());
        assert_eq!(disk.content(), b"firstse");
        disk.state().free_bytes = 100;
        file.append(b"second").unwrap();
        assert_eq!(disk.content(), b"firstsecond");
    }

    #[test]
    fn a_disk_that_fails_at_any_byte_holds_whole_blocks_only() {
        let blocks: [&[u8]; 3] = [b"one", b"fourfour", b"five5"];
        for room in 0..=16 {
            let disk = FakeDisk::with_room(room);
            let mut file = BlockFile::new(Arc::new(disk.clone()), 0);
            let _ = blocks.iter().try_for_each(|block| file.append(block));
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
