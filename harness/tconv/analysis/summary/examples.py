"""The deviating rows that a report shows: of each finding the smallest, the rest counted."""

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Final, Self

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from tconv.analysis.clusters import Cluster
from tconv.store import SCHEMA, arrow
from tconv.store.queries import RowQueries
from tconv.store.rows import records

KEPT: Final = 200
"""Most rows of one finding that are kept."""

_ALL: Final = 50_000  # rows that are kept of all findings together, unless there are more findings
_PRODUCTS: Final = "n::DOUBLE * c_in * c_out * list_product(i) * list_product(k)"


@dataclass(frozen=True, kw_only=True)
class Examples:
    """The smallest deviating rows of each cluster.

    Attributes:
        counts: for each cluster, verdict -> number of its rows.
        table: rows kept, by cluster, the smallest first: the columns of the store, `place` in the
            run, `cluster` (its number, from 0) and `rank` (from 1).
    """

    counts: tuple[Counter[str], ...]
    table: pa.Table

    @classmethod
    def from_rows(cls, rows: RowQueries, clusters: Sequence[Cluster]) -> Self:
        """Return the examples among a run's rows.

        A case with fewer products is smaller; of equal ones, that with the shorter id.
        """
        places = [each.places for each in clusters]
        numbers = np.repeat(np.arange(len(places)), [len(each) for each in places])
        joined = np.concatenate([np.empty(0, dtype=np.int64), *places])
        rows.create("clustered", pa.table({"place": joined, "cluster": numbers}))
        counts = [Counter[str]() for _ in clusters]
        for cluster, verdict, count in rows.run(
            "SELECT cluster, verdict, count(*) FROM rows JOIN clustered USING (place) "
            "GROUP BY ALL ORDER BY count(*) DESC, verdict"
        ):
            counts[cluster][verdict] = count
        most = max(1, min(KEPT, _ALL // max(1, len(clusters))))
        names = ", ".join(f'"{name}"' for name in SCHEMA.names)
        smallest = f"""
            WITH smallest AS (
                SELECT place, cluster, row_number() OVER (
                    PARTITION BY cluster ORDER BY {_PRODUCTS}, length("case"), "case", place
                ) AS rank
                FROM rows JOIN clustered USING (place)
                QUALIFY rank <= {most})
            SELECT {names}, place, cluster, rank FROM rows JOIN smallest USING (place)
            ORDER BY cluster, rank
        """
        return cls(counts=tuple(counts), table=rows.table(smallest))

    @property
    def total(self) -> int:
        """Number of all deviating rows."""
        return sum(each.total() for each in self.counts)

    def rows(self, most: int = KEPT) -> pa.Table:
        """Return at most `most` rows of each cluster: the columns of the store and `cluster`."""
        return self.table.filter(pc.field("rank") <= most).drop_columns(["rank", "place"])

    def places(self) -> list[int]:
        """Return where the smallest row of each cluster stands in the run."""
        places: list[int] = self.table.filter(pc.field("rank") == 1)["place"].to_pylist()
        return places

    def smallest(self) -> Iterator[dict[str, Any]]:
        """Yield the smallest row of each cluster."""
        yield from records(arrow.columns(self.rows(1).drop_columns("cluster")))
