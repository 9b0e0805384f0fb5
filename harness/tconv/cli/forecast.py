"""How long a run still takes, from what each target's cases have cost so far.

A case costs one framework a hundred times what it costs another, and the quick ones are done first:
the mean of all rows so far would promise minutes where an hour is left.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field


@dataclass(slots=True, kw_only=True)
class Cost:
    """What the cases of one target have cost.

    Attributes:
        rows: how many are done.
        seconds: time that workers took for them.
    """

    rows: int = 0
    seconds: float = 0.0


@dataclass(slots=True)
class Forecast:
    """What is known of the costs of a run; grows with every part."""

    _costs: dict[str, Cost] = field(default_factory=dict)

    def note(self, target: str, rows: int, seconds: float) -> None:
        """Learn that a worker took `seconds` for so many rows of a target."""
        cost = self._costs.setdefault(target, Cost())
        cost.rows += rows
        cost.seconds += seconds

    def knows(self, targets: Iterable[str]) -> bool:
        """Return whether each of the targets has cost something already."""
        return all(target in self._costs for target in targets)

    def remaining(self, left: Mapping[str, int], elapsed: float) -> float:
        """Return the seconds until the rows that are left are done.

        As many workers are taken to compute as did on average until now. A target of which nothing
        is known yet is taken to cost what the others do.

        Args:
            left: target to the number of its rows that are not done.
            elapsed: time since the run began, seconds.
        """
        rows = sum(cost.rows for cost in self._costs.values())
        spent = sum(cost.seconds for cost in self._costs.values())
        if not rows or not spent:
            return 0.0
        mean = Cost(rows=rows, seconds=spent)
        costs = ((self._costs.get(target, mean), count) for target, count in left.items())
        work = sum(count * cost.seconds / cost.rows for cost, count in costs)
        return work * elapsed / spent
