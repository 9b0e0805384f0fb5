"""Texts such as `max(K - s, 0)//2` that are both what people read and what is computed.

They follow Python's own syntax and floor semantics, so that a rule can be pasted into a program.
Only the texts that this package states are evaluated: what is read from a file is looked up among
them, never run.
"""

from dataclasses import dataclass, field
from types import CodeType
from typing import Any, Final, Self

import numpy as np
from numpy.typing import NDArray

from tconv.analysis.atlas.observation_point import Letters

_FUNCTIONS: Final = {"max": np.maximum, "min": np.minimum}


@dataclass(frozen=True, slots=True)
class Expression:
    """An expression of letters, elementwise on their arrays.

    Attributes:
        text: the expression, in Python.
        names: the letters that it uses.
    """

    text: str
    names: frozenset[str]
    _code: CodeType = field(repr=False, compare=False)

    @classmethod
    def from_text(cls, text: str) -> Self:
        """Return the expression that `text` writes."""
        code = compile(text, "<atlas>", "eval")
        return cls(text, frozenset(code.co_names) - _FUNCTIONS.keys(), code)

    def __str__(self) -> str:
        return self.text

    @property
    def weight(self) -> int:
        """How much there is to read: operators and calls."""
        return (
            sum(self.text.count(sign) for sign in "+-*%<=")
            + self.text.count("//")
            + len(self._code.co_names)
        )

    def of(self, letters: Letters) -> NDArray[Any]:
        """Return the value at each point, shape (points,)."""
        points = len(next(iter(letters.values())))
        scope = {"__builtins__": {}, **_FUNCTIONS}
        value = eval(self._code, scope, letters)  # noqa: S307 # a text of this package
        return np.broadcast_to(np.asarray(value), (points,))
