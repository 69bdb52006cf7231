//! Takes what waits in a socket: up to 64 datagrams with one `recvmmsg`, never waiting.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, UdpSocket};
use std::os::fd::AsRawFd;

/// Datagrams of one call. A stream of 50 packets a second has ten in a sweep of 200 ms.
pub const DATAGRAMS: usize = 64;
/// Longest datagram taken; longer ones are marked as cut. Media keeps below the path's MTU.
const DATAGRAM_BYTES: usize = 2048;
/// Room for a `sockaddr_in6`.
const NAME_BYTES: usize = 28;
/// Room for a time stamp (32 bytes) and a drop counter (24 bytes).
const CONTROL_BYTES: usize = 64;
const CONTROL_HEAD_BYTES: usize = 16;

#[repr(align(8))]
#[derive(Clone, Copy)]
struct Name([u8; NAME_BYTES]);

#[repr(align(8))]
#[derive(Clone, Copy)]
struct Control([u8; CONTROL_BYTES]);

/// Receive buffers, reused by every sweep of a thread.
pub struct Batch {
    buffers: Box<[[u8; DATAGRAM_BYTES]]>,
    names: Box<[Name]>,
    controls: Box<[Control]>,
    headers: Box<[libc::mmsghdr]>,
    _vectors: Box<[libc::iovec]>, // the headers point to them
    used: usize,
}

/// One received datagram.
#[derive(Debug, PartialEq, Eq)]
pub struct Datagram<'a> {
    /// Its content, as far as it was taken.
    pub bytes: &'a [u8],
    /// Sender; an IPv4-mapped address is given as IPv4.
    pub address: IpAddr,
    /// Sender's port.
    pub port: u16,
    /// The kernel's time stamp, realtime.
    pub arrival_ns: Option<u64>,
    /// How many datagrams this socket has lost so far; None: none yet.
    pub kernel_drops: Option<u32>,
    /// Longer than we take.
    pub is_cut: bool,
}

impl Batch {
    /// Allocate the buffers.
    pub fn new() -> Self {
        let mut buffers = vec![[0; DATAGRAM_BYTES]; DATAGRAMS].into_boxed_slice();
        let mut names = vec![Name([0; NAME_BYTES]); DATAGRAMS].into_boxed_slice();
        let mut controls = vec![Control([0; CONTROL_BYTES]); DATAGRAMS].into_boxed_slice();
        let mut vectors: Box<[libc::iovec]> = buffers
            .iter_mut()
            .map(|buffer| libc::iovec {
                iov_base: buffer.as_mut_ptr().cast(),
                iov_len: buffer.len(),
            })
            .collect();
        let headers = (0..DATAGRAMS)
            .map(|index| {
                // SAFETY: null pointers and zero lengths are a valid `mmsghdr`.
                let mut header: libc::mmsghdr = unsafe { std::mem::zeroed() };
                header.msg_hdr.msg_name = names[index].0.as_mut_ptr().cast();
                header.msg_hdr.msg_iov = &mut vectors[index];
                header.msg_hdr.msg_iovlen = 1;
                header.msg_hdr.msg_control = controls[index].0.as_mut_ptr().cast();
                header
            })
            .collect();
        // All are handed to the first call as if used, so that it sets their lengths.
        Self { buffers, names, controls, headers, _vectors: vectors, used: DATAGRAMS }
    }

    /// Take what waits; returns how many. Errors read as nothing: the next sweep comes soon.
    pub fn receive(&mut self, socket: &UdpSocket) -> usize {
        for header in &mut self.headers[..self.used] {
            header.msg_hdr.msg_namelen = NAME_BYTES as libc::socklen_t;
            header.msg_hdr.msg_controllen = CONTROL_BYTES as _;
            header.msg_hdr.msg_flags = 0;
        }
        let (headers, count) = (self.headers.as_mut_ptr(), DATAGRAMS as libc::c_uint);
        // SAFETY: the headers point to buffers of the lengths given, which this value owns and
        // never moves; the descriptor is open while `socket` is borrowed; no timeout is passed.
        let received = unsafe {
            let flags = libc::MSG_DONTWAIT as _;
            libc::recvmmsg(socket.as_raw_fd(), headers, count, flags, std::ptr::null_mut())
        };
        self.used = usize::try_from(received).unwrap_or(0);
        self.used
    }

    /// Datagram number `index` of the last call; None if it has no sender that can be read.
    pub fn datagram(&self, index: usize) -> Option<Datagram<'_>> {
        let header = self.headers[..self.used].get(index)?;
        let length = (header.msg_len as usize).min(DATAGRAM_BYTES);
        let (address, port) = sender(&self.names[index].0)?;
        let control_bytes = header.msg_hdr.msg_controllen.min(CONTROL_BYTES);
        let (arrival_ns, kernel_drops) = control(&self.controls[index].0[..control_bytes]);
        Some(Datagram {
            bytes: &self.buffers[index][..length],
            address,
            port,
            arrival_ns,
            kernel_drops,
            is_cut: header.msg_hdr.msg_flags & libc::MSG_TRUNC != 0,
        })
    }

    /// Overwrite a datagram that must not be kept.
    pub fn erase(&mut self, index: usize) {
        let length = self.headers[index].msg_len as usize;
        self.buffers[index][..length.min(DATAGRAM_BYTES)].fill(0);
    }

    /// Overwrite all that the last call received.
    pub fn erase_all(&mut self) {
        (0..self.used).for_each(|index| self.erase(index));
    }
}

/// Read a `sockaddr_in` or `sockaddr_in6`.
fn sender(name: &[u8; NAME_BYTES]) -> Option<(IpAddr, u16)> {
    let port = u16::from_be_bytes([name[2], name[3]]);
    match libc::c_int::from(u16::from_ne_bytes([name[0], name[1]])) {
        libc::AF_INET => {
            let octets: [u8; 4] = name[4..8].try_into().ok()?;
            Some((Ipv4Addr::from(octets).into(), port))
        }
        libc::AF_INET6 => {
            let octets: [u8; 16] = name[8..24].try_into().ok()?;
            Some((Ipv6Addr::from(octets).to_canonical(), port))
        }
        _ => None,
    }
}

/// Read the control messages: time stamp and drop counter.
fn control(mut messages: &[u8]) -> (Option<u64>, Option<u32>) {
    let (mut arrival_ns, mut kernel_drops) = (None, None);
    while let Some((length, kind)) = control_head(messages) {
        let data = &messages[CONTROL_HEAD_BYTES..length];
        match kind {
            (libc::SOL_SOCKET, libc::SCM_TIMESTAMPNS) => arrival_ns = timespec_ns(data),
            (libc::SOL_SOCKET, libc::SO_RXQ_OVFL) => {
                kernel_drops = data.try_into().ok().map(u32::from_ne_bytes);
            }
            _ => {}
        }
        messages = messages.get(length.next_multiple_of(8)..).unwrap_or_default();
    }
    (arrival_ns, kernel_drops)
}

/// Length (head included), level and type of a control message; None if there is none whole.
fn control_head(messages: &[u8]) -> Option<(usize, (libc::c_int, libc::c_int))> {
    let length = usize::from_ne_bytes(messages.get(..8)?.try_into().ok()?);
    let level = libc::c_int::from_ne_bytes(messages.get(8..12)?.try_into().ok()?);
    let kind = libc::c_int::from_ne_bytes(messages.get(12..16)?.try_into().ok()?);
    (CONTROL_HEAD_BYTES..=messages.len()).contains(&length).then_some((length, (level, kind)))
}

fn timespec_ns(data: &[u8]) -> Option<u64> {
    let seconds = u64::from_ne_bytes(data.get(..8)?.try_into().ok()?);
    let nanoseconds = u64::from_ne_bytes(data.get(8..16)?.try_into().ok()?);
    seconds.checked_mul(1_000_000_000)?.checked_add(nanoseconds)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{clock, socket};
    use std::time::Duration;

    fn receive_all(batch: &mut Batch, socket: &UdpSocket, wanted: usize) -> usize {
        // Loopback delivers within the call of the sender; the loop is for a busy machine only.
        for _ in 0..500 {
            let received = batch.receive(socket);
            if received >= wanted {
                return received;
            }
            std::thread::sleep(Duration::from_millis(1));
        }
        0
    }

    #[test]
    fn datagrams_come_with_sender_and_arrival_time() {
        let receiver = socket::open("127.0.0.1".parse().unwrap(), 0, 0).unwrap().socket;
        let sender = UdpSocket::bind("127.0.0.1:0").unwrap();
        let before_ns = clock::realtime_ns();
        for text in ["one", "two", ""] {
            sender.send_to(text.as_bytes(), receiver.local_addr().unwrap()).unwrap();
        }
        let mut batch = Batch::new();
        assert_eq!(receive_all(&mut batch, &receiver, 3), 3);
        let datagram = batch.datagram(1).unwrap();
        assert_eq!(datagram.bytes, b"two");
        assert_eq!((datagram.address, datagram.port), {
            let address = sender.local_addr().unwrap();
            (address.ip(), address.port())
        });
        assert!(datagram.arrival_ns.unwrap() >= before_ns);
        assert_eq!(batch.datagram(2).unwrap().bytes, b"");
        assert_eq!(batch.datagram(3), None);
        assert_eq!(batch.receive(&receiver), 0);
    }

    #[test]
    fn an_erased_datagram_is_zeros() {
        let receiver = socket::open("127.0.0.1".parse().unwrap(), 0, 0).unwrap().socket;
        let sender = UdpSocket::bind("127.0.0.1:0").unwrap();
        sender.send_to(b"secret", receiver.local_addr().unwrap()).unwrap();
        let mut batch = Batch::new();
        assert_eq!(receive_all(&mut batch, &receiver, 1), 1);
        batch.erase(0);
        assert_eq!(batch.datagram(0).unwrap().bytes, [0; 6]);
        assert!(!batch.buffers[0].starts_with(b"s"));
    }

    #[test]
    fn a_datagram_longer_than_a_buffer_is_marked() {
        let receiver = socket::open("127.0.0.1".parse().unwrap(), 0, 0).unwrap().socket;
        let sender = UdpSocket::bind("127.0.0.1:0").unwrap();
        sender.send_to(&[1; DATAGRAM_BYTES + 1], receiver.local_addr().unwrap()).unwrap();
        let mut batch = Batch::new();
        assert_eq!(receive_all(&mut batch, &receiver, 1), 1);
        let datagram = batch.datagram(0).unwrap();
        assert!(datagram.is_cut);
        assert_eq!(datagram.bytes.len(), DATAGRAM_BYTES);
    }

    #[test]
    fn a_mapped_address_is_given_as_ipv4() {
        let receiver = socket::open("::".parse().unwrap(), 0, 0).unwrap().socket;
        let sender = UdpSocket::bind("127.0.0.1:0").unwrap();
        let port = receiver.local_addr().unwrap().port();
        sender.send_to(b"x", ("127.0.0.1", port)).unwrap();
        let mut batch = Batch::new();
        assert_eq!(receive_all(&mut batch, &receiver, 1), 1);
        assert_eq!(batch.datagram(0).unwrap().address, Ipv4Addr::LOCALHOST);
    }

    #[test]
    fn cut_control_messages_are_ignored() {
        let mut message = 32usize.to_ne_bytes().to_vec();
        message.extend_from_slice(&libc::SOL_SOCKET.to_ne_bytes());
        message.extend_from_slice(&libc::SCM_TIMESTAMPNS.to_ne_bytes());
        message.extend_from_slice(&2u64.to_ne_bytes());
        message.extend_from_slice(&5u64.to_ne_bytes());
        assert_eq!(control(&message), (Some(2_000_000_005), None));
        for length in 0..message.len() {
            assert_eq!(control(&message[..length]), (None, None));
        }
    }
}
