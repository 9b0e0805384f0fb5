"""Shares the draw recipes of a grid between the backends of a run.

Finding a draw that tells the readings apart takes several times as long as drawing it again. Every
backend has the same cases, so the first that computes one reports which draw it took. No row
depends on what the table knows: see :class:`tconv.inputs.draw.DrawRecipe`.
"""

from array import array
from collections.abc import Sequence
from typing import Final

from tconv.inputs.draw import DrawRecipe

_MOST: Final = 2**16 - 1  # different recipes, as many as the numbers of two bytes tell apart


class DrawTable:
    """The draw recipes of a sequence of cases, two bytes each.

    Args:
        count: number of the cases.
    """

    def __init__(self, count: int) -> None:
        self._numbers = array("H", bytes(2 * count))  # 0: not known
        self._recipes: list[DrawRecipe | None] = [None]
        self._number_of: dict[DrawRecipe, int] = {}

    def learn(self, first: int, recipes: Sequence[DrawRecipe | None]) -> None:
        """Store the recipes of consecutive cases, from the `first` on."""
        for place, recipe in enumerate(recipes, first):
            if recipe is not None:
                self._numbers[place] = self._number(recipe)

    def recipes(self, first: int, count: int) -> tuple[DrawRecipe | None, ...]:
        """Return the recipes of `count` cases from the `first` on, None where not known."""
        return tuple(self._recipes[number] for number in self._numbers[first : first + count])

    def _number(self, recipe: DrawRecipe) -> int:
        number = self._number_of.get(recipe)
        if number is not None:
            return number
        if len(self._recipes) > _MOST:
            return 0
        self._recipes.append(recipe)
        return self._number_of.setdefault(recipe, len(self._recipes) - 1)
