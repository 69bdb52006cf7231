"""Where unencrypted copies of recordings go: a port, and targets behind it.

`ExportTarget` is what an exporter needs of a target; `probe` tries one as an exporter uses it.
What is exported when, and under which name, is left to others (`policy.export_names`).
"""

from callvault.export.target import (
    ExportTarget,
    FaultKind,
    NameTaken,
    NotThere,
    Probed,
    TargetFault,
    TargetFile,
    probe,
)

__all__ = [
    "ExportTarget",
    "FaultKind",
    "NameTaken",
    "NotThere",
    "Probed",
    "TargetFault",
    "TargetFile",
    "probe",
]
