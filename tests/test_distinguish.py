"""What coincides with the right answer: a large case, seen in part, against the whole."""

import numpy as np
import pytest

from harness import distinguish
from harness.case import Case
from harness.distinguish import answered
from harness.inputs.exact import dense
from harness.precision import PRECISIONS
from harness.tensors import Tensors


def _dense(case: Case) -> Tensors:
    given = dense(case, case.id, PRECISIONS[case.dtype])
    assert given is not None
    return given


def _alike(case: Case, given: Tensors) -> set[str]:
    return {reading.name for reading in answered(case, given).alike}


@pytest.fixture
def everything_is_large(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(distinguish, "_AT_ONCE", 1)


@pytest.mark.parametrize(
    "case_id",
    [
        "1d-i4-k1-s2-ci2-co4-f32",
        "1d-i2-k3-p1-ci1-co1-f32-nobias",
        "2d-i4x3-k3x3-s2x1-p1.0x0-op1x0-n2-ci3-co3-f32",
        "2d-i3x3-k2x2-g2-n2-ci4-co4-f32",
        "2d-i3x3-k2x2-g4-ci4-co4-f32",
        "3d-i2x3x2-k2x1x2-s2x2x2-d2x1x1-ci2-co2-f64",
        "2d-i3x4-k2x2-ci2-co2-c64",
    ],
)
def test_large_case_has_the_answer_of_a_small_one(
    case_id: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    case = Case.from_id(case_id)
    given = _dense(case)
    small = answered(case, given)
    monkeypatch.setattr(distinguish, "_AT_ONCE", 1)

    large = answered(case, given)

    assert (large.y == small.y).all()
    assert large.y.shape == small.y.shape == case.y_shape
    assert (large.same, large.alike) == (small.same, small.alike)


@pytest.mark.usefixtures("everything_is_large")
@pytest.mark.parametrize(("channel", "expected"), [(0, False), (1, True)])
def test_difference_in_any_output_channel_counts_in_a_large_case(
    channel: int, *, expected: bool
) -> None:
    """The first channel is what is looked at first, so one that is alike there must not pass."""
    case = Case.from_id("1d-i4-k3-ci1-co2-f32")
    w = np.array([[[1.0, 2.0, 1.0], [3.0, 4.0, 3.0]]])
    w[0, channel, 2] += 1.0
    given = Tensors(x=_dense(case).x, w=w, b=np.array([5.0, 6.0]))

    assert "kernel flipped" not in _alike(case, given)
    assert ("kernel flipped" in _alike(case, _first_channel_only(given))) is expected


def _first_channel_only(given: Tensors) -> Tensors:
    return Tensors(x=given.x, w=given.w[:, :1].repeat(2, axis=1), b=given.b)


@pytest.mark.usefixtures("everything_is_large")
def test_reading_that_is_alike_everywhere_is_named_in_a_large_case() -> None:
    case = Case.from_id("1d-i4-k3-ci1-co2-f32")
    w = np.array([[[1.0, 2.0, 1.0], [3.0, 4.0, 3.0]]])
    given = Tensors(x=_dense(case).x, w=w, b=np.array([5.0, 6.0]))

    assert "kernel flipped" in _alike(case, given)
