"""deviations.csv: every deviating row by its name alone, so that two runs can be compared by diff.

It holds nothing that changes from one machine or one run to the next, and is sorted: the same
deviations are the same bytes. A project commits it and compares, as this one does in its CI.
"""

from pathlib import Path
from typing import Final

from harness.frames import Run
from harness.store import unwritable

NAME: Final = "deviations.csv"

_COLUMNS: Final = ["target", "case", "verdict", "reading"]


def write(run: Run) -> Path:
    """Write `deviations.csv` into the run directory and return its path.

    Raises:
        StoreError: the file cannot be written.
    """
    path = run.path / NAME
    rows = run.deviations[_COLUMNS].sort_values(_COLUMNS[:2])
    try:
        rows.to_csv(path, index=False)
    except OSError as error:
        raise unwritable(path, error) from error
    return path
