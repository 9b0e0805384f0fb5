"""summary.md: totals by target and verdict, and the smallest example of every deviation."""

from math import floor
from pathlib import Path
from typing import Any, Final

from jinja2 import Environment, PackageLoader, StrictUndefined, UndefinedError

from harness.errors import StoreError
from harness.frames import Run
from harness.report.findings import findings, present, reasons
from harness.report.markdown import axes, cell, code
from harness.report.routes import additions, native_shares
from harness.store import unwritable
from harness.verdict import Verdict

NAME: Final = "summary.md"


def write(run: Run) -> Path:
    """Write `summary.md` into the run directory and return its path.

    Raises:
        StoreError: the file cannot be written, or the run's header is damaged.
    """
    path = run.path / NAME
    written = text(run)
    try:
        path.write_text(written, encoding="utf-8")
    except OSError as error:
        raise unwritable(path, error) from error
    return path


def text(run: Run) -> str:
    """Return the summary of a run as Markdown.

    Raises:
        StoreError: the run's header lacks something.
    """
    environment = Environment(
        loader=PackageLoader("harness.report"),
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
        autoescape=False,  # noqa: S701 # Markdown, not HTML; `cell` and `code` escape for it
    )
    environment.filters |= {"cell": cell, "code": code, "axes": axes, "share": _share}
    content: dict[str, Any] = {
        "run": run,
        "header": run.header,
        "footer": run.footer,
        "totals": _totals(run),
        "findings": findings(run),
        "reasons": reasons(run),
        "additions": additions(run),
        "native_shares": native_shares(run),
        "blind_spots": _blind_spots(run),
        "verdicts": [v for v in Verdict if v.value in set(run.rows["verdict"])],
    }
    try:
        return environment.get_template("summary.md.j2").render(content)
    except UndefinedError as error:
        raise StoreError(
            f"header of {run.path} is damaged: {error}; run the sweep again, nothing was changed"
        ) from error


def _totals(run: Run) -> list[dict[str, Any]]:
    """Return one record per target: its counts, and the shares compared and native."""
    counts = run.totals
    made = []
    for target, rows in run.rows.groupby("target", sort=False):
        compared = int((rows["compared"] > 0).sum())
        reached = int(rows["route"].isin(["native", "composed"]).sum())
        native = int((rows["route"] == "native").sum())
        made.append(
            {
                "target": target,
                "version": present(rows.iloc[0].to_dict())["backend_version"] or "-",
                "rows": len(rows),
                "compared": compared,
                "compared_share": _share(compared / len(rows)),
                "native_share": _share(native / reached if reached else None),
                "verdicts": dict(counts.loc[str(target)].items()),
            }
        )
    return made


def _share(value: float | None) -> str:
    """Return a share as whole percent, rounded down: 100% means all."""
    return "-" if value is None else f"{floor(100 * value + 1e-9)}%"


def _blind_spots(run: Run) -> dict[str, int]:
    """Return how many distinct cases say less than the others, by what they leave open."""
    cases = run.rows.drop_duplicates("case")
    return {
        "exact inputs were out of reach, so they were judged in normal mode": int(
            ((cases["values"] == "exact") & (cases["drawn"] == "normal")).sum()
        ),
        "exact inputs were sparse: most elements zero": int(
            (cases["drawn"] == "exact, sparse").sum()
        ),
        "some wrong reading gives the right answer": int(
            cases["indistinguishable"].map(bool).sum()
        ),
    }
