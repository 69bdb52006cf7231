"""Completeness: records of the phone system, held against what reached a recorder (OPS-6)."""
