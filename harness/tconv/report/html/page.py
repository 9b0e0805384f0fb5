"""Writes report.html: the summary of a run in one file that needs nothing else."""

import json
from pathlib import Path
from typing import Any, Final

from tconv.analysis.findings import findings
from tconv.analysis.from_run import compatibility_of, has_open_cases
from tconv.analysis.rerun import rerun_command
from tconv.analysis.summary import Summary
from tconv.model.verdict import Standpoint, Verdict
from tconv.report.html.assets import Bundle
from tconv.report.html.disagreements import drawn_disagreements
from tconv.report.html.rows_json import inert, rows_json
from tconv.report.markdown import axes, error_line, percent
from tconv.report.open_cases import TOPICS, compare
from tconv.report.output import render, replacing
from tconv.store import RunReader
from tconv.store.columns import COLUMNS

NAME: Final = "report.html"
SYMBOLS: Final = {
    Standpoint.CONFORMANT: "✓",
    Standpoint.DEVIATION: "✗",
    Standpoint.NEUTRAL: "○",
    Standpoint.INCOMPLETE: "…",
}
"""The sign of each standpoint, so that colour is never the only one."""

FINDINGS: Final = 2_000
"""Most findings that are shown; a run with more has them all in its other reports."""

UNFOLDED: Final = 8
"""With more targets, the matrix shows backends, and each target only on request."""

OPENED: Final = 12
"""With more findings, the smallest case of each is folded, so that the list stays readable."""

DRAWN: Final = 12
"""Disagreements on open cases that are shown at once; the others are folded."""

_EVIDENCE: Final = 1_000  # characters of a framework's text that a finding shows


def write(summary: Summary) -> Path:
    """Write `report.html` into the run directory and return its path.

    Raises:
        StoreError: the run's header is damaged, or the file cannot be written.
    """
    path = summary.run.path / NAME
    content = text(summary)
    with replacing(path) as unfinished:
        unfinished.write_text(content, encoding="utf-8")
    return path


def text(summary: Summary) -> str:
    """Return the report of a run as HTML.

    Raises:
        StoreError: the run's header lacks something.
    """
    return render(
        "report.html.j2", _content(summary), summary.run.path,
        axes=axes, error_line=error_line, cut=_cut, json=_json, share=percent,
        count=lambda number: f"{number:,}",
    )  # fmt: skip


def _content(summary: Summary) -> dict[str, Any]:
    run = summary.run
    targets = summary.totals.targets()
    all_findings = findings(summary)
    deviating_targets = [
        target for target in targets if any(target in each.targets for each in all_findings)
    ]
    rows, limit = rows_json(summary.examples)
    seen = summary.totals.of(*targets)
    return {
        **_ambiguity(run),
        "header": run.header,
        "footer": run.footer,
        "bundle": Bundle.from_package(),
        "totals": summary.totals,
        "targets": targets,
        "backends": summary.totals.backends(),
        "unfolded": UNFOLDED,
        "verdicts": [v for s in SYMBOLS for v in Verdict if v.standpoint is s and v in seen],
        "standpoints": list(SYMBOLS),
        "every_verdict": list(Verdict),
        "symbols": SYMBOLS,
        "columns": COLUMNS,
        "deviating": summary.examples.total,
        "opened": OPENED,
        "findings": all_findings[:FINDINGS],
        "finding_count": len(all_findings),
        "marginals": summary.breakdown.marginals(tuple(deviating_targets)) if all_findings else (),
        "deviating_targets": deviating_targets,
        "reasons": summary.unjudged,
        "rows_json": rows,
        "limit": limit,
        "shown": summary.examples.rows(limit).num_rows,
        "meta_json": inert({"rerun": _rerun(run)}),
    }


def _ambiguity(run: RunReader) -> dict[str, Any]:
    """Return what is shown of open cases; no topics where a run has none, or is incomplete."""
    if run.footer is None or not has_open_cases(run):
        return {"topics": ()}
    compatibility = compatibility_of(run)
    topics = ((topic, compare(compatibility, topic)) for topic in TOPICS)
    return {
        "topics": [(topic, lines) for topic, lines in topics if lines],
        "disagreements": drawn_disagreements(compatibility),
        "drawn": DRAWN,
    }


def _rerun(run: RunReader) -> str:
    """Return the start of the command that reruns a row, up to the case."""
    command = rerun_command(run.header["config_path"] or str(run.path), "CASE", "TARGET")
    return command.removesuffix("CASE --target TARGET")


def _cut(value: str, most: int = _EVIDENCE) -> str:
    return value if len(value) <= most else f"{value[:most]}…"


def _json(value: object) -> str:
    return json.dumps(value, indent=2, default=str)
