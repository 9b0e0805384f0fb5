"""Runs as pandas frames, for notebooks and for scripts."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cached_property
from html import escape
from pathlib import Path
from typing import Any, Final, Self

import pandas as pd
import pyarrow as pa

from tconv.model.parameters import fields_of
from tconv.model.predicate import Predicate
from tconv.model.verdict import Verdict
from tconv.store import RunReader
from tconv.store.columns import COLUMNS

_TEXTS: Final = tuple(
    column.name for column in COLUMNS if column.kind == "text" and column.name not in fields_of()
)
"""The text columns that a condition may use beside the parameters of a case."""

_LEFT: Final = 'style="text-align:left"'


@dataclass(frozen=True, kw_only=True)
class Run:
    """A run that was read from its directory; a notebook shows its totals.

    Attributes:
        path: the run directory.
        header: what was asked for, of which targets, on which machine.
        footer: when it ended, with which digest; None where the run is incomplete.
        rows: one row per case and target, with the columns of :data:`tconv.store.columns.COLUMNS`;
            entries of per-axis columns are tuples.
    """

    path: Path
    header: dict[str, Any]
    footer: dict[str, Any] | None
    rows: pd.DataFrame

    @classmethod
    def from_path(cls, path: Path | str) -> Self:
        """Return the run in the directory `path`.

        Raises:
            StoreError: it is no run directory, or is damaged.
        """
        reader = RunReader(path)
        rows = frame(reader.table())
        return cls(path=reader.path, header=reader.header, footer=reader.footer, rows=rows)

    @property
    def columns(self) -> pd.DataFrame:
        """What each column of `rows` means: an index of names; `kind`, `unit` and `meaning`."""
        table = [(column.name, column.kind, column.unit, column.meaning) for column in COLUMNS]
        return pd.DataFrame(table, columns=["name", "kind", "unit", "meaning"]).set_index("name")

    def where(self, condition: str) -> pd.DataFrame:
        """Return the rows that meet a condition, written as in the `where` of a grid.

        Args:
            condition: of case parameters and text columns, as in
                `"k > s and verdict == 'match'"`; it holds where one axis meets all of
                it. A text that is absent is "none".

        Raises:
            PredicateError: the condition is outside the language or names no such column.
        """
        predicate = Predicate.from_text(condition, texts=_TEXTS)
        columns = {
            name: self.rows[name].astype(object).where(self.rows[name].notna(), None).tolist()
            for name in (*fields_of(), *_TEXTS)
        }
        return self.rows[predicate.holds_in(columns)]

    def _repr_html_(self) -> str:
        """Return what a notebook shows of the run: its path, and :attr:`totals`."""
        footer = self.footer or {}
        facts = {
            "rows": f"{len(self.rows):,}",
            "state": "complete" if self.footer else "incomplete",
            "exit status": footer.get("status"),
            "digest": footer.get("digest"),
        }
        totals: dict[str, dict[str, int]] = self.totals.to_dict("index")  # type: ignore[assignment] # targets and verdicts are texts
        return _page(path=str(self.path), facts=facts, totals=totals)

    @cached_property
    def deviations(self) -> pd.DataFrame:
        """The rows whose verdict is a deviation."""
        deviating = Verdict.deviations()
        return self.rows[self.rows["verdict"].isin(deviating)]

    @cached_property
    def totals(self) -> pd.DataFrame:
        """Number of rows: an index of targets, a column per verdict that occurs, worst last."""
        order = [verdict.value for verdict in Verdict]
        counted = pd.crosstab(self.rows["target"], self.rows["verdict"])
        targets = self.rows["target"].drop_duplicates()
        return counted.reindex(
            index=targets, columns=[name for name in order if name in counted], fill_value=0
        )


def frame(table: pa.Table) -> pd.DataFrame:
    """Return a table of the store as a frame.

    Lists become tuples and absent values None, NaN or NA; an integer stays one (Int64) where some
    are absent.
    """
    converted: pd.DataFrame = table.to_pandas()
    for column in COLUMNS:
        if column.kind in {"integers", "texts"}:
            values = table.column(column.name).to_pylist()
            converted[column.name] = pd.Series(
                [None if value is None else tuple(value) for value in values],
                index=converted.index,
                dtype=object,
            )
        elif column.kind == "integer":
            converted[column.name] = converted[column.name].astype("Int64")
    return converted


def _page(
    *, path: str, facts: Mapping[str, object], totals: Mapping[str, Mapping[str, int]]
) -> str:
    """Return a caption and a table of counts: a row per target, a column per verdict.

    Args:
        path: the run directory.
        facts: what to say of the whole run, in this order; an absent one is left out.
        totals: target -> verdict -> number of rows. Every target has the same verdicts.
    """
    listed = (
        f"{escape(name)} {_code(value)}" for name, value in facts.items() if value is not None
    )
    verdicts = list(next(iter(totals.values()), {}))
    head = _row([f"<th {_LEFT}>target</th>", *(f"<th>{escape(name)}</th>" for name in verdicts)])
    body = "".join(
        _row([f"<th {_LEFT}>{_code(target)}</th>", *(f"<td>{counts[v]:,}</td>" for v in verdicts)])
        for target, counts in totals.items()
    )
    return (
        f"<div><p>run {_code(path)}<br>{', '.join(listed)}</p>"
        f"<table><thead>{head}</thead><tbody>{body}</tbody></table></div>"
    )


def _row(cells: Iterable[str]) -> str:
    return f"<tr>{''.join(cells)}</tr>"


def _code(value: object) -> str:
    return f"<code>{escape(str(value))}</code>"
