"""deviations.csv: every deviating row by its name alone, so that two runs can be compared by diff.

It holds nothing that changes from one machine or one run to the next, and is sorted: the same
deviations are the same bytes. A project commits it and compares, as this one does in its CI.
"""

import csv
from pathlib import Path
from typing import Final

from tconv.analysis.summary import Summary
from tconv.report.csv_cells import neutral
from tconv.report.output import replacing

NAME: Final = "deviations.csv"
COLUMNS: Final = ("target", "case", "verdict", "reading")


def write(summary: Summary) -> Path:
    """Write `deviations.csv` into the run directory and return its path.

    Raises:
        StoreError: the file cannot be written.
    """
    path = summary.run.path / NAME
    with (
        replacing(path) as unfinished,
        unfinished.open("w", newline="", encoding="utf-8") as file,
    ):
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(COLUMNS)
        writer.writerows([neutral(cell or "") for cell in row] for row in summary.deviations())
    return path
