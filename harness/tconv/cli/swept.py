"""The rows of a run that came to its end: what part of one shows may not be so of all of it."""

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from tconv.store import RunReader


def rows(path: Path, columns: Sequence[str]) -> Iterator[dict[str, Any]]:
    """Yield every row of the run in the directory `path`, None where a value is absent.

    Args:
        path: the run directory.
        columns: names of the columns that are read.

    Raises:
        StoreError: it is no run directory, is damaged, or is incomplete.
    """
    reader = RunReader(path)
    reader.require_complete()
    yield from reader.records(columns)
