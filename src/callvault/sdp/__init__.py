"""SDP offers read with tolerance, answers written strictly (RFC 4566, 3264)."""
