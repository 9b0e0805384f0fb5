"""The oracle's answer to a case equals that of the checked call."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tconv.model.case import Case
from tconv.model.tensors import Tensors
from tconv.oracle.case_answer import answer, most_products, parameters
from tconv.oracle.formulations import Parameters, conv_transpose

PAIR = st.tuples(st.integers(-2, 3), st.integers(-2, 3))


@st.composite
def cases(draw: st.DrawFn) -> Case:
    """Return a case of any legality, with small sizes and possibly empty input."""
    ndim, groups = draw(st.integers(1, 3)), draw(st.integers(1, 2))
    each = [draw(st.tuples(*[st.integers(1, 3)] * 4)) for _ in range(ndim)]
    i, k, s, d = (list(values) for values in zip(*each, strict=True))
    if draw(st.booleans()):
        i[0] = 0
    return Case.from_parameters(
        ndim=ndim, i=i, k=k, s=s, dilation=d, p=[draw(PAIR) for _ in range(ndim)],
        output_padding=[draw(st.integers(0, 3)) for _ in range(ndim)],
        groups=groups, c_in=groups * draw(st.integers(1, 2)), c_out=groups,
        n=draw(st.integers(0, 2)), dtype="float64", bias=draw(st.booleans()),
    )  # fmt: skip


@given(case=cases())
@settings(max_examples=200)
def test_answer_is_what_the_checked_call_gives(case: Case) -> None:
    if case.suite == "illegal":
        return
    random = np.random.default_rng(3)
    x, w, b = (random.integers(1, 9, s) * 1.0 for s in (case.x_shape, case.w_shape, case.b_shape))
    bias = b if case.bias else None

    made, right = (
        answer(case, Tensors(x=x, w=w, b=bias)),
        conv_transpose(x, w, bias, **parameters(case)),
    )

    assert made.shape == right.shape == case.y_shape
    assert made.dtype == right.dtype
    assert made.flags.c_contiguous
    assert (made == right).all()


@given(case=cases())
def test_no_sum_has_more_products_than_most(case: Case) -> None:
    if case.suite == "illegal" or 0 in case.i or case.n == 0:
        return
    ones = np.ones((1, 1, *case.i)), np.ones((1, 1, *case.k))
    one_group: Parameters = {**parameters(case), "groups": 1}

    products = conv_transpose(*ones, **one_group)

    assert products.max() * (case.c_in // case.groups) <= most_products(case)


@pytest.mark.parametrize(("s", "d", "most"), [(1, 1, 3), (2, 1, 2), (2, 2, 3), (4, 2, 2)])
def test_most_products_counts_the_taps_that_meet(s: int, d: int, most: int) -> None:
    case = Case.from_parameters(ndim=1, i=9, k=3, s=s, dilation=d, c_in=1)

    assert most_products(case) == most
