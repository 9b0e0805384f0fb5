"""Every deviating row by its name alone: target, case, verdict and reading."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Final

import pyarrow as pa
import pyarrow.compute as pc

from tconv.model.verdict import Verdict

COLUMNS: Final = ("target", "case", "verdict", "reading")
"""What is kept of a row."""

_DEVIATING: Final = Verdict.deviations()
_SCHEMA: Final = pa.schema([(name, pa.string()) for name in COLUMNS])
_BATCH: Final = 10_000  # rows that are Python objects at once


@dataclass(kw_only=True)
class Deviants:
    """Names of deviating rows; grows table by table, by some hundred bytes a row.

    Attributes:
        found: the names, as they came.
    """

    found: list[pa.Table] = field(default_factory=list)

    def add(self, table: pa.Table) -> None:
        """Take what deviates among rows with the columns of the store."""
        named = table.select(COLUMNS)
        self.found.append(named.filter(pc.field("verdict").isin(_DEVIATING)))

    def ordered(self) -> Iterator[tuple[str | None, ...]]:
        """Yield the names sorted by target and case."""
        joined = pa.concat_tables([_SCHEMA.empty_table(), *self.found])
        keys = [(name, "ascending") for name in COLUMNS[:2]]
        for batch in joined.sort_by(keys).to_batches(max_chunksize=_BATCH):
            yield from zip(*(column.to_pylist() for column in batch.columns), strict=True)
