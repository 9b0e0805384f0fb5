"""The Keras adapters, each in the worker process that its backend of Keras needs."""

import gc
import subprocess
import sys
from collections.abc import Callable, Mapping
from functools import cache
from typing import Any

import pytest

from tconv.adapters.keras.adapter import (
    KerasJaxAdapter,
    KerasNumpyAdapter,
    KerasTensorflowAdapter,
    KerasTorchAdapter,
)
from tconv.engine.executors.local import LocalPool
from tconv.engine.plan import plan
from tconv.engine.worker.batch import compute_batch
from tconv.model.case import Case
from tconv.model.target import Selection, Target, canonical_mode

pytestmark = pytest.mark.xdist_group("keras")

# No two axes, sides or channel counts alike, so that whatever is swapped shows.
NATIVE = {
    "1d-i5-k3-s3-op1-n2-ci2-co3-f32": "(padding='valid', output_padding=op)",
    "1d-i5-k3-s3-p0.1-op2-n2-ci2-co3-f16-nobias": "(padding='valid', output_padding=op)",
    "1d-i5-k5-s2-p1.2-ci2-co3-bf16": "(padding='same')",
    "2d-i5x4-k3x5-s2x3-p1x1.2-n2-ci2-co3-f32": "(padding='same', output_padding=op)",
    "3d-i2x3x4-k3x2x1-s2x1x3-op1x0x2-n2-ci3-co2-f32": "(padding='valid', output_padding=op)",
    "3d-i2x3x4-k4x2x5-s2x1x3-p1x0.1x1-ci3-co2-f32-nobias": "(padding='same')",
}
COMPOSED = {
    "1d-i5-k3-s2-p2.0-op1-n2-ci2-co3-f32": "crop the start",
    "2d-i3x4-k2x4-s1x3-p0x1.3-op0x1-ci3-co2-f32": "crop the start and end",
    "3d-i4x3x2-k1x2x3-s3x2x1-p0x0x0.2-ci3-co1-f32-nobias": "crop the end",
}
UNSUPPORTED = {
    "1d-i4-k3-g2-ci2-co4-f32": "no groups argument",
    "1d-i4-k3-pm1.0-ci2-co4-f32": "no explicit padding",
    "2d-i1x4-k2x3-s2x1-p1x0-ci2-co4-f32": "no explicit padding",
}
DTYPES = {
    "1d-i4-k3-ci2-co3-f64": ("match", "match", "match", "dtype"),  # NumPy's becomes float32
    "1d-i4-k3-ci2-co3-i32": ("match", "unsupported", "match", "match"),
    "1d-i4-k3-ci2-co3-c64": ("unsupported", "match", "match", "match"),
}
STRIDE_AND_DILATION = "1d-i4-k3-s2-d3-ci2-co3-f64"
OPEN = {
    "1d-i4-k3-s2-opnone-padsame-ci2-co3-f32": ["0.1"],
    "1d-i4-k2-s3-opnone-padvalid-ci2-co3-f32": ["0.-1"],
    "2d-i3x4-k5x4-s2x3-opnone-padsame-ci2-co3-f32": ["1.2x0.1"],
    "2d-i3x4-k3x3-s2x3-padsame-ci2-co3-f32": ["1.1x1.1"],
}
POLICIES = {
    "1d-i5-k2-s3-padfull-n2-ci2-co3-f32": None,
    "1d-i5-k4-s2-padcausal-ci2-co3-f32": "crop the end",
    "2d-i5x4-k3x5-s2x3-padcausal-n2-ci2-co3-f32": "crop the end",
    "1d-i5-k4-s2-padcircular-ci2-co3-f32": "pad the input circularly, crop the start and end",
    "2d-i5x4-k3x5-s2x3-padcircular-n2-ci2-co3-f32":
        "pad the input circularly, crop the start and end",
    "2d-i5x4-k4x2-s2x1-padreflect-n2-ci2-co3-f32-nobias":
        "pad the input by reflection, crop the start and end",
    "3d-i2x3x4-k2x3x1-s1x2x3-padreflect-n2-ci2-co3-f32":
        "pad the input by reflection, crop the start and end",
}  # fmt: skip
PROMISED = "1d-i4-k2-s2-padsame-ci2-co3-f32"
EMPTY = "1d-i0-k2-p0.2-ci2-co4-f32"
IDS = (*OPEN, PROMISED, EMPTY, *NATIVE, *COMPOSED, *UNSUPPORTED, *DTYPES, *POLICIES,
       STRIDE_AND_DILATION)  # fmt: skip

BACKENDS = (KerasTensorflowAdapter, KerasTorchAdapter, KerasJaxAdapter, KerasNumpyAdapter)
MODES = [(adapter.name, mode.name) for adapter in BACKENDS for mode in adapter.modes]

Row = Mapping[str, Any]
Swept = Callable[[str, str], Mapping[str, Row]]


@pytest.fixture(scope="module")
def swept() -> Swept:
    """Return the rows of a target by case id; all modes of a backend are swept at the first."""
    rows = cache(rows_of)

    def of_target(backend: str, mode: str) -> Mapping[str, Row]:
        if isinstance(found := rows(backend), str):
            pytest.skip(f"{backend} is unavailable: {found}")
        return {case: row for (name, case), row in found.items() if name == mode}

    return of_target


def rows_of(backend: str) -> Mapping[tuple[str, str], Row] | str:
    """Return the rows of a backend by mode and case id, or what it needs and is not installed."""
    modes = [mode for name, mode in MODES if name == backend]
    with LocalPool(workers=1, case_seconds=60.0) as pool:
        found = pool.describe([backend])
        if isinstance(reason := found[backend], str):
            assert "No module named" in reason
            return reason
        selections = [Selection(backend=backend, mode=mode) for mode in modes]
        return {
            (part.plan.target.mode, row["case"]): row
            for part in pool.run(plan(selections, found, tuple(map(Case.from_id, IDS))))
            for row in part.row_batch.records()
        }


@pytest.mark.parametrize(("backend", "mode"), MODES)
def test_native_case_gives_the_oracles_answer(swept: Swept, backend: str, mode: str) -> None:
    rows = swept(backend, mode)

    assert {
        case: (rows[case]["verdict"], rows[case]["route"], call in str(rows[case]["call"]))
        for case, call in NATIVE.items()
    } == dict.fromkeys(NATIVE, ("match", "native", True))


@pytest.mark.parametrize(("backend", "mode"), MODES)
def test_composed_case_names_its_addition_and_gives_the_oracles_answer(
    swept: Swept, backend: str, mode: str
) -> None:
    rows = swept(backend, mode)

    assert {case: (rows[case]["verdict"], rows[case]["addition"]) for case in COMPOSED} == {
        case: ("match", addition) for case, addition in COMPOSED.items()
    }


@pytest.mark.parametrize(("backend", "mode"), MODES)
def test_defined_policy_pads_and_crops_and_gives_the_oracles_answer(
    swept: Swept, backend: str, mode: str
) -> None:
    rows = swept(backend, mode)

    assert {case: (rows[case]["verdict"], rows[case]["addition"]) for case in POLICIES} == {
        case: ("match", addition) for case, addition in POLICIES.items()
    }


@pytest.mark.parametrize(("backend", "mode"), MODES)
def test_what_keras_has_no_argument_for_is_proved_by_its_error(
    swept: Swept, backend: str, mode: str
) -> None:
    rows = swept(backend, mode)

    assert {case: (rows[case]["verdict"], rows[case]["reason"]) for case in UNSUPPORTED} == {
        case: ("unsupported", reason) for case, reason in UNSUPPORTED.items()
    }


@pytest.mark.parametrize(("backend", "mode"), MODES)
def test_open_case_is_resolved_in_the_same_way_on_every_backend(
    swept: Swept, backend: str, mode: str
) -> None:
    rows = swept(backend, mode)

    assert {case: list(rows[case]["resolution"]) for case in OPEN} == OPEN


@pytest.mark.parametrize(("backend", "mode"), MODES)
def test_inferred_shape_is_kept(swept: Swept, backend: str, mode: str) -> None:
    rows = swept(backend, mode)

    assert {rows[case]["inference"] for case in OPEN} == {"kept"}


@pytest.mark.parametrize("mode", ["layer", "ops"])
@pytest.mark.parametrize(
    ("backend", "inference"), [("keras-tensorflow", "broken"), ("keras-jax", "kept")]
)
def test_even_kernel_without_output_padding_has_a_shape_and_is_refused_by_tensorflow(
    swept: Swept, backend: str, mode: str, inference: str
) -> None:
    row = swept(backend, mode)[PROMISED]

    assert (row["inference"], list(row["inferred_shape"])) == (inference, [1, 3, 6])


@pytest.mark.parametrize("backend", ["keras-tensorflow", "keras-jax"])
def test_more_cut_off_than_there_is_leaves_nothing(swept: Swept, backend: str) -> None:
    assert swept(backend, "layer")[EMPTY]["verdict"] == "match"


@pytest.mark.parametrize(("backend", "mode"), [each for each in MODES if each[1] == "layer"])
@pytest.mark.parametrize("case", DTYPES)
def test_dtype_is_kept_or_proved_to_be_missing(
    swept: Swept, backend: str, mode: str, case: str
) -> None:
    at = [adapter.name for adapter in BACKENDS].index(backend)

    assert swept(backend, mode)[case]["verdict"] == DTYPES[case][at]


@pytest.mark.parametrize("backend", [adapter.name for adapter in BACKENDS])
def test_layer_refuses_a_dilation_beside_a_stride_and_says_so(swept: Swept, backend: str) -> None:
    row = swept(backend, "layer")[STRIDE_AND_DILATION]

    assert (row["verdict"], row["reason"]) == (
        "unsupported",
        "no dilation beside a stride in layers",
    )


@pytest.mark.parametrize(
    ("backend", "verdict"),
    [("keras-tensorflow", "unsupported"), ("keras-torch", "match"), ("keras-jax", "match")],
)
def test_operation_takes_a_dilation_beside_a_stride_where_a_kernel_does(
    swept: Swept, backend: str, verdict: str
) -> None:
    assert swept(backend, "ops")[STRIDE_AND_DILATION]["verdict"] == verdict


@pytest.mark.parametrize("adapter", BACKENDS)
def test_names_of_modes_are_canonical_and_unique(adapter: type[KerasTorchAdapter]) -> None:
    names = [mode.name for mode in adapter.modes]

    assert [canonical_mode(name) for name in names] == names
    assert len(set(names)) == len(names)


@pytest.mark.parametrize(
    ("backend", "mode"), [("keras-jax", "ops"), ("keras-jax", "ops+single"), ("keras-numpy", "ops")]
)
def test_no_program_of_jax_outlives_its_batch(backend: str, mode: str) -> None:
    """A worker that kept what JAX compiled would grow with the number of its cases."""
    pytest.importorskip("keras", reason="keras is not installed")
    pytest.importorskip("jax", reason="jax is not installed")
    cases = list(map(Case.from_id, NATIVE))
    target = Target(backend=backend, mode=mode, device="cpu")
    with LocalPool(workers=1, case_seconds=60.0) as pool:
        process = pool.worker(backend)
        process.call(compute_batch, cases, target, None, 0)
        held = process.call(programs)

    assert held == 0


def programs() -> int:
    """Return how many compiled programs this process holds."""
    import jax  # noqa: PLC0415 # in the worker alone

    gc.collect()
    return len(jax.devices()[0].client.live_executables())


def test_adapter_refuses_a_process_in_which_keras_has_another_backend() -> None:
    pytest.importorskip("keras", reason="keras is not installed")
    pytest.importorskip("jax", reason="jax is not installed")
    program = (
        "import os; os.environ['KERAS_BACKEND'] = 'jax'\n"
        "from tconv.adapters.keras.adapter import KerasNumpyAdapter\n"
        "try: KerasNumpyAdapter()\n"
        "except ImportError as error: print(error)"
    )

    done = subprocess.run([sys.executable, "-c", program], capture_output=True, check=True)  # noqa: S603 # our own text

    assert b"KERAS_BACKEND=numpy before Keras is imported" in done.stdout
