"""Which points a grid keeps, and for which reason it drops the others."""

from collections import Counter
from collections.abc import Iterator, Mapping
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from harness.case import VALUES
from harness.geometry import Axis
from harness.grid.product import DTYPE_NAMES, IntArray
from harness.grid.sweep import Sweep
from harness.legality import AXIS_RULES, CHANNEL_RULES, STANDINGS, Channels, Rule

_STANDING_OF_SUITE: Final = {"explicit": "legal", "extended": "extended", "illegal": "illegal"}
_RULES: Final[tuple[Rule[Any], ...]] = (*CHANNEL_RULES, *AXIS_RULES)
_LEGAL: Final = len(_RULES)
_RANKS: Final = np.array([*(STANDINGS.index(rule.standing) for rule in _RULES),
                          STANDINGS.index("legal")])  # fmt: skip


def sift(sweep: Sweep, columns: Mapping[str, IntArray]) -> tuple[NDArray[np.bool_], Counter[str]]:
    """Return which rows are kept, (rows,), and how many are dropped for which reason.

    The suite is asked first, then the conditions in their order; the first that fails is counted.
    """
    kept = np.ones(len(columns["n"]), dtype=np.bool_)
    dropped: Counter[str] = Counter()
    for fails, reason in (*_unsuited(sweep, columns), *_unwanted(sweep, columns)):
        count = int((kept & fails).sum())
        if count:
            dropped[reason] += count
        kept &= ~fails
    return kept, dropped


def broken_rules(columns: Mapping[str, IntArray]) -> IntArray:
    """Return for each row the position of the rule that gives its standing, (rows,).

    The gravest rule, that of the channels before that of an axis, the first axis before the
    second: what :attr:`harness.case.Case.standing` says of one case.
    """
    channels = {name: columns[name][:, None] for name in ("n", "c_in", "c_out", "groups")}
    axis: dict[str, Any] = {name: columns[name] for name in ("i", "k", "s", "p_begin", "p_end")}
    axis |= {"op": columns["output_padding"], "d": columns["dilation"]}
    first = np.concatenate(
        [
            _first_broken(CHANNEL_RULES, Channels(**channels), 0),
            _first_broken(AXIS_RULES, Axis(**axis), len(CHANNEL_RULES)),
        ],
        axis=1,
    )
    gravest = _RANKS[first].argmin(axis=1)
    return np.take_along_axis(first, gravest[:, None], axis=1)[:, 0]


def _first_broken(rules: tuple[Rule[Any], ...], subject: Axis | Channels, start: int) -> IntArray:
    broken = [rule.is_broken(subject) for rule in rules]
    return np.select(broken, [np.int64(start + at) for at in range(len(rules))], np.int64(_LEGAL))


def _unsuited(
    sweep: Sweep, columns: Mapping[str, IntArray]
) -> Iterator[tuple[NDArray[np.bool_], str]]:
    rules = broken_rules(columns)
    for code in np.unique(rules):
        standing = STANDINGS[_RANKS[code]]
        if standing != _STANDING_OF_SUITE[sweep.suite]:
            words = f": {_RULES[code].words}" if code < _LEGAL else ""
            yield rules == code, f"{standing}, so not in suite {sweep.suite}{words}"


def _unwanted(
    sweep: Sweep, columns: Mapping[str, IntArray]
) -> Iterator[tuple[NDArray[np.bool_], str]]:
    named = {
        **columns,
        "dtype": np.array(DTYPE_NAMES)[columns["dtype"]],
        "values": np.array(VALUES)[columns["values"]],
    } if sweep.where else {}  # fmt: skip
    for predicate in sweep.where:
        yield ~predicate.holds_in(named), f"where: {predicate}"
