"""Open cases judged: fakes with a known window, and readings that the judge has to name."""

from itertools import product
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from tconv.inputs.draw import draw
from tconv.judge import Judgement, judge
from tconv.judge.expected import expect
from tconv.model.case import Case
from tconv.model.dtypes import PRECISIONS
from tconv.model.outcome import Computed, InferredShape, Refused
from tconv.model.verdict import Verdict
from tconv.oracle.formulations import conv_transpose

Array = NDArray[Any]

PLAIN = "2d-i3x2-k3x2-s2x3-opnone-ci2-co2-f32"


def resolved(case_id: str, y: Array) -> Judgement:
    case = Case.from_id(case_id)
    drawn = draw(case)
    return judge(case, Computed(y=y), expect(case, drawn))


def returned(case_id: str, *crops: tuple[int, int], flip: bool = False, w: Any = None) -> Array:
    """Return the result of a framework with these crops; a negative one adds bias."""
    case = Case.from_id(case_id)
    given = draw(case).tensors
    work = PRECISIONS[case.dtype].work
    kernel = given.w if w is None else w(given.w)
    kernel = np.flip(kernel, tuple(range(2, kernel.ndim))) if flip else kernel
    y = conv_transpose(
        given.x.astype(work), kernel.astype(work),
        None if given.b is None else given.b.astype(work),
        stride=case.s, dilation=case.dilation, groups=case.groups, padding=crops,
    )  # fmt: skip
    return y.astype(given.x.dtype)


CASES = [
    (PLAIN, ((1, 0), (0, 2)), "1.0x0.2"),
    (PLAIN, ((-1, 2), (1, -2)), "-1.2x1.-2"),
    ("1d-i1-k3-s2-opnone-padsame-ci1-co2-f32", ((1, 0),), "1.0"),
    ("1d-i4-k3-s2-d2-g2-padsame-o8-n2-ci2-co4-f32", ((0, 3),), "0.3"),
    ("3d-i2x3x2-k2x1x2-s1x2x2-padvalid-ci2-co2-f32", ((0, 1), (-1, 0), (1, 1)), "0.1x-1.0x1.1"),
    ("2d-i3x2-k3x2-s2x3-opnone-ci2-co2-f16", ((1, 0), (0, 1)), "1.0x0.1"),
    ("2d-i3x2-k3x2-s2x3-opnone-ci2-co2-bf16", ((1, 0), (0, 1)), "1.0x0.1"),
    ("2d-i3x2-k3x2-s2x3-opnone-ci2-co2-c64", ((1, 0), (0, 1)), "1.0x0.1"),
    ("2d-i3x2-k3x2-s2x3-opnone-ci2-co2-i32", ((1, 0), (0, 1)), "1.0x0.1"),
    ("2d-i3x2-k3x2-s2x3-opnone-ci2-co2-f32-nobias", ((-1, 0), (0, 1)), "-1.0x0.1"),
    ("2d-i3x2-k3x2-s2x3-opnone-ci2-co2-f32-normal", ((-1, 0), (0, 1)), "-1.0x0.1"),
]


@pytest.mark.parametrize(("case_id", "crops", "text"), CASES, ids=[c[0] for c in CASES])
def test_window_is_reported(case_id: str, crops: tuple[tuple[int, int], ...], text: str) -> None:
    found = resolved(case_id, returned(case_id, *crops))

    assert (found.verdict, found.resolution, found.resolutions) == (Verdict.RESOLVED, (text,), 1)
    assert found.reading is None


def test_flipped_kernel_is_a_reading() -> None:
    found = resolved(PLAIN, returned(PLAIN, (1, 0), (0, 1), flip=True))

    assert (found.reading, found.resolution) == ("kernel flipped", ("1.0x0.1",))


@pytest.mark.parametrize(
    ("change", "reading"),
    [
        (lambda w: w[::-1], "input channels in reverse order"),
        (lambda w: w[:, ::-1], "output channels in reverse order"),
        (lambda w: w.swapaxes(0, 1), "input and output channels exchanged"),
    ],
    ids=["in", "out", "both"],
)
@pytest.mark.parametrize("flip", [False, True], ids=["", "flipped"])
def test_exchanged_channels_are_a_reading(change: Any, reading: str, flip: bool) -> None:
    found = resolved(PLAIN, returned(PLAIN, (0, 0), (1, 0), flip=flip, w=change))

    wanted = ("kernel flipped, " if flip else "") + reading
    assert wanted in str(found.reading).split(" | ")


def test_zeros_added_after_the_bias_are_a_reading() -> None:
    y = np.pad(returned(PLAIN, (0, 0), (0, 0)), ((0, 0), (0, 0), (0, 1), (0, 0)))

    found = resolved(PLAIN, y)

    assert (found.reading, found.resolution) == ("no bias past the full result", ("0.-1x0.0",))


def test_single_tap_leaves_the_flip_open() -> None:
    case_id = "1d-i1-k2-padvalid-ci1-co1-f32"

    found = resolved(case_id, returned(case_id, (0, 1)))

    assert (found.resolution, found.coinciding) == (("0.1",), ("kernel flipped",))


def test_result_of_the_bias_alone_has_the_set_of_windows_outside_the_full_result() -> None:
    case_id = "1d-i1-k2-padvalid-ci1-co1-f32"

    found = resolved(case_id, returned(case_id, (-3, 2)))

    assert (found.resolution, found.resolutions) == (("-3.2", "2.-3"), 2)


def test_nothing_explains_a_changed_value() -> None:
    y = returned(PLAIN, (1, 0), (0, 2))
    y[0, 1, 2, 1] += 1

    found = resolved(PLAIN, y)

    assert found.verdict is Verdict.UNRESOLVED
    assert found.reason == "no window of the full result has it"  # one finding, whatever the values
    assert str(found.observed_value).startswith(", ".join(map(str, y.reshape(-1)[:3].tolist())))


@pytest.mark.parametrize(
    ("spoil", "verdict", "words"),
    [
        (lambda y: y[:, :1], Verdict.UNRESOLVED, "its shape should be (1, 2, *o)"),
        (lambda y: y[0], Verdict.UNRESOLVED, "its shape should be (1, 2, *o)"),
        (lambda y: y * np.nan, Verdict.UNRESOLVED, "it has values that are not finite"),
        (lambda y: y.astype(np.float64), Verdict.DTYPE, ""),
    ],
    ids=["channels", "rank", "nan", "dtype"],
)
def test_result_that_no_window_explains_is_reported(
    spoil: Any, verdict: Verdict, words: str
) -> None:
    found = resolved(PLAIN, spoil(returned(PLAIN, (0, 0), (0, 0))))

    assert found.verdict is verdict
    assert (found.reason or "").startswith(words)


def test_empty_result_is_resolved_by_every_window() -> None:
    case_id = "1d-i2-k2-s2-padsame-n0-ci1-co1-f32"

    found = resolved(case_id, np.zeros((0, 1, 3), np.float32))

    assert (found.verdict, found.resolutions) == (Verdict.RESOLVED, 8)


def test_list_of_windows_is_cut_and_their_number_is_not() -> None:
    case_id = "1d-i9-k9-s9-padsame-n0-ci1-co1-f32"

    found = resolved(case_id, np.zeros((0, 1, 9), np.float32))

    assert (len(found.resolution or ()), found.resolutions) == (32, 91)


@pytest.mark.parametrize(("padding", "op"), [*product(["", "-padsame"], ["", "-opnone"])])
def test_empty_input_is_resolved(padding: str, op: str) -> None:
    case_id = f"1d-i0-k3-s2{op}{padding}-o2-ci1-co1-f32"
    b = draw(Case.from_id(case_id)).tensors.b
    assert b is not None

    found = resolved(case_id, np.tile(b.reshape(1, 1, 1), (1, 1, 2)))

    assert found.verdict is Verdict.RESOLVED


def test_inferred_shape_resolves_the_size_alone() -> None:
    case = Case.from_id(PLAIN)
    drawn = draw(case)

    found = judge(case, InferredShape(shape=(1, 2, 6, 5)), expect(case, drawn))

    assert (found.verdict, found.observed_shape) == (Verdict.RESOLVED, (1, 2, 6, 5))
    assert found.resolution is None


@pytest.mark.parametrize("shape", [(1, 2, 6), (1, 3, 6, 5), (2, 2, 6, 5), ()])
def test_inferred_shape_of_other_axes_is_unresolved(shape: tuple[int, ...]) -> None:
    case = Case.from_id(PLAIN)
    drawn = draw(case)

    found = judge(case, InferredShape(shape=shape), expect(case, drawn))

    assert found.verdict is Verdict.UNRESOLVED
    assert found.reason == "its shape should be (1, 2, *o)"


@pytest.mark.parametrize(
    ("case_id", "size", "verdict"),
    [
        ("1d-i3-k3-ci1-co1-f32", 5, Verdict.MATCH),
        ("1d-i3-k3-ci1-co1-f32", 6, Verdict.SHAPE),
        ("1d-i3-k3-p5-ci1-co1-f32", 1, Verdict.ACCEPTED_ILLEGAL),
    ],
)
def test_inferred_shape_is_judged_as_a_shape(case_id: str, size: int, verdict: Verdict) -> None:
    case = Case.from_id(case_id)
    drawn = draw(case)

    found = judge(case, InferredShape(shape=(1, 1, size)), expect(case, drawn))

    assert (found.verdict, found.compared) == (verdict, 0)


def test_refused_open_case_is_rejected() -> None:
    outcome = Refused(error_type="ValueError", error_text="no")

    assert judge(Case.from_id(PLAIN), outcome).verdict is Verdict.REJECTED
