"""Counts of a run that need every row: verdicts, comparisons and routes of each target."""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc


@dataclass(kw_only=True)
class Totals:
    """Counts that grow table by table.

    Attributes:
        verdicts: (target, verdict) -> rows.
        routes: (target, route) -> rows; a row that was never asked for has no route.
        additions: (target, step) -> rows of composed routes that need this step.
        compared: target -> rows whose values were compared with the oracle.
        versions: target -> version of the framework, where it is known.
    """

    verdicts: Counter[tuple[str, ...]] = field(default_factory=Counter)
    routes: Counter[tuple[str, ...]] = field(default_factory=Counter)
    additions: Counter[tuple[str, ...]] = field(default_factory=Counter)
    compared: Counter[str] = field(default_factory=Counter)
    versions: dict[str, str] = field(default_factory=dict)

    @property
    def rows(self) -> int:
        """Number of all rows."""
        return self.verdicts.total()

    def add(self, table: pa.Table) -> None:
        """Count the rows of a table with the columns of the store."""
        self.verdicts.update(_counted(table, "target", "verdict"))
        self.routes.update(_counted(table, "target", "route"))
        self.additions.update(_counted(table, "target", "addition"))
        compared = table.filter(pc.field("compared") > 0)
        self.compared.update({key[0]: n for key, n in _counted(compared, "target").items()})
        for target, version in _counted(table, "target", "backend_version"):
            self.versions.setdefault(target, version)

    def targets(self) -> tuple[str, ...]:
        """Return the targets in the order in which they came."""
        return tuple(dict.fromkeys(target for target, _ in self.verdicts))

    def backends(self) -> dict[str, list[str]]:
        """Return the targets of each backend."""
        members: dict[str, list[str]] = {}
        for target in self.targets():
            members.setdefault(target.partition(":")[0], []).append(target)
        return members

    def steps(self, target: str) -> list[tuple[str, int]]:
        """Return the steps that composed routes of a target add, the most frequent first."""
        return [(step, n) for (where, step), n in self.additions.most_common() if where == target]

    def of(self, *targets: str) -> Counter[str]:
        """Return the counts of each verdict that some targets have."""
        counts: Counter[str] = Counter()
        for (target, verdict), count in self.verdicts.items():
            if target in targets:
                counts[verdict] += count
        return counts


def _counted(table: pa.Table, *names: str) -> Mapping[tuple[Any, ...], int]:
    """Return how often each combination of values occurs, those with an absent one left out."""
    found = table.select(names).drop_null().group_by(names, use_threads=False)
    counted = found.aggregate([([], "count_all")]).to_pydict()
    keys = zip(*(counted[name] for name in names), strict=True)
    return dict(zip(keys, counted["count_all"], strict=True))
