"""Counts the points of grids by arithmetic, before anything is multiplied out."""

import math
from collections import Counter
from collections.abc import Sequence
from operator import itemgetter
from typing import Any, Final

from tconv.errors import ConfigError, shortened
from tconv.grid.sweep import Sweep
from tconv.grid.values import count_values
from tconv.model.parameters import grid_keys

MOST_POINTS: Final = 10_000_000
"""Most points of a configuration that names no other limit: a minute and, if all are kept, 6 GB."""


def require_points(counts: Sequence[tuple[str, int]], most: int, path: str) -> None:
    """Refuse grids that make more than `most` points together.

    Args:
        counts: name of the table and number of points of each grid.
        most: the limit.
        path: the file that they come from, for the message.

    Raises:
        ConfigError: they make more.
    """
    points = sum(count for _, count in counts)
    if points > most:
        largest, count = max(counts, key=itemgetter(1))
        raise ConfigError(
            f"{shortened(path)}: points={_text(points)}, but should be {most:,} at most; the "
            f"largest grid is {largest} with {_text(count)}: sweep fewer values, or "
            "raise points in [limits]"
        )


def count_points(sweep: Sweep) -> int:
    """Return how many points a sweep makes at most.

    An axis on which `o` is "candidates" has s points instead of one, or fewer: sizes below 1 are no
    candidates.
    """
    points = sweep.points
    for ndim, times in Counter(sweep.options["ndim"]).items():
        fitting = {name: _fitting(listed, ndim) for name, listed in sweep.options.items()}
        del fitting["ndim"]
        strides, requests = fitting.pop("s"), fitting.pop("o")
        masks = Counter(tuple(word == "candidates" for word in request) for request in requests)
        added = sum(
            number
            * (math.prod(max(s, 1) for s, many in zip(stride, mask, strict=True) if many) - 1)
            for mask, number in masks.items()
            if any(mask)
            for stride in strides
        )
        points += times * added * math.prod(map(len, fitting.values()))
    return points


def count_listed(tables: object) -> list[tuple[str, int]]:
    """Return how many points each `[[grid]]` of parsed TOML lists, before a range is expanded.

    Tables that cannot be read count as nothing: whoever reads them says what is wrong.
    """
    return [
        (
            f"[[grid]] {number}",
            math.prod(max(count_values(value), 1) for key, value in table.items() if key in _KEYS),
        )
        for number, table in enumerate(tables if isinstance(tables, list) else (), start=1)
        if isinstance(table, dict)
    ]


_KEYS: Final = frozenset(grid_keys())


def _fitting(listed: Sequence[Any], ndim: int) -> list[tuple[Any, ...]]:
    """Return the options that have one entry per axis, or one for all, with an entry per axis."""
    rows = (option if isinstance(option, tuple) else (option,) * ndim for option in listed)
    return [row for row in rows if len(row) == ndim]


def _text(number: int) -> str:
    """Return a number in digits, or its magnitude where it has more than anybody reads."""
    return f"{number:,}" if number < 10**18 else f"more than 1e{len(str(number)) - 1}"
