"""The PyTorch adapter: layouts, routes and settings, against the oracle."""

from contextlib import suppress
from dataclasses import replace
from itertools import product
from typing import Any

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from tconv.adapters.torch.adapter import TorchAdapter
from tconv.inputs.draw import draw
from tconv.judge.expected import expect
from tconv.model.case import Case
from tconv.model.malformed import MALFORMED
from tconv.model.route import Native, Unsupported
from tconv.model.tensors import Tensors

torch = pytest.importorskip("torch", reason="torch is not installed")

MODES = tuple(mode.name for mode in TorchAdapter.modes)


@pytest.fixture(scope="module")
def adapter() -> TorchAdapter:
    return TorchAdapter()


def compute(adapter: TorchAdapter, case: Case, tensors: Tensors | None = None) -> NDArray[Any]:
    with adapter.session("eager", "cpu"):
        return adapter.compute(case, tensors or draw(case).tensors, "eager", "cpu")


@pytest.mark.parametrize("o", [6, 7])
def test_a_wanted_size_is_passed_to_the_module(adapter: TorchAdapter, o: int) -> None:
    case = Case.from_parameters(ndim=1, i=3, k=3, s=2, p=[1], output_padding=None, o=o - 1)
    explicit = replace(case, o=None, output_padding=(o - 6,))

    y = compute(adapter, case, draw(explicit).tensors)

    route = adapter.route(case, "eager", "cpu")
    assert route == Native(call="torch.nn.ConvTranspose1d(...)(x, output_size=o)")
    np.testing.assert_array_equal(y, np.asarray(expect(explicit, draw(explicit)).y))


def test_a_module_takes_integers_and_draws_no_random_numbers(adapter: TorchAdapter) -> None:
    case = Case.from_id("1d-i3-k3-s2-opnone-o8-ci2-co3-i64")
    torch.manual_seed(1)
    untouched = torch.get_rng_state()

    y = compute(adapter, case)

    assert y.dtype == np.int64
    assert torch.equal(torch.get_rng_state(), untouched)


@st.composite
def cases(pick: st.DrawFn) -> Case:
    """Return a legal explicit case of at most two axes."""
    ndim = pick(st.integers(1, 2))
    axes = [pick(st.tuples(*[st.integers(1, 3)] * 4)) for _ in range(ndim)]
    i, k, s, d = zip(*axes, strict=True)
    p = [pick(st.tuples(*[st.integers(0, d * (k - 1))] * 2)) for _, k, _, d in axes]
    op = [pick(st.integers(0, s - 1)) for _, _, s, _ in axes]
    g = pick(st.integers(1, 2))
    case = Case.from_parameters(
        ndim=ndim, i=i, k=k, s=s, p=p, output_padding=op, dilation=d, groups=g, c_in=g, c_out=2 * g
    )
    assume(case.legality[0] == "legal")
    return case


@settings(max_examples=60)
@given(case=cases())
def test_every_legal_case_is_reached_and_gives_the_oracles_answer(case: Case) -> None:
    adapter = TorchAdapter()

    y = compute(adapter, case)

    assert not isinstance(adapter.route(case, "eager", "cpu"), Unsupported)
    np.testing.assert_array_equal(y, np.asarray(expect(case, draw(case)).y))


@settings(max_examples=60)
@given(case=cases(), n=st.integers(0, 3))
def test_input_without_a_batch_axis_is_a_legal_call_of_each_sample(case: Case, n: int) -> None:
    adapter, mode = TorchAdapter(), "eager+unbatched"
    case = replace(case, n=n)
    with adapter.session(mode, "cpu"):
        y = adapter.compute(case, draw(case).tensors, mode, "cpu")

    route = adapter.route(case, mode, "cpu")
    assert route.call.endswith(", x without a batch axis")  # type: ignore[union-attr] # a legal case
    assert not isinstance(route, Native) or n == 1
    np.testing.assert_array_equal(y, np.asarray(expect(case, draw(case)).y))


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize("name", [n for n in MALFORMED if "dtype" not in n])
@pytest.mark.parametrize("ndim", [1, 2, 3])
def test_no_malformed_case_is_a_call_that_pytorch_documents(
    adapter: TorchAdapter, mode: str, name: str, ndim: int
) -> None:
    for n, c_in, i in product((1, 2, 3), (1, 2, 3), (1, 2, 3)):
        case = Case.from_parameters(ndim=ndim, i=i, k=2, n=n, c_in=c_in, c_out=3, malformed=name)
        with pytest.raises((RuntimeError, ValueError)), adapter.session(mode, "cpu"):
            adapter.compute(case, draw(case).tensors, mode, "cpu")


@pytest.mark.parametrize("mode", MODES)
def test_the_session_sets_threads_and_onednn_and_restores_them(
    adapter: TorchAdapter, mode: str
) -> None:
    before = torch.get_num_threads(), torch.backends.mkldnn.enabled
    torch.set_num_threads(2)

    with suppress(KeyError), adapter.session(mode, "cpu"):
        held = adapter.settings(mode, "cpu")
        raise KeyError
    after = torch.get_num_threads(), torch.backends.mkldnn.enabled
    torch.set_num_threads(before[0])

    assert held["threads"] == "1"
    assert held["onednn"] == str(torch.backends.mkldnn.is_available() and "no_onednn" not in mode)
    assert after == (2, before[1])


def test_size_that_pytorch_refuses_is_not_promised(adapter: TorchAdapter) -> None:
    with pytest.raises(ValueError, match="requested an output size of"):
        adapter.infer_shape(Case.from_id("1d-i3-k3-s2-opnone-o20-ci2-co4-f32"), "eager", "cpu")
