//! The way out of a journal: seal, and hand over to the writer.

use std::sync::atomic::Ordering::Relaxed;
use std::sync::Arc;

use crate::error::Error;
use crate::outbox::{Leave, Outbox};
use crate::seal::{Kind, Sealer};
use crate::shared::Shared;

/// Seals the blocks of one journal, in the order in which they are to stand in its file.
pub struct Output {
    sealer: Option<Sealer>, // None: ended, and the key is gone
    outbox: Arc<Outbox>,
}

impl Output {
    /// Seal with `sealer` what goes to `outbox`.
    pub fn new(sealer: Sealer, outbox: Arc<Outbox>) -> Self {
        Self { sealer: Some(sealer), outbox }
    }

    /// Whether nothing more can be written.
    pub fn is_ended(&self) -> bool {
        self.sealer.is_none()
    }

    /// Seal a block and hand it over; returns its number in the outbox.
    pub fn write(&mut self, kind: Kind, parts: &[&[u8]], shared: &Shared) -> Result<u64, Error> {
        let sealer = self.sealer.as_mut().ok_or_else(closed)?;
        let mut block = Vec::new();
        // Payloads are bounded by those who make them, so a block can always be sealed.
        let sealed = sealer.seal(kind, parts, &mut block);
        sealed.ok_or_else(|| Error::Spool("block cannot be sealed".to_owned()))?;
        shared.totals.blocks.fetch_add(1, Relaxed);
        self.outbox.hand_over(block, shared).ok_or_else(closed)
    }

    /// End: drop the key; the writer closes or removes the file.
    pub fn end(&mut self, leave: Leave, shared: &Shared) {
        if self.sealer.take().is_some() {
            self.outbox.leave(leave, shared);
        }
    }
}

/// The refusal of a journal that has ended.
pub fn closed() -> Error {
    Error::Spool("journal is closed".to_owned())
}
