//! A whole receiver on loopback. What it writes is read back by the Python tests
//! (tests/capture), which have the reader; here are the figures and the life of ports and files.

use std::fs;
use std::net::UdpSocket;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::{Duration, Instant};

use callvault_capture_core::{
    Config, Counters, Error, Journal, Network, NewJournal, Receiver, Speech,
};

struct Node {
    receiver: Receiver,
    folder: PathBuf,
}

impl Node {
    fn start(name: &str, change: impl FnOnce(&mut Config)) -> Self {
        let folder = std::env::temp_dir().join(format!("callvault-{name}-{}", std::process::id()));
        let _ = fs::remove_dir_all(&folder);
        fs::create_dir_all(&folder).unwrap();
        let mut config = Config {
            spool_folder: folder.clone(),
            bind_address: "127.0.0.1".parse().unwrap(),
            port_first: 20_000,
            port_last: 32_766,
            port_cooldown: Duration::from_secs(10),
            socket_buffer_bytes: 65_536,
            sweep: Duration::from_millis(20),
            sync: Duration::from_millis(100),
            max_sources: 4,
            sweep_threads: 2,
            report_interval: None,
            max_unwritten_bytes: 1 << 20,
        };
        change(&mut config);
        Self { receiver: Receiver::start(config).unwrap(), folder }
    }

    fn journal(&self, id: u8) -> Arc<Journal> {
        let new = NewJournal {
            id: [id; 16],
            key: [9; 32],
            envelope: b"envelope",
            header: b"{}",
            is_node_events: false,
        };
        self.receiver.open_journal(&new).unwrap()
    }
}

impl Drop for Node {
    fn drop(&mut self) {
        self.receiver.close();
        let _ = fs::remove_dir_all(&self.folder);
    }
}

fn loopback() -> Vec<Network> {
    vec![Network::new("127.0.0.0".parse().unwrap(), 8).unwrap()]
}

fn rtp(ssrc: u8) -> [u8; 172] {
    let mut packet = [0xFF; 172];
    packet[..12].copy_from_slice(&[0x80, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0, ssrc]);
    packet
}

fn wait_for(journal: &Journal, stream: usize, is_there: impl Fn(&Counters) -> bool) -> Counters {
    let deadline = Instant::now() + Duration::from_secs(10);
    loop {
        let counters = journal.counters(stream);
        if is_there(&counters) || Instant::now() > deadline {
            return counters;
        }
        std::thread::sleep(Duration::from_millis(5));
    }
}

#[test]
fn every_sort_of_datagram_is_counted_once() {
    let node = Node::start("counted", |_| ());
    let journal = node.journal(1);
    let (stream, ports) = journal.open_stream(0, loopback(), None).unwrap();
    let sender = UdpSocket::bind("127.0.0.1:0").unwrap();
    for ssrc in 0..6 {
        sender.send_to(&rtp(ssrc), ("127.0.0.1", ports.rtp)).unwrap();
    }
    for noise in [&[0, 1, 0, 0][..], &[], &[22; 40]] {
        sender.send_to(noise, ("127.0.0.1", ports.rtp)).unwrap();
    }
    let report = [0x80, 200, 0, 1, 0, 0, 0, 9];
    sender.send_to(&report, ("127.0.0.1", ports.rtp)).unwrap();
    sender.send_to(&report, ("127.0.0.1", ports.rtcp)).unwrap();
    sender.send_to(&rtp(0), ("127.0.0.1", ports.rtcp)).unwrap();
    let counters = wait_for(&journal, stream, |counters| counters.dropped_invalid == 4);
    let expected = Counters {
        packets: 6,
        bytes: 6 * 172,
        rtcp_packets: 2,
        dropped_invalid: 4,
        ssrcs: vec![2, 3, 4, 5],
        sources: 6,
        last_arrival_ns: counters.last_arrival_ns,
        peak_dbfs: counters.peak_dbfs,
        ..Counters::default()
    };
    assert_eq!(counters, expected);
    assert!(counters.peak_dbfs.unwrap() < -80.0);
}

#[test]
fn a_flood_of_ssrcs_costs_the_voice_behind_it_no_packet() {
    let node = Node::start("flood", |config| config.max_sources = 16);
    let journal = node.journal(1);
    let (stream, ports) = journal.open_stream(0, loopback(), None).unwrap();
    let sender = UdpSocket::bind("127.0.0.1:0").unwrap();
    let mut packet = rtp(0);
    for stranger in 0..600u16 {
        packet[8..10].copy_from_slice(&stranger.to_be_bytes());
        sender.send_to(&packet, ("127.0.0.1", ports.rtp)).unwrap();
        if stranger % 100 == 99 {
            let packets = u64::from(stranger) + 1;
            wait_for(&journal, stream, |counters| counters.packets == packets);
        }
    }
    for _ in 0..50 {
        sender.send_to(&rtp(7), ("127.0.0.1", ports.rtp)).unwrap();
    }
    let counters = wait_for(&journal, stream, |counters| counters.packets == 650);
    assert_eq!((counters.packets, counters.sources, counters.dropped_sources), (650, 601, 0));
}

#[test]
fn a_voice_beside_a_table_full_of_voices_is_counted() {
    let node = Node::start("voices", |_| ());
    let journal = node.journal(1);
    let (stream, ports) = journal.open_stream(0, loopback(), None).unwrap();
    let sender = UdpSocket::bind("127.0.0.1:0").unwrap();
    for ssrc in (0..4).flat_map(|ssrc| [ssrc; 25]).chain([4; 2]) {
        sender.send_to(&rtp(ssrc), ("127.0.0.1", ports.rtp)).unwrap();
    }
    let counters = wait_for(&journal, stream, |counters| counters.dropped_sources == 2);
    assert_eq!((counters.packets, counters.dropped_sources), (100, 2));
}

#[test]
fn strangers_are_dropped() {
    let node = Node::start("strangers", |_| ());
    let journal = node.journal(1);
    let elsewhere = vec![Network::new("192.0.2.0".parse().unwrap(), 24).unwrap()];
    let (stream, ports) = journal.open_stream(0, elsewhere, None).unwrap();
    let sender = UdpSocket::bind("127.0.0.1:0").unwrap();
    sender.send_to(&rtp(1), ("127.0.0.1", ports.rtp)).unwrap();
    let counters = wait_for(&journal, stream, |counters| counters.dropped_foreign == 1);
    assert_eq!(counters, Counters { dropped_foreign: 1, ..Counters::default() });
}

#[test]
fn packets_that_arrived_before_the_close_are_kept() {
    let node = Node::start("close", |config| config.sweep = Duration::from_secs(1));
    let journal = node.journal(1);
    let (stream, ports) = journal.open_stream(0, loopback(), None).unwrap();
    let sender = UdpSocket::bind("127.0.0.1:0").unwrap();
    for _ in 0..100 {
        sender.send_to(&rtp(1), ("127.0.0.1", ports.rtp)).unwrap();
    }
    journal.close();
    assert_eq!(journal.counters(stream).packets, 100);
    assert!(matches!(journal.append(b"{}"), Err(Error::Spool(_))));
    assert!(matches!(journal.open_stream(1, loopback(), None), Err(Error::Spool(_))));
    assert_eq!(node.receiver.stats().open_sockets, 0);
}

#[test]
fn a_pause_keeps_what_came_before_and_nothing_else() {
    let node = Node::start("pause", |config| config.sweep = Duration::from_secs(1));
    let journal = node.journal(1);
    let (stream, ports) = journal.open_stream(0, loopback(), None).unwrap();
    let sender = UdpSocket::bind("127.0.0.1:0").unwrap();
    let send = |count| {
        (0..count).for_each(|_| drop(sender.send_to(&rtp(1), ("127.0.0.1", ports.rtp))));
    };
    send(3);
    journal.pause().unwrap();
    assert!(journal.is_paused());
    assert_eq!(journal.counters(stream).packets, 3);
    send(5);
    journal.resume().unwrap();
    send(7);
    journal.close();
    let counters = journal.counters(stream);
    assert_eq!((counters.packets, counters.dropped_paused), (10, 5));
}

#[test]
fn ports_run_out_and_rest_before_they_are_used_again() {
    let node = Node::start("ports", |config| {
        (config.port_first, config.port_last) = (19_990, 19_992);
        config.port_cooldown = Duration::from_millis(100);
    });
    let journal = node.journal(1);
    let (first, ports) = journal.open_stream(0, loopback(), None).unwrap();
    assert!(matches!(journal.open_stream(0, loopback(), None), Err(Error::Capture(_))));
    journal.open_stream(1, loopback(), None).unwrap();
    assert!(matches!(journal.open_stream(2, loopback(), None), Err(Error::PortsExhausted(_))));
    journal.close_stream(first);
    assert!(matches!(journal.open_stream(2, loopback(), None), Err(Error::PortsExhausted(_))));
    std::thread::sleep(Duration::from_millis(110));
    assert_eq!(journal.open_stream(2, loopback(), None).unwrap().1, ports);
}

#[test]
fn a_port_of_another_program_is_passed_over() {
    let taken = UdpSocket::bind("127.0.0.1:19981").unwrap();
    let node = Node::start("passed", |config| {
        (config.port_first, config.port_last) = (19_980, 19_982);
    });
    let journal = node.journal(1);
    assert_eq!(journal.open_stream(0, loopback(), None).unwrap().1.rtp, 19_982);
    assert!(matches!(journal.open_stream(1, loopback(), None), Err(Error::PortsExhausted(_))));
    drop(taken);
}

#[test]
fn packets_are_dropped_and_told_when_memory_is_full() {
    let node = Node::start("memory", |config| config.max_unwritten_bytes = 0);
    let journal = node.journal(1);
    let (stream, ports) = journal.open_stream(0, loopback(), None).unwrap();
    let sender = UdpSocket::bind("127.0.0.1:0").unwrap();
    sender.send_to(&rtp(1), ("127.0.0.1", ports.rtp)).unwrap();
    let counters = wait_for(&journal, stream, |counters| counters.dropped_unwritten == 1);
    assert_eq!(counters, Counters { dropped_unwritten: 1, ..Counters::default() });
    journal.append(b"{}").unwrap();
    let kinds: Vec<_> = node.receiver.alarms().into_iter().map(|alarm| alarm.kind).collect();
    assert_eq!(kinds, ["packets_lost"]);
}

#[test]
fn a_small_receive_buffer_is_told_once() {
    let node = Node::start("buffer", |config| config.socket_buffer_bytes = 1 << 30);
    let journal = node.journal(1);
    journal.open_stream(0, loopback(), None).unwrap();
    journal.open_stream(1, loopback(), None).unwrap();
    let alarms = node.receiver.alarms();
    let granted = node.receiver.stats().granted_buffer_bytes;
    let told = alarms.iter().filter(|alarm| alarm.kind == "buffer_small").count();
    assert_eq!(told, usize::from(granted < 1 << 30));
}

#[test]
fn packets_that_a_full_socket_buffer_lost_are_counted_and_told() {
    let node = Node::start("drops", |config| {
        config.socket_buffer_bytes = 4096;
        config.sweep = Duration::from_secs(1);
    });
    let journal = node.journal(1);
    let (stream, ports) = journal.open_stream(0, loopback(), None).unwrap();
    let sender = UdpSocket::bind("127.0.0.1:0").unwrap();
    for _ in 0..1000 {
        sender.send_to(&rtp(1), ("127.0.0.1", ports.rtp)).unwrap();
    }
    journal.close();
    let counters = journal.counters(stream);
    assert!(counters.dropped_kernel > 0);
    assert_eq!(counters.packets + counters.dropped_kernel, 1000);
    assert_eq!(node.receiver.stats().kernel_drops, counters.dropped_kernel);
    assert!(node.receiver.alarms().iter().any(|alarm| alarm.kind == "kernel_drops"));
}

#[test]
fn a_closed_receiver_opens_nothing_more() {
    let node = Node::start("closed", |_| ());
    let journal = node.journal(1);
    node.receiver.close();
    node.receiver.close();
    assert!(matches!(journal.pause(), Err(Error::Spool(_))));
    let new = NewJournal {
        id: [2; 16],
        key: [9; 32],
        envelope: b"",
        header: b"{}",
        is_node_events: true,
    };
    assert!(matches!(node.receiver.open_journal(&new), Err(Error::Spool(_))));
}

#[test]
fn the_first_packets_of_each_source_are_tapped_and_again_under_new_keys() {
    let node = Node::start("tapped", |_| ());
    let journal = node.journal(1);
    let (stream, ports) = journal.open_stream(0, loopback(), None).unwrap();
    let sender = UdpSocket::bind("127.0.0.1:0").unwrap();
    let mut sent = 0;
    let mut send = |ssrcs: &[u8]| {
        for ssrc in ssrcs {
            sender.send_to(&rtp(*ssrc), ("127.0.0.1", ports.rtp)).unwrap();
        }
        sent += ssrcs.len() as u64;
        wait_for(&journal, stream, |counters| counters.packets == sent)
    };
    let tapped = || journal.tapped(stream).iter().map(|one| one[11]).collect::<Vec<u8>>();

    assert!(send(&[1; 5]).peak_dbfs.is_some());
    assert_eq!(tapped(), []);
    journal.open_tap(stream);
    send(&[1, 1, 2, 1, 1]);
    assert_eq!(tapped(), [1, 1, 2, 1]);
    send(&[1, 2, 2, 2]);
    assert_eq!(tapped(), [2, 2]);
    journal.open_tap(stream);
    send(&[1, 2, 2, 2, 2, 1, 1, 1]);
    assert_eq!(tapped(), [1, 2, 2, 2, 1, 1]);
    journal.close_tap(stream);
    send(&[3]);
    assert_eq!(tapped(), []);
}

#[test]
fn whoever_listens_hears_what_is_kept_and_nothing_of_a_pause() {
    let node = Node::start("overheard", |_| ());
    let journal = node.journal(1);
    let (stream, ports) = journal.open_stream(0, loopback(), None).unwrap();
    let sender = UdpSocket::bind("127.0.0.1:0").unwrap();
    let (mut kept, mut dropped) = (0, 0);
    let mut send = |ssrc: u8, is_kept: bool| {
        sender.send_to(&rtp(ssrc), ("127.0.0.1", ports.rtp)).unwrap();
        kept += u64::from(is_kept);
        dropped += u64::from(!is_kept);
        wait_for(&journal, stream, |counters| {
            counters.packets == kept && counters.dropped_paused == dropped
        });
    };

    send(1, true);
    assert_eq!(journal.overheard(stream, 0), (0, vec![]));
    journal.open_ear(stream);
    send(2, true);
    journal.pause().unwrap();
    send(3, false);
    journal.resume().unwrap();
    send(4, true);
    assert_eq!(journal.overheard(stream, 0), (2, vec![rtp(2).to_vec(), rtp(4).to_vec()]));
    assert_eq!(journal.overheard(stream, 1), (2, vec![rtp(4).to_vec()]));
    journal.close_ear(stream);
    send(5, true);
    assert_eq!(journal.overheard(stream, 2), (2, vec![]));
}

/// A packet of a key (RFC 4733), under payload type 101.
fn key(timestamp: u8, event: u8) -> [u8; 16] {
    [0x80, 101, 0, 1, 0, 0, 0, timestamp, 0, 0, 0, 1, event, 10, 0, 160]
}

#[test]
fn keys_are_heard_once_and_in_a_pause_too_of_which_nothing_is_kept() {
    let node = Node::start("keys", |_| ());
    let journal = node.journal(1);
    let (stream, ports) = journal.open_stream(0, loopback(), None).unwrap();
    let sender = UdpSocket::bind("127.0.0.1:0").unwrap();
    let send = |packets: &[&[u8]]| {
        packets.iter().for_each(|one| {
            sender.send_to(one, ("127.0.0.1", ports.rtp)).unwrap();
        });
    };
    let pressed = || journal.pressed(stream).iter().map(|one| one.datagram[12]).collect::<Vec<_>>();

    send(&[&key(1, 10), &rtp(1)]);
    wait_for(&journal, stream, |counters| counters.packets == 2);
    assert_eq!(pressed(), [0; 0], "nobody wants to know");
    journal.set_keypad(stream, &[101]);
    send(&[&key(2, 10), &key(2, 10), &rtp(1), &key(3, 3), &key(2, 10)]);
    wait_for(&journal, stream, |counters| counters.packets == 7);
    assert_eq!(pressed(), [10, 3]);
    journal.pause().unwrap();
    send(&[&key(4, 10), &key(4, 10), &key(5, 4), &rtp(1)]);
    let counters = wait_for(&journal, stream, |counters| counters.dropped_paused == 4);
    assert_eq!((pressed(), counters.packets), (vec![10, 4], 7));
    journal.set_keypad(stream, &[]);
    send(&[&key(6, 10)]);
    wait_for(&journal, stream, |counters| counters.dropped_paused == 5);
    assert_eq!(pressed(), [0; 0]);
}

#[test]
fn speech_is_told_from_silence_and_from_comfort_noise() {
    let node = Node::start("speech", |_| ());
    let journal = node.journal(1);
    let (stream, ports) = journal.open_stream(0, loopback(), None).unwrap();
    let sender = UdpSocket::bind("127.0.0.1:0").unwrap();
    let mut packets = 0;
    let mut spoken_after = |packet: &[u8]| {
        sender.send_to(packet, ("127.0.0.1", ports.rtp)).unwrap();
        packets += 1;
        wait_for(&journal, stream, |counters| counters.packets == packets).last_speech_ns
    };
    let with = |payload_type: u8, payload: u8| {
        let mut packet = rtp(1);
        packet[1] = payload_type;
        packet[12..].fill(payload);
        packet
    };
    assert_eq!(spoken_after(&with(0, 0xFF)), 0, "silence in the law of America");
    assert_eq!(spoken_after(&with(8, 0xD5)), 0, "and in that of Europe");
    assert_eq!(spoken_after(&with(13, 60)), 0, "comfort noise");
    let key = [&with(101, 0)[..12], &[5, 0x0A, 3, 32]].concat();
    assert_eq!(spoken_after(&key), 0, "too short to be speech, whatever its payload type says");
    let loud = spoken_after(&with(0, 0x10));
    assert!(loud > 0);
    assert_eq!(spoken_after(&with(0, 0xFF)), loud);
    assert!(spoken_after(&with(9, 0xFF)) > loud, "G.722 has no level that is known");
    journal.open_tap(stream);
    let sealed = spoken_after(&with(0, 0xFF));
    assert!(sealed > loud, "and neither has what is sealed");
}

#[test]
fn what_is_said_goes_to_who_sends_and_ends_with_the_stream() {
    let node = Node::start("speak", |_| {});
    let journal = node.journal(1);
    let (stream, ports) = journal.open_stream(0, loopback(), None).unwrap();
    let peer = UdpSocket::bind("127.0.0.1:0").unwrap();
    peer.set_read_timeout(Some(Duration::from_millis(300))).unwrap();
    let speech = Speech {
        payload_type: 0,
        once: vec![0x55; 10 * 160],
        repeated: Vec::new(),
        every: Duration::ZERO,
        wanted: None,
    };
    journal.speak(stream, Some(speech.clone())).unwrap();
    let mut buffer = [0; 2048];
    assert!(peer.recv(&mut buffer).is_err(), "said to nobody");
    peer.send_to(&rtp(1), ("127.0.0.1", ports.rtp)).unwrap();
    let mut began = None;
    let mut numbers = Vec::new();
    while let Ok(length) = peer.recv(&mut buffer) {
        began.get_or_insert_with(Instant::now);
        assert_eq!((length, buffer[0], buffer[12]), (172, 0x80, 0x55));
        numbers.push(u16::from_be_bytes([buffer[2], buffer[3]]));
        if numbers.len() == 10 {
            // Nine gaps of 20 ms; a busy machine makes them longer, never much shorter.
            assert!(began.unwrap().elapsed() > Duration::from_millis(120));
        }
    }
    let expected: Vec<_> = (0..10).map(|number| numbers[0].wrapping_add(number)).collect();
    assert_eq!(numbers, expected);
    assert_eq!(journal.spoken(stream), (10, true));
    assert_eq!(journal.counters(stream).packets, 1, "what we say is not what we hear");

    journal.pause().unwrap();
    let paused = Speech { once: vec![0x55; 160], ..speech.clone() };
    journal.speak(stream, Some(paused)).unwrap();
    peer.send_to(&rtp(1), ("127.0.0.1", ports.rtp)).unwrap();
    assert_eq!(peer.recv(&mut buffer).unwrap(), 172, "said in a pause, too");
    journal.resume().unwrap();

    let endless = Speech { once: vec![0x55; 500 * 160], ..speech };
    journal.speak(stream, Some(endless)).unwrap();
    peer.send_to(&rtp(1), ("127.0.0.1", ports.rtp)).unwrap();
    peer.recv(&mut buffer).unwrap();
    journal.close_stream(stream);
    std::thread::sleep(Duration::from_millis(100));
    peer.set_nonblocking(true).unwrap();
    while peer.recv(&mut buffer).is_ok() {}
    std::thread::sleep(Duration::from_millis(100));
    assert!(peer.recv(&mut buffer).is_err(), "said after the end");
    assert!(UdpSocket::bind(("127.0.0.1", ports.rtp)).is_ok(), "the port is free");
    journal.discard();
}
