"""All rows of a run as CSV: per-axis values as `3x2`, lists of words joined by `; `."""

from pathlib import Path
from typing import Final

import pyarrow as pa

from harness.columns import COLUMNS, Column
from harness.errors import StoreError
from harness.frames import frame
from harness.store import RunReader, unwritable

NAME: Final = "results.csv"


def write(run: RunReader) -> Path:
    """Write `results.csv` into the run directory, part by part, and return its path.

    Raises:
        StoreError: a part is damaged, or the file cannot be written.
    """
    path = run.path / NAME
    unfinished = path.with_suffix(".unfinished")
    try:
        unfinished.write_text(",".join(column.name for column in COLUMNS) + "\n")
        for part in run.parts():
            _append(part, unfinished)
        unfinished.replace(path)
    except OSError as error:
        raise error if isinstance(error, StoreError) else unwritable(path, error) from error
    return path


def _append(part: pa.Table, path: Path) -> None:
    made = frame(part)
    for column in COLUMNS:
        if column.kind in {"integers", "texts"}:
            made[column.name] = [_joined(column, value) for value in made[column.name]]
    made.to_csv(path, mode="a", header=False, index=False)


def _joined(column: Column, value: tuple[object, ...] | None) -> str | None:
    if value is None:
        return None
    return ("x" if column.kind == "integers" else "; ").join(map(str, value))
