"""What a worker keeps of inputs and answers."""

import pytest

from harness.case import Case
from harness.engine import stock
from harness.inputs import draw

SMALL = Case.from_parameters(ndim=1, i=3, k=2)
NORMAL = Case.from_parameters(ndim=1, i=3, k=2, values="normal")
LARGE = Case.from_parameters(ndim=2, i=48, k=3)


@pytest.fixture(autouse=True)
def _empty(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(stock, "_draws", {})


def test_small_case_is_drawn_once_whether_its_choice_is_known_or_not() -> None:
    first = stock.drawn(SMALL, 0)

    assert stock.drawn(SMALL, 0, first.choice) is first


def test_case_with_another_seed_is_another() -> None:
    assert stock.drawn(SMALL, 0) is not stock.drawn(SMALL, 1)


def test_large_case_is_not_kept() -> None:
    assert stock.drawn(LARGE, 0) is not stock.drawn(LARGE, 0)


def test_oldest_case_makes_room(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(stock, "KEPT", 2)
    first, second = stock.drawn(SMALL, 0), stock.drawn(SMALL, 1)

    stock.drawn(SMALL, 2)

    assert stock.drawn(SMALL, 1) is second
    assert stock.drawn(SMALL, 0) is not first


def test_answer_that_has_to_be_computed_is_computed_once() -> None:
    drawn = draw(NORMAL)

    assert stock.expected(NORMAL, drawn) is stock.expected(NORMAL, drawn)


def test_answer_of_a_large_case_is_not_kept() -> None:
    drawn = draw(LARGE)

    assert stock.expected(LARGE, drawn) is not stock.expected(LARGE, drawn)
