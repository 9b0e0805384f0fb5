"""The ONNX Runtime adapter: models, dtypes and sessions, against the oracle."""

from typing import Any

import pytest
from numpy.typing import NDArray

from tconv.adapters.onnx.runtime import OnnxruntimeAdapter
from tconv.inputs.draw import draw
from tconv.model.case import Case

pytest.importorskip("onnx", reason="onnx is not installed")
onnxruntime = pytest.importorskip("onnxruntime", reason="onnxruntime is not installed")

MODES = tuple(mode.name for mode in OnnxruntimeAdapter.modes)

# No two axes, sides or channel counts alike, so that whatever is swapped shows.
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

    compute(adapter, Case.from_id("1d-i5-k3-s2-p1-op1-d2-n2-ci2-co3-f32"), mode)

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
