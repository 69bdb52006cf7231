//! What an operator must know, waiting to be taken.

use std::collections::VecDeque;
use std::sync::Mutex;

use crate::clock;
use crate::shared::locked;

const WAITING_AT_MOST: usize = 256;

/// One thing that went wrong or came right.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Alarm {
    /// When, realtime.
    pub at_ns: u64,
    /// A fixed word, listed in `callvault.capture.figures`.
    pub kind: &'static str,
    /// The journal concerned, if one is.
    pub journal_id: Option<[u8; 16]>,
    /// What, for people.
    pub detail: String,
}

/// Alarms that nobody has taken yet; the oldest are forgotten first.
#[derive(Default)]
pub struct Alarms(Mutex<VecDeque<Alarm>>);

impl Alarms {
    /// Raise one.
    pub fn raise(&self, kind: &'static str, journal_id: Option<[u8; 16]>, detail: String) {
        let mut waiting = locked(&self.0);
        if waiting.len() == WAITING_AT_MOST {
            waiting.pop_front();
        }
        waiting.push_back(Alarm { at_ns: clock::realtime_ns(), kind, journal_id, detail });
    }

    /// Take all, oldest first.
    pub fn take(&self) -> Vec<Alarm> {
        locked(&self.0).drain(..).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn alarms_wait_in_a_bounded_queue() {
        let alarms = Alarms::default();
        for number in 0..WAITING_AT_MOST + 2 {
            alarms.raise("write_failed", None, number.to_string());
        }
        let taken = alarms.take();
        assert_eq!(taken.len(), WAITING_AT_MOST);
        assert_eq!(taken[0].detail, "2");
        assert_eq!(alarms.take(), []);
    }
}
