"""The JAX adapter: layouts, routes and batches, against the oracle and never against itself."""

import gc
import re
from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from tconv.adapters.base import Result
from tconv.model.case import Case
from tconv.model.route import Native, Unsupported
from tconv.model.target import canonical_mode
from tconv.model.tensors import Tensors
from tconv.oracle import formulations

pytest.importorskip("jax", reason="jax is not installed")

import jax

from tconv.adapters.jax.adapter import JaxAdapter
from tconv.adapters.jax.batching import CHUNK, QUICK, JaxCall, accepted_options, run_many
from tconv.adapters.jax.padding_spellings import SPELLINGS

pytestmark = pytest.mark.xdist_group("jax")

SPELLED = [  # tested in test_jax_spellings.py
    mode.name
    for mode in JaxAdapter.modes
    if {spelling.qualifier for spelling in SPELLINGS} & set(mode.name.split("+"))
]
MODES = [mode.name for mode in JaxAdapter.modes if mode.name not in SPELLED]
SINGLE = [name for name in MODES if "single" in name]
BATCHED = [name for name in MODES if "single" not in name]
GROUPED = [name for name in BATCHED if not name.startswith("conv_transpose")]
MAIN = ["conv_transpose", "conv_transpose+consistent", "conv_general_dilated", "vjp"]
FLOATS = ["float16", "bfloat16", "float32", "float64", "complex64", "complex128"]

# No two axes, sides or channel counts alike, so that whatever is swapped shows.
LEGAL = {
    1: ["1d-i5-k3-s2-p1.0-op1-d2-n2-ci2-co3-f32", "1d-i4-k4-s3-p0.2-ci3-co2-f32-nobias",
        "1d-i3-k1-s3-op2-ci1-co2-f32"],
    2: ["2d-i5x4-k3x2-s2x3-p1.0x0.1-op1x2-d1x2-n2-ci2-co3-f32",
        "2d-i3x4-k2x4-p1.0x2.3-ci3-co2-f32"],
    3: ["3d-i2x3x4-k3x2x1-s2x1x3-p2.0x0.1x0-op1x0x2-d1x3x1-n2-ci2-co3-f32",
        "3d-i4x3x2-k1x2x3-s3x2x1-p0x1.0x1.2-ci3-co1-f32-nobias"],
}  # fmt: skip
IN_GROUPS = {
    1: ["1d-i5-k3-s2-p1.0-op1-d2-g2-n2-ci4-co6-f32", "1d-i4-k2-s3-g3-ci3-co6-f32"],
    2: ["2d-i3x4-k3x2-s2x3-p1.0x0.1-op1x2-d1x2-g2-ci6-co4-f32"],
    3: ["3d-i2x3x4-k3x2x1-s2x1x3-p2.0x0.1x0-op1x0x2-d1x3x1-g3-ci3-co6-f32"],
}
UNSUPPORTED = [
    ("conv_transpose", "1d-i4-k3-s2-g2-ci2-co4-f32"),
    ("conv_transpose", "1d-i4-k3-s2-opnone-padsame-o9-ci2-co4-f32"),
    ("conv_transpose", "1d-i4-k3-s2-op1-padsame-ci2-co4-f32"),
    ("conv_transpose", "1d-i4-k3-s2-opm1-ci2-co4-f32"),
    ("conv_transpose", "1d-i4-k3-s2-opnone-padsamelower-ci2-co4-f32"),
    ("conv_transpose+consistent", "1d-i4-k3-g2-ci2-co4-f32"),
    ("conv_transpose+consistent", "1d-i4-k3-opnone-padsamelower-ci2-co4-f32"),
    ("conv_general_dilated", "1d-i4-k3-s2-opnone-padsame-ci2-co4-f32"),
    ("conv_general_dilated", "2d-i4x4-k3x3-s0x2-opnone-padvalid-ci2-co4-f32"),
    ("conv_general_dilated", "1d-i4-k3-opnone-o6-ci2-co4-f32"),
    ("conv_general_dilated", "1d-i4-k3-padsame-ci2-co4-f32"),
    ("vjp", "1d-i4-k3-ci2-co4-i32"),
    ("vjp", "1d-i4-k3-opnone-padsame-ci2-co4-i64"),
    ("vjp", "1d-i4-k3-opm1-ci2-co4-f32"),
    ("vjp", "1d-i4-k3-s2-opnone-ci2-co4-f32"),
    ("vjp", "1d-i4-k3-s2-opnone-padsame-ci2-co4-f32"),
    ("vjp", "1d-i4-k3-s2-op1-o10-ci2-co4-f32"),
    ("conv_transpose+single", "1d-i4-k3-s2-g2-ci2-co4-f32"),
]
BAD_GROUPS = [
    ("1d-i4-k3-g2-ci3-co4-f32", "2 does not divide 3|3 is not a multiple of 2"),
    ("1d-i4-k3-g2-ci4-co3-f32", "2 does not divide 3|3 is not a multiple of 2"),
    ("1d-i4-k3-g0-ci2-co4-f32", "positive integer, got 0"),
]


@pytest.fixture(scope="module")
def adapter() -> JaxAdapter:
    return JaxAdapter()


@pytest.fixture
def caches() -> Iterator[None]:
    """Leave no compiled program to the next test."""
    yield
    jax.clear_caches()


def tensors_of(case: Case) -> Tensors:
    """Return small nonzero integers, whose sums are exact in every dtype but not alike."""
    random = np.random.default_rng(list(case.id.encode()))

    def draw(shape: tuple[int, ...]) -> NDArray[Any]:
        array: NDArray[Any] = (random.integers(1, 4, shape) * random.choice([-1, 1], shape)).astype(
            case.dtype
        )
        if case.dtype.startswith("complex"):
            array += 1j * random.integers(1, 3, shape)
        array.flags.writeable = False
        return array

    return Tensors(
        x=draw(case.x_shape), w=draw(case.w_shape), b=draw(case.b_shape) if case.bias else None
    )


def expected(case: Case, given: Tensors) -> NDArray[Any]:
    wide = "complex128" if case.dtype.startswith("complex") else "float64"
    y: NDArray[Any] = formulations.conv_transpose(
        given.x.astype(wide),
        given.w.astype(wide),
        None if given.b is None else given.b.astype(wide),
        stride=case.s,
        padding=list(zip(case.p_begin, case.p_end, strict=True)),
        output_padding=case.output_padding or 0,
        dilation=case.dilation,
        groups=case.groups,
    )
    return y


def results_of(adapter: JaxAdapter, ids: list[str], mode: str) -> list[Result]:
    cases = [Case.from_id(case_id) for case_id in ids]
    with adapter.session(mode, "cpu"):
        return list(adapter.compute_many(cases, [tensors_of(case) for case in cases], mode, "cpu"))


def outcome(adapter: JaxAdapter, case_id: str, mode: str) -> Result:
    case = Case.from_id(case_id)
    with adapter.session(mode, "cpu"):
        return adapter.attempt(case, tensors_of(case), mode, "cpu")


def programs() -> int:
    """Return how many compiled programs are held."""
    gc.collect()
    return len(jax.devices()[0].client.live_executables())


def expect(ids: list[str]) -> list[NDArray[Any]]:
    return [expected(case, tensors_of(case)) for case in map(Case.from_id, ids)]


def assert_equal(results: list[Result], wanted: list[NDArray[Any]]) -> None:
    for result, y in zip(results, wanted, strict=True):
        assert not isinstance(result, Exception), result
        np.testing.assert_array_equal(result, y, strict=False)
        assert result.shape == y.shape


def test_names_of_modes_are_canonical_and_unique() -> None:
    names = MODES + SPELLED

    assert [canonical_mode(name) for name in names] == names
    assert len(set(names)) == len(names)


@pytest.mark.parametrize("ndim", [1, 2, 3])
@pytest.mark.parametrize("mode", MODES)
def test_result_equals_the_oracle_on_asymmetric_cases(
    adapter: JaxAdapter, mode: str, ndim: int
) -> None:
    ids = LEGAL[ndim]

    assert_equal(results_of(adapter, ids, mode), expect(ids))


@pytest.mark.parametrize("ndim", [1, 2, 3])
@pytest.mark.parametrize("mode", GROUPED)
def test_result_equals_the_oracle_in_groups(adapter: JaxAdapter, mode: str, ndim: int) -> None:
    ids = IN_GROUPS[ndim]

    assert_equal(results_of(adapter, ids, mode), expect(ids))


@pytest.mark.parametrize("dtype", FLOATS)
@pytest.mark.parametrize("mode", MAIN)
def test_dtype_is_kept(adapter: JaxAdapter, mode: str, dtype: str) -> None:
    case = Case.from_parameters(ndim=1, i=3, k=2, s=2, p=[(1, 0)], output_padding=1, dtype=dtype)
    result = outcome(adapter, case.id, mode)

    assert isinstance(result, np.ndarray), result
    assert result.dtype == np.dtype(dtype)
    np.testing.assert_array_equal(result, expected(case, tensors_of(case)))


@pytest.mark.parametrize("dtype", ["int32", "int64"])
@pytest.mark.parametrize("mode", [mode for mode in MAIN if mode != "vjp"])
def test_dtype_is_kept_for_integers(adapter: JaxAdapter, mode: str, dtype: str) -> None:
    case = Case.from_parameters(ndim=1, i=3, k=2, s=2, p=[(1, 0)], output_padding=1, dtype=dtype)
    result = outcome(adapter, case.id, mode)

    assert isinstance(result, np.ndarray), result
    assert result.dtype == np.dtype(dtype)
    np.testing.assert_array_equal(result, expected(case, tensors_of(case)))


@pytest.mark.parametrize("mode", MAIN)
def test_result_equals_the_oracle_where_output_padding_reaches_the_stride(
    adapter: JaxAdapter, mode: str
) -> None:
    ids = ["1d-i4-k3-s2-p1.2-op5-ci2-co3-f32", "2d-i3x2-k2x3-p1.2x0.m1-op1x2-ci2-co3-f32"]

    assert_equal(results_of(adapter, ids, mode), expect(ids))


@pytest.mark.parametrize("mode", ["conv_transpose", "conv_transpose+single"])
def test_refused_case_in_a_batch_is_refused_alone(adapter: JaxAdapter, mode: str) -> None:
    good, bad = LEGAL[1][:2], "1d-i4-k3-s2-g2-ci2-co4-f32"
    first, error, last = results_of(adapter, [good[0], bad, good[1]], mode)

    assert isinstance(error, TypeError)
    assert_equal([first, last], expect(good))


def test_case_refused_by_the_compiler_in_a_batch_is_refused_alone(adapter: JaxAdapter) -> None:
    good, bad = LEGAL[1], "1d-i4-k0-ci2-co4-f32"
    *results, error = results_of(adapter, [*good, bad], "conv_general_dilated")

    assert isinstance(error, ValueError)
    assert "window" in str(error)
    assert_equal(results, expect(good))


def test_error_in_a_batch_reads_as_the_error_alone(adapter: JaxAdapter) -> None:
    bad = "1d-i4-k3-p5-ci2-co4-f32"
    _, error = results_of(adapter, [LEGAL[1][0], bad], "conv_transpose")
    alone = outcome(adapter, bad, "conv_transpose+single")

    assert repr(error) == repr(alone)


def test_error_of_the_compiler_reads_the_same_in_every_batch(adapter: JaxAdapter) -> None:
    """Else a run's digest would depend on the sizes of its batches."""
    good, bad = LEGAL[1], "1d-i4-k0-ci2-co4-f32"
    *_, error = results_of(adapter, [*good, bad], "conv_general_dilated")
    (alone,) = results_of(adapter, [bad], "conv_general_dilated")

    assert repr(error) == repr(alone)


@pytest.mark.parametrize("mode", ["conv_transpose", "conv_transpose+single"])
def test_no_program_outlives_its_batch(adapter: JaxAdapter, mode: str) -> None:
    """A worker that kept what it compiled would grow with the number of its cases."""
    results_of(adapter, LEGAL[1], mode)  # what is compiled once, as the addition of the bias
    before = programs()
    results_of(adapter, LEGAL[2], mode)

    assert programs() <= before


@pytest.mark.usefixtures("caches")
def test_results_keep_the_order_of_calls_across_programs() -> None:
    count = CHUNK + 3
    calls = [
        JaxCall(function=jax.lax.neg, arrays=(np.float32(i) * np.ones(1),)) for i in range(count)
    ]

    assert [float(np.squeeze(y)) for y in run_many(jax, calls, {})] == [-i for i in range(count)]  # type: ignore[arg-type] # none is refused


@pytest.mark.parametrize(("mode", "case_id"), UNSUPPORTED)
def test_unsupported_case_is_refused_by_jax_for_the_stated_reason(
    adapter: JaxAdapter, mode: str, case_id: str
) -> None:
    route = adapter.route(Case.from_id(case_id), mode, "cpu")
    error = outcome(adapter, case_id, mode)

    assert isinstance(route, Unsupported)
    assert isinstance(error, Exception)
    assert re.search(route.error_pattern, f"{type(error).__name__}: {error}")


@pytest.mark.parametrize(("case_id", "text"), BAD_GROUPS)
@pytest.mark.parametrize("mode", GROUPED)
def test_groups_that_do_not_divide_are_refused_by_jax(
    adapter: JaxAdapter, mode: str, case_id: str, text: str
) -> None:
    error = outcome(adapter, case_id, mode)

    assert isinstance(error, ValueError)
    assert re.search(text, str(error))


@pytest.mark.parametrize(
    ("mode", "case_id", "sizes"),
    [
        ("conv_transpose", "2d-i4x3-k3x2-s2x3-opnone-padsame-ci2-co4-f32", (8, 9)),
        ("conv_transpose+consistent", "2d-i4x3-k3x2-s2x3-opnone-padvalid-ci2-co4-f32", (9, 9)),
        ("conv_transpose", "1d-i4-k2-s2-p1.0-opnone-ci2-co4-f32", (7,)),
        ("vjp", "1d-i4-k3-s2-opnone-padsame-o7-ci2-co4-f32", (7,)),
        ("vjp", "1d-i4-k3-s2-opnone-padsamelower-o8-ci2-co4-f32", (8,)),
        ("vjp", "1d-i4-k3-s2-p1.0-opnone-o9-ci2-co4-f32", (9,)),
    ],
)
def test_open_case_that_a_call_expresses_is_native_and_has_the_frameworks_size(
    adapter: JaxAdapter, mode: str, case_id: str, sizes: tuple[int, ...]
) -> None:
    route = adapter.route(Case.from_id(case_id), mode, "cpu")
    result = outcome(adapter, case_id, mode)

    assert isinstance(route, Native)
    assert isinstance(result, np.ndarray), result
    assert result.shape == (1, 4, *sizes)


@pytest.mark.parametrize(("case_id", "call"), [
    ("1d-i4-k3-ci2-co4-f32", "jax.lax.conv_transpose + b"),
    ("1d-i4-k3-ci2-co4-f32-nobias", "jax.lax.conv_transpose"),
])  # fmt: skip
def test_route_names_the_bias_that_is_added(adapter: JaxAdapter, case_id: str, call: str) -> None:
    assert adapter.route(Case.from_id(case_id), "conv_transpose", "cpu") == Native(call=call)


def test_session_turns_x64_on_and_restores_it(adapter: JaxAdapter) -> None:
    before = jax.config.jax_enable_x64
    with adapter.session("conv_transpose", "cpu"):
        inside = jax.config.jax_enable_x64

    assert (before, inside, jax.config.jax_enable_x64) == (False, True, False)


def test_session_keeps_calls_out_of_errors_and_restores_that(adapter: JaxAdapter) -> None:
    before = jax.config.jax_traceback_in_locations_limit
    with adapter.session("conv_transpose", "cpu"):
        inside = jax.config.jax_traceback_in_locations_limit

    assert before != 0
    assert (inside, jax.config.jax_traceback_in_locations_limit) == (0, before)


def test_session_restores_x64_after_an_error(adapter: JaxAdapter) -> None:
    with pytest.raises(KeyError), adapter.session("conv_transpose", "cpu"):
        raise KeyError

    assert not jax.config.jax_enable_x64


def test_settings_record_the_compiler_options_of_batched_modes_only(adapter: JaxAdapter) -> None:
    batched = adapter.settings("conv_transpose", "cpu")["compiler_options"]

    assert "xla_backend_optimization_level=0" in batched
    assert adapter.settings("conv_transpose+single", "cpu")["compiler_options"] == ""


def test_compiler_options_that_xla_lacks_are_left_out() -> None:
    assert "no_such_option" not in accepted_options(jax, {**QUICK, "no_such_option": True})


def test_cpu_is_the_first_device(adapter: JaxAdapter) -> None:
    assert adapter.devices()[0] == "cpu"


@pytest.mark.parametrize("mode", ["conv_transpose", "conv_transpose+channel_first"])
@pytest.mark.parametrize(
    "case_id",
    [
        "2d-i4x3-k3x2-s2x3-opnone-padsame-ci2-co4-f32",
        "1d-i4-k3-s2-opnone-padvalid-n2-ci2-co4-f64-nobias",
    ],
)
def test_shape_is_inferred_without_compiling(adapter: JaxAdapter, case_id: str, mode: str) -> None:
    with adapter.session(mode, "cpu"):
        promised = adapter.infer_shape(Case.from_id(case_id), mode, "cpu")
    result = outcome(adapter, case_id, mode)

    assert isinstance(result, np.ndarray), result
    assert promised == result.shape
