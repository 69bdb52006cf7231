//! A disk for tests that can be told to be full, to stall, or to fail one call.

use std::io;
use std::sync::{Arc, Condvar, Mutex, MutexGuard};
use std::time::Duration;

use crate::config::Config;
use crate::file::{Disk, Place};
use crate::shared::Shared;

/// Takes so many bytes more and then says that it is full.
#[derive(Clone, Default)]
pub struct FakeDisk(Arc<(Mutex<State>, Condvar)>);

/// What happens to the call that fails.
#[derive(Clone, Copy, Debug)]
pub enum Fault {
    /// ENOSPC, and nothing is done.
    Full,
    /// EIO, and nothing is done.
    Broken,
    /// EIO when a write is half done; nothing is done of other calls.
    Torn,
}

#[derive(Default)]
pub struct State {
    pub free_bytes: usize,
    pub refuses_cuts: bool,
    pub created: bool,
    pub removed: bool,
    pub calls: usize,
    fails: Option<(usize, Fault)>,
    is_stalled: bool,
    content: Vec<u8>,
}

impl FakeDisk {
    pub fn with_room(free_bytes: usize) -> Self {
        let disk = Self::default();
        disk.state().free_bytes = free_bytes;
        disk
    }

    pub fn state(&self) -> MutexGuard<'_, State> {
        self.0 .0.lock().unwrap()
    }

    pub fn content(&self) -> Vec<u8> {
        self.state().content.clone()
    }

    /// Fail one call, counted from 0: creations, writes, cuts, syncs and removals alike.
    pub fn fail_once(&self, call: usize, fault: Fault) {
        self.state().fails = Some((call, fault));
    }

    /// Let every write wait, or wait no more.
    pub fn stall(&self, is_stalled: bool) {
        self.state().is_stalled = is_stalled;
        self.0 .1.notify_all();
    }
}

impl State {
    /// Count a call; return what happens to it.
    fn next_call(&mut self) -> Option<Fault> {
        self.calls += 1;
        self.fails.filter(|(call, _)| *call + 1 == self.calls).map(|(_, fault)| fault)
    }

    /// Count a call that is done whole or not at all.
    fn may_fail(&mut self) -> io::Result<()> {
        self.next_call().map_or(Ok(()), |fault| Err(error_of(fault)))
    }

    fn put(&mut self, bytes: &[u8], position: usize) {
        let end = self.content.len().max(position + bytes.len());
        self.content.resize(end, 0);
        self.content[position..position + bytes.len()].copy_from_slice(bytes);
    }
}

fn error_of(fault: Fault) -> io::Error {
    io::Error::from_raw_os_error(if let Fault::Full = fault { libc::ENOSPC } else { libc::EIO })
}

impl Disk for FakeDisk {
    fn write_at(&self, bytes: &[u8], position: u64) -> io::Result<usize> {
        let state = self.state();
        let mut state = self.0 .1.wait_while(state, |state| state.is_stalled).unwrap();
        let position = position as usize;
        if let Some(fault) = state.next_call() {
            if let Fault::Torn = fault {
                state.put(&bytes[..bytes.len() / 2], position);
            }
            return Err(error_of(fault));
        }
        let taken = bytes.len().min(state.free_bytes);
        if taken == 0 {
            return Err(io::Error::from_raw_os_error(libc::ENOSPC));
        }
        state.free_bytes -= taken;
        state.put(&bytes[..taken], position);
        Ok(taken)
    }

    fn cut(&self, position: u64) -> io::Result<()> {
        let mut state = self.state();
        state.may_fail()?;
        if state.refuses_cuts {
            return Err(io::Error::from_raw_os_error(libc::EIO));
        }
        let freed = state.content.len() - position as usize;
        state.free_bytes += freed;
        state.content.truncate(position as usize);
        Ok(())
    }

    fn sync(&self) -> io::Result<()> {
        self.state().may_fail()
    }
}

impl Place for FakeDisk {
    fn create(&self, content: &[u8]) -> io::Result<Arc<dyn Disk>> {
        self.write_at(content, 0)?;
        self.state().created = true;
        Ok(Arc::new(self.clone()))
    }

    fn remove(&self) -> io::Result<()> {
        let mut state = self.state();
        state.may_fail()?;
        state.removed = true;
        Ok(())
    }
}

/// What a receiver shares, without ports and threads.
pub fn shared() -> Shared {
    let config = Config {
        spool_folder: std::env::temp_dir(),
        bind_address: "127.0.0.1".parse().unwrap(),
        port_first: 0,
        port_last: 0,
        port_cooldown: Duration::ZERO,
        socket_buffer_bytes: 0,
        sweep: Duration::from_secs(1),
        sync: Duration::from_secs(1),
        max_sources: 1,
        sweep_threads: 1,
        report_interval: None,
        max_unwritten_bytes: u64::MAX / 2,
    };
    Shared::new(config).unwrap()
}
