"""Defined policies: the oracle against formulations of their own, and a wrong alignment told."""

from collections.abc import Callable
from itertools import product
from typing import Any

import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st
from numpy.typing import NDArray

from tconv.inputs.draw import draw as draw_tensors
from tconv.model.case import Case
from tconv.model.policies import DEFINED
from tconv.model.tensors import Tensors
from tconv.oracle.case_answer import answer
from tconv.oracle.formulations import conv, conv_transpose
from tconv.oracle.input_padding import FILLINGS, Filling, padded, sources

Array = NDArray[Any]


@st.composite
def policy_cases(draw: st.DrawFn, *policies: str) -> Case:
    """Return a case whose axes, groups and dilation are drawn; some pad by more than the input."""
    ndim = draw(st.integers(1, 3))
    most = 7 if ndim == 1 else 4
    per_axis = st.lists(st.integers(1, most), min_size=ndim, max_size=ndim).map(tuple)
    few = st.lists(st.integers(1, 3), min_size=ndim, max_size=ndim).map(tuple)
    groups = draw(st.integers(1, 2))
    return Case.from_parameters(
        ndim=ndim, i=draw(per_axis), k=draw(per_axis), s=draw(few), dilation=draw(few),
        groups=groups, c_in=2, c_out=2 * draw(st.integers(1, 2)), n=draw(st.integers(1, 2)),
        padding=draw(st.sampled_from(policies)), bias=draw(st.booleans()),
    )  # fmt: skip


def tensors_of(case: Case) -> Tensors:
    """Return integers whose sums are exact."""
    rng = np.random.default_rng(len(case.id))
    x, w, b = (rng.integers(-9, 10, shape) for shape in (case.x_shape, case.w_shape, case.b_shape))
    return Tensors(x=x, w=w, b=b if case.bias else None)


def mirrored(at: int, size: int) -> int:
    """Return the element seen at a position, walking back at each end."""
    step, place = (1 if at >= 0 else -1), 0
    for _ in range(abs(at)):
        if not 0 <= place + step < size:
            step = -step
        place = place + step if size > 1 else 0
    return place


SEEN: dict[str, Callable[[int, int], int | None]] = {
    "causal": lambda at, size: at if 0 <= at < size else None,
    "circular": lambda at, size: at - size * (at // size),
    "reflect": mirrored,
}


def matrix(axis: Any, policy: str) -> Array:
    """Return which element of the input which tap carries to which output, (s*i, k, i), 0 or 1.

    From the definition: output j holds tap u of every position h with s h + d u = j + start.
    """
    size, start = axis.s * axis.i, 0
    if policy != "causal":
        start = max(axis.d * (axis.k - 1) + 1 - axis.s, 0) // 2
    entries = np.zeros((size, axis.k, axis.i), dtype=np.int64)
    for j, u in product(range(size), range(axis.k)):
        h, rest = divmod(j + start - axis.d * u, axis.s)
        element = None if rest else SEEN[policy](h, axis.i)
        if element is not None:
            entries[j, u, element] += 1
    return entries


@given(policy_cases("causal", "circular", "reflect"))
def test_oracle_is_the_dense_matrix_of_the_definition(case: Case) -> None:
    assume(case.groups == 1)
    given_tensors = tensors_of(case)
    letters = "abc"[: case.ndim], "pqr"[: case.ndim], "uvw"[: case.ndim]
    operands = [matrix(axis, str(case.padding)) for axis in case.axes]
    terms = ",".join(f"{o}{tap}{i}" for i, o, tap in zip(*letters, strict=True))
    y = np.einsum(
        f"nx{letters[0]},xy{letters[2]},{terms}->ny{letters[1]}",
        given_tensors.x, given_tensors.w, *operands,
    )  # fmt: skip
    if given_tensors.b is not None:
        y = y + given_tensors.b.reshape(-1, *(1,) * case.ndim)

    np.testing.assert_array_equal(answer(case, given_tensors), y)


@given(policy_cases("circular"))
def test_circular_is_the_full_result_added_up_on_the_ring(case: Case) -> None:
    """As Flax computes it: nothing is padded, what leaves at one end comes in at the other."""
    tensors = tensors_of(case)
    y = conv_transpose(
        tensors.x, tensors.w, stride=case.s, dilation=case.dilation, groups=case.groups
    )
    for at, axis in enumerate(case.axes, 2):
        ring = axis.s * axis.i
        start = max(axis.d * (axis.k - 1) + 1 - axis.s, 0) // 2
        places = (np.arange(y.shape[at]) - start) % ring
        total = np.zeros((ring, *np.delete(y.shape, at)), y.dtype)
        np.add.at(total, places, np.moveaxis(y, at, 0))
        y = np.moveaxis(total, 0, at)
    if tensors.b is not None:
        y = y + tensors.b.reshape(-1, *(1,) * case.ndim)

    np.testing.assert_array_equal(answer(case, tensors), y)


@given(policy_cases("circular"))
def test_circular_is_the_adjoint_of_a_convolution_of_a_circularly_padded_input(case: Case) -> None:
    """<conv(wrapped y), x> = <y, circular(x)>."""
    assume(not case.bias)
    tensors = tensors_of(case)
    answered = answer(case, tensors)
    y = np.random.default_rng(1).integers(-9, 10, answered.shape)
    wide = y
    for at, axis in enumerate(case.axes, 2):
        reach = axis.d * (axis.k - 1) + 1
        start = max(reach - axis.s, 0) // 2
        places = np.arange(-start, axis.s * (axis.i - 1) + reach - start) % y.shape[at]
        wide = wide.take(places, at)
    x = conv(wide, tensors.w, stride=case.s, dilation=case.dilation, groups=case.groups)

    assert x.shape == tensors.x.shape
    assert (x * tensors.x).sum() == (y * answered).sum()


@given(policy_cases("causal", "full"))
def test_causal_is_the_start_of_the_full_result_with_zeros_where_that_ends(case: Case) -> None:
    tensors = tensors_of(case)
    whole = conv_transpose(
        tensors.x, tensors.w, stride=case.s, dilation=case.dilation, groups=case.groups
    )
    if case.padding == "causal":
        sizes = [s * i for s, i in zip(case.s, case.i, strict=True)]
        whole = np.pad(whole, [(0, 0), (0, 0), *((0, size) for size in sizes)])
        kept: tuple[Any, ...] = (..., *map(slice, sizes))
        whole = whole[kept]
    if tensors.b is not None:
        whole = whole + tensors.b.reshape(-1, *(1,) * case.ndim)

    np.testing.assert_array_equal(answer(case, tensors), whole)


@given(policy_cases("causal"), st.data())
def test_causal_result_depends_on_no_later_input(case: Case, data: st.DataObject) -> None:
    tensors = tensors_of(case)
    axis = data.draw(st.integers(0, case.ndim - 1))
    first = data.draw(st.integers(0, case.i[axis] - 1))
    later = (*(slice(None),) * (2 + axis), slice(first, None))
    changed = Tensors(x=tensors.x.copy(), w=tensors.w, b=tensors.b)
    changed.x[later] += 100
    before = (*(slice(None),) * (2 + axis), slice(case.s[axis] * first))

    np.testing.assert_array_equal(answer(case, changed)[before], answer(case, tensors)[before])


@given(st.integers(1, 6), st.integers(0, 15), st.integers(0, 15), st.sampled_from(FILLINGS))
def test_sources_are_what_numpy_pads_with(
    size: int, before: int, after: int, filling: Filling
) -> None:
    mode: Any = "constant" if filling == "zeros" else filling
    values = {"constant_values": -1} if filling == "zeros" else {}

    expected = np.pad(np.arange(size), (before, after), mode, **values)

    assert sources(size, before, after, filling).tolist() == expected.tolist()


def test_padded_fills_each_axis_on_its_own() -> None:
    x = np.arange(6).reshape(1, 1, 2, 3)

    assert padded(x, ((1, 0), (0, 1)), "wrap")[0, 0].tolist() == [
        [3, 4, 5, 3], [0, 1, 2, 0], [3, 4, 5, 3],
    ]  # fmt: skip
    assert padded(x, ((0, 1), (1, 0)), "zeros")[0, 0].tolist() == [
        [0, 0, 1, 2], [0, 3, 4, 5], [0, 0, 0, 0],
    ]  # fmt: skip


@pytest.mark.parametrize("policy", DEFINED)
def test_inputs_of_a_policy_tell_its_readings_apart(policy: str) -> None:
    case = Case.from_parameters(ndim=2, i=(5, 4), k=(4, 5), s=(2, 1), padding=policy)

    drawn = draw_tensors(case)

    assert drawn.answer is not None
    np.testing.assert_array_equal(drawn.answer, answer(case, drawn.work))
    assert drawn.recipe.coinciding == ()
