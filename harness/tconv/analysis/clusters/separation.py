"""Searches the conjunction of terms that separates some cases from others.

The search is exact and complete up to `MOST_TERMS` terms of :mod:`.terms`: where a conjunction
separates all cases, the one with fewest terms is found, and of these the cheapest. It works on a
sample, and adds to it the cases that the sample's answer gets wrong, until the answer holds for all
cases or the sample shows that there is none. So its time hardly depends on their number.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Final, Self

import numpy as np
from numpy.typing import NDArray

from tconv.analysis.clusters.judged_cases import Index, JudgedCases
from tconv.analysis.clusters.terms import TermTable, overflowing
from tconv.errors import PredicateError
from tconv.model.predicate import Predicate

MOST_TERMS: Final = 3
"""Most terms of a conjunction."""

EVERYWHERE: Final = "True"
"""The predicate of what deviates in every case: there is nothing to separate it from."""

_SAMPLE: Final = 128  # cases of either side that a search starts with
_LARGE_SAMPLE: Final = 4096  # where nothing separates them: nothing is added to it
_ADDED: Final = 48  # wrong ones of either side that are added to them
_ROUNDS: Final = 40
_SEEDS: Final = 6  # cases of which one must be in a part that is looked for
_BRANCHES: Final = 500  # of a search for one, which need not be complete
_BEAM: Final = 24  # conjunctions that are extended where none separates

Words = NDArray[np.uint64]


@dataclass(frozen=True, slots=True)
class Conjunction:
    """Terms that one and the same axis satisfies.

    Attributes:
        texts: the terms, the cheapest first.
        cost: the sum of their costs.
    """

    texts: tuple[str, ...]
    cost: int = field(compare=False)

    @property
    def text(self) -> str:
        """The predicate."""
        return " and ".join(self.texts) or EVERYWHERE


@dataclass(frozen=True, slots=True, eq=False)
class Separation:
    """The search among the cases of one run.

    Attributes:
        cases: their parameters.
        overflowing: quantities that no predicate may use, as they are too large in some case.
    """

    cases: JudgedCases
    overflowing: frozenset[str]

    @classmethod
    def from_cases(cls, cases: JudgedCases) -> Self:
        """Return the search among these cases."""
        return cls(cases, overflowing(cases.columns(cases.extremes())))

    def holds(self, text: str, index: Index) -> NDArray[np.bool_]:
        """Return for each case of `index` whether it satisfies a predicate.

        It holds for none of those that have numbers too large for it.
        """
        predicate = Predicate.from_text(text)
        truths = [np.empty(0, dtype=np.bool_)]
        for columns in self.cases.pieces(index):
            try:
                truths.append(predicate.holds_in(columns))
            except PredicateError:
                truths.append(np.zeros(len(columns["ndim"]), dtype=np.bool_))
        return np.concatenate(truths)

    def exact(self, inside: Index, outside: Index) -> Conjunction | None:
        """Return the smallest conjunction of all cases `inside` and of none `outside`, or None."""
        if not len(outside):
            return Conjunction((), 0)
        sample = _Sample(inside, outside)
        for _ in range(_ROUNDS):
            conjunction = self._table(sample).smallest()
            if conjunction is None:
                return None
            missed = inside[~self.holds(conjunction.text, inside)]
            wrong = outside[self.holds(conjunction.text, outside)]
            if not len(missed) and not len(wrong):
                return conjunction
            sample.add(missed, wrong)
        return None

    def largest_part(self, inside: Index, outside: Index, share: float) -> Conjunction | None:
        """Return a conjunction of no case `outside`, and of many `inside`, or None.

        Args:
            inside: the cases of which it is to hold for many.
            outside: those of which it must not hold.
            share: of `inside`; conjunctions of a smaller part are not looked for.
        """
        sample = _Sample(inside, outside)
        for _ in range(_ROUNDS):
            conjunction = self._table(sample).largest(share)
            if conjunction is None:
                return None
            wrong = outside[self.holds(conjunction.text, outside)]
            if not len(wrong):
                return conjunction
            sample.add(inside[:0], wrong)
        return None

    def nearest(self, inside: Index, outside: Index) -> Conjunction:
        """Return the conjunction with the best F1 that is found on a large sample."""
        sample = _Sample(inside, outside, _LARGE_SAMPLE)
        weights = len(inside) / len(sample.inside), len(outside) / len(sample.outside)
        return self._table(sample).best(*weights)

    def _table(self, sample: "_Sample") -> "_Truths":
        index = np.concatenate([sample.inside, sample.outside])
        table = TermTable.from_columns(self.cases.columns(index), len(index), self.overflowing)
        return _Truths.from_table(table, len(sample.inside))


class _Sample:
    """Some of the cases of either side."""

    def __init__(self, inside: Index, outside: Index, size: int = _SAMPLE) -> None:
        self.inside = _spread(inside, size)
        self.outside = _spread(outside, size)

    def add(self, inside: Index, outside: Index) -> None:
        """Add some of these cases."""
        self.inside = np.union1d(self.inside, _spread(inside, _ADDED))
        self.outside = np.union1d(self.outside, _spread(outside, _ADDED))


def _spread(index: Index, most: int) -> Index:
    """Return at most `most` entries, evenly spread."""
    if len(index) <= most:
        return index
    return index[np.linspace(0, len(index) - 1, most).astype(np.int64)]


def _packed(truths: NDArray[np.bool_]) -> Words:
    """Return bits of the last axis in words of 64."""
    short = -truths.shape[-1] % 64
    padded = np.pad(truths, [(0, 0)] * (truths.ndim - 1) + [(0, short)])
    return np.ascontiguousarray(np.packbits(padded, axis=-1)).view(np.uint64)


@dataclass(frozen=True, slots=True, eq=False)
class _Truths:
    """Where the terms hold in a sample, as bits.

    Attributes:
        texts: the terms, the cheapest first.
        costs: their costs.
        inside: shape (terms, axes, words): the cases that are to be separated.
        outside: shape (terms, words): the cells (case and axis) of the other cases.
        excluded: shape (terms, cells): the same, as booleans, of cells where a term does not hold.
        count: number of cases that are to be separated.
    """

    texts: tuple[str, ...]
    costs: NDArray[np.int64]
    inside: Words
    outside: Words
    excluded: NDArray[np.bool_]
    count: int

    @classmethod
    def from_table(cls, table: TermTable, count: int) -> "_Truths":
        """Return the truths of a table whose first `count` cases are to be separated."""
        terms, cases, axes = table.holds.shape
        outside = table.holds[:, count:].reshape(terms, (cases - count) * axes)
        return cls(
            texts=tuple(term.text for term in table.terms),
            costs=np.array([term.cost for term in table.terms], dtype=np.int64),
            inside=_packed(table.holds[:, :count].swapaxes(1, 2)),
            outside=_packed(outside), excluded=~outside, count=count,
        )  # fmt: skip

    def only(self, selected: Index) -> "_Truths":
        """Return the truths of some of the terms."""
        return _Truths(
            texts=tuple(self.texts[at] for at in selected), costs=self.costs[selected],
            inside=self.inside[selected], outside=self.outside[selected],
            excluded=self.excluded[selected], count=self.count,
        )  # fmt: skip

    def covered(self, inside: Words) -> NDArray[np.int64]:
        """Return how many cases have an axis in `inside`, shape (..., axes, words) -> (...)."""
        cases = np.bitwise_or.reduce(inside, axis=-2)
        counts: NDArray[np.int64] = np.bitwise_count(cases).sum(axis=-1, dtype=np.int64)
        return counts

    def conjunction(self, chosen: Sequence[int]) -> Conjunction:
        """Return terms by their numbers, as a conjunction."""
        ordered = sorted(chosen)
        cost = int(self.costs[ordered].sum())
        return Conjunction(tuple(self.texts[at] for at in ordered), cost)

    def smallest(self) -> Conjunction | None:
        """Return the smallest conjunction that separates the sample, or None."""
        if not self.excluded.shape[1]:
            return Conjunction((), 0)
        all_inside = self.covered(self.inside) == self.count
        helpful = self.excluded.any(axis=1)
        truths = self.only(np.flatnonzero(all_inside & helpful))
        for size in range(1, MOST_TERMS + 1):
            search = _Search(truths, size)
            if search.best is not None:
                return truths.conjunction(search.best)
        return None

    def largest(self, share: float) -> Conjunction | None:
        """Return a conjunction that excludes all of the sample's outside and covers much inside."""
        if not self.texts:
            return None
        fewest = int(share * self.count / 2)  # a sample has more of some parts, fewer of others
        best: tuple[int, int, int, Conjunction] | None = None
        for seed in _spread(np.arange(self.count), _SEEDS):
            word, bit = divmod(int(seed), 64)
            cells = _bit(self.inside[:, :, word], bit)
            for axis in np.unique(cells, axis=1, return_index=True)[1]:
                truths = self.only(np.flatnonzero(cells[:, axis] & self.excluded.any(axis=1)))
                for size in range(1, MOST_TERMS + 1):
                    search = _Search(truths, size, at_least=-best[0] if best else fewest)
                    if search.best is not None:
                        conjunction = truths.conjunction(search.best)
                        candidate = -search.most, size, conjunction.cost, conjunction
                        best = candidate if best is None else min(best, candidate, key=_order)
        return best[3] if best else None

    def best(self, inside_weight: float, outside_weight: float) -> Conjunction:
        """Return the conjunction with the best F1 that a beam search finds."""
        if not self.texts:
            return Conjunction((), 0)  # the cases are all alike
        axes = self.inside.shape[1]
        cells = self.excluded.shape[1]
        outside = _packed(~self.excluded.reshape(len(self.texts), -1, axes).swapaxes(1, 2))
        assert cells % axes == 0

        def scores(inside: Words, outside: Words) -> NDArray[np.float64]:
            right = inside_weight * self.covered(inside)
            wrong = outside_weight * self.covered(outside)
            return np.round(2 * right / (right + wrong + inside_weight * self.count), 9)

        beam: list[tuple[float, int, tuple[int, ...]]] = []
        first = scores(self.inside, outside)
        beam = [(-float(first[at]), int(self.costs[at]), (at,)) for at in range(len(first))]
        beam = sorted(beam)[:_BEAM]
        best = beam[0]
        for _ in range(1, MOST_TERMS):
            longer: dict[tuple[int, ...], tuple[float, int, tuple[int, ...]]] = {}
            for _, cost, chosen in beam:
                within = np.bitwise_and.reduce(self.inside[list(chosen)])
                without = np.bitwise_and.reduce(outside[list(chosen)])
                values = scores(self.inside & within, outside & without)
                for at in np.argsort(-values, kind="stable")[:_BEAM]:
                    extended = tuple(sorted({*chosen, int(at)}))
                    longer[extended] = (
                        -float(values[at]), cost + int(self.costs[at]), extended
                    )  # fmt: skip
            beam = sorted(longer.values())[:_BEAM]
            if beam[0][0] < best[0]:  # a further term must be worth it
                best = beam[0]
        return self.conjunction(best[2])


def _order(candidate: tuple[int, int, int, Conjunction]) -> tuple[int, int, int, tuple[str, ...]]:
    return (*candidate[:3], candidate[3].texts)


def _bit(words: Words, bit: int) -> NDArray[np.bool_]:
    """Return one bit of each word, numbered as :func:`_packed` puts them there."""
    octets = np.ascontiguousarray(words).view(np.uint8).reshape(*words.shape, 8)
    bits: NDArray[np.uint8] = octets[..., bit // 8] >> np.uint8(7 - bit % 8)
    return np.asarray(bits & 1, dtype=np.bool_)


class _Search:
    """A search for `size` terms that exclude every cell outside; it branches on the hardest cell.

    Attributes:
        best: the numbers of the terms, or None where there are none.
        most: number of cases inside that they cover.
    """

    def __init__(self, truths: _Truths, size: int, *, at_least: int | None = None) -> None:
        """Search the cheapest terms that cover all cases inside, or the most, but `at_least`.

        Args:
            truths: the terms. For all cases inside, each must cover all of them.
            size: number of terms.
            at_least: number of cases to cover more of; None: all.
        """
        self.best: tuple[int, ...] | None = None
        self.most = truths.count if at_least is None else at_least
        self._is_partial = at_least is not None
        self._truths = truths
        self._cheapest = 1 << 62
        self._branches = 0
        self._hardness = truths.excluded.sum(axis=0)
        if len(truths.texts) and self._hardness.min(initial=1):
            cells = _packed(np.ones((1, truths.excluded.shape[1]), dtype=np.bool_))[0]
            inside = np.full(truths.inside.shape[1:], ~np.uint64(0))
            self._extend((), 0, cells, inside, size)

    def _extend(
        self, chosen: tuple[int, ...], cost: int, left: Words, inside: Words, size: int
    ) -> None:
        """Add `size` terms that exclude the cells `left`."""
        truths = self._truths
        if size == 1:
            words = np.flatnonzero(left)
            fits = ~(truths.outside[:, words] & left[words]).any(axis=1)
            self._finish(chosen, cost, np.flatnonzero(fits), inside)
            return
        bits = np.unpackbits(left.view(np.uint8))[: truths.excluded.shape[1]]
        cells = np.flatnonzero(bits)
        if not len(cells):
            return  # fewer terms do
        hardest = cells[np.argmin(self._hardness[cells])]
        for at in np.flatnonzero(truths.excluded[:, hardest]):
            longer = cost + int(truths.costs[at])
            if not self._is_partial and longer + size - 1 >= self._cheapest:
                break  # the terms are sorted by their costs
            if self._is_partial and self._branches == _BRANCHES:
                break
            self._branches += 1
            within = inside & truths.inside[at]
            count = int(truths.covered(within))
            if count < self.most or (self._is_partial and not count):
                continue
            self._extend((*chosen, int(at)), longer, left & truths.outside[at], within, size - 1)

    def _finish(self, chosen: tuple[int, ...], cost: int, last: Index, inside: Words) -> None:
        """Take the best of the terms `last` that complete `chosen`."""
        truths = self._truths
        if not self._is_partial:
            last = last[cost + truths.costs[last] < self._cheapest]
        if not len(last):
            return
        counts = truths.covered(truths.inside[last] & inside)
        at = np.lexsort((truths.costs[last], -counts))[0]
        count, total = int(counts[at]), cost + int(truths.costs[last[at]])
        is_more = count > self.most if self._is_partial else count == truths.count
        is_cheaper = count == self.most and self.best is not None and total < self._cheapest
        if is_more or is_cheaper:
            self.best, self.most, self._cheapest = (*chosen, int(last[at])), count, total
