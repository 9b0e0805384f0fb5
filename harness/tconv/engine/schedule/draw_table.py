"""What is known of the draws of a grid: what one backend's worker found out, no other need.

That a draw tells the readings apart takes several times as long to find out as to draw it again.
Every backend has the same cases, so whoever has one first says which draw it took. No row depends
on what is known: see :class:`tconv.inputs.DrawRecipe`.
"""

from array import array
from collections.abc import Sequence
from typing import Final

from tconv.inputs.draw import DrawRecipe

_MOST: Final = 2**16 - 1  # different choices, as many as the numbers of two bytes tell apart


class Choices:
    """The choices of a sequence of cases, two bytes each.

    Args:
        count: number of the cases.
    """

    def __init__(self, count: int) -> None:
        self._numbers = array("H", bytes(2 * count))  # 0: not known
        self._distinct: list[DrawRecipe | None] = [None]
        self._number_of: dict[DrawRecipe, int] = {}

    def learn(self, first: int, choices: Sequence[DrawRecipe | None]) -> None:
        """Take note of the choices of consecutive cases, from the `first` on."""
        for at, choice in enumerate(choices, first):
            if choice is not None:
                self._numbers[at] = self._number(choice)

    def known(self, first: int, count: int) -> tuple[DrawRecipe | None, ...]:
        """Return the choices of `count` cases from the `first` on, None where not known."""
        return tuple(self._distinct[number] for number in self._numbers[first : first + count])

    def _number(self, choice: DrawRecipe) -> int:
        found = self._number_of.get(choice)
        if found is not None:
            return found
        if len(self._distinct) > _MOST:
            return 0
        self._distinct.append(choice)
        return self._number_of.setdefault(choice, len(self._distinct) - 1)
