"""What became of the points of a grid: made, kept, dropped and why, and which values occur."""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field

from tconv.grid.covering import Coverage


@dataclass(frozen=True, slots=True, kw_only=True)
class Tally:
    """The account of one expansion: `made == kept + sum(dropped.values())`.

    Attributes:
        made: points made, that is combinations of values.
        kept: distinct cases kept.
        dropped: points dropped, by the reason in words.
        marginals: parameter -> value as text -> number of kept cases that have it. A case counts
            once for each value that a per-axis parameter has on some axis.
        coverage: for each grid, in the order of the file, the pairs of values reached.
    """

    made: int
    kept: int
    dropped: Mapping[str, int] = field(default_factory=Counter)
    marginals: Mapping[str, Mapping[str, int]] = field(default_factory=dict)
    coverage: tuple[Coverage, ...] = ()

    def to_dict(self) -> dict[str, object]:
        """Return the account as plain values that JSON can hold."""
        return {
            "made": self.made,
            "kept": self.kept,
            "dropped": dict(self.dropped),
            "marginals": {name: dict(counts) for name, counts in self.marginals.items()},
            "coverage": [entry.to_dict() for entry in self.coverage],
        }

    def lines(self) -> tuple[str, ...]:
        """Return the account as lines for people."""
        return (
            f"{self.made:,} points made, {self.kept:,} cases kept",
            *(f"  {count:,} dropped: {reason}" for reason, count in self.dropped.items()),
            *(f"  {entry}" for entry in self.coverage),
            *(f"  {name}: {_counted(counts)}" for name, counts in self.marginals.items()),
        )


def _counted(counts: Mapping[str, int]) -> str:
    return ", ".join(f"{value} x {count:,}" for value, count in counts.items())
