"""The arrays of one case, as they pass between inputs, oracle and adapters."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tconv.model.policies import InputPadding


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Tensors:
    """The arrays of one case, in the canonical layout and the case's dtype; read-only.

    Attributes:
        x: input, shape (n, c_in, *i).
        w: weight, shape (c_in, c_out / groups, *k).
        b: bias, shape (c_out,), or None.
        padding: how an adapter has to pad x, which is (n, c_in, *i) before that, or None.
    """

    x: NDArray[Any]
    w: NDArray[Any]
    b: NDArray[Any] | None
    padding: InputPadding | None = None

    def map(self, change: Callable[[NDArray[Any]], NDArray[Any]]) -> "Tensors":
        """Return the arrays that `change` makes of these; no bias stays None."""
        return Tensors(
            x=change(self.x), w=change(self.w), b=None if self.b is None else change(self.b)
        )

    @property
    def magnitudes(self) -> "Tensors":
        """The absolute values, float64; complex ones by modulus."""
        return self.map(lambda values: np.abs(values).astype(np.float64))
