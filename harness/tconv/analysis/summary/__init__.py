"""What the reports need of a run, gathered in one pass: a large run needs no large memory."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import Final, Self

import pyarrow as pa

from tconv.analysis.summary.blind_spots import Doubts
from tconv.analysis.summary.breakdown import Breakdown
from tconv.analysis.summary.counts import RunTotals
from tconv.analysis.summary.deviations import Deviants
from tconv.analysis.summary.examples import Sample
from tconv.analysis.summary.native_share import Usage
from tconv.analysis.summary.unjudged import Silence
from tconv.store import RunReader

__all__ = ["Listener", "Summary"]

_ROWS: Final = 2**14  # rows that are counted at once: more take memory, and are not counted faster

Listener = Callable[[pa.Table], object]
"""Is shown every row, table by table, with the columns of the store."""


@dataclass(frozen=True, kw_only=True)
class Summary:
    """Counts of all rows of a run, and the rows that are shown.

    Attributes:
        run: the run, whose header and footer reports quote.
        totals: counts by target.
        breakdown: counts by target and parameter.
        usage: native and composed routes by target and parameter.
        sample: of each kind of deviation the smallest rows.
        deviants: every deviating row by its name alone.
        silence: the rows that were not judged, by reason.
        doubts: the cases of which a match says less.
    """

    run: RunReader
    totals: RunTotals = field(default_factory=RunTotals)
    breakdown: Breakdown = field(default_factory=Breakdown)
    usage: Usage = field(default_factory=Usage)
    sample: Sample = field(default_factory=Sample)
    deviants: Deviants = field(default_factory=Deviants)
    silence: Silence = field(default_factory=Silence)
    doubts: Doubts = field(default_factory=Doubts)

    @classmethod
    def from_run(cls, run: RunReader, listeners: Iterable[Listener] = ()) -> Self:
        """Return the extract of a run; show every row to the listeners on the way.

        Raises:
            StoreError: a part is damaged, or rows are missing from a complete run.
        """
        made = cls(run=run)
        gatherers = (
            made.totals, made.breakdown, made.usage, made.sample, made.deviants, made.silence,
            made.doubts,
        )  # fmt: skip
        told = [*(each.add for each in gatherers), *listeners]
        for table in run.tables(_ROWS):
            for listener in told:
                listener(table)
        return made
