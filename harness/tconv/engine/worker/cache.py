"""What a worker keeps of inputs and answers: the next mode of its backend has the same cases."""

from functools import lru_cache
from math import prod
from typing import Final

from tconv.inputs.draw import Draw, DrawRecipe, draw
from tconv.judge.expected import Expected, expect
from tconv.model.case import Case

KEPT: Final = 4096
"""Cases whose inputs and answers are kept."""

LARGE: Final = 2**12
"""Elements of x, w and y from which on a case is not kept: its limit of memory is the framework's
to use, and a large case is seldom one of many."""

_draws: dict[tuple[str, int], Draw] = {}  # by case id and seed, the oldest first
_kept_answer = lru_cache(maxsize=KEPT)(expect)


def drawn(case: Case, seed: int, choice: DrawRecipe | None = None) -> Draw:
    """Return the inputs of a case; `choice` as for :func:`tconv.inputs.draw`."""
    key = case.id, seed
    known = _draws.get(key)
    if known is not None:
        return known
    found = draw(case, seed, choice)
    if not _is_large(case):
        _draws[key] = found
        if len(_draws) > KEPT:
            del _draws[next(iter(_draws))]
    return found


def expected(case: Case, drawn: Draw) -> Expected:
    """Return what is right for a case."""
    at_once = drawn.answer is not None or _is_large(case)
    return (expect if at_once else _kept_answer)(case, drawn)


def _is_large(case: Case) -> bool:
    return sum(map(prod, (case.x_shape, case.w_shape, case.y_shape))) >= LARGE
