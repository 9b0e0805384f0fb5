"""One number for the rows of a run, the same in whatever order they were made."""

import hashlib
import json
import re
from itertools import repeat
from typing import Final

from tconv.store.columns import COLUMNS, INCIDENTAL
from tconv.store.rows import Columns

_TEXTS: Final = ("reason", "error_text")
_COVERED: Final = tuple(c.name for c in COLUMNS if c.name not in INCIDENTAL | {*_TEXTS})
_CAPTURED: Final = {"crashed": "error_text", "unavailable": "reason"}
"""For these outcomes, the column that holds what a process printed or how an import failed."""

_VOLATILE: Final = re.compile(
    r"0x[0-9a-fA-F]+"  # an address
    r"|(?:/[\w.+@~=%-]+){2,}"  # a path
    r"|\bpid[ =:]*\d+"
    r"|:\d+(?=[:\s]|$)"  # a line number after a path
    r"|(?<=__inference_)\w+"  # a traced function, numbered by what was traced before it
)
_MODULUS: Final = 1 << 256

# Made once: json.dumps would make an encoder for every row.
_encode: Final = json.JSONEncoder(separators=(",", ":"), default=str).encode


class RowsDigest:
    """Adds up a hash of each row, so that neither order nor batches nor shards matter.

    All columns of a row count but the timings. Addresses, paths and process ids in reasons and
    error texts are left out, and so is what a dying process printed or why an import failed.
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
    """Return an error text without the parts that differ between processes."""
    return _VOLATILE.sub("*", text)


def _stable(outcome: object, name: str, text: object) -> str | None:
    """Return the text of a row in the column `name`, without the parts that may differ."""
    if text is None or _CAPTURED.get(str(outcome)) == name:
        return None
    return normalised(str(text))


def _hash(values: tuple[object, ...]) -> int:
    return int.from_bytes(hashlib.sha256(_encode(values).encode()).digest(), "big")
