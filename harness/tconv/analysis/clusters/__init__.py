"""Clusters the deviating rows of a run by what explains them: a cause and a predicate.

Each target's deviating rows are divided by their causes (:mod:`.evidence`), and for each cause the
smallest predicate is searched that separates its rows from the passing ones (:mod:`.separation`).
Causes that one predicate explains are one cluster, wherever the values are wrong here, the shape
there and a case refused elsewhere; rows of one cause that no single predicate separates are divided
into parts that one separates. What several modes or backends of a library share is one cluster.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from typing import Final

import numpy as np
from numpy.typing import NDArray

from tconv.analysis.clusters.deviations import Deviations, TargetRows
from tconv.analysis.clusters.evidence import Cause, Symptom, causes_of
from tconv.analysis.clusters.judged_cases import Index
from tconv.analysis.clusters.separation import EVERYWHERE, Conjunction, Separation

__all__ = ["Cluster", "clusters_of"]

_MOST_PARTS: Final = 4  # of the rows of one cause
_FEWEST: Final = 4  # rows of one of them
_SMALLEST_PART: Final = 0.03  # of its rows
_MOST_PAIRS: Final = 8  # causes whose unions are tried


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Cluster:
    """Deviating rows that one cause and one predicate explain.

    Attributes:
        targets: where they were seen, of one library.
        causes: what they show, the most frequent first.
        predicate: the condition that separates them from the passing rows of these targets, in the
            language of `where`; `True` where no row passes.
        is_exact: whether it covers all of them and no passing row.
        places: where they stand in the run.
        missed: how many of them the predicate does not cover.
        covered: how many deviating rows of these targets it covers, of any cluster.
        wrong: how many passing rows it covers.
        passing: number of passing rows of these targets.
    """

    targets: tuple[str, ...]
    causes: tuple[Cause, ...]
    predicate: str
    is_exact: bool
    places: NDArray[np.int64] = field(repr=False)
    missed: int
    covered: int
    wrong: int
    passing: int

    @property
    def precision(self) -> float:
        """The share of the covered rows that deviate, in 0..1."""
        return self.covered / max(1, self.covered + self.wrong)

    @property
    def recall(self) -> float:
        """The share of its rows that the predicate covers, in 0..1."""
        return 1 - self.missed / len(self.places)


def clusters_of(deviations: Deviations) -> tuple[Cluster, ...]:
    """Return the clusters of a run: by target, in the order of the run, the largest first."""
    if not deviations.targets:
        return ()
    separation = Separation.from_cases(deviations.cases)
    parts: dict[tuple[bytes, ...], list[_Part]] = {}
    joined: list[_Shared] = []
    for rows in deviations.targets:
        # Modes that deviate in the same rows, in the same way, are searched once.
        key = tuple(array.tobytes() for array in (rows.passing, rows.cases, rows.evidence))
        if key not in parts:
            parts[key] = list(_parts(separation, rows, deviations.evidence))
        _share(separation, joined, rows, parts[key])
    order = {rows.target: at for at, rows in enumerate(deviations.targets)}
    clusters = [each.cluster(separation) for each in joined]
    return tuple(sorted(
        clusters, key=lambda c: (order[c.targets[0]], -len(c.places), c.causes, c.predicate)
    ))  # fmt: skip


@dataclass(frozen=True, slots=True, eq=False)
class _Part:
    """Rows of one target.

    Attributes:
        causes: what they show, the most frequent first.
        conjunction: what separates them, or None where nothing does.
        rows: their numbers among the deviating rows of the target.
        nearest: where nothing separates them, what comes nearest.
    """

    causes: tuple[Cause, ...]
    conjunction: Conjunction | None
    rows: Index
    nearest: Conjunction | None = None


def _parts(
    separation: Separation, rows: TargetRows, evidence: Sequence[Symptom]
) -> Iterator[_Part]:
    """Yield the parts that the deviating rows of one target fall into, the largest first."""
    numbers, counts = np.unique(rows.evidence, return_counts=True)
    causes = causes_of([evidence[at] for at in numbers], counts.tolist())
    by_cause: dict[Cause, list[int]] = {}
    for number, cause in zip(numbers.tolist(), causes, strict=True):
        by_cause.setdefault(cause, []).append(number)
    groups = [
        _Part((cause,), None, np.flatnonzero(np.isin(rows.evidence, shown)))
        for cause, shown in by_cause.items()
    ]
    if not len(rows.passing):  # nothing to separate them from: evidence alone decides
        everywhere = Conjunction((), 0)
        yield from _largest_first(replace(each, conjunction=everywhere) for each in groups)
        return
    telling = _separate(separation, rows, [each for each in groups if each.causes[0].is_known])
    unknown = [each for each in groups if not each.causes[0].is_known]
    telling, left = _absorb(separation, rows, telling, unknown)
    parts = _join(separation, rows, telling + _separate(separation, rows, left))
    unseparated = [each for each in parts if each.conjunction is None]
    separated = [each for each in parts if each.conjunction is not None]
    divided = list(_divide(separation, rows, unseparated))
    parts = _join(separation, rows, separated + divided)
    for part in _largest_first(_narrowed(separation, rows, parts, groups)):
        nearest = None
        if part.conjunction is None:
            nearest = separation.nearest(rows.cases[part.rows], rows.passing)
        yield replace(part, nearest=nearest)


def _largest_first(parts: Iterable[_Part]) -> list[_Part]:
    return sorted(parts, key=lambda part: (-len(part.rows), part.causes))


def _separate(separation: Separation, rows: TargetRows, parts: Iterable[_Part]) -> list[_Part]:
    """Return parts with what separates them from the passing rows, the largest first."""
    return _largest_first(
        replace(part, conjunction=separation.exact(rows.cases[part.rows], rows.passing))
        for part in parts
    )


def _absorb(
    separation: Separation, rows: TargetRows, telling: list[_Part], unknown: list[_Part]
) -> tuple[list[_Part], list[_Part]]:
    """Return the telling parts with the unknown rows that their predicates hold for, and the rest.

    A row with two faults at once shows neither.
    """
    for at, part in enumerate(telling):
        if part.conjunction is None:
            continue
        left = []
        for other in unknown:
            holds = separation.holds(part.conjunction.text, rows.cases[other.rows])
            if holds.any():
                telling[at] = _union(telling[at], replace(other, rows=other.rows[holds]))
            if not holds.all():
                left.append(replace(other, rows=other.rows[~holds]))
        unknown = left
    return telling, unknown


def _union(one: _Part, other: _Part, conjunction: Conjunction | None = None) -> _Part:
    return _Part(
        tuple(dict.fromkeys(one.causes + other.causes)), conjunction or one.conjunction,
        np.union1d(one.rows, other.rows),
    )  # fmt: skip


def _join(separation: Separation, rows: TargetRows, parts: list[_Part]) -> list[_Part]:
    """Return the parts, of which those are one that one predicate of no more terms separates."""
    parts = _largest_first(parts)
    at = 0
    while at < len(parts):
        for to in range(at + 1, len(parts)):
            union = _joined(separation, rows, parts[at], parts[to], is_search=to < _MOST_PAIRS)
            if union is not None:
                parts = _largest_first([union, *parts[:at], *parts[at + 1 : to], *parts[to + 1 :]])
                at = -1
                break
        at += 1
    return parts


def _joined(
    separation: Separation, rows: TargetRows, one: _Part, other: _Part, *, is_search: bool
) -> _Part | None:
    """Return two parts as one if one predicate separates both, with no more terms than theirs."""
    if one.conjunction is None or other.conjunction is None:
        return None
    for part, further in ((one, other), (other, one)):
        assert part.conjunction is not None
        if separation.holds(part.conjunction.text, rows.cases[further.rows]).all():
            return _union(one, other, part.conjunction)
    if not is_search or not _may_be_one(one.causes, other.causes):
        return None
    both = np.union1d(one.rows, other.rows)
    conjunction = separation.exact(rows.cases[both], rows.passing)
    most = max(len(one.conjunction.texts), len(other.conjunction.texts))
    if conjunction is None or len(conjunction.texts) > most:
        return None
    return _union(one, other, conjunction)


def _may_be_one(one: Sequence[Cause], other: Sequence[Cause]) -> bool:
    """Return whether the evidence of two parts does not say that they have different causes."""
    causes = (*one, *other)
    if not all(cause.is_known for cause in causes):
        return True
    return all(cause.hides_others for cause in causes) and len({c.verdict for c in causes}) == 1


def _divide(separation: Separation, rows: TargetRows, parts: list[_Part]) -> Iterator[_Part]:
    """Yield the pieces that a predicate each separates; where few do not suffice, the whole."""
    unknown = [part for part in parts if not part.causes[0].is_known]
    wholes = [part for part in parts if part.causes[0].is_known]
    if unknown:  # one cause may give a wrong shape here and wrong values there
        whole = unknown[0]
        for other in unknown[1:]:
            whole = _union(whole, other)
        wholes.append(whole)
    for whole in wholes:
        pieces = _pieces(separation, rows, whole)
        yield from pieces or [whole]


def _pieces(separation: Separation, rows: TargetRows, whole: _Part) -> list[_Part]:
    """Return few pieces, each separated by a predicate, that make up a whole; or none."""
    left = whole.rows
    fewest = max(_FEWEST, _SMALLEST_PART * len(left))  # fewer are separated by chance
    pieces: list[_Part] = []
    while len(left):
        if len(pieces) == _MOST_PARTS or len(left) < fewest:
            return []
        part = separation.largest_part(rows.cases[left], rows.passing, fewest / len(left))
        if part is None:
            return []
        covered = left[separation.holds(part.text, rows.cases[left])]
        if len(covered) < fewest:
            return []
        smallest = separation.exact(rows.cases[covered], rows.passing)
        pieces.append(_Part(whole.causes, smallest or part, covered))
        left = np.setdiff1d(left, covered)
    return pieces


def _narrowed(
    separation: Separation, rows: TargetRows, parts: list[_Part], groups: Sequence[_Part]
) -> Iterator[_Part]:
    """Yield the parts, each held against rows with another cause too where that is possible.

    A row with a reading of its own shows that the cause of another reading is not at work there;
    one that was refused hides whatever would have followed; and one that shows nothing may have
    both causes.
    """
    nothing = np.empty(0, dtype=np.int64)
    unknown = [group.rows for group in groups if not group.causes[0].is_known]
    for part in parts:
        against = [
            group.rows for group in groups
            if group.causes[0] not in part.causes and group.causes[0].excludes_others
        ]  # fmt: skip
        elsewhere = rows.cases[np.setdiff1d(np.concatenate([nothing, *against]), part.rows)]
        if part.conjunction is None or not len(elsewhere):
            yield part
            continue
        outside = np.union1d(rows.passing, elsewhere)
        inside = [np.union1d(part.rows, np.concatenate([nothing, *unknown])), part.rows]
        narrower = (separation.exact(rows.cases[each], outside) for each in inside)
        conjunction = next((each for each in narrower if each is not None), part.conjunction)
        yield replace(part, conjunction=conjunction)


@dataclass(slots=True, eq=False)
class _Shared:
    """A part that the targets of one library share."""

    parts: list[tuple[TargetRows, _Part]]
    conjunction: Conjunction | None

    @property
    def library(self) -> str:
        return _library(self.parts[0][0].target)

    def takes(self, separation: Separation, rows: TargetRows, part: _Part) -> bool:
        """Return whether a part of another target has the same cause and predicate."""
        shown = {cause for _, each in self.parts for cause in each.causes}
        if any(each.target == rows.target for each, _ in self.parts) or shown.isdisjoint(
            part.causes
        ):
            return False
        if self.conjunction is None or part.conjunction is None:
            return part.nearest is not None and part.nearest == self.parts[0][1].nearest
        if self.conjunction == part.conjunction:
            return True
        if _separates(separation, self.conjunction, rows, part):
            return True
        if all(_separates(separation, part.conjunction, *each) for each in self.parts):
            self.conjunction = part.conjunction
            return True
        return False

    def cluster(self, separation: Separation) -> Cluster:
        """Return it as a cluster."""
        conjunction = self.conjunction or self.parts[0][1].nearest
        assert conjunction is not None
        predicate = conjunction.text
        missed = covered = wrong = 0
        for rows, part in self.parts:
            holds = separation.holds(predicate, rows.cases)
            covered += int(holds.sum())
            missed += int((~holds[part.rows]).sum())
            wrong += int(separation.holds(predicate, rows.passing).sum())
        return Cluster(
            targets=tuple(rows.target for rows, _ in self.parts),
            causes=tuple(dict.fromkeys(cause for _, part in self.parts for cause in part.causes)),
            predicate=predicate, is_exact=not missed and not wrong,
            places=np.sort(np.concatenate([rows.places[part.rows] for rows, part in self.parts])),
            missed=missed, covered=covered, wrong=wrong,
            passing=sum(len(rows.passing) for rows, _ in self.parts),
        )  # fmt: skip


def _separates(
    separation: Separation, conjunction: Conjunction, rows: TargetRows, part: _Part
) -> bool:
    if conjunction.text == EVERYWHERE:
        return not len(rows.passing)
    return bool(
        separation.holds(conjunction.text, rows.cases[part.rows]).all()
        and not separation.holds(conjunction.text, rows.passing).any()
    )


def _share(
    separation: Separation, joined: list[_Shared], rows: TargetRows, parts: Iterable[_Part]
) -> None:
    """Add the parts of a target to what its library has, or to what it shares with others."""
    library = _library(rows.target)
    for part in parts:
        for shared in joined:
            if shared.library == library and shared.takes(separation, rows, part):
                shared.parts.append((rows, part))
                break
        else:
            joined.append(_Shared([(rows, part)], part.conjunction))


def _library(target: str) -> str:
    """Return what the backends of one library have in common: `keras` of `keras-torch`."""
    return target.partition(":")[0].partition("-")[0]
