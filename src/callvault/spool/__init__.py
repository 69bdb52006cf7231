"""Encrypted journals of calls: format, reading, recovery.

docs/formats/journal.md describes the bytes. The recorder writes journals with
`callvault.capture`; here they are found and read.

    for journal in scan(spool_folder):
        with JournalReader.open(journal.path, unwrap=keyring_opens) as reader:
            for block in reader.blocks():      # PacketsBlock or one of entries.Event
                ...
            reader.ended, reader.damage        # whole, damaged, or neither: cut off or live
"""

from callvault.spool.chain import (
    Chain,
    chains,
    checkpoint_path,
    continuation_of,
    has_end,
    has_rest,
    last_piece,
    rest_of,
    resume_settling,
    settle,
    twin_of,
)
from callvault.spool.claims import Claim, claim
from callvault.spool.folder import (
    SpooledJournal,
    erase,
    is_open_by_live_recorder,
    journal_path,
    quarantine,
    remove,
    scan,
)
from callvault.spool.marks import add_marks, read_marks, write_marks
from callvault.spool.packets import Packet, PacketsBlock, Source
from callvault.spool.reader import JournalReader
from callvault.spool.writer import JournalWriter

__all__ = [
    "Chain",
    "Claim",
    "JournalReader",
    "JournalWriter",
    "Packet",
    "PacketsBlock",
    "Source",
    "SpooledJournal",
    "add_marks",
    "chains",
    "checkpoint_path",
    "claim",
    "continuation_of",
    "erase",
    "has_end",
    "has_rest",
    "is_open_by_live_recorder",
    "journal_path",
    "last_piece",
    "quarantine",
    "read_marks",
    "remove",
    "rest_of",
    "resume_settling",
    "scan",
    "settle",
    "twin_of",
    "write_marks",
]
