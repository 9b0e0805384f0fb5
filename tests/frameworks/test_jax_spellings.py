"""The spellings of a padding: what is passed, and what JAX does with it."""

import re

import numpy as np
import pytest

from tconv.adapters.jax.adapter import JaxAdapter
from tconv.adapters.jax.padding_spellings import AS_DOCUMENTED, SPELLINGS
from tconv.inputs.draw import draw
from tconv.model.case import Case
from tconv.model.route import Native, Unsupported

needs_jax = pytest.mark.xdist_group("jax")
BY_NAME = {spelling.qualifier: spelling for spelling in SPELLINGS}


@pytest.mark.parametrize(
    ("qualifier", "said", "written"),
    [
        ("lower_case", "same_lower", "same_lower"),
        ("lower_case", ((1, 1),), ((1, 1),)),
        ("circular", "valid", "CIRCULAR"),
        ("int_padding", "same", "SAME"),
        ("int_padding", ((1, 1), (1, 1)), 1),
        ("int_padding", ((1, 1), (2, 2)), ((1, 1), (2, 2))),
        ("list_padding", ((1, 1), (2, 2)), [1, 2]),
        ("list_padding", ((1, 0), (2, 2)), ((1, 0), (2, 2))),
    ],
)
def test_a_spelling_writes_what_it_concerns_and_leaves_the_rest(
    qualifier: str, said: str | tuple[tuple[int, int], ...], written: object
) -> None:
    assert BY_NAME[qualifier].of(said) == written


@pytest.mark.parametrize(
    ("policy", "name"), [("same", "SAME"), ("same_lower", "SAME_LOWER"), ("valid", "VALID")]
)
def test_jaxs_own_names_are_in_upper_case(policy: str, name: str) -> None:
    assert AS_DOCUMENTED.of(policy) == name


@pytest.fixture(scope="module")
def adapter() -> JaxAdapter:
    pytest.importorskip("jax", reason="jax is not installed")
    return JaxAdapter()


def outcome(adapter: JaxAdapter, case: Case, mode: str) -> object:
    with adapter.session(mode, "cpu"):
        return adapter.attempt(case, draw(case).tensors, mode, "cpu")


@needs_jax
@pytest.mark.parametrize(
    ("mode", "case_id", "reason"),
    [
        ("conv_transpose+lower_case", "1d-i4-k3-s2-opnone-padvalid-ci2-co4-f32", "above 1"),
        ("conv_transpose+consistent+lower_case", "1d-i4-k3-opnone-padsame-ci2-co4-f32",
         "no policy same where"),
        ("conv_general_dilated+lower_case", "1d-i4-k3-s2-opnone-padsame-ci2-co4-f32", "above 1"),
        ("conv_transpose+circular", "1d-i4-k3-opnone-padsame-ci2-co4-f32", "no policy CIRCULAR"),
        ("conv_transpose+circular", "1d-i4-k3-s2-opnone-padsame-ci2-co4-f32", "above 1"),
        ("conv_transpose+circular+consistent", "1d-i4-k3-s2-opnone-padvalid-ci2-co4-f32",
         "no policy CIRCULAR where"),
        ("conv_general_dilated+circular", "1d-i4-k3-opnone-padvalid-ci2-co4-f32",
         "no policy CIRCULAR"),
        ("conv_transpose+int_padding", "2d-i4x4-k3x3-p1x1-ci2-co4-f32", "pairs"),
        ("conv_transpose+consistent+int_padding", "1d-i4-k3-p1-ci2-co4-f32", "pairs"),
        ("conv_general_dilated+int_padding", "1d-i4-k3-s2-ci2-co4-f32", "pairs"),
        ("conv_transpose+list_padding", "2d-i4x4-k3x3-p1x2-ci2-co4-f32", "pairs"),
        ("conv_transpose+consistent+list_padding", "2d-i4x4-k3x3-pm1xm1-ci2-co4-f32", "pairs"),
        ("conv_general_dilated+list_padding", "2d-i4x4-k3x3-ci2-co4-f32", "pairs"),
    ],
)  # fmt: skip
def test_a_spelling_that_jax_does_not_know_is_refused_with_the_expected_error(
    adapter: JaxAdapter, mode: str, case_id: str, reason: str
) -> None:
    case = Case.from_id(case_id)

    route, refusal = adapter.route(case, mode, "cpu"), outcome(adapter, case, mode)

    assert isinstance(route, Unsupported)
    assert reason in route.reason
    assert re.search(route.error_pattern, f"{type(refusal).__name__}: {refusal}")


# i = 5, k = 4, s = 1: eight positions. Upper case is the transposed convolution's padding, lower
# case the direct one's.
@needs_jax
@pytest.mark.parametrize(
    ("mode", "policy", "begin", "end"),
    [
        ("conv_transpose", "padsame", 1, 2),
        ("conv_transpose+lower_case", "padsame", 2, 1),
        ("conv_transpose", "padvalid", 0, 0),
        ("conv_transpose+lower_case", "padvalid", 3, 3),
        ("conv_transpose+lower_case", "padsamelower", 1, 2),
        ("conv_general_dilated", "padvalid", 3, 3),
        ("conv_general_dilated+lower_case", "padvalid", 3, 3),
    ],
)
def test_a_name_in_lower_case_is_read_as_the_direct_convolutions(
    adapter: JaxAdapter, mode: str, policy: str, begin: int, end: int
) -> None:
    case = Case.from_id(f"1d-i5-k4-opnone-{policy}-ci2-co4-f32-nobias")
    full = Case.from_id("1d-i5-k4-ci2-co4-f32-nobias")
    given = draw(case).tensors

    with adapter.session(mode, "cpu"):
        y = adapter.compute(case, given, mode, "cpu")
        whole = adapter.compute(full, given, "conv_transpose", "cpu")

    assert isinstance(adapter.route(case, mode, "cpu"), Native)
    np.testing.assert_array_equal(y, whole[..., begin : 8 - end])


@needs_jax
def test_modes_of_spellings_are_run_only_by_name(adapter: JaxAdapter) -> None:
    samples = {
        mode.name: mode.sample
        for mode in adapter.modes
        if BY_NAME.keys() & set(mode.name.split("+"))
    }

    assert len(samples) == 3 * len(SPELLINGS)
    assert set(samples.values()) == {0}
