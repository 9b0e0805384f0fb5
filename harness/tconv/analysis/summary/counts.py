"""Counts of a run that need every row: verdicts, comparisons and routes of each target."""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from tconv.model.target import Target
from tconv.model.verdict import Verdict
from tconv.store.totals import TargetTotals


@dataclass(kw_only=True)
class RunTotals:
    """Counts that grow table by table.

    Attributes:
        by_target: target -> its counts, in the order in which the targets come.
        routes: (target, route) -> rows; a row that was never asked for has no route.
        additions: (target, step) -> rows of composed routes that need this step.
        versions: target -> version of the framework, where it is known.
    """

    by_target: dict[str, TargetTotals] = field(default_factory=dict)
    routes: Counter[tuple[str, ...]] = field(default_factory=Counter)
    additions: Counter[tuple[str, ...]] = field(default_factory=Counter)
    versions: dict[str, str] = field(default_factory=dict)

    @property
    def rows(self) -> int:
        """Number of all rows."""
        return sum(each.rows for each in self.by_target.values())

    @property
    def compared(self) -> int:
        """Number of all rows with an element that was compared with the oracle."""
        return sum(each.compared for each in self.by_target.values())

    def add(self, table: pa.Table) -> None:
        """Count the rows of a table with the columns of the store."""
        for (target, verdict), count in _counted(table, "target", "verdict").items():
            totals = self.by_target.setdefault(target, TargetTotals())
            totals.verdicts[Verdict(verdict)] += count
        compared = table.filter(pc.field("compared") > 0)
        for (target,), count in _counted(compared, "target").items():
            self.by_target[target].compared += count
        self.routes.update(_counted(table, "target", "route"))
        self.additions.update(_counted(table, "target", "addition"))
        for target, version in _counted(table, "target", "backend_version"):
            self.versions.setdefault(target, version)

    def targets(self) -> tuple[str, ...]:
        """Return the targets in the order in which they came."""
        return tuple(self.by_target)

    def backends(self) -> dict[str, list[str]]:
        """Return the targets of each backend."""
        members: dict[str, list[str]] = {}
        for target in self.targets():
            members.setdefault(Target.from_text(target).backend, []).append(target)
        return members

    def steps(self, target: str) -> list[tuple[str, int]]:
        """Return the steps that composed routes of a target add, the most frequent first."""
        return [(step, n) for (where, step), n in self.additions.most_common() if where == target]

    def of(self, *targets: str) -> Counter[Verdict]:
        """Return the counts of each verdict that some targets have."""
        return sum((self.by_target[target].verdicts for target in targets), Counter())


def _counted(table: pa.Table, *names: str) -> Mapping[tuple[Any, ...], int]:
    """Return how often each combination of values occurs, those with an absent one left out."""
    found = table.select(names).drop_null().group_by(names, use_threads=False)
    counted = found.aggregate([([], "count_all")]).to_pydict()
    keys = zip(*(counted[name] for name in names), strict=True)
    return dict(zip(keys, counted["count_all"], strict=True))
