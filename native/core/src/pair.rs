//! Binds a pair of media ports, whatever other programs hold of our range.

use std::io;
use std::net::UdpSocket;
use std::sync::atomic::Ordering::Relaxed;

use crate::clock;
use crate::error::Error;
use crate::shared::Shared;
use crate::socket;
use crate::sys;

/// RTCP is a few packets a minute.
const RTCP_BUFFER_BYTES: usize = 65_536;
/// Pairs tried before giving up, when other programs hold ports of our range.
const PAIRS_TRIED: usize = 256;

/// The sockets of one stream.
pub struct SocketPair {
    /// RTP, and RTCP if multiplexed.
    pub rtp: UdpSocket,
    /// RTCP only.
    pub rtcp: UdpSocket,
}

/// Bind a random free pair; returns its even port.
pub fn open_pair(shared: &Shared) -> Result<(u16, SocketPair), Error> {
    for _ in 0..PAIRS_TRIED {
        let now_ns = clock::monotonic_ns();
        let rtp_port = shared.ports().take(sys::random()?, now_ns).ok_or_else(no_port)?;
        match bind_pair(rtp_port, shared) {
            Ok(sockets) => return Ok((rtp_port, sockets)),
            // Another program has one of the two: not free for us for a while.
            Err(error) if error.kind() == io::ErrorKind::AddrInUse => {
                shared.ports().rest(rtp_port, now_ns);
            }
            Err(error) => {
                shared.ports().give_back(rtp_port);
                return Err(refusal(&error, shared));
            }
        }
    }
    Err(no_port())
}

/// Bind this very pair, rested or not: a call goes on with it after a restart.
pub fn open_known_pair(rtp_port: u16, shared: &Shared) -> Result<SocketPair, Error> {
    if rtp_port % 2 == 1 || rtp_port == 0 {
        return Err(Error::Capture(format!("{rtp_port} is no even port")));
    }
    if !shared.ports().claim(rtp_port) {
        return Err(Error::PortsExhausted(format!("media port {rtp_port} is taken")));
    }
    bind_pair(rtp_port, shared).map_err(|error| {
        shared.ports().rest(rtp_port, clock::monotonic_ns());
        if error.kind() == io::ErrorKind::AddrInUse {
            return Error::PortsExhausted(format!("media port {rtp_port} is taken"));
        }
        refusal(&error, shared)
    })
}

fn bind_pair(rtp_port: u16, shared: &Shared) -> io::Result<SocketPair> {
    let config = &shared.config;
    let rtp = socket::open(config.bind_address, rtp_port, config.socket_buffer_bytes)?;
    let rtcp = socket::open(config.bind_address, rtp_port + 1, RTCP_BUFFER_BYTES)?;
    shared.note_buffer(rtp.granted_bytes);
    shared.totals.open_sockets.fetch_add(2, Relaxed);
    Ok(SocketPair { rtp: rtp.socket, rtcp: rtcp.socket })
}

fn no_port() -> Error {
    Error::PortsExhausted("no media port is free".to_owned())
}

fn refusal(error: &io::Error, shared: &Shared) -> Error {
    match error.raw_os_error() {
        Some(libc::EMFILE | libc::ENFILE) => Error::PortsExhausted(format!(
            "no file descriptor for a media port (limit {}): raise LimitNOFILE",
            shared.open_file_limit
        )),
        Some(libc::ENOBUFS | libc::ENOMEM) => {
            Error::PortsExhausted(format!("no memory for a media port: {error}"))
        }
        _ => Error::Capture(format!("media port on {}: {error}", shared.config.bind_address)),
    }
}
