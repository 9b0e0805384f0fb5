"""Verdicts by target and value of a parameter: where in the grid do deviations lie?"""

from collections import Counter
from dataclasses import dataclass
from typing import Any, Final, Self

from tconv.model.parameters import PARAMETERS, Table, sweep_order
from tconv.model.verdict import Standpoint
from tconv.store.columns import COLUMNS
from tconv.store.queries import DEVIATING, RowQueries, verdicts_of


def counted_columns(table: Table = PARAMETERS) -> tuple[str, ...]:
    """Return the columns of a case that deviations are counted by."""
    parameters = (each for each in sweep_order(table) if each.in_breakdown)
    return (*(field for each in parameters for field in each.fields), "suite")


_COUNTED: Final = counted_columns()

SHOWN: Final = 24
"""Values of one parameter that are shown; of more, those with the most deviations."""

NOTABLE_RATIO: Final = 1.5
"""Ratio of the shares of two values above which the parameter makes a difference."""

_JUDGED: Final = verdicts_of(Standpoint.CONFORMANT, Standpoint.DEVIATION)
_ABSENT: Final = "none"
_KINDS: Final = {column.name: column.kind for column in COLUMNS}


@dataclass(frozen=True, slots=True, kw_only=True)
class Share:
    """How many of the judged rows of one target with one value of a parameter deviate."""

    judged: int
    deviating: int

    @property
    def share(self) -> float:
        """The share that deviates, 0..1; 0 where nothing was judged."""
        return self.deviating / self.judged if self.judged else 0.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Marginal:
    """One parameter's table.

    Attributes:
        name: the parameter.
        values: the values shown, in order, each with the shares of the targets, in their order.
        left_out: number of values that are not shown.
    """

    name: str
    values: tuple[tuple[str, tuple[Share, ...]], ...]
    left_out: int

    @property
    def matters(self) -> bool:
        """Whether two values differ, on some target, by more than NOTABLE_RATIO."""
        columns = zip(*(shares for _, shares in self.values), strict=True)
        judged = ([each.share for each in column if each.judged] for column in columns)
        return any(max(shares) > NOTABLE_RATIO * min(shares) for shares in judged if shares)


@dataclass(frozen=True, kw_only=True)
class Breakdown:
    """Counts of a run's rows by parameter.

    A row counts once for each value that a per-axis parameter has on some axis.

    Attributes:
        judged: (parameter, value, target) -> rows that conform or deviate, in the order of the run.
        deviating: the same for those that deviate.
    """

    judged: Counter[tuple[str, Any, str]]
    deviating: Counter[tuple[str, Any, str]]

    @classmethod
    def from_rows(cls, rows: RowQueries) -> Self:
        """Return the counts of a run's rows."""
        judged: Counter[tuple[str, Any, str]] = Counter()
        deviating: Counter[tuple[str, Any, str]] = Counter()
        for parameter in _COUNTED:
            for value, target, *counts in rows.run(_query(parameter)):
                key = parameter, _ABSENT if value is None else value, target
                judged[key], deviating[key] = counts
        return cls(judged=judged, deviating=deviating)

    def marginals(self, targets: tuple[str, ...]) -> tuple[Marginal, ...]:
        """Return a table of these targets for each parameter that has more than one value."""
        every = (self._marginal(parameter, targets) for parameter in _COUNTED)
        return tuple(each for each in every if len(each.values) > 1)

    def _marginal(self, parameter: str, targets: tuple[str, ...]) -> Marginal:
        worst = Counter({value: 0 for name, value, _ in self.judged if name == parameter})
        for (name, value, _), count in self.deviating.items():
            if name == parameter:
                worst[value] += count
        shown = sorted((value for value, _ in worst.most_common(SHOWN)), key=_order)
        return Marginal(
            name=parameter,
            values=tuple(
                (_text(value), tuple(self._share(parameter, value, target) for target in targets))
                for value in shown
            ),
            left_out=len(worst) - len(shown),
        )

    def _share(self, parameter: str, value: object, target: str) -> Share:
        key = parameter, value, target
        return Share(judged=self.judged[key], deviating=self.deviating[key])


def _query(parameter: str) -> str:
    """Return the query for value, target, judged and deviating rows of one parameter."""
    is_list = _KINDS[parameter] == "integers"
    values = "unnest(coalesce(list_distinct(given), [NULL]))" if is_list else "given"
    # Rows are counted by the whole list first: it is then taken apart once per combination.
    return f"""
        WITH combinations AS (
            SELECT "{parameter}" AS given, target, count(*) AS judged,
                count(*) FILTER (verdict IN {DEVIATING}) AS deviating, min(place) AS place
            FROM rows WHERE verdict IN {_JUDGED} GROUP BY ALL)
        SELECT value, target, sum(judged)::BIGINT, sum(deviating)::BIGINT
        FROM (SELECT {values} AS value, * FROM combinations)
        GROUP BY value, target ORDER BY min(place), value
    """


def _order(value: object) -> tuple[bool, float, str]:
    number = isinstance(value, int | float)
    return not number, float(value) if isinstance(value, int | float) else 0.0, str(value)


def _text(value: object) -> str:
    return {True: "yes", False: "no"}[value] if isinstance(value, bool) else str(value)
