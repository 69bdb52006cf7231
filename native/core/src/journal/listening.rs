//! Copies of what arrives while a call lasts: for whoever listens to it, and of keys pressed.

use super::Journal;
use crate::keypad::Press;
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

    /// Copy the keys that come under these payload types from now on; none: no keys.
    pub fn set_keypad(&self, number: usize, payload_types: &[u8]) {
        let mut inner = self.lock();
        inner.streams.get_mut(number).into_iter().for_each(|one| one.set_keypad(payload_types));
    }

    /// Take the keys copied since the last call, those that came in a pause, too.
    pub fn pressed(&self, number: usize) -> Vec<Press> {
        self.lock().streams.get_mut(number).map(Stream::pressed).unwrap_or_default()
    }
}
