//! The calls to the operating system that Rust's standard library does not offer.
//! All `unsafe` of this crate is here and in `sweep.rs`.

use std::fs::File;
use std::io;
use std::mem::size_of;
use std::os::fd::{AsRawFd, RawFd};

use ring::rand::{SecureRandom, SystemRandom};

use crate::error::Error;

/// Read a clock.
pub fn clock_ns(clock: libc::clockid_t) -> u64 {
    let mut time = libc::timespec { tv_sec: 0, tv_nsec: 0 };
    // SAFETY: `time` is a valid timespec that the call fills; both clocks always exist on Linux.
    unsafe { libc::clock_gettime(clock, &mut time) };
    time.tv_sec as u64 * 1_000_000_000 + time.tv_nsec as u64
}

/// A random number.
pub fn random() -> Result<u64, Error> {
    random_bytes().map(u64::from_ne_bytes)
}

/// Random bytes.
pub fn random_bytes<const COUNT: usize>() -> Result<[u8; COUNT], Error> {
    let mut bytes = [0; COUNT];
    let outcome = SystemRandom::new().fill(&mut bytes);
    outcome.map_err(|_| Error::Capture("the system gives no random numbers".to_owned()))?;
    Ok(bytes)
}

/// Lock a file exclusively, without waiting.
pub fn lock_exclusively(file: &File) -> io::Result<()> {
    // SAFETY: the descriptor is open for as long as `file` is borrowed.
    check(unsafe { libc::flock(file.as_raw_fd(), libc::LOCK_EX | libc::LOCK_NB) })
}

/// Whether another holds a lock on the file.
pub fn is_locked(file: &File) -> bool {
    // SAFETY: the descriptor is open for as long as `file` is borrowed.
    check(unsafe { libc::flock(file.as_raw_fd(), libc::LOCK_SH | libc::LOCK_NB) }).is_err()
}

/// Make all that was written to the file system of `folder` durable.
pub fn sync_file_system(folder: &File) -> io::Result<()> {
    // SAFETY: the descriptor is open for as long as `folder` is borrowed.
    check(unsafe { libc::syncfs(folder.as_raw_fd()) })
}

/// Set an integer socket option.
pub fn set_option(socket: RawFd, option: libc::c_int, value: libc::c_int) -> io::Result<()> {
    let length = size_of::<libc::c_int>() as libc::socklen_t;
    let pointer = std::ptr::from_ref(&value).cast();
    // SAFETY: the pointer is to a live integer of the length given.
    check(unsafe { libc::setsockopt(socket, libc::SOL_SOCKET, option, pointer, length) })
}

/// Read an integer socket option.
pub fn get_option(socket: RawFd, option: libc::c_int) -> io::Result<libc::c_int> {
    let mut value: libc::c_int = 0;
    let mut length = size_of::<libc::c_int>() as libc::socklen_t;
    let pointer = std::ptr::from_mut(&mut value).cast();
    // SAFETY: both pointers are to live values; `length` is the size of `value`.
    check(unsafe { libc::getsockopt(socket, libc::SOL_SOCKET, option, pointer, &mut length) })?;
    Ok(value)
}

/// How many datagrams a socket has lost because its buffer was full.
pub fn dropped_datagrams(socket: RawFd) -> Option<u32> {
    const DROPS: usize = 8; // SK_MEMINFO_DROPS of linux/sock_diag.h
    let mut figures = [0u32; DROPS + 1];
    let mut length = std::mem::size_of_val(&figures) as libc::socklen_t;
    let pointer = figures.as_mut_ptr().cast();
    let (level, option) = (libc::SOL_SOCKET, libc::SO_MEMINFO);
    // SAFETY: both pointers are to live values; `length` is the size of `figures`.
    check(unsafe { libc::getsockopt(socket, level, option, pointer, &mut length) }).ok()?;
    (length as usize == std::mem::size_of_val(&figures)).then_some(figures[DROPS])
}

/// Raise the limit of open files to what the system allows; return what is allowed then.
pub fn raise_open_file_limit() -> u64 {
    let mut limit = libc::rlimit { rlim_cur: 0, rlim_max: 0 };
    // SAFETY: `limit` is a valid rlimit that the call fills.
    if unsafe { libc::getrlimit(libc::RLIMIT_NOFILE, &mut limit) } != 0 {
        return 0;
    }
    let raised = libc::rlimit { rlim_cur: limit.rlim_max, rlim_max: limit.rlim_max };
    // SAFETY: `raised` is a valid rlimit; the soft limit does not exceed the hard one.
    if unsafe { libc::setrlimit(libc::RLIMIT_NOFILE, &raised) } == 0 {
        return raised.rlim_cur;
    }
    limit.rlim_cur
}

fn check(result: libc::c_int) -> io::Result<()> {
    if result == 0 {
        Ok(())
    } else {
        Err(io::Error::last_os_error())
    }
}
