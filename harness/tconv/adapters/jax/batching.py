"""Many convolutions in one compiled program, because JAX compiles each new shape.

One program of a hundred small convolutions compiles several times faster than a hundred programs.
A call that JAX refuses is refused alone: JAX checks arguments while it traces, call by call, and
the program goes on without it. A program that does not compile is halved until the call at fault
stands alone.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

CHUNK: Final = 100
"""Convolutions in one program."""

QUICK: Final = {
    "xla_backend_optimization_level": 0,
    "xla_llvm_disable_expensive_passes": True,
    "xla_cpu_use_fusion_emitters": False,
    "xla_cpu_parallel_codegen_split_count": 1,
}
"""Compiler options that cut the compile time, and leave every convolution of XLA as it is.

They turn off LLVM's optimisation, and the newer code generator for element-wise operations, and
leave a program in one piece, as a worker has no further threads to compile others.
"""

Result = NDArray[Any] | Exception


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class JaxCall:
    """One convolution to compute.

    Attributes:
        function: a function of `arrays`, in JAX's own operations.
        arrays: its arguments.
    """

    function: Callable[..., Any]
    arrays: tuple[NDArray[Any], ...]


def accepted_options(jax: Any, options: Mapping[str, Any]) -> dict[str, Any]:
    """Return those of the compiler options that this version of XLA has."""

    def accepts(name: str) -> bool:
        try:
            jax.jit(lambda: 0).lower().compile(compiler_options={name: options[name]})
        except Exception:  # noqa: BLE001 # XLA raises errors of its own for an unknown option
            return False
        return True

    return {name: value for name, value in options.items() if accepts(name)}


def run_many(jax: Any, calls: Sequence[JaxCall], options: Mapping[str, Any]) -> list[Result]:
    """Return one result per call, in order: the array, or JAX's error for that call.

    `options` are given to the compiler. JAX's caches are empty afterwards: they would only grow.
    """
    chunks = [calls[start : start + CHUNK] for start in range(0, len(calls), CHUNK)]
    results = [result for chunk in chunks for result in _run_chunk(jax, chunk, options)]
    jax.clear_caches()
    return results


def _run_chunk(jax: Any, calls: Sequence[JaxCall], options: Mapping[str, Any]) -> list[Result]:
    """Return the results of one program, halving a program that fails."""
    refused: dict[int, Exception] = {}

    def program(inputs: Sequence[tuple[Any, ...]]) -> dict[int, Any]:
        outputs = {}
        for index, (call, arrays) in enumerate(zip(calls, inputs, strict=True)):
            try:
                outputs[index] = call.function(*arrays)
            except Exception as error:  # noqa: BLE001 # JAX raises TypeError, ValueError, and more
                refused[index] = error
        return outputs

    inputs = [call.arrays for call in calls]
    try:
        compiled = jax.jit(program).lower(inputs).compile(compiler_options=dict(options))
        outputs = {index: np.asarray(y) for index, y in compiled(inputs).items()}
        return [refused.get(index, outputs.get(index)) for index in range(len(calls))]  # type: ignore[misc] # each index is in one of the two
    except Exception as error:  # noqa: BLE001 # a compiler may raise anything
        if len(calls) == 1:
            return [error]
    middle = len(calls) // 2
    return [y for half in (calls[:middle], calls[middle:]) for y in _run_chunk(jax, half, options)]
