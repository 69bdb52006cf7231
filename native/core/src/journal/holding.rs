//! A journal whose media wait in memory until it is known whether they are kept.

use std::collections::BTreeMap;
use std::sync::atomic::Ordering::Relaxed;

use super::{Inner, Journal};
use crate::block::Tally;
use crate::clock::Clocks;
use crate::error::Error;
use crate::held::Held;
use crate::seal::Kind;

impl Journal {
    /// Keep what arrives from now on in memory alone. Events are written as always.
    pub fn hold(&self) -> Result<(), Error> {
        let mut inner = self.lock();
        inner.check_open()?;
        if inner.held.is_none() {
            inner.receive(self);
            inner.seal_gathered(self);
            inner.held = Some(Held::default());
        }
        Ok(())
    }

    /// Write what is held, and what arrives from now on as always.
    ///
    /// Returns how many packets had to be dropped meanwhile, the oldest. Does not wait for the
    /// disk.
    pub fn keep_held(&self) -> Result<u64, Error> {
        let mut inner = self.lock();
        inner.check_open()?;
        let Some(mut held) = inner.held.take() else { return Ok(0) };
        while let Some(payload) = held.pop(&self.shared) {
            inner.told = Some(payload.gathered());
            inner.output.write(Kind::Packets, &payload.parts(), &self.shared)?;
        }
        inner.report(self);
        Ok(held.dropped_packets())
    }

    /// Overwrite and forget what is held and all that has arrived; hold nothing from now on.
    pub fn drop_held(&self) -> Result<(), Error> {
        let mut inner = self.lock();
        inner.check_open()?;
        if inner.held.is_some() {
            inner.receive(self);
            inner.forget_held(self);
        }
        Ok(())
    }

    /// Whether what arrives is held in memory.
    pub fn is_holding(&self) -> bool {
        self.lock().held.is_some()
    }

    /// Memory that what is held takes.
    pub fn held_bytes(&self) -> u64 {
        self.lock().held.as_ref().map(Held::bytes).unwrap_or_default()
    }
}

impl Inner {
    /// Put what is gathered to what is held; without a hold nothing happens.
    pub(super) fn hold_gathered(&mut self, journal: &Journal) {
        if let Some(held) = self.held.as_mut().filter(|_| !self.gathering.is_empty()) {
            held.add(self.gathering.take(&Clocks::now()), &journal.shared);
            tell_losses(held, journal);
            let unkept = held.take_unkept();
            self.unkeep(unkept, journal);
        }
    }

    /// Drop what has been held for too long; `now_ns` is monotonic.
    pub(super) fn forget_old(&mut self, now_ns: u64, journal: &Journal) {
        if let Some(held) = &mut self.held {
            held.forget_old(now_ns, &journal.shared);
            tell_losses(held, journal);
            let unkept = held.take_unkept();
            self.unkeep(unkept, journal);
        }
    }

    /// End a hold, if there is one, without keeping anything of it.
    pub(super) fn forget_held(&mut self, journal: &Journal) {
        self.hold_gathered(journal);
        if let Some(mut held) = self.held.take() {
            held.clear(&journal.shared);
            self.unkeep(held.take_unkept(), journal);
            self.report(journal);
        }
    }

    /// Take out of the figures what was counted as it came, and is not kept.
    fn unkeep(&mut self, unkept: BTreeMap<u16, Tally>, journal: &Journal) {
        for (line, mut tally) in unkept {
            let packets = tally.packets + tally.rtcp_packets;
            journal.shared.totals.unkept_packets.fetch_add(packets, Relaxed);
            // A line that was opened anew has several streams; what is held came last.
            for stream in self.streams.iter_mut().rev().filter(|one| one.index() == line) {
                stream.unkeep(&mut tally);
            }
        }
    }
}

fn tell_losses(held: &mut Held, journal: &Journal) {
    if held.has_news_of_losses() {
        let detail = "there is no room to hold all of a call in memory".to_owned();
        journal.shared.alarms.raise("packets_lost", Some(journal.id), detail);
    }
}
