"""What a worker keeps of inputs and answers."""

import pytest

from tconv.engine.worker import compute
from tconv.inputs.draw import draw
from tconv.model.case import Case

SMALL = Case.from_parameters(ndim=1, i=3, k=2)
NORMAL = Case.from_parameters(ndim=1, i=3, k=2, values="normal")
LARGE = Case.from_parameters(ndim=2, i=48, k=3)


@pytest.fixture(autouse=True)
def _empty(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(compute, "_draws", {})


def test_small_case_is_drawn_once_whether_its_recipe_is_known_or_not() -> None:
    first = compute.draw_once(SMALL, 0)

    assert compute.draw_once(SMALL, 0, first.recipe) is first


def test_case_with_another_seed_is_another() -> None:
    assert compute.draw_once(SMALL, 0) is not compute.draw_once(SMALL, 1)


def test_large_case_is_not_kept() -> None:
    assert compute.draw_once(LARGE, 0) is not compute.draw_once(LARGE, 0)


def test_oldest_case_makes_room(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(compute, "KEPT", 2)
    first, second = compute.draw_once(SMALL, 0), compute.draw_once(SMALL, 1)

    compute.draw_once(SMALL, 2)

    assert compute.draw_once(SMALL, 1) is second
    assert compute.draw_once(SMALL, 0) is not first


def test_answer_that_has_to_be_computed_is_computed_once() -> None:
    drawn = draw(NORMAL)

    assert compute.expect_once(NORMAL, drawn) is compute.expect_once(NORMAL, drawn)


def test_answer_of_a_large_case_is_not_kept() -> None:
    drawn = draw(LARGE)

    assert compute.expect_once(LARGE, drawn) is not compute.expect_once(LARGE, drawn)
