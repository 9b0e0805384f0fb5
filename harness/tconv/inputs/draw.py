"""The draw of a case: exact where it can be, and such that it tells the readings apart."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import lru_cache
from math import prod
from typing import Any, Final, Literal

import numpy as np
from numpy.typing import NDArray

from tconv.inputs.discriminate import Discrimination, coincide, discriminate
from tconv.inputs.exact import dense, integers, sparse
from tconv.inputs.malformed import malformed
from tconv.inputs.normal import normal
from tconv.model.case import Case
from tconv.model.dtypes import PRECISIONS, Precision
from tconv.model.tensors import Tensors
from tconv.oracle.case_answer import answer
from tconv.oracle.readings import Reading

ATTEMPTS: Final = 24
"""Draws that are tried until all readings that can be told apart are."""

_MANY: Final = 4096
"""Positions from which on no two are compared: windows of so large a result differ somewhere."""

_GENERIC: Final = 2**16
"""Magnitude of the integers that decide whether two formulas are the same one: where they are not,
a draw of this size makes them coincide once in thirty thousand times, if that (Schwartz and
Zippel's lemma)."""


Drawn = Literal["exact", "exact, sparse", "normal"]


@dataclass(frozen=True, slots=True, kw_only=True)
class DrawRecipe:
    """The draw that a case takes, and what it cannot tell from the right answer.

    Attributes:
        drawn: kind of values that is drawn; `normal` also where exact ones are out of reach.
        attempt: number of the draw among those of its kind, from 0 on.
        equivalent: names of the readings that give the right answer whatever the values.
        coinciding: names of the readings that give it for these values, and that no draw that
            was tried told apart; nearly always empty.
    """

    drawn: Drawn
    attempt: int = 0
    equivalent: tuple[str, ...] = ()
    coinciding: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Draw:
    """The tensors of one case and how they came about.

    Attributes:
        tensors: the arrays in the case's dtype, read-only.
        work: the same numbers in the dtype of the reference (float64, complex128 or int64).
        recipe: which draw of the case it is.
        answer: the right answer in the dtype of the reference, where exact values led to it; of an
            open case the full result.
    """

    tensors: Tensors
    work: Tensors
    recipe: DrawRecipe
    answer: NDArray[Any] | None = None


def draw(case: Case, seed: int = 0, recipe: DrawRecipe | None = None) -> Draw:
    """Return the tensors of a case; its id and the seed decide every bit of them.

    Who knows the `recipe` that an earlier draw of this case with this seed made gets the same draw
    at once.

    Exact values are drawn again until they tell every reading from the right answer that can be
    told from it; those of an open case until they tell the windows of its full result apart, too.
    An illegal case has no right answer, an empty one nothing to tell, and readings of a huge
    parameter have no size. Tensors that a case calls malformed are drawn sound and then changed.
    Integer dtypes always get exact values.
    """
    precision = PRECISIONS[case.dtype]
    if recipe is None:
        made = _draw_sound(case, seed, precision)
    else:
        made = _draw_again(case, seed, precision, recipe)
    if case.malformed is None:
        return made
    return replace(made, tensors=_frozen(malformed(case, made.tensors)))


def _draw_sound(case: Case, seed: int, precision: Precision) -> Draw:
    if case.values == "normal" and not precision.is_integer:
        return _draw_normal(case, seed, precision)
    if not _is_checked(case):
        return _draw_unchecked(case, seed, precision)
    return (
        _draw_checked(case, seed, precision, "exact")
        or _draw_checked(case, seed, precision, "exact, sparse")
        or _draw_normal(case, seed, precision)
    )


def _draw_again(case: Case, seed: int, precision: Precision, recipe: DrawRecipe) -> Draw:
    """Return the draw that was chosen before."""
    if recipe.drawn == "normal":
        return _draw_normal(case, seed, precision)
    make = dense if recipe.drawn == "exact" else sparse
    work = make(case, _text(case, seed, recipe.attempt), precision)
    assert work is not None  # as it was the first time
    right = answer(_judged(case), work) if _is_checked(case) else None
    return _exact(work, precision, recipe, right)


def _is_checked(case: Case) -> bool:
    """Return whether exact values have to tell readings apart."""
    return not (case.suite == "illegal" or case.is_huge or 0 in case.x_shape)


def _judged(case: Case) -> Case:
    """Return the case whose answer is looked at: of an open one that of the full result."""
    return case.uncropped if case.suite == "open" else case


def _draw_unchecked(case: Case, seed: int, precision: Precision) -> Draw:
    text = _text(case, seed, 0)
    work = dense(case, text, precision)
    if work is not None:
        return _exact(work, precision, DrawRecipe(drawn="exact"))
    work = None if case.suite == "illegal" else sparse(case, text, precision)
    if work is not None:
        return _exact(work, precision, DrawRecipe(drawn="exact, sparse"))
    return _draw_normal(case, seed, precision)


def _draw_checked(
    case: Case, seed: int, precision: Precision, drawn: Literal["exact", "exact, sparse"]
) -> Draw | None:
    """Return the first draw that tells apart what can be, or else the last; None: out of reach."""
    make, judged = dense if drawn == "exact" else sparse, _judged(case)
    known: dict[str, bool] = {}
    last = None
    for attempt in range(ATTEMPTS):
        work = make(case, _text(case, seed, attempt), precision)
        if work is None:
            return None
        found = discriminate(judged, work)
        _learn(judged, found.coinciding, known)
        same, coinciding = _coinciding(found, known)
        if _has_twins(case, found.y, work.b):
            coinciding = (*coinciding, "another window")
        last = _exact(work, precision, _recipe(drawn, attempt, same, coinciding), found.y)
        if not coinciding:
            return last
    return last if drawn == "exact" else None


@lru_cache(maxsize=2**12)
def _recipe(
    drawn: Drawn, attempt: int, same: tuple[str, ...], coinciding: tuple[str, ...]
) -> DrawRecipe:
    """Return the recipe, the same object for the same one: few serve most cases."""
    return DrawRecipe(drawn=drawn, attempt=attempt, equivalent=same, coinciding=coinciding)


def _coinciding(found: Discrimination, known: Mapping[str, bool]) -> tuple[tuple[str, ...], ...]:
    """Return the names of the readings that coincide always, and of those that do here only."""
    always = (r.name for r in found.coinciding if known[r.name])
    return (
        (*(r.name for r in found.equivalent), *always),
        tuple(r.name for r in found.coinciding if not known[r.name]),
    )


def _has_twins(case: Case, full: NDArray[Any], b: NDArray[Any] | None) -> bool:
    """Return whether two positions of an open case's full result have the same numbers.

    Where no two have, two windows of it differ wherever one of them holds a product.
    """
    if case.suite != "open" or prod(full.shape[2:]) > _MANY:
        return False
    bare = full if b is None else full - b.reshape(-1, *(1,) * case.ndim)
    positions = bare.reshape(prod(bare.shape[:2]), -1)
    filled = positions[:, (positions != 0).any(axis=0)]
    return bool(np.unique(filled, axis=1).shape[1] < filled.shape[1])


def _learn(case: Case, coinciding: tuple[Reading, ...], known: dict[str, bool]) -> None:
    """Note of each reading whether it coincides on generic values, so always."""
    unknown = [reading for reading in coinciding if reading.name not in known]
    if not unknown:
        return
    wide = PRECISIONS["complex128" if PRECISIONS[case.dtype].is_complex else "int64"]
    generic = integers(case, f"generic:{case.id}", wide, _GENERIC, _GENERIC)
    right = answer(case, generic)
    for reading in unknown:
        known[reading.name] = coincide(reading, case, generic, right)


def _draw_normal(case: Case, seed: int, precision: Precision) -> Draw:
    tensors = normal(case, _text(case, seed, 0), precision)
    return Draw(
        tensors=_frozen(tensors),
        work=tensors.map(lambda values: values.astype(precision.work)),
        recipe=DrawRecipe(drawn="normal"),
    )


def _exact(
    work: Tensors,
    precision: Precision,
    recipe: DrawRecipe,
    right: NDArray[Any] | None = None,
) -> Draw:
    tensors = _frozen(work.map(lambda values: values.astype(precision.dtype)))
    return Draw(tensors=tensors, work=work, recipe=recipe, answer=right)


def _text(case: Case, seed: int, attempt: int) -> str:
    return f"{case.id}:{seed}:{attempt}"


def _frozen(given: Tensors) -> Tensors:
    for values in (given.x, given.w, given.b):
        if values is not None:
            values.setflags(write=False)
    return given
