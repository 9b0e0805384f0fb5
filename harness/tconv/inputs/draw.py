"""Draws the input arrays of a case: exact values where possible, on which the readings differ."""

import hashlib
from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import lru_cache
from math import prod
from typing import Any, Final, Literal

import numpy as np
from numpy.typing import NDArray

from tconv.inputs.discriminate import coincide, discriminate
from tconv.inputs.exact import dense, integers, sparse
from tconv.model.case import Case
from tconv.model.dtypes import PRECISIONS, Precision
from tconv.model.malformed import SECOND_DTYPES
from tconv.model.tensors import Tensors
from tconv.oracle.case_answer import answer
from tconv.oracle.readings import Reading

ATTEMPTS: Final = 24
"""Most draws of one kind that are tried to tell all readings apart."""

_MANY: Final = 4096
"""Largest result, in positions, that is searched for equal ones; windows of larger ones differ."""

_GENERIC: Final = 2**16
"""Magnitude of the integers that decide whether two formulas are the same one: where they are not,
a draw of this size makes them coincide once in thirty thousand times, if that (Schwartz and
Zippel's lemma)."""


Drawn = Literal["exact", "exact, sparse", "normal"]
Array = NDArray[Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class DrawRecipe:
    """Which draw a case takes, and which readings it cannot tell from the right answer.

    Finding a recipe takes several times as long as drawing with it.

    Attributes:
        drawn: kind of values; `normal` also where exact ones are out of reach.
        attempt: number of the draw among those of its kind, from 0.
        equivalent: names of the readings that give the right answer whatever the values.
        coinciding: names of the readings that give it for these values, though not for all values;
            no draw that was tried told them apart. Nearly always empty.
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
        fingerprint: of all arrays as they were drawn; None: it was not taken.
    """

    tensors: Tensors
    work: Tensors
    recipe: DrawRecipe
    answer: Array | None = None
    fingerprint: int | None = None

    @property
    def is_intact(self) -> bool:
        """Whether nobody has written to the arrays since; they are read-only, but not for all."""
        return self.fingerprint is None or self.fingerprint == _fingerprint(self)

    @property
    def is_exact(self) -> bool:
        """Whether every sum of products is exact, in any order."""
        return self.recipe.drawn != "normal"


def draw(case: Case, seed: int = 0, recipe: DrawRecipe | None = None) -> Draw:
    """Return the tensors of a case; its id and the seed decide every bit of them.

    Exact values are drawn again until every reading that can differ from the right answer does;
    those of an open case until the windows of its full result differ, too. This is not done for an
    illegal case, which has no right answer, for an empty one, which has no values, or where a
    parameter is huge, so that readings have no size. Malformed tensors are drawn well formed and
    then changed. Integer dtypes always get exact values.

    Args:
        case: of any suite.
        seed: joins the id.
        recipe: that of an earlier draw of this case with this seed: gives the same draw, faster.
    """
    precision = PRECISIONS[case.dtype]
    if recipe is None:
        well_formed = _draw_well_formed(case, seed, precision)
    else:
        well_formed = _draw_again(case, seed, precision, recipe)
    if case.malformed is None:
        drawn = well_formed
    else:
        drawn = replace(well_formed, tensors=_frozen(_malformed(case, well_formed.tensors)))
    return replace(drawn, fingerprint=_fingerprint(drawn))


def _fingerprint(drawn: Draw) -> int:
    """Return a hash of all arrays, the fastest there is: it is compared in this process alone."""
    tensors, work = drawn.tensors, drawn.work
    arrays = (tensors.x, tensors.w, tensors.b, work.x, work.w, work.b, drawn.answer)
    return hash(b"".join([array.tobytes() for array in arrays if array is not None]))


def _draw_well_formed(case: Case, seed: int, precision: Precision) -> Draw:
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
    """Return the draw of a recipe."""
    if recipe.drawn == "normal":
        return _draw_normal(case, seed, precision)
    make = dense if recipe.drawn == "exact" else sparse
    work = make(case, _text(case, seed, recipe.attempt), precision)
    assert work is not None  # as it was the first time
    right = answer(_judged(case), work) if _is_checked(case) else None
    return _exact(work, precision, recipe, right)


def _is_checked(case: Case) -> bool:
    """Return whether exact values are drawn until the readings differ."""
    return not (case.suite == "illegal" or case.is_huge or 0 in case.x_shape)


def _judged(case: Case) -> Case:
    """Return the case whose answer is compared: for an open one, that of the full result."""
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
    """Return the first draw on which every reading that can differ does.

    If no attempt gives one, the last dense draw, but no sparse one. None where out of reach.
    """
    make, judged = dense if drawn == "exact" else sparse, _judged(case)
    is_equivalent: dict[str, bool] = {}
    last = None
    for attempt in range(ATTEMPTS):
        work = make(case, _text(case, seed, attempt), precision)
        if work is None:
            return None
        result = discriminate(judged, work)
        _compare_generic(judged, result.coinciding, is_equivalent)
        names = tuple(reading.name for reading in result.coinciding)
        equivalent = (
            *(reading.name for reading in result.equivalent),
            *(name for name in names if is_equivalent[name]),
        )
        coinciding = tuple(name for name in names if not is_equivalent[name])
        if _has_twins(case, result.y, work.b):
            coinciding = (*coinciding, "another window")
        recipe = _recipe(drawn, attempt, equivalent, coinciding)
        last = _exact(work, precision, recipe, result.y)
        if not coinciding:
            return last
    return last if drawn == "exact" else None


@lru_cache(maxsize=2**12)
def _recipe(
    drawn: Drawn, attempt: int, equivalent: tuple[str, ...], coinciding: tuple[str, ...]
) -> DrawRecipe:
    """Return the recipe, the same object for equal ones: most cases share a few."""
    return DrawRecipe(drawn=drawn, attempt=attempt, equivalent=equivalent, coinciding=coinciding)


def _has_twins(case: Case, full: Array, b: Array | None) -> bool:
    """Return whether two positions of an open case's full result have the same numbers.

    If no two have, two windows of it differ wherever one of them holds a product.
    """
    if case.suite != "open" or prod(full.shape[2:]) > _MANY:
        return False
    products = full if b is None else full - b.reshape(-1, *(1,) * case.ndim)
    positions = products.reshape(prod(products.shape[:2]), -1)
    filled = positions[:, (positions != 0).any(axis=0)]
    return bool(np.unique(filled, axis=1).shape[1] < filled.shape[1])


def _compare_generic(
    case: Case, coinciding: tuple[Reading, ...], is_equivalent: dict[str, bool]
) -> None:
    """Record by name whether each reading coincides on generic values too, and so on all."""
    new = [reading for reading in coinciding if reading.name not in is_equivalent]
    if not new:
        return
    wide = PRECISIONS["complex128" if PRECISIONS[case.dtype].is_complex else "int64"]
    generic = integers(case, f"generic:{case.id}", wide, _GENERIC, _GENERIC)
    right = answer(case, generic)
    for reading in new:
        is_equivalent[reading.name] = coincide(reading, case, generic, right)


def _draw_normal(case: Case, seed: int, precision: Precision) -> Draw:
    """Return standard normal values, rounded to the case's dtype; complex ones in both parts."""
    digest = hashlib.sha256(_text(case, seed, 0).encode()).digest()
    words = np.frombuffer(digest, "<u4").tolist()
    generator = np.random.Generator(np.random.PCG64(np.random.SeedSequence(words)))

    def values(shape: tuple[int, ...]) -> Array:
        drawn: Array = generator.standard_normal(shape)
        if precision.is_complex:
            drawn = drawn + 1j * generator.standard_normal(shape)
        return drawn.astype(precision.dtype)

    tensors = Tensors(
        x=values(case.x_shape),
        w=values(case.w_shape),
        b=values(case.b_shape) if case.bias else None,
    )
    work = tensors.map(lambda array: array.astype(precision.work))
    return Draw(tensors=_frozen(tensors), work=work, recipe=DrawRecipe(drawn="normal"))


def _exact(
    work: Tensors, precision: Precision, recipe: DrawRecipe, right: Array | None = None
) -> Draw:
    tensors = _frozen(work.map(lambda array: array.astype(precision.dtype)))
    return Draw(tensors=tensors, work=work, recipe=recipe, answer=right)


def _text(case: Case, seed: int, attempt: int) -> str:
    return f"{case.id}:{seed}:{attempt}"


def _frozen(tensors: Tensors) -> Tensors:
    for array in (tensors.x, tensors.w, tensors.b):
        if array is not None:
            array.setflags(write=False)
    return tensors


def _malformed(case: Case, tensors: Tensors) -> Tensors:
    """Return well-formed tensors with the one fault that the case names."""
    assert case.malformed is not None
    name, change = _FAULTS[case.malformed]
    changed: dict[str, Any] = {name: change(case, getattr(tensors, name))}
    return replace(tensors, **changed)


def _one_more(_: Case, array: Array) -> Array:
    return np.concatenate([array, array[:1]])


def _without_axis(_: Case, array: Array) -> Array:
    return np.ascontiguousarray(array[..., 0])


def _with_too_few_axes(case: Case, array: Array) -> Array:
    shorter = _without_axis(case, array)
    is_unbatched = case.n == case.c_in and case.n > 0  # (c_in, *i) of one axis less
    return shorter[0] if is_unbatched else shorter


def _with_axis(_: Case, array: Array) -> Array:
    return array[..., None]


def _of_another_dtype(case: Case, array: Array) -> Array:
    return array.astype(PRECISIONS[SECOND_DTYPES.get(case.dtype, "float32")].dtype)


_FAULTS: Final[dict[str, tuple[str, Callable[[Case, Array], Array]]]] = {
    "weight_channels": ("w", _one_more),
    "bias_length": ("b", _one_more),
    "input_lacks_axis": ("x", _with_too_few_axes),
    "input_gains_axis": ("x", _with_axis),
    "weight_lacks_axis": ("w", _without_axis),
    "weight_gains_axis": ("w", _with_axis),
    "weight_dtype": ("w", _of_another_dtype),
    "bias_dtype": ("b", _of_another_dtype),
}
"""For each of :data:`tconv.model.malformed.MALFORMED` the array and what becomes of it."""
