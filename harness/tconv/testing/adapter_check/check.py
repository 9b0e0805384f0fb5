"""What a check is: a name, what it makes sure of, and how it looks."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass

from tconv.testing.adapter_check.subject import Subject


@dataclass(frozen=True, slots=True, kw_only=True)
class Check:
    """One property that an adapter must have.

    Attributes:
        name: a word.
        meaning: what it makes sure of, in one line.
        look: yields what has to be mended, in words; nothing where all is well.
    """

    name: str
    meaning: str
    look: Callable[[Subject], Iterable[str]]
