"""Rows that were not judged: unsupported, unavailable, not run; why, and in whose words."""

from dataclasses import dataclass, field
from typing import Final

import pyarrow as pa
import pyarrow.compute as pc

from tconv.model.verdict import Standpoint, Verdict

_UNJUDGED: Final = [
    v.value for v in Verdict if v.standpoint in {Standpoint.NEUTRAL, Standpoint.INCOMPLETE}
]
_KEY: Final = ["target", "verdict", "reason"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Reason:
    """Rows that could not be judged for one reason on one target.

    Attributes:
        target: where.
        verdict: unsupported, unavailable or not_run.
        reason: why, in the adapter's words.
        count: number of rows.
        evidence: what the framework itself said in the first of them.
    """

    target: str
    verdict: str
    reason: str
    count: int
    evidence: str


@dataclass(kw_only=True)
class Silence:
    """Reasons with counts; grows table by table.

    Attributes:
        found: (target, verdict, reason) -> the count, and what the framework said first.
    """

    found: dict[tuple[str, str, str], tuple[int, str]] = field(default_factory=dict)

    def add(self, table: pa.Table) -> None:
        """Count the rows of a table with the columns of the store."""
        rows = table.filter(pc.field("verdict").isin(_UNJUDGED)).select(
            [*_KEY, "error_type", "error_text"]
        )
        firsts = pc.CountOptions(mode="all"), pc.ScalarAggregateOptions(skip_nulls=False)
        grouped = rows.group_by(_KEY, use_threads=False).aggregate(
            [("verdict", "count", firsts[0]), ("error_type", "first", firsts[1]),
             ("error_text", "first", firsts[1])]
        )  # fmt: skip
        for each in grouped.to_pylist():
            key = each["target"], each["verdict"], each["reason"] or ""
            said = ": ".join(filter(None, (each["error_type_first"], each["error_text_first"])))
            count, first = self.found.get(key, (0, said))
            self.found[key] = count + each["verdict_count"], first

    def reasons(self) -> tuple[Reason, ...]:
        """Return the reasons in the order in which they came."""
        return tuple(
            Reason(target=target, verdict=verdict, reason=reason, count=count, evidence=said)
            for (target, verdict, reason), (count, said) in self.found.items()
        )
