//! Receives RTP in timed sweeps and seals it into journals: capture without Python.
//!
//! A [`Receiver`] owns the sockets and the threads. Nobody waits for a packet: every `sweep_ms`
//! a thread empties each open socket with `recvmmsg` and no readiness call, since wake-ups cost
//! more than bytes. The kernel's time stamp says when a packet arrived; the socket buffer keeps
//! seconds of it, so a stalled process loses nothing. Each journal gathers one block a second
//! and seals it; one thread writes the blocks to a file for each journal, and waits where the disk
//! stalls, alone. One `syncfs` makes all files durable.
//!
//! There is no SIP here, no policy, no decoding. The bytes are described in
//! `docs/formats/journal.md`.

#[cfg(not(all(target_os = "linux", target_pointer_width = "64")))]
compile_error!("the layout of control messages is read as 64-bit Linux writes it");

mod alarms;
mod block;
mod checkpoints;
mod classify;
mod clock;
mod config;
mod ear;
mod error;
#[cfg(test)]
mod fake_disk;
mod file;
mod held;
mod journal;
mod keypad;
mod level;
mod network;
mod outbox;
mod output;
mod pair;
mod ports;
#[cfg(test)]
mod random_packets;
mod receiver;
mod reception;
mod reports;
mod seal;
mod shared;
mod socket;
mod sources;
mod speaker;
mod stream;
mod sweep;
mod sys;
mod tap;
mod window;
mod writer;

pub use alarms::Alarm;
pub use checkpoints::Checkpoints;
pub use config::Config;
pub use error::Error;
pub use journal::{Journal, NewJournal};
pub use keypad::Press;
pub use network::Network;
pub use receiver::Receiver;
pub use reports::Reporting;
pub use shared::Stats;
pub use speaker::Speech;
pub use stream::{Counters, StreamPorts};
