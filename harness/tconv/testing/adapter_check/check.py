"""One property that an adapter must have, and the function that looks for violations."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass

from tconv.testing.adapter_check.subject import CheckedAdapter


@dataclass(frozen=True, slots=True, kw_only=True)
class Check:
    """One property that an adapter must have.

    Attributes:
        name: a word.
        meaning: the property, in one line.
        problems: yields a sentence for each thing to fix; nothing if all is well.
    """

    name: str
    meaning: str
    problems: Callable[[CheckedAdapter], Iterable[str]]
