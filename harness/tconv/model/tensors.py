"""The arrays of one case, as they pass between inputs, oracle and adapters."""

from dataclasses import dataclass
from typing import Any

from numpy.typing import NDArray


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Tensors:
    """The arrays of one case, in the canonical layout and the case's dtype; read-only.

    Attributes:
        x: input, shape (n, c_in, *i).
        w: weight, shape (c_in, c_out / groups, *k).
        b: bias, shape (c_out,), or None.
    """

    x: NDArray[Any]
    w: NDArray[Any]
    b: NDArray[Any] | None
