"""The addition of biases to many results at once, because JAX compiles each new shape.

No convolution of JAX takes a bias: users write `y + b`. In a program of many convolutions each such
sum would be a kernel of its own, which takes longer to trace and to compile than its convolution.
Outside of it, on arrays of one fixed length, one kernel of `jax.lax.add` serves them all.
"""

from collections.abc import Mapping, Sequence
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from tconv.adapters.jax.batching import ArrayOrError, JaxCall, run_many

LENGTH: Final = 2**14
"""Elements of each of the two arrays that are added."""

_Sum = tuple[NDArray[Any], NDArray[Any]]  # a result and its bias


class Adder:
    """JAX's own addition on one device, compiled once for each dtype.

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

        A bias whose dtype or shape would change the result's is left to JAX's own promotion and
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
