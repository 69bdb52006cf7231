//! Preamble, framing and sealing of journal blocks (`docs/formats/journal.md`).

use ring::aead::{Aad, LessSafeKey, Nonce, UnboundKey, AES_256_GCM};
use ring::digest::{digest, SHA256};

const MAGIC: &[u8; 8] = b"CVJOURN1";
const VERSION: u16 = 1;
const HEAD_BYTES: usize = 13;
const TAG_BYTES: usize = 16;
/// Longest sealed payload that a reader accepts, tag included.
pub const MAX_SEALED_BYTES: usize = 16 * 1024 * 1024;
/// Longest payload that fits into a block.
pub const MAX_PAYLOAD_BYTES: usize = MAX_SEALED_BYTES - TAG_BYTES;
/// Longest envelope that a reader accepts.
pub const MAX_ENVELOPE_BYTES: usize = 1024 * 1024;

/// What a block holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub enum Kind {
    /// JSON that says whose journal it is.
    Header = 1,
    /// Packets of about one second.
    Packets = 2,
    /// JSON of one event.
    Event = 3,
    /// The end of the journal.
    End = 4,
}

/// The start of a journal in the clear.
pub fn preamble(journal_id: &[u8; 16], envelope: &[u8]) -> Vec<u8> {
    let mut bytes = Vec::with_capacity(36 + envelope.len());
    bytes.extend_from_slice(MAGIC);
    bytes.extend_from_slice(&VERSION.to_le_bytes());
    bytes.extend_from_slice(&0u16.to_le_bytes());
    bytes.extend_from_slice(journal_id);
    bytes.extend_from_slice(&(envelope.len() as u32).to_le_bytes());
    bytes.extend_from_slice(envelope);
    let checksum = crc32(&bytes);
    bytes.extend_from_slice(&checksum.to_le_bytes());
    bytes
}

/// Seals the blocks of one journal, each under the next counter; none is ever given twice.
pub struct Sealer {
    key: LessSafeKey,
    journal: [u8; 32],
    counter: u64,
}

impl Sealer {
    /// `key` must be new and used for this journal alone.
    pub fn new(key: &[u8; 32], preamble: &[u8]) -> Option<Self> {
        let key = LessSafeKey::new(UnboundKey::new(&AES_256_GCM, key).ok()?);
        let mut journal = [0; 32];
        journal.copy_from_slice(digest(&SHA256, preamble).as_ref());
        Some(Self { key, journal, counter: 0 })
    }

    /// Replace `block` by the sealed block whose payload is `parts`, joined.
    ///
    /// None if the payload is longer than `MAX_PAYLOAD_BYTES`; no counter is spent then.
    pub fn seal(&mut self, kind: Kind, parts: &[&[u8]], block: &mut Vec<u8>) -> Option<()> {
        let payload_bytes: usize = parts.iter().map(|part| part.len()).sum();
        if payload_bytes > MAX_PAYLOAD_BYTES {
            return None;
        }
        let counter = self.counter;
        self.counter += 1;
        block.clear();
        block.reserve(HEAD_BYTES + payload_bytes + TAG_BYTES);
        block.extend_from_slice(&((payload_bytes + TAG_BYTES) as u32).to_le_bytes());
        block.push(kind as u8);
        block.extend_from_slice(&counter.to_le_bytes());
        parts.iter().for_each(|part| block.extend_from_slice(part));
        let associated = self.associated(kind, counter);
        let payload = block.get_mut(HEAD_BYTES..)?;
        let tag = self
            .key
            .seal_in_place_separate_tag(nonce(counter), Aad::from(associated), payload)
            .ok()?;
        block.extend_from_slice(tag.as_ref());
        Some(())
    }

    fn associated(&self, kind: Kind, counter: u64) -> [u8; 41] {
        let mut bytes = [0; 41];
        bytes[..32].copy_from_slice(&self.journal);
        bytes[32] = kind as u8;
        bytes[33..].copy_from_slice(&counter.to_le_bytes());
        bytes
    }
}

fn nonce(counter: u64) -> Nonce {
    let mut bytes = [0; 12];
    bytes[4..].copy_from_slice(&counter.to_be_bytes());
    Nonce::assume_unique_for_key(bytes)
}

/// CRC-32 as of zlib and IEEE 802.3. Bit by bit: it runs once per journal.
fn crc32(bytes: &[u8]) -> u32 {
    let mut crc = u32::MAX;
    for byte in bytes {
        crc ^= u32::from(*byte);
        for _ in 0..8 {
            crc = (crc >> 1) ^ (0xEDB8_8320 & 0u32.wrapping_sub(crc & 1));
        }
    }
    !crc
}

#[cfg(test)]
mod tests {
    use super::*;

    fn open(key: &[u8; 32], preamble: &[u8], block: &[u8]) -> Option<Vec<u8>> {
        let counter = u64::from_le_bytes(block[5..13].try_into().ok()?);
        let mut associated = digest(&SHA256, preamble).as_ref().to_vec();
        associated.extend_from_slice(&block[4..13]);
        let mut sealed = block[13..].to_vec();
        let key = LessSafeKey::new(UnboundKey::new(&AES_256_GCM, key).ok()?);
        let opened = key.open_in_place(nonce(counter), Aad::from(associated), &mut sealed).ok()?;
        Some(opened.to_vec())
    }

    #[test]
    fn a_checksum_is_the_one_of_zlib() {
        assert_eq!(crc32(b"123456789"), 0xCBF4_3926);
    }

    #[test]
    fn a_block_opens_with_its_key_its_preamble_and_its_counter() {
        let key = [7; 32];
        let preamble = preamble(&[1; 16], b"envelope");
        let mut sealer = Sealer::new(&key, &preamble).unwrap();
        let mut block = Vec::new();
        sealer.seal(Kind::Header, &[b"a"], &mut block).unwrap();
        sealer.seal(Kind::Event, &[b"he", b"llo"], &mut block).unwrap();
        assert_eq!(block[..13], [21, 0, 0, 0, 3, 1, 0, 0, 0, 0, 0, 0, 0]);
        assert_eq!(open(&key, &preamble, &block).unwrap(), b"hello");
        assert!(open(&key, b"another preamble", &block).is_none());
        block[4] = Kind::Packets as u8;
        assert!(open(&key, &preamble, &block).is_none());
    }

    #[test]
    fn a_payload_too_long_spends_no_counter() {
        let mut sealer = Sealer::new(&[7; 32], b"").unwrap();
        let mut block = Vec::new();
        assert!(sealer.seal(Kind::Event, &[&vec![0; MAX_PAYLOAD_BYTES + 1]], &mut block).is_none());
        sealer.seal(Kind::Event, &[], &mut block).unwrap();
        assert_eq!(block[5..13], [0; 8]);
    }
}
