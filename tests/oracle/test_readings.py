"""Every reading is what its name says: worked examples, small enough to do by hand."""

from collections.abc import Sequence

import numpy as np
import pytest

from tconv.model.case import Case
from tconv.model.tensors import Tensors
from tconv.oracle.readings import READINGS, Reading, evaluate

BY_NAME = {reading.name: reading for reading in READINGS}

# x0 [1 10 100] at 0..2 and x1 [1 10 100] at 2..4, with x = (1, 2): the full result of stride 2.
FULL = (1, 10, 102, 20, 200)


def _line(text: str, b: Sequence[int] = (1000,)) -> tuple[Case, Tensors]:
    """Return a case on one axis with x = (1, 2), w = (1, 10, 100) and one channel."""
    case = Case.from_id(f"1d-i2-k3-{text}ci1-co1-f64")
    return case, Tensors(
        x=np.array([[[1.0, 2.0]]]),
        w=np.array([[[1.0, 10.0, 100.0]]]),
        b=np.array(b, float) if case.bias else None,
    )


LINES = [
    # s = 2, one cropped at the start, one added at the end; right: 10 102 20 200 0, all + 1000.
    ("s2-p1.0-op1-", "kernel flipped", (1010, 1201, 1020, 1002, 1000)),
    ("s2-p1.0-op1-", "padding applied to the input", (1000, 1000, *(1000 + v for v in FULL), 1000)),
    ("s2-p1.0-op1-", "padding applied to the stretched input", (1010, 1102, 1020)),
    ("s2-p1.0-op1-", "padding ignored", (1001, 1010, 1102, 1020, 1200, 1000)),
    ("s2-p1.0-op1-", "all of the crop at the end", (1001, 1010, 1102, 1020, 1200)),
    ("s2-p1.0-op1-", "start not cropped", (1001, 1010, 1102, 1020, 1200, 1000)),
    ("s2-p1.0-op1-", "crop on the other side", (1001, 1010, 1102, 1020, 1200)),
    ("s2-p1.0-op1-", "padding twice", (1102, 1020, 1200, 1000)),
    ("s2-p1.0-op1-", "crop starts one too early", (1001, 1010, 1102, 1020, 1200)),
    ("s2-p1.0-op1-", "crop starts one too late", (1102, 1020, 1200, 1000, 1000)),
    ("s2-p1.0-op1-", "output padding at the start", (1001, 1010, 1102, 1020, 1200)),
    ("s2-p1.0-op1-", "output padding ignored", (1010, 1102, 1020, 1200)),
    ("s2-p1.0-op1-", "output padding filled with zeros", (1010, 1102, 1020, 1200, 0)),
    ("s2-p1.0-op1-", "no bias past the full result", (1010, 1102, 1020, 1200, 0)),
    ("s2-p1.0-op1-", "stride ignored", (1012, 1120, 1200, 1000)),
    ("s2-p1.0-op1-", "stride and dilation exchanged", (1002, 1010, 1020, 1100, 1200, 1000)),
    ("s2-p1.0-op1-", "bias missing", (10, 102, 20, 200, 0)),
    ("s2-p1.0-op1-", "bias twice", (2010, 2102, 2020, 2200, 2000)),
    ("s2-p1.0-op1-", "products missing", (1000, 1000, 1000, 1000, 1000)),
    ("s2-p1.0-op1-", "zeros", (0, 0, 0, 0, 0)),
    # Both ends cropped, so that the output padding uncovers products; right: 10 102 20 200.
    ("s2-p1-op1-", "output padding filled with zeros", (1010, 1102, 1020, 0)),
    ("s2-p1-op1-", "output padding filled with the bias", (1010, 1102, 1020, 1000)),
    ("s2-p1-op1-", "end not cropped", (1010, 1102, 1020, 1200, 1000)),
    ("s2-p0.1-", "all of the crop at the start", (1010, 1102, 1020, 1200)),
    # Dilation 2: the full result is 1 0 12 0 120 0 200 with stride 2, right from position 1.
    ("s2-p1.0-d2-", "dilation ignored", (1010, 1102, 1020, 1200)),
    ("s2-p1.0-d2-", "dilation ignored, size kept", (1010, 1102, 1020, 1200, 1000, 1000)),
    # Stride 4 leaves a gap after each stamp of three: 1 10 100 0 2 20 200.
    ("s4-", "no bias where no product falls", (1001, 1010, 1100, 0, 1002, 1020, 1200)),
    # Direct convolution with padding 2 on both sides: 2 taps meet at most.
    ("p2-", "direct convolution", (1100, 1210, 1021, 1002)),
]  # fmt: skip


@pytest.mark.parametrize(("text", "name", "right"), LINES)
def test_reading_on_one_axis_gives_the_worked_example(
    text: str, name: str, right: tuple[int, ...]
) -> None:
    made = evaluate(BY_NAME[name], *_line(text))

    assert made is not None
    assert made[0, 0].tolist() == list(right)


# One pixel of value 1 per input channel, so that the output is a sum of the kernels.
GROUPED = [
    ("groups in reverse order", (7, 8, 5, 6, 3, 4, 1, 2)),
    ("the first group's weight for every group", (1, 2, 1, 2, 1, 2, 1, 2)),
    ("output channels in reverse order", (2, 1, 4, 3, 6, 5, 8, 7)),
    ("output channels of the groups interleaved", (1, 3, 5, 7, 2, 4, 6, 8)),
    ("every input channel for every group", (16, 20, 16, 20, 16, 20, 16, 20)),
    ("groups ignored", (16, 20)),
]


@pytest.mark.parametrize(("name", "right"), GROUPED)
def test_reading_of_groups_gives_the_worked_example(name: str, right: tuple[int, ...]) -> None:
    case = Case.from_id("1d-i1-k1-g4-ci4-co8-f64-nobias")
    given = Tensors(x=np.ones((1, 4, 1)), w=np.arange(1.0, 9).reshape(4, 2, 1), b=None)

    made = evaluate(BY_NAME[name], case, given)

    assert made is not None
    assert made[0, :, 0].tolist() == list(right)


# c_in = c_out = 2 with weights 1 2 / 3 4 and x = (1, 10): output channel j is w[0, j] + 10 w[1, j].
CHANNELS = [
    ("input and output channels exchanged", (21, 43)),
    ("weight read as (c_out/groups, c_in, *k)", (21, 43)),
    ("input channels in reverse order", (13, 24)),
    ("output channels in reverse order", (42, 31)),
]


@pytest.mark.parametrize(("name", "right"), CHANNELS)
def test_reading_of_channels_gives_the_worked_example(name: str, right: tuple[int, ...]) -> None:
    case = Case.from_id("1d-i1-k1-ci2-co2-f64-nobias")
    given = Tensors(
        x=np.array([[[1.0], [10.0]]]), w=np.array([[[1.0], [2.0]], [[3.0], [4.0]]]), b=None
    )

    made = evaluate(BY_NAME[name], case, given)

    assert made is not None
    assert made[0, :, 0].tolist() == list(right)


def test_interleaved_inputs_meet_the_weights_of_other_channels() -> None:
    case = Case.from_id("1d-i1-k1-g2-ci4-co2-f64-nobias")
    given = Tensors(
        x=np.array([[[1.0], [10.0], [100.0], [1000.0]]]),
        w=np.arange(1.0, 5).reshape(4, 1, 1),
        b=None,
    )

    made = evaluate(BY_NAME["input channels of the groups interleaved"], case, given)

    assert made is not None
    assert made[0, :, 0].tolist() == [1 + 10 * 3, 100 * 2 + 1000 * 4]


# One pixel of value 1: the output is the kernel 1 2 / 3 4.
PLANE = [
    ("2d-i1x1-k2x2-ci1-co1-f64-nobias", "kernel axes exchanged", [[1, 3], [2, 4]]),
    ("2d-i1x1-k2x2-ci1-co1-f64-nobias", "axes of the output exchanged", [[1, 3], [2, 4]]),
    ("2d-i1x1-k2x2-ci1-co1-f64-nobias", "kernel flipped on axis 0", [[3, 4], [1, 2]]),
    ("2d-i1x1-k2x2-ci1-co1-f64-nobias", "kernel flipped on axis 1", [[2, 1], [4, 3]]),
    ("2d-i1x1-k2x2-p1.0x0-ci1-co1-f64-nobias", "padding of the axes exchanged", [[2], [4]]),
    ("2d-i1x1-k2x2-s2x1-op1x0-ci1-co1-f64-nobias", "output padding of the axes exchanged",
     [[1, 2, 0], [3, 4, 0]]),
    ("2d-i1x1-k2x2-d2x1-ci1-co1-f64-nobias", "dilation of the axes exchanged",
     [[1, 0, 2], [3, 0, 4]]),
]  # fmt: skip


@pytest.mark.parametrize(("case_id", "name", "right"), PLANE)
def test_reading_on_two_axes_gives_the_worked_example(
    case_id: str, name: str, right: list[list[int]]
) -> None:
    given = Tensors(x=np.ones((1, 1, 1, 1)), w=np.arange(1.0, 5).reshape(1, 1, 2, 2), b=None)

    made = evaluate(BY_NAME[name], Case.from_id(case_id), given)

    assert made is not None
    assert made[0, 0].tolist() == right


def test_stride_of_the_axes_exchanged_spreads_the_other_axis() -> None:
    case = Case.from_id("2d-i2x2-k1x1-s2x1-ci1-co1-f64-nobias")
    given = Tensors(x=np.arange(1.0, 5).reshape(1, 1, 2, 2), w=np.ones((1, 1, 1, 1)), b=None)

    made = evaluate(BY_NAME["stride of the axes exchanged"], case, given)

    assert made is not None
    assert made[0, 0].tolist() == [[1, 0, 2], [3, 0, 4]]


def test_input_axes_exchanged_transposes_x_alone() -> None:
    case = Case.from_id("2d-i2x2-k2x1-ci1-co1-f64-nobias")
    given = Tensors(
        x=np.arange(1.0, 5).reshape(1, 1, 2, 2), w=np.array([[[[1.0], [10.0]]]]), b=None
    )

    made = evaluate(BY_NAME["axes of the input exchanged"], case, given)

    assert made is not None
    assert made[0, 0].tolist() == [[1, 3], [12, 34], [20, 40]]


@pytest.mark.parametrize(
    ("name", "right"),
    [
        ("batch in reverse order", [[[7], [9]], [[6], [8]]]),
        ("the first of the batch for all", [[[6], [8]], [[6], [8]]]),
        ("bias in reverse order", [[[8], [6]], [[9], [7]]]),
        ("channels last", [[[6, 8]], [[7, 9]]]),
    ],
)
def test_reading_of_a_batch_gives_the_worked_example(name: str, right: list[object]) -> None:
    case = Case.from_id("1d-i1-k1-n2-ci1-co2-f64")
    given = Tensors(x=np.array([[[1.0]], [[2.0]]]), w=np.ones((1, 2, 1)), b=np.array([5.0, 7.0]))

    made = evaluate(BY_NAME[name], case, given)

    assert made is not None
    assert made.tolist() == right


@pytest.mark.parametrize(
    ("name", "right"),
    [
        ("weight conjugated", (1 + 2j) * (3 - 4j) + 1j),
        ("input conjugated", (1 - 2j) * (3 + 4j) + 1j),
        ("imaginary part dropped", ((1 + 2j) * (3 + 4j)).real + 0j),
    ],
)
def test_reading_of_complex_numbers_gives_the_worked_example(name: str, right: complex) -> None:
    case = Case.from_id("1d-i1-k1-ci1-co1-c128")
    given = Tensors(x=np.full((1, 1, 1), 1 + 2j), w=np.full((1, 1, 1), 3 + 4j), b=np.array([1j]))

    made = evaluate(BY_NAME[name], case, given)

    assert made is not None
    assert made.item() == right


PLAIN = "1d-i3-k2-ci1-co1-f64-nobias"


@pytest.mark.parametrize(
    "name",
    [
        "bias missing", "bias twice", "bias in reverse order", "zeros", "padding ignored",
        "crop on the other side", "output padding at the start", "dilation ignored",
        "stride ignored", "stride and dilation exchanged", "groups ignored",
        "groups in reverse order", "kernel axes exchanged", "axes of the output exchanged",
        "batch in reverse order", "weight conjugated", "imaginary part dropped",
        "input and output channels exchanged", "input channels in reverse order",
    ],
)  # fmt: skip
def test_reading_without_its_parameter_has_no_meaning(name: str) -> None:
    case = Case.from_id(PLAIN if "channels exchanged" not in name else PLAIN.replace("co1", "co2"))
    given = Tensors(x=np.ones(case.x_shape), w=np.ones(case.w_shape), b=None)

    assert evaluate(BY_NAME[name], case, given) is None


def test_names_are_unique_and_plain() -> None:
    names = [reading.name for reading in READINGS]

    assert len(set(names)) == len(names)
    assert not [name for name in names if " | " in name or "deconv" in name or name != name.strip()]


@pytest.mark.parametrize("reading", READINGS, ids=lambda reading: reading.name)
def test_every_reading_has_a_meaning_for_some_case(reading: Reading) -> None:
    ids = [
        "2d-i4x4-k2x2-s2x3-p1x0.1-op0x1-d2x1-g2-n2-ci4-co4-c128",
        "3d-i2x2x2-k2x2x2-ci4-co4-f64",
        "1d-i4-k3-s4-p1.0-op1-ci1-co1-f64",
        "1d-i3-k4-s2-padcircular-ci1-co1-f64",
        "1d-i3-k4-s2-padreflect-ci1-co1-f64",
    ]
    cases = [Case.from_id(case_id) for case_id in ids]

    made = [
        evaluate(
            reading, case,
            Tensors(x=np.ones(case.x_shape), w=np.ones(case.w_shape), b=np.ones(case.b_shape)),
        )
        for case in cases
    ]  # fmt: skip

    assert any(result is not None for result in made)
