"""SIP as a recording server needs it (RFC 3261 and kin): pure agent first, drivers last."""
