"""Cases of which a match says less than of others, and why."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final

import pyarrow as pa
import pyarrow.compute as pc

_DOUBTS: Final[Mapping[str, Any]] = {
    "exact inputs were out of reach, so they were judged in normal mode": (
        (pc.field("values") == "exact") & (pc.field("drawn") == "normal")
    ),
    "exact inputs were sparse: most elements zero": pc.field("drawn") == "exact, sparse",
    "some wrong reading gives the right answer": pc.list_value_length(pc.field("coinciding")) > 0,
}
_COLUMNS: Final = ("case", "values", "drawn", "coinciding")


@dataclass(kw_only=True)
class Doubts:
    """Distinct cases by what they leave open; grows table by table.

    Attributes:
        cases: what is left open -> ids.
    """

    cases: dict[str, set[str]] = field(default_factory=lambda: {what: set() for what in _DOUBTS})

    def add(self, table: pa.Table) -> None:
        """Take the cases of rows with the columns of the store."""
        needed = table.select(_COLUMNS)
        for what, condition in _DOUBTS.items():
            self.cases[what].update(needed.filter(condition)["case"].to_pylist())

    def counts(self) -> dict[str, int]:
        """Return the number of distinct cases for each thing that is left open."""
        return {what: len(ids) for what, ids in self.cases.items()}
