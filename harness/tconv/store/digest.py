"""One number for what a run found: the same whatever the order in which it was found."""

import hashlib
import json
import re
from itertools import repeat
from typing import Final

from tconv.store.columns import COLUMNS, TIMINGS
from tconv.store.rows import Columns

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

# Made once: json.dumps would make one for every row.
_encode: Final = json.JSONEncoder(separators=(",", ":"), default=str).encode


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
        outcomes = columns["outcome"]
        texts = [map(_stable, outcomes, repeat(name), columns[name]) for name in _TEXTS]
        for values in zip(*(columns[name] for name in _COVERED), *texts, strict=True):
            self._sum += _hash(values)
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


def _stable(outcome: object, name: str, text: object) -> str | None:
    """Return the text of a row in the column `name`, without what may differ."""
    if text is None or _CAPTURED.get(str(outcome)) == name:
        return None
    return normalised(str(text))


def _hash(values: tuple[object, ...]) -> int:
    return int.from_bytes(hashlib.sha256(_encode(values).encode()).digest(), "big")
