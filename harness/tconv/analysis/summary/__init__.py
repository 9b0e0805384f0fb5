"""What the reports show of a run: counts, shares and the smallest deviating rows, by SQL."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Self

from tconv.analysis.clusters import Cluster, clusters_of
from tconv.analysis.clusters.deviations import Deviations
from tconv.analysis.clusters.variation import Variation, variations_of
from tconv.analysis.summary.breakdown import Breakdown
from tconv.analysis.summary.counts import (
    RunTotals,
    UnjudgedReason,
    blind_spots,
    native_shares,
    unjudged,
)
from tconv.analysis.summary.examples import Examples
from tconv.store import RunReader
from tconv.store.queries import DEVIATING, RowQueries

__all__ = ["Summary"]


@dataclass(frozen=True, kw_only=True)
class Summary:
    """Counts of all rows of a run, and the rows that are shown.

    Attributes:
        run: the run, whose header and footer reports quote.
        rows: its rows, for further queries.
        totals: counts by target.
        breakdown: counts by target and parameter.
        native_shares: target -> share of native routes by parameter.
        clusters: the deviating rows, by what explains them.
        examples: the smallest rows of each cluster.
        variations: of the smallest row of each cluster, those that were judged as well.
        unjudged: the rows that were not judged, by reason.
        blind_spots: reason why a match says less -> number of cases.
    """

    run: RunReader
    rows: RowQueries
    totals: RunTotals
    breakdown: Breakdown
    native_shares: dict[str, dict[str, float | None]]
    clusters: tuple[Cluster, ...]
    examples: Examples
    variations: tuple[tuple[Variation, ...], ...]
    unjudged: tuple[UnjudgedReason, ...]
    blind_spots: dict[str, int]

    @classmethod
    def from_run(cls, run: RunReader) -> Self:
        """Return the summary of a run.

        Raises:
            StoreError: a part is damaged, or rows are missing from a complete run.
        """
        rows = RowQueries(run)
        deviations = Deviations.from_rows(rows)
        clusters = clusters_of(deviations)
        examples = Examples.from_rows(rows, clusters)
        smallest = zip(examples.rows(1)["target"].to_pylist(), examples.places(), strict=True)
        return cls(
            run=run, rows=rows, totals=RunTotals.from_rows(rows),
            breakdown=Breakdown.from_rows(rows), native_shares=native_shares(rows),
            clusters=clusters, examples=examples,
            variations=tuple(variations_of(deviations, *each) for each in smallest),
            unjudged=unjudged(rows),
            blind_spots=blind_spots(rows),
        )  # fmt: skip

    def deviations(self) -> Iterator[tuple[str | None, ...]]:
        """Yield target, case, verdict and reading of every deviating row, by target and case.

        Raises:
            StoreError: a part is damaged.
        """
        return self.rows.run(
            f'SELECT target, "case", verdict, reading FROM rows WHERE verdict IN {DEVIATING} '
            'ORDER BY target, "case"'
        )
