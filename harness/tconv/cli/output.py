"""What the command line prints of a run: for people, and as JSON for programs."""

import json
import shlex
import shutil
import sys
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any, Final

from rich.console import Console
from rich.table import Table

from tconv.analysis.findings import Finding, findings
from tconv.analysis.summary import Summary
from tconv.model.verdict import Verdict
from tconv.report.excerpt import excerpt
from tconv.runs.spec import RunSpec
from tconv.store import RunReader

_SHOWN: Final = 10  # findings printed; summary.md has them all
_WIDEST: Final = 400  # of a table: a terminal breaks lines itself, rich would cut words
_LINES: Final = 20  # of an error's text; --json has all
_LABELS: Final = {"expected_value": "should be", "observed_value": "got"}
_DETAILS: Final = (
    "target", "case", "verdict", "reading", "route", "call", "addition", "expected_shape",
    "observed_shape", "inferred_shape", "inference", "resolution", "resolutions",
    "observed_dtype", "error_class", "error_units", "first_bad_index",
    "expected_value", "observed_value", "bad_count", "compared", "drawn", "coinciding",
    "reason", "error_type", "error_text",
)  # fmt: skip


def as_json(content: Mapping[str, Any]) -> str:
    """Return the content as indented JSON."""
    return json.dumps(content, indent=2, default=str)


def counted(count: int, noun: str) -> str:
    """Return `1 row`, `2 rows`."""
    return f"{count} {noun}" if count == 1 else f"{count} {noun}s"


def records(run: RunReader) -> list[dict[str, Any]]:
    """Return the rows of a run as records that JSON can hold, None where a value is absent."""
    return [
        {name: tuple(value) if isinstance(value, list) else value for name, value in row.items()}
        for row in run.table().to_pylist()
    ]


def dry_text(assignment: RunSpec) -> str:
    """Return what a run would sweep: targets, cases, what the grid dropped and why, coverage."""
    config, shard = assignment.config, assignment.shard
    part = f" (shard {shard})" if shard else ""
    count = counted(len(assignment.cases), "case")
    head = f"{config.name}: {count}{part} on {', '.join(config.targets)}"
    return "\n".join([head, *assignment.statistics.lines()])


def totals_text(extract: Summary) -> str:
    """Return the totals of a run, its first findings, and where the rest is."""
    table = Table(box=None, pad_edge=False)
    table.add_column("target")
    totals = extract.totals
    seen = totals.of(*totals.targets())
    verdicts = [verdict for verdict in Verdict if verdict in seen]
    for name in ("rows", "compared", *verdicts):
        table.add_column(name, justify="right")
    for target in totals.targets():
        counts = totals.of(target)
        cells = [
            counts.total(),
            totals.by_target[target].compared,
            *(counts[name] for name in verdicts),
        ]
        table.add_row(target, *map(str, cells))
    found = findings(extract)
    return "\n".join(
        [
            rendered(table),
            *(_finding_text(each) for each in found[:_SHOWN]),
            *([f"and {len(found) - _SHOWN} more kinds of deviation"] * (len(found) > _SHOWN)),
            f"report: {extract.run.path / 'report.html'}",
        ]
    )


def case_text(rows: Iterable[Mapping[str, Any]]) -> str:
    """Return everything that is known of a case that was run again, target by target.

    Args:
        rows: its :func:`records`.
    """
    return "\n\n".join(
        "\n".join(
            f"{_LABELS.get(name, name):>17}  {_detail(name, row[name])}"
            for name in _DETAILS
            if row[name] not in {None, "", ()}
        )
        for row in rows
    )


def _finding_text(finding: Finding) -> str:
    cause = f" ({excerpt(finding.reading)})" if finding.reading else ""
    lines = [
        f"{finding.target}: {finding.verdict} in {counted(finding.count, 'row')}{cause}",
        f"  it says {excerpt(finding.evidence)}" if finding.evidence else "",
        f"  rerun: {_PROGRAM} {finding.command.removeprefix('tconv ')}",
    ]
    return "\n".join(filter(None, lines))


def _detail(name: str, value: object) -> str:
    """Return a value as people read it: lists joined, the further lines of a text indented."""
    if name in {"coinciding", "resolution"} and isinstance(value, tuple):
        return "; ".join(value)
    return f"\n{'':19}".join(str(value).splitlines()[:_LINES])


def _program() -> str:
    """Return how this program is called here, so that a command can be copied word for word."""
    script = Path(sys.executable).with_name("tconv")
    found = shutil.which("tconv")
    if found and Path(found).resolve() == script.resolve():
        return "tconv"
    return f"{shlex.quote(sys.executable)} -m tconv"


_PROGRAM: Final = _program()


def rendered(table: Table) -> str:
    """Return a table as plain text, wide lines left whole."""
    console = Console(width=_WIDEST)
    with console.capture() as capture:
        console.print(table)
    return "\n".join(line.rstrip() for line in capture.get().splitlines())
