"""Interpretation: what a dialog expects, from whom, until when, and on what evidence.

A pure function from evidence and a clock to a verdict, and the data tables it reads (`producers.toml`).
No HTTP, no SQL, no file but the shipped table lives here; storing attention items and asking again do not either.
"""

from sync.attention.document import parse_subject
from sync.attention.interpret import interpret
from sync.attention.reading import subject_of
from sync.attention.verdict import Verdict, verdict_json

__all__ = ["Verdict", "interpret", "parse_subject", "subject_of", "verdict_json"]
