"""The deviating rows that a report shows: of each kind the smallest, the rest counted."""

from collections import Counter
from dataclasses import dataclass, field
from typing import Any, Final

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from harness.store import SCHEMA
from harness.verdict import Standpoint, Verdict

KEPT: Final = 200
"""Most rows of one kind that are kept."""

_DEVIATING: Final = [v.value for v in Verdict if v.standpoint is Standpoint.DEVIATION]
_KEY: Final = ["target", "verdict", "cause"]
_ORDER: Final = [(name, "ascending") for name in ("kind", "products", "length", "case")]

Kind = tuple[str, str, str]
"""Target, verdict and cause: reading, else reason, else type of the error, else empty."""


@dataclass(kw_only=True)
class Sample:
    """The smallest deviating rows of each kind; grows table by table.

    Attributes:
        counts: kind -> number of its rows, in the order in which kinds came.
        table: rows kept, by kind, the smallest first: the columns of the store, `kind` (its number
            in `counts`) and what makes a case small.
    """

    counts: Counter[Kind] = field(default_factory=Counter)
    table: pa.Table | None = None

    def add(self, rows: pa.Table) -> None:
        """Take what deviates among rows with the columns of the store."""
        found = rows.filter(pc.field("verdict").isin(_DEVIATING)).combine_chunks()
        if not found.num_rows:
            return
        measured = _measured(found)
        joined = pa.concat_tables([*([self.table] if self.table else []), self._numbered(measured)])
        ordered = joined.take(pc.sort_indices(joined, sort_keys=_ORDER))
        self.table = ordered.filter(pa.array(_ranks(ordered["kind"].to_numpy()) < KEPT))

    def rows(self, most: int = KEPT) -> pa.Table:
        """Return at most `most` rows of each kind, with the columns of the store and `kind`."""
        if self.table is None:
            return SCHEMA.empty_table().append_column("kind", pa.array([], pa.int64()))
        few = self.table.filter(pa.array(_ranks(self.table["kind"].to_numpy()) < most))
        return few.select([*SCHEMA.names, "kind"])

    def _numbered(self, found: pa.Table) -> pa.Table:
        counted = found.group_by(_KEY, use_threads=False).aggregate([([], "count_all")])
        for *key, count in zip(*(counted[name].to_pylist() for name in [*_KEY, "count_all"]),
                               strict=True):  # fmt: skip
            self.counts[key[0], key[1], key[2]] += count
        numbers = {kind: at for at, kind in enumerate(self.counts)}
        kinds = zip(*(found[name].to_pylist() for name in _KEY), strict=True)
        column = pa.array([numbers[kind] for kind in kinds], pa.int64())
        return found.append_column("kind", column)


def _measured(rows: pa.Table) -> pa.Table:
    """Return the rows with their cause, their number of products and the length of their id."""
    products = np.prod(
        [rows[name].to_numpy() for name in ("n", "c_in", "c_out")]
        + [_product(rows[name]) for name in ("i", "k")],
        axis=0,
    )
    cause = pc.coalesce(rows["reading"], rows["reason"], rows["error_type"], "")
    return (
        rows.append_column("cause", cause)
        .append_column("products", pa.array(products, pa.int64()))
        .append_column("length", pc.utf8_length(rows["case"]))
    )


def _product(column: pa.ChunkedArray) -> NDArray[np.int64]:
    """Return the product of each list's entries; no list is empty."""
    lists = column.combine_chunks()
    entries = lists.flatten().to_numpy()
    begins = lists.offsets.to_numpy()[:-1] - lists.offsets[0].as_py()
    products: NDArray[np.int64] = np.multiply.reduceat(entries, begins)
    return products


def _ranks(kinds: NDArray[Any]) -> NDArray[np.int64]:
    """Return the place of each row among those of its kind; rows come sorted by kind."""
    return np.arange(len(kinds)) - np.searchsorted(kinds, kinds)
