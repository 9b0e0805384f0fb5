"""summary.md: totals by target and verdict, and the smallest example of every deviation."""

from pathlib import Path
from typing import Any, Final

from tconv.analysis.findings import findings
from tconv.analysis.summary import Summary
from tconv.model.verdict import Verdict
from tconv.report.markdown import axes, cell, code, percent
from tconv.report.output import render, replacing

NAME: Final = "summary.md"


def write(summary: Summary) -> Path:
    """Write `summary.md` into the run directory and return its path.

    Raises:
        StoreError: the file cannot be written, or the run's header is damaged.
    """
    path = summary.run.path / NAME
    content = text(summary)
    with replacing(path) as unfinished:
        unfinished.write_text(content, encoding="utf-8")
    return path


def text(summary: Summary) -> str:
    """Return the summary of a run as Markdown.

    Raises:
        StoreError: the run's header lacks something.
    """
    run, totals = summary.run, summary.totals
    targets = totals.targets()
    content: dict[str, Any] = {
        "rows": totals.rows,
        "header": run.header,
        "footer": run.footer,
        "totals": [_total(summary, target) for target in targets],
        "findings": findings(summary),
        "reasons": summary.unjudged,
        "additions": [(t, step, n) for t in targets for step, n in totals.steps(t)],
        "native_shares": {t: summary.native_shares[t] for t in targets if totals.steps(t)},
        "blind_spots": summary.blind_spots,
        "verdicts": [v for v in Verdict if v in totals.of(*targets)],
    }
    return render(
        "summary.md.j2", content, run.path, cell=cell, code=code, axes=axes, share=percent
    )


def _total(summary: Summary, target: str) -> dict[str, Any]:
    """Return a target's counts, and the shares compared and native."""
    totals = summary.totals
    verdicts, compared = totals.of(target), totals.by_target[target].compared
    native, composed = (totals.routes[target, route] for route in ("native", "composed"))
    reached = native + composed
    return {
        "target": target,
        "version": totals.versions.get(target, "-"),
        "rows": verdicts.total(),
        "compared": compared,
        "compared_share": percent(compared / verdicts.total()),
        "native_share": percent(native / reached if reached else None),
        "verdicts": verdicts,
    }
