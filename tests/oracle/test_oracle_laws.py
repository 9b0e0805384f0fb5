"""Laws that hold whatever the parameters: adjoint, linearity, shift, groups, derivatives."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from tconv.oracle.formulations import FORMULATIONS, conv, vjp

Array = NDArray[Any]
every_formulation = pytest.mark.parametrize("name", FORMULATIONS)
examples = settings(max_examples=60)


@dataclass(frozen=True, slots=True, kw_only=True)
class Layer:
    """Parameters of one transposed convolution; its arrays are drawn from a seed."""

    n: int
    channels: tuple[int, int]
    groups: int
    i: tuple[int, ...]
    k: tuple[int, ...]
    direct: dict[str, Any]
    output_padding: tuple[int, ...]
    seed: int

    @property
    def parameters(self) -> dict[str, Any]:
        """What both directions take, and the output padding."""
        return {**self.direct, "output_padding": self.output_padding}

    def x(self, salt: int = 0) -> Array:
        """Return small integers, (n, c_in, *i)."""
        return self._integers(salt, (self.n, self.groups * self.channels[0], *self.i))

    def w(self, salt: int = 100) -> Array:
        """Return small integers, (c_in, c_out/groups, *k)."""
        return self._integers(salt, (self.groups * self.channels[0], self.channels[1], *self.k))

    def like(self, array: Array) -> Array:
        """Return small integers in the shape of another array."""
        return self._integers(200, array.shape)

    def _integers(self, salt: int, shape: tuple[int, ...]) -> Array:
        rng = np.random.default_rng((self.seed, salt))
        return rng.integers(-9, 10, shape).astype(np.float64)


@st.composite
def layers(draw: st.DrawFn) -> Layer:
    """Draw parameters of 1 to 3 axes whose outputs all exist."""
    ndim = draw(st.integers(1, 3))
    groups = draw(st.integers(1, 3))
    i, k, s, d, op, pads = [], [], [], [], [], []
    for _ in range(ndim):
        i.append(draw(st.integers(1, 4)))
        k.append(draw(st.integers(1, 3)))
        s.append(draw(st.integers(1, 4)))
        d.append(draw(st.integers(1, 3)))
        op.append(draw(st.integers(0, s[-1] + 1)))
        size = s[-1] * (i[-1] - 1) + d[-1] * (k[-1] - 1) + 1 + op[-1]
        begin = draw(st.integers(-2, size - 1))
        pads.append((begin, draw(st.integers(-2, size - 1 - max(begin, 0)))))
    return Layer(
        n=draw(st.integers(1, 2)),
        channels=(draw(st.integers(1, 2)), draw(st.integers(1, 2))),
        groups=groups,
        i=tuple(i),
        k=tuple(k),
        direct={"stride": s, "padding": pads, "dilation": d, "groups": groups},
        output_padding=tuple(op),
        seed=draw(st.integers(0, 2**16)),
    )


@every_formulation
@examples
@given(layer=layers())
def test_transposed_convolution_is_the_adjoint_of_the_direct_one(name: str, layer: Layer) -> None:
    x, w = layer.x(), layer.w()
    y = FORMULATIONS[name](x, w, **layer.parameters)
    z = layer.like(y)
    out = conv(z, w, **layer.direct)
    first = out[tuple(slice(size) for size in x.shape)]  # op >= s makes more than i positions

    assert np.vdot(first, x) == np.vdot(z, y)
    assert all(
        (m == i) or op >= s
        for m, i, op, s in zip(
            out.shape[2:], layer.i, layer.output_padding, layer.direct["stride"], strict=True
        )
    )


@every_formulation
@examples
@given(layer=layers(), scale=st.integers(-5, 5))
def test_result_is_linear_in_the_input(name: str, layer: Layer, scale: int) -> None:
    formulation, w = FORMULATIONS[name], layer.w()
    first, second = layer.x(0), layer.x(1)
    together = formulation(first + scale * second, w, **layer.parameters)
    apart = [formulation(x, w, **layer.parameters) for x in (first, second)]

    assert np.array_equal(together, apart[0] + scale * apart[1])


@every_formulation
@examples
@given(layer=layers(), scale=st.integers(-5, 5))
def test_result_is_linear_in_the_weights(name: str, layer: Layer, scale: int) -> None:
    formulation, x = FORMULATIONS[name], layer.x()
    first, second = layer.w(100), layer.w(101)
    together = formulation(x, first + scale * second, **layer.parameters)
    apart = [formulation(x, w, **layer.parameters) for w in (first, second)]

    assert np.array_equal(together, apart[0] + scale * apart[1])


@every_formulation
@examples
@given(layer=layers())
def test_one_pixel_further_is_one_stride_further(name: str, layer: Layer) -> None:
    x, w = layer.x(), layer.w()
    y = FORMULATIONS[name](x, w, **layer.parameters)
    ahead = [(0, 0), (0, 0), *((1, 0),) * len(layer.i)]
    shifted = FORMULATIONS[name](np.pad(x, ahead), w, **layer.parameters)
    behind = shifted[tuple(slice(s, None) for s in (0, 0, *layer.direct["stride"]))]

    assert np.array_equal(behind, y)


@every_formulation
@examples
@given(layer=layers())
def test_groups_are_blocks_on_the_diagonal(name: str, layer: Layer) -> None:
    x, w, formulation = layer.x(), layer.w(), FORMULATIONS[name]
    c_in_group, c_out_group = layer.channels
    dense = np.zeros((w.shape[0], layer.groups * c_out_group, *w.shape[2:]))
    for group in range(layer.groups):
        rows = slice(group * c_in_group, (group + 1) * c_in_group)
        dense[rows, group * c_out_group : (group + 1) * c_out_group] = w[rows]
    one_group = {**layer.parameters, "groups": 1}

    assert np.array_equal(formulation(x, w, **layer.parameters), formulation(x, dense, **one_group))


@every_formulation
@examples
@given(layer=layers())
def test_bias_is_added_everywhere(name: str, layer: Layer) -> None:
    x, w = layer.x(), layer.w()
    y = FORMULATIONS[name](x, w, **layer.parameters)
    b = 1000.0 * np.arange(1, y.shape[1] + 1)
    biased = FORMULATIONS[name](x, w, b, **layer.parameters)

    assert np.array_equal(biased - y, np.broadcast_to(b.reshape(-1, *(1,) * len(layer.i)), y.shape))


def _dx(layer: Layer, run: Callable[..., Array], dy: Array) -> tuple[float, float]:
    direction = layer.x(1)
    dx, _, _ = vjp(layer.x(), layer.w(), None, dy, **layer.parameters)
    return float(np.vdot(dx, direction)), float(np.vdot(dy, run(direction, layer.w())))


def _dw(layer: Layer, run: Callable[..., Array], dy: Array) -> tuple[float, float]:
    direction = layer.w(101)
    _, dw, _ = vjp(layer.x(), layer.w(), None, dy, **layer.parameters)
    return float(np.vdot(dw, direction)), float(np.vdot(dy, run(layer.x(), direction)))


def _db(layer: Layer, run: Callable[..., Array], dy: Array) -> tuple[float, float]:
    direction, nothing = np.arange(1.0, 1 + dy.shape[1]), np.zeros_like(layer.x())
    _, _, db = vjp(layer.x(), layer.w(), direction, dy, **layer.parameters)
    assert db is not None
    return float(np.vdot(db, direction)), float(np.vdot(dy, run(nothing, layer.w(), direction)))


@pytest.mark.parametrize("quantity", [_dx, _dw, _db], ids=["vjp_x", "vjp_w", "vjp_b"])
@examples
@given(layer=layers())
def test_vjp_is_the_adjoint_of_the_derivative(
    quantity: Callable[..., tuple[float, float]], layer: Layer
) -> None:
    def run(x: Array, w: Array, b: Array | None = None) -> Array:
        return FORMULATIONS["scatter"](x, w, b, **layer.parameters)

    dy = layer.like(run(layer.x(), layer.w()))
    backward, forward = quantity(layer, run, dy)

    assert backward == forward


@examples
@given(layer=layers())
def test_vjp_has_the_shapes_of_the_arguments(layer: Layer) -> None:
    x, w = layer.x(), layer.w()
    y = FORMULATIONS["scatter"](x, w, **layer.parameters)
    dx, dw, db = vjp(x, w, None, y, **layer.parameters)

    assert (dx.shape, dw.shape, db) == (x.shape, w.shape, None)
