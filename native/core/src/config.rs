use std::net::IpAddr;
use std::path::PathBuf;
use std::time::Duration;

/// What a receiver is told at its start.
#[derive(Clone, Debug)]
pub struct Config {
    /// Where journals are written. Must exist.
    pub spool_folder: PathBuf,
    /// Address that media ports listen on.
    pub bind_address: IpAddr,
    /// First media port; an odd one is rounded up.
    pub port_first: u16,
    /// Last even media port.
    pub port_last: u16,
    /// How long a port rests after a call.
    pub port_cooldown: Duration,
    /// Receive buffer asked of the kernel for each RTP socket.
    pub socket_buffer_bytes: usize,
    /// How often all sockets are emptied.
    pub sweep: Duration,
    /// How often the spool's file system is synced.
    pub sync: Duration,
    /// Distinct RTP sources (address, port, SSRC) of a stream that are journalled at one time.
    pub max_sources: u8,
    /// Threads that share the journals.
    pub sweep_threads: usize,
    /// How long from one RTCP receiver report of a stream to the next, about; None: none is sent.
    pub report_interval: Option<Duration>,
    /// How many sealed bytes may wait in memory while the spool cannot be written.
    pub max_unwritten_bytes: u64,
}
