"""`callvault verify evidence`: checks recordings that were exported with proofs, anywhere."""

import json
import zipfile
from argparse import Namespace
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from callvault.commands.amounts import counted
from callvault.errors import ConfigError

if TYPE_CHECKING:
    from cryptography.x509 import Certificate

    from callvault.vault import LogFinding
    from callvault.vault.evidence import Evidence, Folder, Proved

FORM = "callvault-evidence-verification-1"


def run(options: Namespace) -> int:
    """Verify a folder or a ZIP; 1 when something is wrong."""
    from callvault.vault import read_audit_keys
    from callvault.vault.evidence import Evidence, NoEvidence

    if options.file is None:
        raise ConfigError("evidence", "names the folder or the ZIP of an export with proofs")
    if not options.key:
        raise ConfigError("--key", "names the public key, as the organisation that recorded has it")
    keys = read_audit_keys(*options.key)
    evidence = Evidence(_opened(options.file), keys, _authorities(options.authority))
    try:
        recordings = list(evidence.check())
    except NoEvidence as error:
        raise ConfigError(str(options.file), str(error)) from None
    for proved in recordings:
        print("\n".join(_told(proved)))
    for finding in evidence.problems:
        print(f"{finding.problem.value}: {finding.text}")
    wrong = len(evidence.problems) + sum(len(one.problems) for one in recordings)
    print(f"\n{counted(len(recordings), 'recording')}, {_conclusion(wrong)}")
    if options.json is not None:
        _write(options.json, evidence, recordings)
    return 1 if wrong or not recordings else 0


def _opened(file: Path) -> "Folder":
    if file.is_dir():
        return file
    try:
        return zipfile.Path(zipfile.ZipFile(file))
    except (OSError, zipfile.BadZipFile):
        raise ConfigError(str(file), "is neither a folder nor a ZIP") from None


def _authorities(file: Path | None) -> "tuple[Certificate, ...]":
    from callvault.vault import read_authorities

    if file is None:
        return ()
    try:
        return read_authorities(file.read_bytes())
    except OSError as error:
        raise ConfigError("--authority", f"{file} cannot be read: {error.strerror}") from None
    except ValueError as error:
        raise ConfigError("--authority", f"{file} holds no certificates: {error}") from None


def _told(proved: "Proved") -> Iterator[str]:
    number = proved.facts.get("record_number")
    name = f"{number:06}" if isinstance(number, int) else "?"
    yield f"recording {name}, {proved.recording}"
    if proved.problems:
        for one in proved.problems:
            yield f"  {one.problem.value}: {one.text}"
        return
    yield f"  call                    {proved.facts.get('started_at', '')}"
    yield f"  unchanged since         {proved.entered_at}"
    yield f"  signed                  {proved.signed_at}"
    yield f"  time-stamped            {_stamped(proved)}"
    if not proved.is_audio_compared:
        yield "  audio                   as it was sealed: open audio.sealed to hear what is proved"


def _stamped(proved: "Proved") -> str:
    if proved.stamp is not None:
        return f"{proved.stamp.at:%Y-%m-%dT%H:%M:%SZ} by {proved.stamp.authority}"
    if proved.has_unchecked_stamp:
        return "not checked: name the authority's certificate with --authority"
    return "no"


def _conclusion(wrong: int) -> str:
    if not wrong:
        return "nothing is wrong."
    return f"{counted(wrong, 'thing')} {'is' if wrong == 1 else 'are'} wrong."


def _write(file: Path, evidence: "Evidence", recordings: "list[Proved]") -> None:
    document = {
        "format": FORM,
        "recordings": [
            {
                "recording": one.recording,
                "entered_at": one.entered_at,
                "signed_at": one.signed_at,
                "stamped_at": one.stamp.at.isoformat() if one.stamp else None,
                "stamped_by": one.stamp.authority if one.stamp else "",
                "audio_compared": one.is_audio_compared,
                "findings": _findings(one.problems),
            }
            for one in recordings
        ],
        "findings": _findings(evidence.problems),
    }
    try:
        file.write_text(json.dumps(document, indent=1) + "\n", encoding="utf-8")
    except OSError as error:
        raise ConfigError("--json", f"{file} cannot be written: {error.strerror}") from None


def _findings(problems: "list[LogFinding]") -> list[dict[str, object]]:
    return [
        {"finding": one.problem.value, "head": one.head, "problem": one.text} for one in problems
    ]
