"""The draw recipes that the backends of a run share."""

import pytest

from tconv.engine.schedule import draw_table
from tconv.engine.schedule.draw_table import DrawTable
from tconv.inputs.draw import DrawRecipe

ONE = DrawRecipe(drawn="exact")
OTHER = DrawRecipe(drawn="exact", attempt=3, equivalent=("kernel flipped",))


def test_recipe_is_known_once_it_is_learnt() -> None:
    table = DrawTable(5)

    table.learn(1, [ONE, OTHER, ONE])

    assert table.recipes(0, 5) == (None, ONE, OTHER, ONE, None)


def test_case_that_was_not_drawn_leaves_known_what_was() -> None:
    table = DrawTable(2)
    table.learn(0, [ONE, OTHER])

    table.learn(0, [None, None])

    assert table.recipes(0, 2) == (ONE, OTHER)


def test_equal_recipes_are_kept_once() -> None:
    table = DrawTable(2)

    table.learn(0, [OTHER, DrawRecipe(drawn="exact", attempt=3, equivalent=("kernel flipped",))])
    first, second = table.recipes(0, 2)

    assert first is second


def test_recipe_without_a_number_left_stays_unknown(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(draw_table, "_MOST", 1)
    table = DrawTable(3)

    table.learn(0, [ONE, OTHER, ONE])

    assert table.recipes(0, 3) == (ONE, None, ONE)
