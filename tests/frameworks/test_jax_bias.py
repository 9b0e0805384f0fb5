"""The sums with a bias: as JAX adds, each result by itself, whatever the others are."""

from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

pytest.importorskip("jax", reason="jax is not installed")

import jax

from tconv.adapters.jax.batching import LENGTH, Adder

pytestmark = pytest.mark.xdist_group("jax")

DTYPES = ["float16", "bfloat16", "float32", "float64", "complex64", "int32", "int64"]


def drawn(*shape: int, dtype: str = "float32") -> NDArray[Any]:
    return np.random.default_rng(0).integers(1, 9, shape).astype(dtype)


def added(*sums: tuple[Any, NDArray[Any] | None]) -> list[Any]:
    with jax.enable_x64(True):
        found = Adder(jax, {}).added([y for y, _ in sums], [b for _, b in sums])
    jax.clear_caches()
    return found


@pytest.mark.parametrize("dtype", DTYPES)
def test_bias_is_added_in_its_dtype(dtype: str) -> None:
    least = {"float64": 2.0**-40, "int64": 2**40}.get(dtype, 0)  # no narrower one can hold it
    y, b = drawn(2, 3, 4, dtype=dtype), drawn(4, dtype=dtype) + np.array(least, dtype)
    (total,) = added((y, b))

    assert total.dtype == y.dtype
    np.testing.assert_array_equal(total, y + b)


@pytest.mark.parametrize("size", [0, 1, LENGTH - 1, LENGTH, LENGTH + 1, 3 * LENGTH])
def test_sum_is_whole_whatever_its_size(size: int) -> None:
    y, b = drawn(2, size, 2), drawn(2)
    (total,) = added((y, b))

    np.testing.assert_array_equal(total, y + b)


def test_each_result_gets_its_own_bias_in_order() -> None:
    sums = [
        (drawn(1, 5, 3), drawn(3)),
        (drawn(2, 0, 3), drawn(3)),
        (drawn(1, 2, 4, dtype="float64"), drawn(2, 1, dtype="float64")),
        (drawn(3, 7, 2), np.array([-1, 1], "float32")),
    ]

    for (y, b), total in zip(sums, added(*sums), strict=True):
        np.testing.assert_array_equal(total, y + b, strict=True)


def test_result_without_bias_and_error_stay_as_they_are() -> None:
    y, error = drawn(1, 2, 3), ValueError("refused")

    assert added((y, None), (error, drawn(3))) == [y, error]


def test_bias_of_another_length_is_refused_by_jax_alone() -> None:
    y, b = drawn(1, 2, 3), drawn(3)
    error, total = added((y, drawn(4)), (y, b))

    assert isinstance(error, ValueError)
    assert "Incompatible shapes for broadcasting" in str(error)
    np.testing.assert_array_equal(total, y + b)


def test_bias_of_another_dtype_is_promoted_by_jax() -> None:
    (total,) = added((drawn(1, 2, 3), drawn(3, dtype="float64")))

    assert total.dtype == np.float64


def test_bias_that_enlarges_the_result_is_broadcast_by_jax() -> None:
    (total,) = added((drawn(1, 2, 1), drawn(2)))

    assert total.shape == (1, 2, 2)


def test_kernel_is_compiled_once_for_a_dtype(monkeypatch: pytest.MonkeyPatch) -> None:
    adder, y, b = Adder(jax, {}), drawn(1, 2, 3), drawn(3)
    adder.added([y], [b])
    jax.clear_caches()

    monkeypatch.delattr(jax, "jit")
    (total,) = adder.added([y], [b])

    np.testing.assert_array_equal(total, y + b)
