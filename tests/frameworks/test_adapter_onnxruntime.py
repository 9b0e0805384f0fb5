"""The ONNX Runtime adapter: models, dtypes and sessions, against the oracle."""

import re
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from tconv.adapters.onnx.runtime import OnnxruntimeAdapter
from tconv.inputs.draw import draw
from tconv.judge.expected import expect
from tconv.model.case import Case
from tconv.model.route import Native, Unsupported

pytest.importorskip("onnx", reason="onnx is not installed")
onnxruntime = pytest.importorskip("onnxruntime", reason="onnxruntime is not installed")

MODES = tuple(mode.name for mode in OnnxruntimeAdapter.modes)

# No two axes, sides or channel counts alike, so that whatever is swapped shows.
NATIVE = (
    "1d-i5-k3-s2-p1-op1-d2-n2-ci2-co3-f32",
    "1d-i5-k3-p2.0-n2-ci2-co3-f16",
    "1d-i4-k4-s3-p0.2-op2-ci3-co2-f32-nobias",
    "2d-i5x4-k3x2-s2x3-p1x2.0-op1x2-d1x2-g2-n2-ci4-co6-f32",
    "2d-i3x4-k3x3-g3-ci3-co3-f16",
    "3d-i2x3x4-k3x2x1-s2x1x3-p2.0x0.1x0-op1x0x2-d1x3x1-g3-n2-ci3-co6-f32",
    "4d-i2x3x1x2-k2x1x3x2-s1x2x1x3-p0x0x1.0x0-ci2-co4-f32",
)
UNSUPPORTED = {
    "1d-i4-k3-ci2-co4-f64": "no CPU kernel of this dtype",
    "2d-i4x3-k3x3-s2x2-p5x0-g2-ci2-co4-bf16": "no CPU kernel of this dtype",
    "1d-i4-k3-s2-op3-ci2-co4-f64": "no CPU kernel of this dtype",
    "1d-i4-k3-opnone-padsame-o99-ci2-co4-f64": "no CPU kernel of this dtype",
    "1d-i4-k3-ci2-co4-i32": "not a dtype that ONNX lists for ConvTranspose",
    "1d-i4-k3-s0-ci2-co4-i64": "not a dtype that ONNX lists for ConvTranspose",
    "1d-i4-k3-g2-ci3-co4-c64": "not a dtype that ONNX lists for ConvTranspose",
}
REFUSED = {
    "1d-i4-k3-pm1-ci2-co4-f32": "pads must not contain negative values",
    "1d-i4-k3-pm1-ci2-co4-f64": "pads must not contain negative values",
    "1d-i4-k3-opm1-ci2-co4-bf16": "output_padding must not contain negative values",
    "1d-i4-k3-g2-ci3-co4-f64": "must be divisible by group",
    "1d-i4-k3-s2-op2-ci2-co4-f32": "must be less than max",
    "1d-i1-k1-p1-ci2-co4-f32": "output dimension is <= 0",
    "1d-i4-k3-s2-opnone-o12-ci2-co4-f32": "output_shape is inconsistent",
}


@pytest.fixture(scope="module")
def adapter() -> OnnxruntimeAdapter:
    return OnnxruntimeAdapter()


def compute(adapter: OnnxruntimeAdapter, case: Case, mode: str = "session") -> NDArray[Any]:
    return adapter.compute(case, draw(case).tensors, mode, "cpu")


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize("case_id", NATIVE)
def test_every_legal_case_is_native_and_gives_the_oracles_answer(
    adapter: OnnxruntimeAdapter, case_id: str, mode: str
) -> None:
    case = Case.from_id(case_id)

    y = compute(adapter, case, mode)

    call = "onnxruntime.InferenceSession(model).run"
    assert adapter.route(case, mode, "cpu") == Native(call=call)
    assert y.dtype == case.dtype
    np.testing.assert_array_equal(y, np.asarray(expect(case, draw(case)).y))


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize(("case_id", "reason"), UNSUPPORTED.items())
def test_an_unsupported_dtype_is_refused_with_the_expected_error(
    adapter: OnnxruntimeAdapter, case_id: str, reason: str, mode: str
) -> None:
    case = Case.from_id(case_id)

    route = adapter.route(case, mode, "cpu")
    refusal = adapter.attempt(case, draw(case).tensors, mode, "cpu")

    assert isinstance(route, Unsupported)
    assert route.reason == reason
    assert re.search(route.error_pattern, f"{type(refusal).__name__}: {refusal}")


@pytest.mark.parametrize(("case_id", "text"), REFUSED.items())
def test_what_onnx_runtime_refuses_is_its_own_error(
    adapter: OnnxruntimeAdapter, case_id: str, text: str
) -> None:
    case = Case.from_id(case_id)

    refusal = adapter.attempt(case, draw(case).tensors, "session", "cpu")

    assert isinstance(adapter.route(case, "session", "cpu"), Native)
    assert isinstance(refusal, Exception)
    assert re.search(text, str(refusal))


# i = 4, k = 3, s = 2: nine positions, of which the policy leaves out one at the end or the begin.
@pytest.mark.parametrize(
    ("case_id", "begin", "end"),
    [
        ("1d-i4-k3-s2-opnone-ci2-co4-f32", 0, 0),
        ("1d-i4-k3-s2-opnone-padvalid-ci2-co4-f32", 0, 0),
        ("1d-i4-k3-s2-opnone-padsame-ci2-co4-f32", 0, 1),
        ("1d-i4-k3-s2-opnone-padsamelower-ci2-co4-f32", 1, 0),
        ("1d-i4-k3-s2-opnone-padsame-o7-ci2-co4-f32", 1, 1),
        ("1d-i4-k3-s2-opnone-o8-ci2-co4-f32", 1, 0),
    ],
)
def test_an_open_case_is_native_and_gives_a_window_of_the_full_result(
    adapter: OnnxruntimeAdapter, case_id: str, begin: int, end: int
) -> None:
    case = Case.from_id(case_id)
    given = draw(case).tensors
    full = Case.from_id("1d-i4-k3-s2-ci2-co4-f32")

    y = adapter.compute(case, given, "session", "cpu")

    whole = adapter.compute(full, given, "session", "cpu")
    assert isinstance(adapter.route(case, "session", "cpu"), Native)
    np.testing.assert_array_equal(y, whole[..., begin : whole.shape[-1] - end])


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize(
    ("case_id", "size"),
    [
        ("1d-i4-k3-s2-opnone-padsame-ci2-co4-f32", 8),
        ("1d-i4-k3-s2-op1-padsame-ci2-co4-f16-nobias", 9),  # 8 is what it returns
    ],
)
def test_a_session_infers_a_shape_before_it_runs(
    adapter: OnnxruntimeAdapter, case_id: str, size: int, mode: str
) -> None:
    assert adapter.infer_shape(Case.from_id(case_id), mode, "cpu") == (1, 4, size)


@pytest.mark.parametrize(
    "case_id",
    [
        "1d-i4-k3-g2-ci2-co3-f32",  # the weights have two channels: no size is given
        "1d-i4-k2-opnone-o3-ci2-co4-f32",  # o below i: no rank is given
    ],
)
def test_a_session_that_gives_no_whole_shape_infers_nothing(
    adapter: OnnxruntimeAdapter, case_id: str
) -> None:
    assert adapter.infer_shape(Case.from_id(case_id), "session", "cpu") is None


@pytest.mark.parametrize(
    ("mode", "inputs"),
    [("session", ["x"]), ("session+fed_weights", ["x", "w", "b"]),
     ("session+no_optimization", ["x"])],
)  # fmt: skip
def test_weights_are_fed_in_the_mode_of_that_name_alone(
    adapter: OnnxruntimeAdapter, mode: str, inputs: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    made = []
    session = adapter._session

    def spy(model: Any, mode: str) -> Any:
        made.append([entry.name for entry in model.graph.input])
        return session(model, mode)

    monkeypatch.setattr(adapter, "_session", spy)

    compute(adapter, Case.from_id(NATIVE[0]), mode)

    assert made == [inputs]


def test_settings_name_what_a_session_is_made_with(adapter: OnnxruntimeAdapter) -> None:
    found = {mode: adapter.settings(mode, "cpu") for mode in MODES}

    levels = {mode: settings["graph_optimization_level"] for mode, settings in found.items()}
    assert levels == {
        "session": "ORT_ENABLE_ALL",
        "session+fed_weights": "ORT_ENABLE_ALL",
        "session+no_optimization": "ORT_DISABLE_ALL",
    }
    assert {settings["threads"] for settings in found.values()} == {"1"}


def test_a_refusal_prints_nothing(
    adapter: OnnxruntimeAdapter, capfd: pytest.CaptureFixture[str]
) -> None:
    for case in map(Case.from_id, REFUSED):
        adapter.attempt(case, draw(case).tensors, "session", "cpu")

    assert capfd.readouterr() == ("", "")


def test_versions_name_the_runtime_and_what_writes_its_models(adapter: OnnxruntimeAdapter) -> None:
    found = adapter.versions()

    assert found["onnxruntime"] == onnxruntime.__version__
    assert set(found) == {"onnxruntime", "onnx"}
