"""Groups the deviations of a run into findings, each with its smallest case."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from tconv.analysis.rerun import rerun_command
from tconv.analysis.summary import Summary


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """Deviating rows that share target, verdict, reading and kind of error.

    Attributes:
        target: where they were seen.
        verdict: their verdict.
        reading: the semantics that reproduces them, or why they were refused.
        count: number of rows.
        smallest: the row with the fewest products, as a mapping of columns; None where absent.
        evidence: the framework's own error in that row, or how its process ended.
        command: the shell command that reruns that row.
    """

    target: str
    verdict: str
    reading: str
    count: int
    smallest: Mapping[str, Any]
    evidence: str
    command: str


def findings(summary: Summary) -> tuple[Finding, ...]:
    """Return a run's deviations, grouped, in the order of targets; the largest group first."""
    config = summary.run.header["config_path"] or str(summary.run.path)
    unsorted = [
        Finding(
            target=target,
            verdict=verdict,
            reading=cause,
            count=count,
            smallest=row,
            evidence=_evidence(row),
            command=rerun_command(config, row["case"], target),
        )
        for (target, verdict, cause), count, row in summary.examples.smallest()
    ]
    order = {target: at for at, target in enumerate(summary.totals.targets())}
    return tuple(sorted(unsorted, key=lambda f: (order[f.target], -f.count, f.verdict, f.reading)))


def _evidence(row: Mapping[str, Any]) -> str:
    """Return the error of a row, with its reason where the finding shows a reading instead."""
    columns = (
        ("reason", "error_type", "error_text") if row["reading"] else ("error_type", "error_text")
    )
    return ": ".join(row[name] for name in columns if row[name])
