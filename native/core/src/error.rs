use std::fmt;
use std::io;

/// Why capture refused; each variant is an exception of `callvault.errors`.
#[derive(Debug)]
pub enum Error {
    /// Media cannot be received (`CaptureError`).
    Capture(String),
    /// No media port or file descriptor is left (`PortsExhausted`).
    PortsExhausted(String),
    /// The spool cannot be written (`SpoolError`).
    Spool(String),
    /// The spool's file system has no room (`SpoolFull`).
    SpoolFull(String),
}

impl Error {
    /// A failure of the spool; what the operating system calls full becomes `SpoolFull`.
    pub(crate) fn from_spool(what: &str, error: &io::Error) -> Self {
        let message = format!("{what}: {error}");
        match error.raw_os_error() {
            Some(libc::ENOSPC | libc::EDQUOT | libc::EFBIG) => Self::SpoolFull(message),
            _ => Self::Spool(message),
        }
    }
}

impl fmt::Display for Error {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Capture(message)
            | Self::PortsExhausted(message)
            | Self::Spool(message)
            | Self::SpoolFull(message) => formatter.write_str(message),
        }
    }
}

impl std::error::Error for Error {}
