"""RTP and RTCP packets as values (RFC 3550)."""
