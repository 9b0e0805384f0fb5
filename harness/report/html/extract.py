"""What the report needs of a run, read part by part so that a large run needs no large memory."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Final, Self

import pyarrow as pa

from harness.report.html.breakdown import Breakdown
from harness.report.html.sample import Sample
from harness.report.html.silence import Silence
from harness.report.html.totals import Totals
from harness.store import RunReader

_ROWS: Final = 50_000  # rows that are counted at once


@dataclass(frozen=True, kw_only=True)
class Extract:
    """Counts of all rows, and the rows that are shown.

    Attributes:
        totals: counts by target.
        breakdown: counts by target and parameter.
        sample: the deviating rows that are shown.
        silence: the rows that were not judged, by reason.
    """

    totals: Totals = field(default_factory=Totals)
    breakdown: Breakdown = field(default_factory=Breakdown)
    sample: Sample = field(default_factory=Sample)
    silence: Silence = field(default_factory=Silence)

    @classmethod
    def from_run(cls, run: RunReader) -> Self:
        """Return the extract of a run.

        Raises:
            StoreError: a part is damaged.
        """
        made = cls()
        for table in _gathered(run.parts()):
            for each in (made.totals, made.breakdown, made.sample, made.silence):
                each.add(table)
        return made


def _gathered(parts: Iterator[pa.Table]) -> Iterator[pa.Table]:
    """Yield tables of some size in one piece: counting many small ones takes five times longer."""
    held: list[pa.Table] = []
    count = 0
    for part in parts:
        held.append(part)
        count += part.num_rows
        if count >= _ROWS:
            yield pa.concat_tables(held).combine_chunks()
            held, count = [], 0
    if held:
        yield pa.concat_tables(held).combine_chunks()
