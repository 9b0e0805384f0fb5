"""The TensorFlow adapter: layouts, routes and the kernels it probes, against the oracle."""

import re
from contextlib import suppress
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from tconv.adapters.tensorflow.adapter import TensorflowAdapter
from tconv.inputs.draw import draw
from tconv.judge.expected import expect
from tconv.model.case import Case
from tconv.model.route import Composed, Native, Unsupported
from tconv.model.tensors import Tensors

tf = pytest.importorskip("tensorflow", reason="tensorflow is not installed")

pytestmark = pytest.mark.xdist_group("tensorflow")

WITH_ONEDNN = {
    "1d-i5-k3-s2-d2-g2-n2-ci4-co6-f32": Native,
    "1d-i5-k3-s2-p3.1-op1-d2-g2-n2-ci4-co6-f32": Composed,
    "2d-i5x4-k3x2-s2x3-op1x2-d1x2-g2-n2-ci4-co6-f32": Native,
    "2d-i5x4-k3x2-s2x3-p2.0x0.1-op1x2-d1x2-g3-n2-ci3-co6-f32": Composed,
    "3d-i2x3x4-k3x2x1-s2x1x3-p0.1x0x0-op1x0x2-d1x3x1-n2-ci3-co2-f32": Native,
}


@pytest.fixture(scope="module")
def adapter() -> TensorflowAdapter:
    return TensorflowAdapter()


def compute(
    adapter: TensorflowAdapter, case: Case, mode: str = "eager", tensors: Tensors | None = None
) -> NDArray[Any]:
    with adapter.session(mode, "cpu"):
        return adapter.compute(case, tensors or draw(case).tensors, mode, "cpu")


@pytest.mark.parametrize(("case_id", "kind"), WITH_ONEDNN.items())
@pytest.mark.parametrize("dtype", ["float32", "bfloat16"])
def test_dilation_and_groups_are_computed_or_proved_to_be_missing(
    adapter: TensorflowAdapter, case_id: str, kind: type, dtype: str
) -> None:
    case = replace(Case.from_id(case_id), dtype=dtype)

    route = adapter.route(case, "eager", "cpu")
    with adapter.session("eager", "cpu"):
        y = adapter.attempt(case, draw(case).tensors, "eager", "cpu")

    if isinstance(route, Unsupported):  # oneDNN is off, or has no such kernel for this processor
        assert re.search(route.error_pattern, f"{type(y).__name__}: {y}")
    else:
        assert isinstance(route, kind)
        np.testing.assert_array_equal(y, np.asarray(expect(case, draw(case)).y))


@pytest.mark.parametrize(
    ("case_id", "kind"),
    [
        ("1d-i5-k3-s2-p1.0-op1-d2-n2-ci2-co3-f64", Native),
        ("2d-i5x4-k3x2-s2x3-p2.0x0.1-op1x2-d1x2-g2-n2-ci4-co6-f64", Native),
        ("3d-i2x3x4-k3x2x1-s2x1x3-p2.0x0x0-op1x0x2-d1x3x1-g3-n2-ci3-co6-f16", Composed),
    ],
)
def test_xla_takes_the_dilation_and_groups_that_other_kernels_lack(
    adapter: TensorflowAdapter, case_id: str, kind: type
) -> None:
    case = Case.from_id(case_id)

    y = compute(adapter, case, "xla")

    assert isinstance(adapter.route(case, "eager", "cpu"), Unsupported)
    assert isinstance(adapter.route(case, "xla", "cpu"), kind)
    np.testing.assert_array_equal(y, np.asarray(expect(case, draw(case)).y))


@pytest.mark.parametrize(
    ("case_id", "p"),
    [
        ("1d-i3-k4-s2-opnone-padsame-o6-ci2-co3-f64", ((1, 1),)),
        ("1d-i3-k4-s2-opnone-padsame-o5-ci2-co3-f64", ((1, 2),)),
        ("1d-i3-k3-s2-opnone-padvalid-o8-ci2-co3-f64", ((0, -1),)),
        ("2d-i3x2-k3x3-s2x2-p1x1-opnone-o6x4-ci2-co3-f64", ((1, 0), (1, 0))),
    ],
)
def test_a_wanted_size_is_asked_for_and_cropped_as_tensorflow_does(
    adapter: TensorflowAdapter, case_id: str, p: tuple[tuple[int, int], ...]
) -> None:
    case = Case.from_id(case_id)
    begin, end = zip(*p, strict=True)
    explicit = replace(
        case, o=None, padding=None, output_padding=(0,) * case.ndim, p_begin=begin, p_end=end
    )

    y = compute(adapter, case, tensors=draw(explicit).tensors)

    assert isinstance(adapter.route(case, "eager", "cpu"), Native)
    np.testing.assert_array_equal(y, np.asarray(expect(explicit, draw(explicit)).y))


def test_an_axis_without_elements_is_asked_for_no_negative_size(adapter: TensorflowAdapter) -> None:
    case = Case.from_id("1d-i0-k1-s3-ci2-co3-f64")  # in float32 a negative size ends the process

    y = compute(adapter, case)

    assert y.shape == (1, 3, 0)


def test_the_session_turns_tf32_off_and_restores_it(adapter: TensorflowAdapter) -> None:
    before = tf.config.experimental.tensor_float_32_execution_enabled()
    tf.config.experimental.enable_tensor_float_32_execution(True)

    with suppress(KeyError), adapter.session("eager", "cpu"):
        held = adapter.settings("eager", "cpu")
        raise KeyError
    after = tf.config.experimental.tensor_float_32_execution_enabled()
    tf.config.experimental.enable_tensor_float_32_execution(before)

    assert held["tf32"] == "False"
    assert after


def test_settings_say_which_kernels_lack_what(adapter: TensorflowAdapter) -> None:
    lacking = adapter.settings("eager", "cpu")["eager_kernels_without"].split(", ")

    assert {"dilation 2d float64", "groups 3d float32"} <= set(lacking)
