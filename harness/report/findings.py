"""What a run says, gathered for a reader: deviations by kind with the smallest case of each."""

from collections.abc import Mapping
from dataclasses import dataclass
from math import prod
from typing import Any

import pandas as pd

from harness.frames import Run
from harness.report.discrepancy import rerun_command
from harness.verdict import Standpoint, Verdict


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """Deviating rows that share target, verdict, reading and kind of error.

    Attributes:
        target: where they were seen.
        verdict: their verdict.
        reading: the semantics that reproduces them, or why they were refused.
        count: number of rows.
        smallest: the row with the fewest products, as a mapping of columns; None where absent.
        evidence: what the framework itself said in that row.
        command: what reruns that row, in a shell.
    """

    target: str
    verdict: str
    reading: str
    count: int
    smallest: dict[str, Any]
    evidence: str
    command: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Reason:
    """Rows that could not be judged for one reason on one target.

    Attributes:
        target: where.
        verdict: unsupported, unavailable or not_run.
        reason: why, in the adapter's words.
        count: number of rows.
        evidence: what the framework itself said in the first of them.
    """

    target: str
    verdict: str
    reason: str
    count: int
    evidence: str


def findings(run: Run) -> tuple[Finding, ...]:
    """Return the run's deviations, grouped, in the order of targets; the largest group first."""
    rows = run.deviations
    if rows.empty:
        return ()
    keyed = rows.assign(
        cause=rows["reading"].fillna(rows["reason"]).fillna(rows["error_type"]).fillna("")
    )
    groups = keyed.groupby(["target", "verdict", "cause"], sort=False)
    config = run.header["config_path"] or str(run.path)
    made = [
        _finding(config, str(target), str(verdict), str(cause), group)
        for (target, verdict, cause), group in groups
    ]
    order = {target: at for at, target in enumerate(run.rows["target"].drop_duplicates())}
    return tuple(sorted(made, key=lambda f: (order[f.target], -f.count, f.verdict, f.reading)))


def reasons(run: Run) -> tuple[Reason, ...]:
    """Return why rows are neutral or incomplete, with counts and one piece of evidence each."""
    unjudged = {
        v.value for v in Verdict if v.standpoint in {Standpoint.NEUTRAL, Standpoint.INCOMPLETE}
    }
    rows = run.rows[run.rows["verdict"].isin(unjudged)]
    groups = rows.fillna({"reason": ""}).groupby(["target", "verdict", "reason"], sort=False)
    return tuple(
        Reason(target=str(target), verdict=str(verdict), reason=str(reason), count=len(group),
               evidence=_evidence(present(group.iloc[0].to_dict())))
        for (target, verdict, reason), group in groups
    )  # fmt: skip


def _finding(config: str, target: str, verdict: str, cause: str, rows: pd.DataFrame) -> Finding:
    smallest = present(min(rows.to_dict("records"), key=_size))
    return Finding(
        target=target,
        verdict=verdict,
        reading=cause,
        count=len(rows),
        smallest=smallest,
        evidence=_evidence(smallest),
        command=rerun_command(config, str(smallest["case"]), target),
    )


def _size(row: Any) -> tuple[int, int, str]:  # noqa: ANN401 # a record of a frame
    """Return what makes a case small: products, then the length of its id, then the id."""
    products = row["n"] * row["c_in"] * row["c_out"] * prod(row["i"]) * prod(row["k"])
    return products, len(row["case"]), row["case"]


def present(row: Mapping[Any, Any]) -> dict[str, Any]:
    """Return a record of a frame with None for what is absent, whatever pandas has made of it."""
    return {
        str(name): None if not isinstance(value, tuple) and pd.isna(value) else value
        for name, value in row.items()
    }


def _evidence(row: Mapping[str, Any]) -> str:
    return ": ".join(row[name] for name in ("error_type", "error_text") if row[name])
