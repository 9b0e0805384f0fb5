"""The deviating rows that a report shows: of each kind the smallest, the rest counted."""

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Final, Self

import pyarrow as pa
import pyarrow.compute as pc

from tconv.analysis.summary.counts import DEVIATING
from tconv.store import SCHEMA, arrow
from tconv.store.queries import RowQueries
from tconv.store.rows import records

KEPT: Final = 200
"""Most rows of one kind that are kept."""

_ALL: Final = 50_000  # rows that are kept of all kinds together, unless there are more kinds
_CAUSE: Final = "coalesce(reading, reason, error_type, '')"
_PRODUCTS: Final = "n::DOUBLE * c_in * c_out * list_product(i) * list_product(k)"

Kind = tuple[str, str, str]
"""Target, verdict and cause: reading, else reason, else type of the error, else empty."""


@dataclass(frozen=True, kw_only=True)
class Examples:
    """The smallest deviating rows of each kind.

    Attributes:
        counts: kind -> number of its rows, in the order of the run.
        table: rows kept, by kind, the smallest first: the columns of the store, `kind` (its number
            in `counts`) and `rank` (from 1).
    """

    counts: Counter[Kind]
    table: pa.Table

    @classmethod
    def from_rows(cls, rows: RowQueries) -> Self:
        """Return the examples among a run's rows.

        A case with fewer products is smaller; of equal ones, that with the shorter id.
        """
        # The number of kinds bounds how many rows of each are smallest, so they are counted first.
        kinds = f"""
            SELECT target, verdict, {_CAUSE} AS cause, count(*) FROM rows
            WHERE verdict IN {DEVIATING}
            GROUP BY target, verdict, cause ORDER BY min(place)
        """
        counts = Counter({(target, v, cause): n for target, v, cause, n in rows.run(kinds)})
        most = max(1, min(KEPT, _ALL // max(1, len(counts))))
        names = ", ".join(f'"{name}"' for name in SCHEMA.names)
        smallest = f"""
            WITH deviating AS (
                SELECT place, target, verdict, {_CAUSE} AS cause,
                    {_PRODUCTS} AS products, length("case") AS width, "case" AS id
                FROM rows WHERE verdict IN {DEVIATING}),
            kinds AS (
                SELECT target, verdict, cause, row_number() OVER (ORDER BY min(place)) - 1 AS kind
                FROM deviating GROUP BY target, verdict, cause),
            smallest AS (
                SELECT place, kind,
                    row_number() OVER (PARTITION BY kind ORDER BY products, width, id) AS rank
                FROM deviating JOIN kinds USING (target, verdict, cause)
                QUALIFY rank <= {most})
            SELECT {names}, kind, rank FROM rows JOIN smallest USING (place) ORDER BY kind, rank
        """
        return cls(counts=counts, table=rows.table(smallest))

    def rows(self, most: int = KEPT) -> pa.Table:
        """Return at most `most` rows of each kind, with the columns of the store and `kind`."""
        return self.table.filter(pc.field("rank") <= most).drop_columns("rank")

    def smallest(self) -> Iterator[tuple[Kind, int, dict[str, Any]]]:
        """Yield each kind, in the order of the run, its number of rows and its smallest."""
        firsts = records(arrow.columns(self.rows(1).drop_columns("kind")))
        for (kind, count), row in zip(self.counts.items(), firsts, strict=True):
            yield kind, count, row
