"""The deviating rows that a report shows: of each kind the smallest, the rest counted."""

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any, Final

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from tconv.model.verdict import Verdict
from tconv.store import SCHEMA

KEPT: Final = 200
"""Most rows of one kind that are kept."""

_DEVIATING: Final = Verdict.deviations()
_ALL: Final = 50_000  # rows that are kept of all kinds together, unless there are more kinds
_ORDER: Final = ("kind", "products", "length", "case")
_MEASURES: Final = [(name, pa.int64()) for name in ("kind", "products", "length")]
_KEPT_SCHEMA: Final = pa.schema([*SCHEMA, *(pa.field(*each) for each in _MEASURES)])

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
    table: pa.Table = field(default_factory=_KEPT_SCHEMA.empty_table)

    def add(self, rows: pa.Table) -> None:
        """Take what deviates among rows with the columns of the store."""
        found = rows.filter(pc.field("verdict").isin(_DEVIATING)).combine_chunks()
        if not found.num_rows:
            return
        numbered = found.append_column("kind", self._kinds(found))
        joined = pa.concat_tables([self.table, _measured(numbered)])
        order = pc.sort_indices(
            joined.select(_ORDER), sort_keys=[(name, "ascending") for name in _ORDER]
        )
        kinds = joined["kind"].take(order).to_numpy()
        self.table = joined.take(order.filter(pa.array(_ranks(kinds) < self.most)))

    @property
    def most(self) -> int:
        """The most rows of one kind that are kept: of many kinds fewer, as memory is bounded."""
        return max(1, min(KEPT, _ALL // max(1, len(self.counts))))

    def rows(self, most: int = KEPT) -> pa.Table:
        """Return at most `most` rows of each kind, with the columns of the store and `kind`."""
        few = self.table.filter(pa.array(_ranks(self.table["kind"].to_numpy()) < most))
        return few.select([*SCHEMA.names, "kind"])

    def smallest(self) -> Iterator[tuple[Kind, int, dict[str, Any]]]:
        """Yield each kind, in the order in which they came, its number of rows and its smallest."""
        firsts = self.rows(1).drop_columns("kind").to_pylist()
        for (kind, count), row in zip(self.counts.items(), firsts, strict=True):
            yield (
                kind,
                count,
                {
                    name: tuple(value) if isinstance(value, list) else value
                    for name, value in row.items()
                },
            )

    def _kinds(self, found: pa.Table) -> pa.Array:
        """Count the kinds of some rows and return each row's number of its kind."""
        columns = [found[name].combine_chunks() for name in ("target", "verdict")]
        encoded = [each.dictionary_encode() for each in (*columns, _cause(found))]
        meanings = [each.dictionary.to_pylist() for each in encoded]
        shape = tuple(map(len, meanings))
        codes = np.ravel_multi_index([each.indices.to_numpy() for each in encoded], shape)
        distinct, firsts, places, counts = np.unique(
            codes, return_index=True, return_inverse=True, return_counts=True
        )
        numbers = np.empty(len(distinct), dtype=np.int64)
        known = {kind: at for at, kind in enumerate(self.counts)}
        for at in np.argsort(firsts).tolist():
            axes = np.unravel_index(int(distinct[at]), shape)
            target, verdict, cause = (
                meaning[int(code)] for meaning, code in zip(meanings, axes, strict=True)
            )
            kind = target, verdict, cause
            self.counts[kind] += int(counts[at])
            numbers[at] = known.setdefault(kind, len(known))
        return pa.array(numbers[places])


def _cause(rows: pa.Table) -> pa.Array:
    """Return why each row deviates: reading, else reason, else type of the error, else empty."""
    causes = (rows[name] for name in ("reading", "reason", "error_type"))
    return pc.coalesce(*causes, "").combine_chunks()


def _measured(rows: pa.Table) -> pa.Table:
    """Return the rows with their number of products and the length of their id."""
    products = np.prod(
        [rows[name].to_numpy() for name in ("n", "c_in", "c_out")]
        + [_product(rows[name]) for name in ("i", "k")],
        axis=0,
    )
    lengths = pc.utf8_length(rows["case"]).cast(pa.int64())
    return rows.append_column("products", pa.array(products, pa.int64())).append_column(
        "length", lengths
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
