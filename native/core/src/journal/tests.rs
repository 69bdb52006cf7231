use super::*;
use crate::clock::test_step;
use crate::config::Config;
use crate::fake_disk;

const HOUR_NS: i64 = 3_600_000_000_000;

fn journal(number: u8, is_node_events: bool) -> Journal {
    journal_of(number, is_node_events, fake_disk::shared())
}

fn journal_of(number: u8, is_node_events: bool, shared: Shared) -> Journal {
    let mut id = [number; 16];
    id[..4].copy_from_slice(&std::process::id().to_le_bytes());
    let (key, envelope, header) = ([9; 32], &b"envelope"[..], &b"{}"[..]);
    let new = NewJournal { id, key, envelope, header, is_node_events };
    Journal::create(&new, Arc::new(shared)).unwrap()
}

/// Close the journal; the kinds of its blocks, in order.
fn kinds(journal: &Journal) -> Vec<u8> {
    journal.close();
    while !journal.shared.writer.see_to(&journal.outbox, &journal.shared) {}
    let content = std::fs::read(journal.path()).unwrap();
    std::fs::remove_file(journal.path()).unwrap();
    let mut rest = &content[seal::preamble(&journal.id, b"envelope").len()..];
    let mut kinds = Vec::new();
    while let Some((head, after)) = rest.split_first_chunk::<13>() {
        kinds.push(head[4]);
        let length = u32::from_le_bytes(head[..4].try_into().unwrap());
        rest = &after[length as usize..];
    }
    kinds
}

fn append_with_clock_set(journal: &Journal, by_ns: i64) {
    test_step::NS.set(by_ns);
    journal.append(b"{}").unwrap();
}

#[test]
fn both_clocks_stand_before_the_first_event_and_the_first_after_a_step() {
    for step_ns in [HOUR_NS, -HOUR_NS] {
        let journal = journal(u8::from(step_ns > 0), false);
        for by_ns in [0, 0, 100_000_000, step_ns, step_ns, 0] {
            append_with_clock_set(&journal, by_ns);
        }
        test_step::NS.set(0);
        assert_eq!(kinds(&journal), [1, 2, 3, 3, 3, 2, 3, 3, 2, 3, 4]);
    }
}

#[test]
fn a_journal_of_node_events_holds_no_clocks() {
    let journal = journal(2, true);
    append_with_clock_set(&journal, 0);
    append_with_clock_set(&journal, HOUR_NS);
    test_step::NS.set(0);
    assert_eq!(kinds(&journal), [1, 3, 3, 4]);
}

/// Receive one packet, in a hold, beside an event; what `then` does with it.
fn held(number: u8, then: impl FnOnce(&Journal)) -> Journal {
    let config = fake_disk::shared().config;
    let config = Config { port_first: 20_000, port_last: 32_766, max_sources: 4, ..config };
    let journal = journal_of(number, false, Shared::new(config).unwrap());
    journal.hold().unwrap();
    let loopback = Network::new("127.0.0.0".parse().unwrap(), 8).unwrap();
    let (stream, ports) = journal.open_stream(0, vec![loopback], None).unwrap();
    let sender = std::net::UdpSocket::bind("127.0.0.1:0").unwrap();
    let packet = [0x80, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0, 1, 0xFF];
    sender.send_to(&packet, ("127.0.0.1", ports.rtp)).unwrap();
    while journal.counters(stream).packets == 0 {
        journal.sweep();
    }
    journal.append(b"{}").unwrap();
    assert!(journal.is_holding() && journal.held_bytes() > 0);
    then(&journal);
    journal
}

/// Packets of its stream kept and not kept, and the same of the receiver.
fn figures(journal: &Journal) -> (u64, u64, u64, u64) {
    let (of_stream, totals) = (journal.counters(0), &journal.shared.totals);
    let (kept, unkept) = (totals.packets.load(Relaxed), totals.unkept_packets.load(Relaxed));
    (of_stream.packets, of_stream.dropped_unkept, kept, unkept)
}

#[test]
fn what_is_held_is_written_behind_the_events_when_it_is_kept() {
    let journal = held(3, |journal| {
        assert_eq!(figures(journal), (1, 0, 0, 0));
        assert_eq!(journal.keep_held().unwrap(), 0);
        assert_eq!(figures(journal), (1, 0, 1, 0));
    });
    assert!(!journal.is_holding());
    assert_eq!(kinds(&journal), [1, 2, 3, 2, 4]);
}

#[test]
fn what_is_held_is_not_written_when_it_is_dropped_or_the_journal_ends() {
    for (number, drops) in [(4, true), (5, false)] {
        let journal = held(number, |journal| {
            if drops {
                journal.drop_held().unwrap();
                assert_eq!(figures(journal), (0, 1, 0, 1));
            }
        });
        assert_eq!(kinds(&journal), [1, 2, 3, 4]);
        assert_eq!(journal.shared.totals.held_bytes.load(Relaxed), 0);
    }
}

#[test]
fn it_is_told_once_that_a_call_is_held_for_too_long() {
    let journal = held(8, |journal| {
        for _ in 0..2 {
            journal.lock().forget_old(u64::MAX, journal);
        }
        assert_eq!(journal.held_bytes(), 0);
        assert_eq!(journal.keep_held().unwrap(), 1);
    });
    let told = journal.shared.alarms.take();
    assert_eq!(told.iter().map(|alarm| alarm.kind).collect::<Vec<_>>(), ["packets_lost"]);
    assert_eq!(kinds(&journal), [1, 2, 3, 4]);
}

#[test]
fn a_hold_without_packets_changes_nothing() {
    let journal = journal(6, false);
    journal.append(b"{}").unwrap();
    journal.hold().unwrap();
    journal.hold().unwrap();
    journal.append(b"{}").unwrap();
    assert_eq!(journal.keep_held().unwrap(), 0);
    journal.drop_held().unwrap();
    assert_eq!(kinds(&journal), [1, 2, 3, 3, 4]);
    assert!(journal.hold().is_err() && journal.keep_held().is_err());
}

#[test]
fn both_clocks_stand_again_before_an_event_behind_blocks_held_before_a_step() {
    let journal = held(7, |journal| {
        append_with_clock_set(journal, HOUR_NS);
        journal.keep_held().unwrap();
        append_with_clock_set(journal, HOUR_NS);
    });
    test_step::NS.set(0);
    assert_eq!(kinds(&journal), [1, 2, 3, 2, 3, 2, 2, 3, 4]);
}
