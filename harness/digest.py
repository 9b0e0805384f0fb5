"""One number for what a run found: the same whatever the order in which it was found."""

import hashlib
import json
import re
from collections.abc import Iterable
from typing import Final

from harness.columns import COLUMNS, TIMINGS
from harness.rows import Columns

_TEXTS: Final = ("reason", "error_text")
_COVERED: Final = tuple(c.name for c in COLUMNS if c.name not in TIMINGS | {*_TEXTS})
_CAPTURED: Final = {"crashed": "error_text", "unavailable": "reason"}
"""Outcomes of which one column holds what a process printed, or how an import failed."""

_VOLATILE: Final = re.compile(
    r"0x[0-9a-fA-F]+"  # an address
    r"|(?:/[\w.+@~=%-]+){2,}"  # a path
    r"|\bpid[ =:]*\d+"
    r"|:\d+(?=[:\s]|$)"  # a line number behind a path
    r"|(?<=__inference_)\w+"  # a traced function, numbered by what was traced before it
)
_MODULUS: Final = 1 << 256


class RowsDigest:
    """Adds up a hash of each row, so that neither order nor batches nor shards matter.

    A row counts with all its columns but the timings. Of reasons and error texts, addresses, paths
    and process ids are left out; so is what a dying process printed, and why an import failed.
    """

    def __init__(self) -> None:
        self._sum = 0
        self.rows = 0

    def add(self, columns: Columns) -> None:
        """Count the rows of `columns`."""
        covered = zip(*(columns[name] for name in _COVERED), strict=True)
        texts = zip(columns["outcome"], *(columns[name] for name in _TEXTS), strict=True)
        for values, (outcome, *said) in zip(covered, texts, strict=True):
            self._sum += _hash([*values, *_kept(str(outcome), said)])
            self.rows += 1

    def join(self, hexadecimal: str, rows: int) -> None:
        """Count `rows` rows whose digest is known, 64 hexadecimal digits."""
        self._sum += int(hexadecimal, 16)
        self.rows += rows

    @property
    def hexadecimal(self) -> str:
        """The digest of the rows so far, 64 hexadecimal digits."""
        return f"{self._sum % _MODULUS:064x}"


def normalised(text: str) -> str:
    """Return an error text without what differs from one process to the next."""
    return _VOLATILE.sub("*", text)


def _kept(outcome: str, texts: Iterable[object]) -> list[str | None]:
    """Return the texts of a row, in the order of the columns, without what may differ."""
    captured = _CAPTURED.get(outcome)
    return [
        None if text is None or name == captured else normalised(str(text))
        for name, text in zip(_TEXTS, texts, strict=True)
    ]


def _hash(values: list[object]) -> int:
    text = json.dumps(values, separators=(",", ":"), default=str)
    return int.from_bytes(hashlib.sha256(text.encode()).digest(), "big")
