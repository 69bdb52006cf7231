//! Tells RTP and RTCP from what else comes to a media port, by the first bytes alone.

/// What a datagram is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Class {
    /// RTP with the synchronisation source and payload type of its header.
    Rtp {
        /// Synchronisation source.
        ssrc: u32,
        /// 0 to 127.
        payload_type: u8,
        /// Where the payload begins.
        payload_offset: usize,
    },
    /// RTCP, multiplexed or on its own port.
    Rtcp,
    /// STUN, DTLS, keep-alive datagrams, noise.
    Invalid,
}

/// Classify a datagram.
///
/// The first byte of RTP and RTCP lies in 128..=191 (RFC 7983, section 7), which is version 2.
/// Where both come to one port, a second byte of 192..=223 is RTCP (RFC 5761, section 4).
pub fn classify(datagram: &[u8]) -> Class {
    match datagram {
        [128..=191, 192..=223, ..] if datagram.len() >= 8 => Class::Rtcp,
        [128..=191, 192..=223, ..] => Class::Invalid,
        [128..=191, ..] => rtp(datagram).unwrap_or(Class::Invalid),
        _ => Class::Invalid,
    }
}

/// Read an RTP header (RFC 3550, section 5.1) as far as the payload.
fn rtp(datagram: &[u8]) -> Option<Class> {
    let (first, second) = (*datagram.first()?, *datagram.get(1)?);
    let ssrc = u32::from_be_bytes(datagram.get(8..12)?.try_into().ok()?);
    let mut payload_offset = 12 + 4 * usize::from(first & 0x0F);
    if first & 0x10 != 0 {
        let words = datagram.get(payload_offset + 2..payload_offset + 4)?;
        let words = u16::from_be_bytes(words.try_into().ok()?);
        payload_offset += 4 + 4 * usize::from(words);
    }
    if payload_offset > datagram.len() {
        return None;
    }
    Some(Class::Rtp { ssrc, payload_type: second & 0x7F, payload_offset })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn packet(first: u8, second: u8, rest: &[u8]) -> Vec<u8> {
        let mut bytes = vec![first, second, 0, 1, 0, 0, 0, 2, 0, 0, 0, 9];
        bytes.extend_from_slice(rest);
        bytes
    }

    #[test]
    fn an_rtp_header_is_read_up_to_its_payload() {
        let plain = Class::Rtp { ssrc: 9, payload_type: 8, payload_offset: 12 };
        assert_eq!(classify(&packet(0x80, 0x88, &[1, 2])), plain);
        let with_csrc_and_extension = packet(0x91, 8, &[0, 0, 0, 5, 0xBE, 0xDE, 0, 1, 0, 0, 0, 0]);
        let expected = Class::Rtp { ssrc: 9, payload_type: 8, payload_offset: 24 };
        assert_eq!(classify(&with_csrc_and_extension), expected);
    }

    #[test]
    fn multiplexed_rtcp_is_told_by_its_packet_type() {
        assert_eq!(classify(&packet(0x80, 200, &[])), Class::Rtcp);
        assert_eq!(classify(&[0x80, 203, 0, 1, 0, 0, 0, 9]), Class::Rtcp);
        let edge = Class::Rtp { ssrc: 9, payload_type: 96, payload_offset: 12 };
        assert_eq!(classify(&packet(0x80, 224, &[])), edge);
    }

    #[test]
    fn of_all_first_bytes_only_those_of_version_2_are_media() {
        let media = |first| classify(&packet(first, 8, &[0; 64])) != Class::Invalid;
        let first_bytes: Vec<u8> = (0..=255).filter(|first| media(*first)).collect();
        assert_eq!(first_bytes, (128..=191).collect::<Vec<u8>>());
    }

    #[test]
    fn of_all_second_bytes_only_192_to_223_are_rtcp() {
        let is_rtcp = |second| classify(&packet(0x80, second, &[])) == Class::Rtcp;
        let second_bytes: Vec<u8> = (0..=255).filter(|second| is_rtcp(*second)).collect();
        assert_eq!(second_bytes, (192..=223).collect::<Vec<u8>>());
    }

    #[test]
    fn stun_dtls_keep_alives_and_cut_headers_are_invalid() {
        let stun = packet(0, 1, &[0; 8]);
        let dtls = packet(22, 254, &[0; 8]);
        let cut_extension = packet(0x90, 0, &[0xBE, 0xDE, 0, 9, 0]);
        let version_1 = packet(0x40, 0, &[]);
        for datagram in [&stun[..], &dtls, &cut_extension, &version_1, &[], &[0], &[0x80; 11]] {
            assert_eq!(classify(datagram), Class::Invalid, "{datagram:?}");
        }
        assert_eq!(classify(&[0x80, 200, 0]), Class::Invalid);
    }

    #[test]
    fn whatever_comes_the_payload_lies_within_the_datagram() {
        let mut state = 1u64;
        for _ in 0..200_000 {
            let bytes: Vec<u8> = (0..state % 40)
                .map(|_| {
                    state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
                    (state >> 56) as u8
                })
                .collect();
            state = state.rotate_left(7).wrapping_add(1);
            if let Class::Rtp { payload_offset, .. } = classify(&bytes) {
                assert!(payload_offset <= bytes.len());
            }
        }
    }
}
