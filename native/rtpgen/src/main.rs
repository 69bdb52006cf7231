//! `rtpgen SECONDS < ports`: 50 G.711 packets a second to each UDP port of loopback named on
//! standard input, one a line, spread evenly over each 20 ms; prints how many were sent.

use std::io::{self, BufRead};
use std::net::UdpSocket;
use std::os::fd::AsRawFd;
use std::thread;
use std::time::{Duration, Instant};

const PACKET_BYTES: usize = 172;
const FRAME_MS: u32 = 20;
/// The streams are served in so many turns, one a millisecond, as unrelated phones would be.
const TURNS: usize = FRAME_MS as usize;
/// Messages of one `sendmmsg`; the kernel takes no more than 1,024.
const MESSAGES_AT_MOST: usize = 1024;

/// The streams of one turn: a packet and an address each.
struct Turn {
    packets: Vec<[u8; PACKET_BYTES]>,
    addresses: Vec<libc::sockaddr_in>,
}

fn main() -> io::Result<()> {
    let seconds: u32 = std::env::args().nth(1).and_then(|text| text.parse().ok()).unwrap_or(10);
    let ports: Vec<u16> =
        io::stdin().lock().lines().filter_map(|line| line.ok()?.trim().parse().ok()).collect();
    let mut turns: Vec<Turn> = (0..TURNS).map(|turn| Turn::new(&ports, turn)).collect();
    let socket = UdpSocket::bind("127.0.0.1:0")?;
    let frames = seconds * 1000 / FRAME_MS;
    let began = Instant::now();
    let mut sent = 0;
    for frame in 0..frames {
        for (number, turn) in turns.iter_mut().enumerate() {
            let at = Duration::from_millis(u64::from(frame * FRAME_MS) + number as u64);
            thread::sleep(at.saturating_sub(began.elapsed()));
            sent += turn.send(frame, &socket)?;
        }
    }
    println!("{sent}");
    Ok(())
}

impl Turn {
    /// Every twentieth port, from `turn` on.
    fn new(ports: &[u16], turn: usize) -> Self {
        let ports: Vec<u16> = ports.iter().copied().skip(turn).step_by(TURNS).collect();
        let addresses = ports.iter().map(|port| loopback(*port)).collect();
        let packets = ports.iter().map(|port| first_packet(*port)).collect();
        Self { packets, addresses }
    }

    /// Send the packet of one frame to each stream.
    fn send(&mut self, frame: u32, socket: &UdpSocket) -> io::Result<usize> {
        for packet in &mut self.packets {
            packet[2..4].copy_from_slice(&(frame as u16).to_be_bytes());
            packet[4..8].copy_from_slice(&(frame * 160).to_be_bytes());
        }
        let mut vectors: Vec<libc::iovec> = self.packets.iter_mut().map(vector).collect();
        let mut messages: Vec<libc::mmsghdr> = vectors
            .iter_mut()
            .zip(&mut self.addresses)
            .map(|(vector, address)| message(vector, address))
            .collect();
        let mut sent = 0;
        for batch in messages.chunks_mut(MESSAGES_AT_MOST) {
            let (pointer, count) = (batch.as_mut_ptr(), batch.len() as libc::c_uint);
            // SAFETY: each message points to a packet and an address that live until the end of
            // this function, with their lengths.
            let taken = unsafe { libc::sendmmsg(socket.as_raw_fd(), pointer, count, 0) };
            sent += usize::try_from(taken).map_err(|_| io::Error::last_os_error())?;
        }
        Ok(sent)
    }
}

fn loopback(port: u16) -> libc::sockaddr_in {
    libc::sockaddr_in {
        sin_family: libc::AF_INET as libc::sa_family_t,
        sin_port: port.to_be(),
        sin_addr: libc::in_addr { s_addr: u32::from_ne_bytes([127, 0, 0, 1]) },
        sin_zero: [0; 8],
    }
}

/// PCMU with a payload that no compression would shrink; the port is the SSRC.
fn first_packet(port: u16) -> [u8; PACKET_BYTES] {
    let mut packet = [0; PACKET_BYTES];
    packet[0] = 0x80;
    packet[10..12].copy_from_slice(&port.to_be_bytes());
    for (place, byte) in packet.iter_mut().enumerate().skip(12) {
        *byte = (place * 167 + usize::from(port)) as u8;
    }
    packet
}

fn vector(packet: &mut [u8; PACKET_BYTES]) -> libc::iovec {
    libc::iovec { iov_base: packet.as_mut_ptr().cast(), iov_len: PACKET_BYTES }
}

fn message(vector: &mut libc::iovec, address: &mut libc::sockaddr_in) -> libc::mmsghdr {
    // SAFETY: null pointers and zero lengths are a valid `mmsghdr`.
    let mut message: libc::mmsghdr = unsafe { std::mem::zeroed() };
    message.msg_hdr.msg_name = std::ptr::from_mut(address).cast();
    message.msg_hdr.msg_namelen = size_of::<libc::sockaddr_in>() as libc::socklen_t;
    message.msg_hdr.msg_iov = vector;
    message.msg_hdr.msg_iovlen = 1;
    message
}
