"""summary.md: totals by target and verdict, and the smallest example of every deviation."""

import os
from pathlib import Path
from typing import Any, Final

from jinja2 import Environment, PackageLoader, StrictUndefined

from harness.errors import StoreError
from harness.frames import Run
from harness.report.findings import findings, reasons
from harness.verdict import Verdict

NAME: Final = "summary.md"


def write(run: Run) -> Path:
    """Write `summary.md` into the run directory and return its path.

    Raises:
        StoreError: the file cannot be written.
    """
    path = run.path / NAME
    try:
        path.write_text(text(run))
    except OSError as error:
        raise StoreError(f"cannot write {path}: {os.strerror(error.errno or 0)}") from error
    return path


def text(run: Run) -> str:
    """Return the summary of a run as Markdown."""
    environment = Environment(
        loader=PackageLoader("harness.report"),
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
        autoescape=False,  # noqa: S701 # Markdown, not HTML; `cell` and `code` escape what a table cell must not hold
    )
    environment.filters |= {"cell": _cell, "code": _code, "axes": _axes}
    return environment.get_template("summary.md.j2").render(
        run=run,
        header=run.header,
        footer=run.footer,
        totals=_totals(run),
        findings=findings(run),
        reasons=reasons(run),
        verdicts=[v for v in Verdict if v.value in set(run.rows["verdict"])],
    )


def _totals(run: Run) -> list[dict[str, Any]]:
    """Return one record per target: its counts, and the shares compared and native."""
    counts = run.totals
    made = []
    for target, rows in run.rows.groupby("target", sort=False):
        compared = int((rows["compared"] > 0).sum())
        reached = rows["route"].isin(["native", "composed"])
        native = (rows["route"] == "native").sum()
        made.append(
            {
                "target": target,
                "version": rows["backend_version"].iloc[0] or "-",
                "rows": len(rows),
                "compared": compared,
                "compared_share": f"{compared / len(rows):.0%}",
                "native_share": f"{native / reached.sum():.0%}" if reached.any() else "-",
                "verdicts": {name: int(counts.loc[target, name]) for name in counts.columns},
            }
        )
    return made


def _cell(value: object, limit: int = 200) -> str:
    """Return text that stays inside one table cell, shortened to `limit` characters."""
    flat = " ".join(str(value).split()).replace("|", "\\|")
    return flat if len(flat) <= limit else flat[: limit - 1] + "…"


def _code(value: object) -> str:
    """Return text as a code span inside a table cell; a framework's text cannot end it."""
    return f"`{_cell(value).replace('`', chr(39))}`"


def _axes(value: object) -> str:
    """Return a shape or an index as (2, 3, 4); a dash where there is none."""
    return "-" if value is None else f"({', '.join(map(str, value))})"  # type: ignore[call-overload] # a tuple where it is not None
