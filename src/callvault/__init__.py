"""Callvault: a call recorder that accounts for every call.

The packages tell the story of a call: `sip`, `sdp`, `siprec` read what an SRC says, `policy`
judges, `recorder` answers, `capture` receives the media, `spool` keeps the journal, `finalise`
makes the recording with `audio` and `vault`, `portal` lets people find and play it.
"""

__version__ = "0.1.0"
