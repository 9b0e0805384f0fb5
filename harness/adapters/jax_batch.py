"""Many convolutions in one compiled program, because JAX compiles each new shape.

One program of about a hundred small convolutions compiles several times faster than a hundred
programs. A program fails as a whole: so each call is traced by itself first, where JAX checks the
arguments, and a program that does not compile is halved until the one at fault stands alone.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

CHUNK: Final = 64
"""Convolutions in one program."""

Result = NDArray[Any] | Exception


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Call:
    """One convolution to compute.

    Attributes:
        function: a function of `arrays`, in JAX's own operations.
        arrays: its arguments.
    """

    function: Callable[..., Any]
    arrays: tuple[NDArray[Any], ...]


def run_many(jax: Any, calls: Sequence[Call]) -> list[Result]:
    """Return one result per call, in order: the array, or JAX's error for that call."""
    results: dict[int, Result] = {}
    jitted = [jax.jit(call.function) for call in calls]
    for index, call in enumerate(calls):
        try:
            jax.eval_shape(jitted[index], *call.arrays)
        except Exception as error:  # noqa: BLE001 # JAX raises TypeError, ValueError, and more
            results[index] = error
    sound = [index for index in range(len(calls)) if index not in results]
    for start in range(0, len(sound), CHUNK):
        chunk = sound[start : start + CHUNK]
        results |= _run_chunk(jax, {i: (jitted[i], calls[i].arrays) for i in chunk})
    jax.clear_caches()
    return [results[index] for index in range(len(calls))]


def _run_chunk(
    jax: Any, chunk: dict[int, tuple[Callable[..., Any], tuple[NDArray[Any], ...]]]
) -> dict[int, Result]:
    """Return the results of one program by index, halving a program that fails."""
    functions = [function for function, _ in chunk.values()]

    def program(inputs: tuple[tuple[Any, ...], ...]) -> tuple[Any, ...]:
        return tuple(f(*arrays) for f, arrays in zip(functions, inputs, strict=True))

    try:
        outputs = jax.jit(program)(tuple(arrays for _, arrays in chunk.values()))
        return dict(zip(chunk, map(np.asarray, outputs), strict=True))
    except Exception as error:  # noqa: BLE001 # a compiler may raise anything
        if len(chunk) == 1:
            return dict.fromkeys(chunk, error)
    items = list(chunk.items())
    middle = len(items) // 2
    return _run_chunk(jax, dict(items[:middle])) | _run_chunk(jax, dict(items[middle:]))
