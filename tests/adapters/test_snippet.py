"""The parts that adapters make a call's source text of."""

import pytest

from tconv.adapters.snippet import keywords, output_sizes, plain, written_call
from tconv.model.case import Case


def test_keywords_leave_out_defaults_and_keep_what_has_none() -> None:
    arguments = {"stride": 1, "padding": (1, 2), "groups": None}

    assert keywords(arguments, {"stride": 1, "padding": 0}) == [
        "padding=(1, 2)",
        "groups=None",
    ]


@pytest.mark.parametrize(
    ("width", "written"),
    [
        (20, "call(x, padding=1)"),
        (17, "call(\n    x, padding=1\n)"),
        (12, "call(\n    x,\n    padding=1,\n)"),
    ],
)
def test_call_is_broken_as_formatters_break_it(width: int, written: str) -> None:
    assert written_call("call", ["x", "padding=1"], width) == written


@pytest.mark.parametrize(("values", "written"), [((2,), 2), ((2, 2), 2), ((1, 2), (1, 2))])
def test_one_number_stands_for_equal_values_on_every_axis(
    values: tuple[int, ...], written: int | tuple[int, ...]
) -> None:
    assert plain(values) == written


@pytest.mark.parametrize(
    "case_id",
    [
        "1d-i5-k3-s2-p1-op1-ci1-co1-f32",
        "1d-i4-k1-p0.2-ci1-co1-f32",
        "3d-i2x3x4-k3x1x2-s2x1x3-p0x0.1x1-op1x0x2-d2x1x1-ci1-co1-f32",
    ],
)
def test_output_sizes_as_text_are_those_of_the_case(case_id: str) -> None:
    case = Case.from_id(case_id)

    texts = output_sizes(case, "i")

    sizes = tuple(eval(text, {"i": case.i}) for text in texts)  # noqa: S307 # the harness's own text
    assert sizes == case.y_shape[2:]


def test_output_sizes_of_same_padding_are_strides_times_input_sizes() -> None:
    case = Case.from_id("2d-i4x5-k3x3-s2x1-opnone-padsame-ci1-co1-f32")

    assert output_sizes(case, "i") == ["2 * i[0]", "i[1]"]
