"""Expands sweeps to the distinct cases of a run, and counts every point that it drops."""

from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np

from tconv.errors import ConfigError
from tconv.grid.case_table import CaseTable, distinct
from tconv.grid.cases import Cases
from tconv.grid.covering import Coverage, choose, pairs_reached
from tconv.grid.filters import filter_points
from tconv.grid.points import MOST_POINTS, count_points, require_points
from tconv.grid.product import SWEPT, Product
from tconv.grid.requested_sizes import IntArray
from tconv.grid.statistics import GridStatistics, marginals
from tconv.grid.sweep import Sweep
from tconv.model.case import Case
from tconv.model.parameters import VALUES

_PIECE: Final = 1 << 17  # cases that are looked up at once


@dataclass(frozen=True, kw_only=True, eq=False)
class Grid:
    """The cases of a run, in the order of their parameters, ndim first.

    Attributes:
        tables: the cases by number of axes; :attr:`cases` constructs them one by one.
        statistics: how many points there were, and why some were dropped.
    """

    tables: tuple[CaseTable, ...]
    statistics: GridStatistics

    def __len__(self) -> int:
        return sum(map(len, self.tables))

    def __iter__(self) -> Iterator[Case]:
        return iter(self.cases)

    @property
    def cases(self) -> Cases:
        """All cases, sorted and distinct."""
        return Cases(self.tables)

    def shard(self, k: int, n: int) -> Cases:
        """Return the `k`-th of `n` parts; they are disjoint, complete, and similar in size and mix.

        Case number j of the sorted grid belongs to part j mod n + 1, so a part depends only on the
        configuration.

        Raises:
            ConfigError: `k` is not in 1..n.
        """
        if not 1 <= k <= n:
            raise ConfigError(f"shard={k}/{n}, but should be k/n with 1 <= k <= n, as in 1/4")
        return self.cases[k - 1 :: n]


def expand(
    grids: Sequence[Sweep],
    values: Sequence[str] = VALUES[:1],
    *,
    most_points: int = MOST_POINTS,
    progress: Callable[[int], object] = int,
) -> Grid:
    """Return the distinct cases of all grids, each with every kind of values.

    Args:
        grids: what is swept.
        values: kinds of values, instead of those of the grids.
        most_points: the most points that the grids may make; they are counted first.
        progress: called with the number of further points that were made.

    Raises:
        ConfigError: there are more points, or a grid keeps no case; the message says why.
    """
    sweeps = [grid.with_values(tuple(values)) for grid in grids]
    counts = [(sweep.table, count_points(sweep)) for sweep in sweeps]
    require_points(counts, most_points, sweeps[0].path)
    dropped: Counter[str] = Counter()
    tables: dict[int, list[CaseTable]] = {}
    coverage: list[Coverage] = []
    points = 0
    for sweep in sweeps:
        products = {ndim: Product(sweep, ndim) for ndim in sorted(set(sweep.options["ndim"]))}
        for table in _expand_one(sweep, products, dropped, coverage, progress):
            tables.setdefault(table.ndim, []).append(table)
        points += sweep.points + sum(product.added for product in products.values())
    joined = tuple(CaseTable.joined(tables[ndim]) for ndim in sorted(tables))
    cases = sum(map(len, joined))
    _count(dropped, "duplicate", sum(len(b) for each in tables.values() for b in each) - cases)
    statistics = GridStatistics(
        made=points,
        kept=cases,
        dropped=dict(dropped.most_common()),
        marginals=marginals(joined),
        coverage=tuple(coverage),
    )
    return Grid(tables=joined, statistics=statistics)


def _expand_one(
    sweep: Sweep,
    products: dict[int, Product],
    dropped: Counter[str],
    coverage: list[Coverage],
    progress: Callable[[int], object],
) -> list[CaseTable]:
    """Return the tables of one sweep; add to `dropped` and `coverage`."""
    mine: Counter[str] = Counter()
    distinct_points = np.concatenate(
        [_distinct_points(sweep, product, mine, progress) for product in products.values()]
    )
    codes = _within_budget(sweep, distinct_points, mine, coverage)
    dropped.update(mine)
    if len(codes) == 0:
        why = "; ".join(f"{count:,} dropped: {reason}" for reason, count in mine.most_common())
        raise ConfigError(
            f"{sweep.path}: {sweep.table}: cases kept=0, but should be 1 or more ({why}); "
            "change the values that these reasons name, or the suite"
        )
    ndims = np.array(sweep.options["ndim"])[codes[:, 0]]
    return [_table(product, codes[ndims == ndim]) for ndim, product in products.items()]


def _distinct_points(
    sweep: Sweep, product: Product, dropped: Counter[str], progress: Callable[[int], object]
) -> IntArray:
    """Return the codes of the distinct points that the sweep keeps, sorted by their values."""
    dropped.update(product.wrong_length)
    chunks = [np.empty((0, len(SWEPT) + 1), dtype=np.int64)]
    for codes in product.chunks():
        is_kept, reasons = filter_points(sweep, product.columns(codes))
        dropped.update(reasons)
        chunks.append(codes[is_kept])
        progress(len(codes))
    _count(dropped, "no size is a candidate for o", product.without_candidate)
    codes = np.concatenate(chunks)
    del chunks  # as large as the codes
    order = distinct(_table(product, codes).matrix)
    _count(dropped, "duplicate", len(codes) - len(order))
    return codes[order]


def _table(product: Product, codes: IntArray) -> CaseTable:
    """Return the cases behind the codes; all their columns beside it would take as much again."""
    pieces = (codes[at : at + _PIECE] for at in range(0, max(len(codes), 1), _PIECE))
    tables = (CaseTable.from_columns(product.ndim, product.columns(piece)) for piece in pieces)
    first = next(tables).matrix
    matrix = np.empty((len(codes), first.shape[1]), dtype=np.int64)
    matrix[: len(first)] = first
    for number, table in enumerate(tables, start=1):
        matrix[number * _PIECE : (number + 1) * _PIECE] = table.matrix
    return CaseTable(ndim=product.ndim, matrix=matrix)


def _within_budget(
    sweep: Sweep,
    codes: IntArray,
    dropped: Counter[str],
    coverage: list[Coverage],
) -> IntArray:
    if sweep.budget is None or len(codes) == 0:
        return codes
    varied = [at for at, name in enumerate(SWEPT) if len(sweep.options[name]) > 1]
    varied += [len(SWEPT)] * bool(codes[:, -1].any())  # which candidate for o
    rows = choose(codes[:, varied], sweep.budget.cases, sweep.budget.strategy)
    coverage.append(
        Coverage(
            table=sweep.table,
            strategy=sweep.budget.strategy,
            budget=sweep.budget.cases,
            rows=len(rows),
            achievable=pairs_reached(codes[:, varied]),
            reached=pairs_reached(codes[rows][:, varied]),
        )
    )
    _count(dropped, "budget", len(codes) - len(rows))
    return codes[rows]


def _count(counter: Counter[str], reason: str, number: int) -> None:
    if number:
        counter[reason] += number
