"""Readings of a part explain wrong outputs that no other reading reproduces, and only those."""

import random
from collections.abc import Iterator

import numpy as np
import pytest

from tconv.inputs.draw import draw
from tconv.judge.expected import expect
from tconv.judge.explain import readings_of
from tconv.model.case import Case
from tconv.oracle.readings import PARTIAL, READINGS, Reading, evaluate


def drawn_cases(reading: Reading) -> Iterator[Case]:
    """Yield cases with parameters that are drawn, among which some have a part to go wrong."""
    rng = random.Random(reading.name)  # noqa: S311 # draws test cases
    for _ in range(300):
        ndim = rng.choice((1, 2, 3))
        groups = rng.choice((1, 3, 4))
        k, s, d = (tuple(rng.choices(each, k=ndim)) for each in ((2, 3), (1, 2, 3), (1, 2)))
        i = rng.choices((2, 3, 5), k=ndim)
        i[rng.randrange(ndim)] = rng.choice((3, 20))
        yield Case.from_parameters(
            ndim=ndim, i=tuple(i), k=k, s=s, dilation=d, n=2, groups=groups,
            p=[(rng.randint(0, 1), rng.randint(0, 1)) for _ in k],
            output_padding=tuple(rng.randrange(each) for each in s),
            c_in=groups, c_out=groups * rng.choice((2, 3, 9)),
        )  # fmt: skip


@pytest.mark.parametrize("reading", PARTIAL, ids=lambda reading: reading.name)
def test_result_with_a_fault_in_a_part_gets_its_reading(reading: Reading) -> None:
    for case in drawn_cases(reading):
        drawn = draw(case)
        expected, y = expect(case, drawn), evaluate(reading, case, drawn.work)
        if y is None or (y.shape == case.y_shape and (y == expected.y).all()):
            continue
        wholes = (evaluate(each, case, drawn.work) for each in READINGS)
        if not any(each is not None and np.array_equal(each, y) for each in wholes):
            break
    else:
        pytest.fail("no case has this reading alone")

    assert reading.name in readings_of(expected, y)


def test_names_of_all_readings_are_unique() -> None:
    names = [reading.name for reading in (*READINGS, *PARTIAL)]

    assert len(set(names)) == len(names)
    assert not [name for name in names if " | " in name]


def test_part_is_not_named_where_the_whole_has_a_reading() -> None:
    case = Case.from_id("2d-i4x3-k3x3-s2x2-p1x1-ci2-co4-f32")
    drawn = draw(case)
    (flipped,) = (reading for reading in READINGS if reading.name == "kernel flipped")
    y = evaluate(flipped, case, drawn.work)

    assert y is not None
    assert readings_of(expect(case, drawn), y) == ("kernel flipped",)


def test_element_off_by_one_has_no_reading() -> None:
    case = Case.from_id("2d-i4x3-k3x3-s2x2-p1x1-ci2-co4-f32")
    expected = expect(case, draw(case))
    y = np.array(expected.y)
    y[1 - case.n, 2, 3, 1] += 1

    assert readings_of(expected, y) == ()
