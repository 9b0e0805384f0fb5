"""Which parameters of a case may vary without changing its verdict, as a run's rows show it."""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from tconv.analysis.clusters.deviations import Deviations, TargetRows
from tconv.analysis.clusters.judged_cases import JudgedCases


@dataclass(frozen=True, slots=True, kw_only=True)
class Variation:
    """What becomes of a deviating case where one parameter alone has another value.

    Attributes:
        parameter: its name.
        same: the other values with which the verdict stays the same, as texts.
        other: those with which it is another one.
    """

    parameter: str
    same: tuple[str, ...]
    other: tuple[str, ...]


def variations_of(deviations: Deviations, target: str, place: int) -> tuple[Variation, ...]:
    """Return the variations of the case in a deviating row that the run has judged as well.

    Args:
        deviations: the judged rows of the run.
        target: where the row was seen.
        place: where it stands in the run.
    """
    rows = next(each for each in deviations.targets if each.target == target)
    return tuple(_variations(deviations, rows, int(np.flatnonzero(rows.places == place)[0])))


def _variations(deviations: Deviations, rows: TargetRows, row: int) -> Iterator[Variation]:
    cases = deviations.cases
    verdicts = np.array([each.verdict for each in deviations.evidence])[rows.evidence]
    judged = np.concatenate([rows.cases, rows.passing])
    is_same = np.concatenate([verdicts == verdicts[row], np.zeros(len(rows.passing), np.bool_)])
    base = int(rows.cases[row])
    differs = {name: _differs(cases, name, judged, base) for name in cases.arrays}
    count = np.sum(list(differs.values()), axis=0, dtype=np.int8)
    for name, column in differs.items():
        near = np.flatnonzero(column & (count == 1))
        if len(near):
            texts = [cases.text(name, int(case)) for case in judged[near]]
            same = {text for text, keeps in zip(texts, is_same[near], strict=True) if keeps}
            other = set(texts) - same
            yield Variation(parameter=name, same=_sorted(same), other=_sorted(other))


def _differs(
    cases: JudgedCases, name: str, index: NDArray[np.int64], base: int
) -> NDArray[np.bool_]:
    values = cases.arrays[name]
    differs = values[index] != values[base]
    if name in cases.absent:
        absent = cases.absent[name]
        differs = differs.any(axis=1) | (absent[index] != absent[base])
    return np.asarray(differs, dtype=np.bool_)


def _sorted(texts: set[str]) -> tuple[str, ...]:
    return tuple(sorted(texts, key=lambda text: (len(text), text)))
