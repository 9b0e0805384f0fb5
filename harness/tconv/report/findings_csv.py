"""findings.csv: the findings of a run, one a line, for a spreadsheet or a program."""

import csv
from pathlib import Path
from typing import Final

from tconv.analysis.findings import findings
from tconv.analysis.summary import Summary
from tconv.report.csv_cells import neutral
from tconv.report.output import replacing

NAME: Final = "findings.csv"
COLUMNS: Final = (
    "id", "targets", "verdicts", "rows", "reading", "predicate", "is_exact", "precision", "recall",
    "passing", "missed", "covered_passing", "call", "case", "may_vary", "decides", "evidence",
    "command",
)  # fmt: skip
"""Its columns, as :meth:`tconv.analysis.findings.Finding.to_dict` names them."""


def write(summary: Summary) -> Path:
    """Write `findings.csv` into the run directory and return its path.

    Lists are joined by `; `, and so are verdicts with their numbers of rows.

    Raises:
        StoreError: the file cannot be written, or the run's header is damaged.
    """
    path = summary.run.path / NAME
    records = [each.to_dict() for each in findings(summary)]
    with (
        replacing(path) as unfinished,
        unfinished.open("w", newline="", encoding="utf-8") as file,
    ):
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(COLUMNS)
        writer.writerows([_cell(record[name]) for name in COLUMNS] for record in records)
    return path


def _cell(value: object) -> object:
    match value:
        case list():
            return neutral("; ".join(map(str, value)))
        case dict():
            return neutral("; ".join(f"{name} {_values(each)}" for name, each in value.items()))
        case str():
            return neutral(value)
    return value


def _values(value: object) -> str:
    return ", ".join(value) if isinstance(value, list) else str(value)
