"""Many convolutions in one compiled program, because JAX compiles each new shape.

One program of a hundred small convolutions compiles several times faster than a hundred programs.
A call that JAX refuses is refused alone: JAX checks arguments while it traces, call by call, and
the program goes on without it. A program that does not compile is halved until the call at fault
stands alone.
"""

from abc import abstractmethod
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from tconv.adapters.base import Adapter, Case, Result, Tensors

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

ArrayOrError = NDArray[Any] | Exception


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


def run_many(jax: Any, calls: Sequence[JaxCall], options: Mapping[str, Any]) -> list[ArrayOrError]:
    """Return one result per call, in order: the array, or JAX's error for that call.

    `options` are given to the compiler. JAX's caches are empty afterwards: they would only grow.
    """
    chunks = [calls[start : start + CHUNK] for start in range(0, len(calls), CHUNK)]
    results = [result for chunk in chunks for result in _run_chunk(jax, chunk, options)]
    jax.clear_caches()
    return results


def _run_chunk(
    jax: Any, calls: Sequence[JaxCall], options: Mapping[str, Any]
) -> list[ArrayOrError]:
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


def is_single(mode: str) -> bool:
    """Return whether a mode computes each case by itself, as users do."""
    return "single" in mode.split("+")


def uncached(jax: Any, results: Iterable[Result]) -> Iterator[Result]:
    """Yield the results, then empty JAX's caches: no program that was compiled is used twice."""
    yield from results
    jax.clear_caches()


class BatchingAdapter(Adapter):
    """An adapter that computes many cases in one program of JAX, but in modes named `single`."""

    _jax: Any

    def compute(self, case: Case, tensors: Tensors, mode: str, device: str) -> NDArray[Any]:
        """Return y of a program that holds this case alone or, where single, of its own call."""
        if is_single(mode):
            return self._alone(case, tensors, mode, device)
        (result,) = self._together([case], [tensors], mode, device)
        if isinstance(result, Exception):
            raise result
        return result

    def compute_many(
        self, cases: Sequence[Case], tensors: Sequence[Tensors], mode: str, device: str
    ) -> Iterable[Result]:
        """Return one result per case, in order; the single modes compute each by itself."""
        if is_single(mode):
            return uncached(self._jax, super().compute_many(cases, tensors, mode, device))
        return self._together(cases, tensors, mode, device)

    def _options(self, device: str) -> Mapping[str, Any]:
        """Return the compiler options of programs of many cases; a GPU keeps its defaults."""
        return self._quick if device == "cpu" else {}

    @cached_property
    def _quick(self) -> Mapping[str, Any]:
        return accepted_options(self._jax, QUICK)

    @abstractmethod
    def _alone(self, case: Case, tensors: Tensors, mode: str, device: str) -> NDArray[Any]:
        """Return y of a call of its own."""

    @abstractmethod
    def _together(
        self, cases: Sequence[Case], tensors: Sequence[Tensors], mode: str, device: str
    ) -> list[ArrayOrError]:
        """Return one result per case, in order, computed in programs of many."""
