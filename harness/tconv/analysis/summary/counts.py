"""Counts of a run's rows by target: verdicts, routes, native calls, what was not judged and why."""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final, Self

from tconv.model.target import Target
from tconv.model.verdict import Standpoint, Verdict
from tconv.store.queries import RowQueries, verdicts_of
from tconv.store.totals import TargetTotals

_UNJUDGED: Final = verdicts_of(Standpoint.NEUTRAL, Standpoint.INCOMPLETE)


@dataclass(frozen=True, kw_only=True)
class RunTotals:
    """Number of rows by target.

    Attributes:
        by_target: target -> its counts, in the order of the run.
        routes: (target, route) -> rows; a row whose case was never run has no route.
        additions: (target, step) -> rows of composed routes that need this step.
        versions: target -> version of the framework, where it is known.
    """

    by_target: Mapping[str, TargetTotals]
    routes: Counter[tuple[str, str]]
    additions: Counter[tuple[str, str]]
    versions: Mapping[str, str]

    @classmethod
    def from_rows(cls, rows: RowQueries) -> Self:
        """Return the counts of a run's rows."""

        def counted(column: str) -> Counter[tuple[str, str]]:
            query = f"""
                SELECT target, {column}, count(*) FROM rows WHERE {column} NOT NULL
                GROUP BY ALL ORDER BY min(place)
            """
            return Counter({(target, value): count for target, value, count in rows.run(query)})

        by_target: dict[str, TargetTotals] = {}
        for (target, verdict), count in counted("verdict").items():
            totals = by_target.setdefault(target, TargetTotals())
            totals.verdicts[Verdict(verdict)] = count
        compared = "SELECT target, count(*) FROM rows WHERE compared > 0 GROUP BY target"
        for target, count in rows.run(compared):
            by_target[target].compared = count
        versions = """
            SELECT target, arg_min(backend_version, place) FROM rows
            WHERE backend_version NOT NULL GROUP BY target
        """
        return cls(
            by_target=by_target, routes=counted("route"), additions=counted("addition"),
            versions=dict(rows.run(versions)),
        )  # fmt: skip

    @property
    def rows(self) -> int:
        """Number of all rows."""
        return sum(totals.rows for totals in self.by_target.values())

    @property
    def compared(self) -> int:
        """Number of all rows with an element that was compared with the oracle."""
        return sum(totals.compared for totals in self.by_target.values())

    def targets(self) -> tuple[str, ...]:
        """Return the targets in the order of the run."""
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


def _differs(column: str, plain: int) -> str:
    """Return the condition that an entry of a per-axis column is not `plain`, nor absent."""
    return f"(list_min({column}) <> {plain} OR list_max({column}) <> {plain})"


_USES: Final[Mapping[str, str]] = {
    "s > 1": _differs("s", 1),
    "p > 0": f"{_differs('p_begin', 0)} OR {_differs('p_end', 0)}",
    "p_begin != p_end": "p_begin <> p_end",
    "output_padding > 0": _differs("output_padding", 0),
    "dilation > 1": _differs("dilation", 1),
    "groups > 1": "groups > 1",
    "bias": "bias",
}
"""Parameters in use, and the condition that says so."""


def native_shares(rows: RowQueries) -> dict[str, dict[str, float | None]]:
    """Return the share of what each target computes that a single call of its framework reaches.

    By parameter in use, in 0..1; None where no row of the target has it.
    """
    uses = ", ".join(f"CASE WHEN {condition} THEN '{use}' END" for use, condition in _USES.items())
    # Rows are counted by all their parameters first: each condition is then tested once for each.
    query = f"""
        WITH combinations AS (
            SELECT target, [ndim || 'd', {uses}] AS uses,
                count(*) AS reached, count(*) FILTER (route = 'native') AS native
            FROM rows WHERE route IN ('native', 'composed') GROUP BY ALL)
        SELECT target, use, sum(native) / sum(reached)
        FROM (SELECT target, unnest(uses) AS use, reached, native FROM combinations)
        WHERE use NOT NULL GROUP BY ALL ORDER BY use, target
    """
    shares = {(target, use): share for target, use, share in rows.run(query)}
    names = dict.fromkeys([use for _, use in shares if use not in _USES] + list(_USES))
    targets = dict.fromkeys(target for target, _ in shares)
    return {target: {use: shares.get((target, use)) for use in names} for target in targets}


@dataclass(frozen=True, slots=True, kw_only=True)
class UnjudgedReason:
    """Rows that could not be judged for one reason on one target.

    Attributes:
        target: where.
        verdict: unsupported, unavailable or not_run.
        reason: why, in the adapter's words.
        count: number of rows.
        evidence: the framework's own error in the first of them.
    """

    target: str
    verdict: str
    reason: str
    count: int
    evidence: str


def unjudged(rows: RowQueries) -> tuple[UnjudgedReason, ...]:
    """Return why rows were not judged, in the order of the run."""
    query = f"""
        SELECT target, verdict, coalesce(reason, '') AS why, count(*),
            arg_min(concat_ws(': ', nullif(error_type, ''), nullif(error_text, '')), place)
        FROM rows WHERE verdict IN {_UNJUDGED}
        GROUP BY target, verdict, why ORDER BY min(place)
    """
    return tuple(
        UnjudgedReason(target=target, verdict=verdict, reason=why, count=count, evidence=evidence)
        for target, verdict, why, count, evidence in rows.run(query)
    )


_BLIND_SPOTS: Final[Mapping[str, str]] = {
    "exact inputs were out of reach, so they were judged in normal mode": (
        "\"values\" = 'exact' AND drawn = 'normal'"
    ),
    "exact inputs were sparse: most elements zero": "drawn = 'exact, sparse'",
    "some wrong reading gives the right answer": "len(coinciding) > 0",
}


def blind_spots(rows: RowQueries) -> dict[str, int]:
    """Return the number of distinct cases for which a match says less, by the reason why."""
    counts = ", ".join(
        f'count(DISTINCT "case") FILTER ({condition})' for condition in _BLIND_SPOTS.values()
    )
    (numbers,) = rows.run(f"SELECT {counts} FROM rows")
    return dict(zip(_BLIND_SPOTS, numbers, strict=True))
