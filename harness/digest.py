"""One number for what a run found: the same whatever the order in which it was found."""

import hashlib
import json
import re
from typing import Final

from harness.columns import COLUMNS, TIMINGS
from harness.rows import Columns

_COVERED: Final = tuple(c.name for c in COLUMNS if c.name not in TIMINGS | {"error_text"})
_CAPTURED: Final = frozenset({"crashed", "unavailable"})
_VOLATILE: Final = re.compile(r"0x[0-9a-fA-F]+|(?:/[\w.+-]+){2,}|\bpid \d+|:\d+(?=[:\s]|$)")
_MODULUS: Final = 1 << 256


class RowsDigest:
    """Adds up a hash of each row, so that neither order nor batches nor shards matter.

    A row counts with all its columns but the timings; addresses, paths and process ids in error
    texts are left out, and so is what a dying process printed.
    """

    def __init__(self) -> None:
        self._sum = 0
        self.rows = 0

    def add(self, columns: Columns) -> None:
        """Count the rows of `columns`."""
        covered = zip(*(columns[name] for name in _COVERED), strict=True)
        texts = zip(columns["outcome"], columns["error_text"], strict=True)
        for values, (outcome, text) in zip(covered, texts, strict=True):
            kept = None if outcome in _CAPTURED or text is None else normalised(str(text))
            self._sum += _hash([*values, kept])
            self.rows += 1

    @property
    def hexadecimal(self) -> str:
        """The digest of the rows so far, 64 hexadecimal digits."""
        return f"{self._sum % _MODULUS:064x}"


def normalised(text: str) -> str:
    """Return an error text without what differs from one process to the next."""
    return _VOLATILE.sub("*", text)


def _hash(values: list[object]) -> int:
    text = json.dumps(values, separators=(",", ":"), default=str)
    return int.from_bytes(hashlib.sha256(text.encode()).digest(), "big")
