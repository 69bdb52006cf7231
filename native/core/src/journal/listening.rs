//! Copies of what arrives, for whoever listens to a call while it lasts.

use super::Journal;
use crate::stream::Stream;

impl Journal {
    /// Copy the packets of a stream that arrive from now on, the newest, for `overheard`.
    pub fn open_ear(&self, number: usize) {
        self.lock().streams.get_mut(number).into_iter().for_each(Stream::open_ear);
    }

    /// Copy none any more, and forget the copies.
    pub fn close_ear(&self, number: usize) {
        self.lock().streams.get_mut(number).into_iter().for_each(Stream::close_ear);
    }

    /// The copies from this number on, and the number of the next.
    pub fn overheard(&self, number: usize, since: u64) -> (u64, Vec<Vec<u8>>) {
        let inner = self.lock();
        inner.streams.get(number).map_or((since, Vec::new()), |stream| stream.overheard(since))
    }
}
