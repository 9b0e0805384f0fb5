"""Which of a case's draws is taken: what took long to find out, so that it need not be again.

It follows from the case and the seed alone. It is small, and few of them serve most cases.
"""

from dataclasses import dataclass
from typing import Literal

Used = Literal["exact", "exact, sparse", "normal"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Choice:
    """The draw that a case takes, and what it cannot tell from the right answer.

    Attributes:
        used: kind of values that is drawn; `normal` also where exact ones are out of reach.
        attempt: number of the draw among those of its kind, from 0 on.
        indistinguishable: names of the readings that give the right answer whatever the values.
        undistinguished: names of the readings that give it for these values, and that no draw that
            was tried told apart; nearly always empty.
    """

    used: Used
    attempt: int = 0
    indistinguishable: tuple[str, ...] = ()
    undistinguished: tuple[str, ...] = ()
