"""What the command line prints of a run: for people, and as JSON for programs."""

import json
from collections.abc import Mapping, Sequence
from typing import Any, Final

import pandas as pd
from rich.console import Console
from rich.table import Table

from harness.case import Case
from harness.config import Config
from harness.frames import Run
from harness.report.findings import Finding, findings

_SHOWN: Final = 10  # findings printed; summary.md has them all
_DETAILS: Final = (
    "target", "case", "verdict", "reading", "route", "call", "addition", "expected_shape",
    "observed_shape", "observed_dtype", "error_class", "error_units", "first_bad_index",
    "expected_value", "observed_value", "bad_count", "compared", "drawn", "indistinguishable",
    "reason", "error_type", "error_text",
)  # fmt: skip


def as_json(content: Mapping[str, Any]) -> str:
    """Return the content as indented JSON."""
    return json.dumps(content, indent=2, default=str)


def dry_text(config: Config, cases: Sequence[Case], account: Mapping[str, Any]) -> str:
    """Return what a run would sweep: targets, cases, and what the grid dropped and why."""
    lines = [
        f"{config.name}: {len(cases)} cases on {', '.join(config.targets)}",
        f"{account['made']} points made, {account['kept']} cases kept",
        *(f"  {count} dropped: {reason}" for reason, count in account["dropped"].items()),
        *(
            f"  {name}: {', '.join(f'{value} ({count})' for value, count in counts.items())}"
            for name, counts in account["marginals"].items()
        ),
    ]
    return "\n".join(lines)


def totals_text(run: Run) -> str:
    """Return the totals of a run, its first findings, and where the rest is."""
    table = Table(box=None, pad_edge=False)
    table.add_column("target")
    for name in ("rows", "compared", *run.totals.columns):
        table.add_column(str(name), justify="right")
    for target, counts in run.totals.iterrows():
        compared = int((run.rows.loc[run.rows["target"] == target, "compared"] > 0).sum())
        cells = [counts.sum(), compared, *counts]
        table.add_row(str(target), *(str(int(cell)) for cell in cells))
    found = findings(run)
    return "\n".join(
        [
            _rendered(table),
            *(_finding_text(each) for each in found[:_SHOWN]),
            *([f"and {len(found) - _SHOWN} more kinds of deviation"] * (len(found) > _SHOWN)),
            f"report: {run.path / 'summary.md'}",
        ]
    )


def case_text(run: Run) -> str:
    """Return everything that is known of a case that was run again, target by target."""
    return "\n\n".join(
        "\n".join(
            f"{name:>17}  {_plain(row[name])}" for name in _DETAILS if not _is_absent(row[name])
        )
        for row in run.rows.to_dict("records")
    )


def _finding_text(finding: Finding) -> str:
    rows = "row" if finding.count == 1 else "rows"
    cause = f" ({finding.reading})" if finding.reading else ""
    return (
        f"{finding.target}: {finding.verdict} in {finding.count} {rows}{cause}\n"
        f"  rerun: {finding.command}"
    )


def _plain(value: object) -> str:
    return str(value)


def _is_absent(value: object) -> bool:
    if isinstance(value, tuple | str):
        return not value
    return bool(pd.isna(value))  # type: ignore[call-overload] # a scalar or None by then


def _rendered(table: Table) -> str:
    console = Console(width=200)
    with console.capture() as capture:
        console.print(table)
    return "\n".join(line.rstrip() for line in capture.get().splitlines())
