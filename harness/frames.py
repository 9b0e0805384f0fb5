"""Runs as pandas frames, for notebooks and for the reports."""

from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any, Self

import pandas as pd
import pyarrow as pa

from harness.columns import COLUMNS
from harness.store import RunReader
from harness.verdict import Standpoint, Verdict


@dataclass(frozen=True, kw_only=True)
class Run:
    """A run that was read from its directory.

    Attributes:
        path: the run directory.
        header: what was asked for, of which targets, on which machine.
        footer: when it ended, with which digest; None where the run is incomplete.
        rows: one row per case and target, with the columns of :data:`harness.columns.COLUMNS`;
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

    @cached_property
    def deviations(self) -> pd.DataFrame:
        """The rows whose verdict is a deviation."""
        deviating = [v.value for v in Verdict if v.standpoint is Standpoint.DEVIATION]
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
    made: pd.DataFrame = table.to_pandas()
    for column in COLUMNS:
        if column.kind in {"integers", "texts"}:
            values = table.column(column.name).to_pylist()
            made[column.name] = pd.Series(
                [None if value is None else tuple(value) for value in values],
                index=made.index,
                dtype=object,
            )
        elif column.kind == "integer":
            made[column.name] = made[column.name].astype("Int64")
    return made
