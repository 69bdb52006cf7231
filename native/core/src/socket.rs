//! Media sockets: bound, time-stamped, with as large a buffer as the kernel gives.

use std::io;
use std::net::{IpAddr, UdpSocket};
use std::os::fd::AsRawFd;

use crate::sys;

/// An open media socket and the receive buffer that the kernel granted.
pub struct MediaSocket {
    /// Non-blocking: what the kernel takes no more of is not sent.
    pub socket: UdpSocket,
    /// What was asked, or less.
    pub granted_bytes: usize,
}

/// Bind a port; `buffer_bytes` 0 leaves the kernel's default.
///
/// The address is never shared (`SO_REUSEADDR`): two calls must not get each other's packets.
/// `::` takes IPv4 as well, where the system does not forbid it.
pub fn open(address: IpAddr, port: u16, buffer_bytes: usize) -> io::Result<MediaSocket> {
    let socket = UdpSocket::bind((address, port))?;
    socket.set_nonblocking(true)?;
    let descriptor = socket.as_raw_fd();
    sys::set_option(descriptor, libc::SO_TIMESTAMPNS, 1)?;
    sys::set_option(descriptor, libc::SO_RXQ_OVFL, 1)?;
    if buffer_bytes > 0 {
        let wanted = libc::c_int::try_from(buffer_bytes).unwrap_or(libc::c_int::MAX);
        // FORCE goes beyond net.core.rmem_max, and needs a right that we seldom have.
        if sys::set_option(descriptor, libc::SO_RCVBUFFORCE, wanted).is_err() {
            sys::set_option(descriptor, libc::SO_RCVBUF, wanted)?;
        }
    }
    // The kernel doubles what it grants, for its own bookkeeping (socket(7)).
    let granted = sys::get_option(descriptor, libc::SO_RCVBUF)? / 2;
    Ok(MediaSocket { socket, granted_bytes: usize::try_from(granted).unwrap_or(0) })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_modest_buffer_is_granted_and_a_huge_one_is_reported() {
        let modest = open("127.0.0.1".parse().unwrap(), 0, 65_536).unwrap();
        assert_eq!(modest.granted_bytes, 65_536);
        let huge = open("127.0.0.1".parse().unwrap(), 0, usize::MAX).unwrap();
        assert!(huge.granted_bytes > 65_536);
    }

    #[test]
    fn a_port_in_use_is_refused() {
        let first = open("127.0.0.1".parse().unwrap(), 0, 0).unwrap();
        let port = first.socket.local_addr().unwrap().port();
        let error = open("127.0.0.1".parse().unwrap(), port, 0).err().unwrap();
        assert_eq!(error.kind(), io::ErrorKind::AddrInUse);
    }
}
