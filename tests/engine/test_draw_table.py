"""What is known of the draws of a grid."""

import pytest

from tconv.engine.schedule import draw_table
from tconv.engine.schedule.draw_table import Choices
from tconv.inputs.draw import DrawRecipe

ONE = DrawRecipe(drawn="exact")
OTHER = DrawRecipe(drawn="exact", attempt=3, equivalent=("kernel flipped",))


def test_choice_is_known_once_it_is_learnt() -> None:
    known = Choices(5)

    known.learn(1, [ONE, OTHER, ONE])

    assert known.known(0, 5) == (None, ONE, OTHER, ONE, None)


def test_case_that_was_not_drawn_leaves_known_what_was() -> None:
    known = Choices(2)
    known.learn(0, [ONE, OTHER])

    known.learn(0, [None, None])

    assert known.known(0, 2) == (ONE, OTHER)


def test_equal_choices_are_kept_once() -> None:
    known = Choices(2)

    known.learn(0, [OTHER, DrawRecipe(drawn="exact", attempt=3, equivalent=("kernel flipped",))])
    first, second = known.known(0, 2)

    assert first is second


def test_choice_without_a_number_left_stays_unknown(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(draw_table, "_MOST", 1)
    known = Choices(3)

    known.learn(0, [ONE, OTHER, ONE])

    assert known.known(0, 3) == (ONE, None, ONE)
