"""Many convolutions in one compiled program, because JAX compiles each new shape.

One program of a hundred small convolutions compiles several times faster than a hundred programs.
A call that JAX refuses is refused alone: JAX checks arguments while it traces, call by call, and
the program goes on without it. A program that does not compile is halved until the failing call is
alone.
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

LENGTH: Final = 2**14
"""Elements of each of the two arrays that are added."""

_Sum = tuple[NDArray[Any], NDArray[Any]]  # a result and its bias


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


class Adder:
    """JAX's own addition of biases on one device, compiled once for each dtype.

    No convolution of JAX takes a bias: users write `y + b`. In a program of many convolutions each
    such sum would be a kernel of its own, which takes longer to trace and to compile than its
    convolution. Outside of it, on arrays of one fixed length, one kernel of `jax.lax.add` serves
    them all.

    Args:
        jax: the module.
        options: compiler options.
    """

    def __init__(self, jax: Any, options: Mapping[str, Any]) -> None:
        self._jax = jax
        self._options = dict(options)
        self._kernels: dict[np.dtype[Any], Any] = {}  # outside of JAX's caches, which are emptied

    def added(
        self, results: Sequence[ArrayOrError], biases: Sequence[NDArray[Any] | None]
    ) -> list[ArrayOrError]:
        """Return each result, its bias added if it has one, or the error of JAX.

        A bias that would change the dtype or shape of the result is left to JAX's own promotion and
        broadcasting.
        """
        outputs = list(results)
        kinds: dict[np.dtype[Any] | None, dict[int, _Sum]] = {}
        for index, (y, b) in enumerate(zip(results, biases, strict=True)):
            if b is not None and not isinstance(y, Exception):
                kinds.setdefault(y.dtype if _fits(y, b) else None, {})[index] = y, b
        for dtype, sums in kinds.items():
            pairs = tuple(sums.values())
            totals = self._odd(pairs) if dtype is None else self._plain(pairs, dtype)
            for index, total in zip(sums, totals, strict=True):
                outputs[index] = total
        return outputs

    def _odd(self, sums: Sequence[_Sum]) -> list[ArrayOrError]:
        """Return what JAX makes of sums that do not fit, each refused alone."""
        calls = [JaxCall(function=self._jax.numpy.add, arrays=pair) for pair in sums]
        return run_many(self._jax, calls, self._options)

    def _plain(self, sums: Sequence[_Sum], dtype: np.dtype[Any]) -> list[NDArray[Any]]:
        """Return the totals of sums that have one dtype, each in the shape of its result."""
        ends = np.cumsum([y.size for y, _ in sums], dtype=int)
        left, right = np.zeros((2, -(-ends[-1] // LENGTH), LENGTH), dtype)
        np.concatenate([y.ravel() for y, _ in sums], out=left.reshape(-1)[: ends[-1]])
        np.concatenate(
            [np.broadcast_to(b, y.shape).ravel() for y, b in sums],
            out=right.reshape(-1)[: ends[-1]],
        )
        for y, b in zip(left, right, strict=True):
            np.copyto(y, np.asarray(self._kernel(dtype)(y, b)), casting="no")
        parts = np.split(left.reshape(-1)[: ends[-1]], ends[:-1])
        return [part.reshape(y.shape) for part, (y, _) in zip(parts, sums, strict=True)]

    def _kernel(self, dtype: np.dtype[Any]) -> Any:
        if dtype not in self._kernels:
            operand = self._jax.ShapeDtypeStruct((LENGTH,), dtype)
            lowered = self._jax.jit(self._jax.lax.add).lower(operand, operand)
            self._kernels[dtype] = lowered.compile(compiler_options=self._options)
        return self._kernels[dtype]


def _fits(y: NDArray[Any], b: NDArray[Any]) -> bool:
    """Return whether y + b has the dtype and the shape of y."""
    try:
        return y.dtype == b.dtype and np.broadcast_shapes(y.shape, b.shape) == y.shape
    except ValueError:  # they do not broadcast
        return False


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
