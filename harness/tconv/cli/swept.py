"""The rows of a run that came to its end: what part of one shows may not be so of all of it."""

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, Final

from tconv.errors import StoreError
from tconv.store import RunReader

_PIECE: Final = 2**14  # rows that are held at a time


def rows(path: Path, columns: Sequence[str]) -> Iterator[dict[str, Any]]:
    """Yield every row of the run in the directory `path`, None where a value is absent.

    Args:
        path: the run directory.
        columns: names of the columns that are read.

    Raises:
        StoreError: it is no run directory, is damaged, or is incomplete.
    """
    reader = RunReader(path)
    if not reader.is_complete:
        raise StoreError(
            f"{path} is incomplete: it has no footer.json; complete it with "
            f"`tconv run --resume {path}`"
        )
    for table in reader.tables(_PIECE, list(columns)):
        yield from table.to_pylist()
