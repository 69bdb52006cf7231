"""Recording metadata (RFC 7865) in all its dialects, into one form."""
