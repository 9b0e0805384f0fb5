"""Laws that configs/claims.toml names: published statements about numbers, tested."""

import inspect

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.signal import deconvolve

from tconv.oracle.formulations import conv, conv_transpose

examples = settings(max_examples=60)
sizes = st.integers(1, 5)


def numbers(*shape: int, seed: int = 0) -> np.ndarray:
    """Return integers from 1 to 9, which no two axes of these tests repeat."""
    return np.random.default_rng((seed, *shape)).integers(1, 10, shape)


def test_matrix_of_the_post_transposed_is_the_transposed_convolution() -> None:
    # Rows of C as the post prints them: 4 x 4 input, 3 x 3 kernel, stride 1, row by row.
    w = numbers(3, 3)
    row = [*w[0], 0, *w[1], 0, *w[2], 0, 0, 0, 0, 0]
    matrix = np.array([np.roll(row, shift) for shift in (0, 1, 4, 5)])
    x = numbers(2, 2, seed=1)

    y = conv_transpose(x[None, None], w[None, None])

    assert (y[0, 0].ravel() == matrix.T @ x.ravel()).all()


@examples
@given(i=sizes, k=sizes, s=st.integers(1, 4), seed=st.integers(0, 999))
def test_weighted_copies_are_a_direct_convolution_with_the_flipped_kernel(
    i: int, k: int, s: int, seed: int
) -> None:
    x, w = numbers(i, seed=seed), np.arange(1, k + 1)  # never its own mirror image, unless k = 1
    copies = np.zeros(s * (i - 1) + k, dtype=int)
    for at, pixel in enumerate(x):
        copies[s * at : s * at + k] += pixel * w
    stretched = np.zeros(s * (i - 1) + 1 + 2 * (k - 1), dtype=int)
    stretched[k - 1 : len(stretched) - (k - 1) : s] = x

    assert (np.correlate(stretched, w[::-1], mode="valid") == copies).all()
    assert k == 1 or (np.correlate(stretched, w, mode="valid") != copies).any()


def test_tensorflow_computes_the_gradient_of_its_convolution() -> None:
    tf = pytest.importorskip("tensorflow", reason="a statement about TensorFlow")
    x, w = numbers(1, 3, 4, 2).astype("f"), numbers(3, 2, 5, 2, seed=1).astype("f")
    image = tf.Variable(tf.zeros((1, 7, 8, 5)))
    with tf.GradientTape() as tape:
        z = tf.nn.conv2d(image, w, (2, 2), "VALID")

    gradient = tape.gradient(z, image, output_gradients=tf.constant(x))

    assert z.shape == x.shape
    assert (tf.nn.conv2d_transpose(x, w, (1, 7, 8, 5), (2, 2), "VALID") == gradient).numpy().all()


def test_tensorflow_takes_the_size_where_pytorch_takes_output_padding() -> None:
    torch = pytest.importorskip("torch", reason="a statement about PyTorch")
    tf = pytest.importorskip("tensorflow", reason="a statement about TensorFlow")
    ours = inspect.signature(torch.nn.ConvTranspose2d).parameters
    theirs = inspect.signature(tf.nn.conv2d_transpose).parameters

    assert "output_padding" in ours
    assert "output_padding" not in theirs
    assert "output_shape" in theirs


@examples
@given(i=st.integers(3, 8), k=st.integers(2, 4), seed=st.integers(0, 999))
def test_deconvolution_recovers_the_input_and_transposed_convolution_does_not(
    i: int, k: int, seed: int
) -> None:
    x, w = numbers(i, seed=seed).astype(float), numbers(k, seed=seed + 1).astype(float)
    blurred = np.convolve(x, w)

    recovered, rest = deconvolve(blurred, w)
    transposed = conv_transpose(blurred[None, None], w[None, None], padding=k - 1)[0, 0]

    assert np.allclose(recovered, x)
    assert np.allclose(rest, 0, atol=1e-6 * np.abs(blurred).max() * 10**k)
    assert transposed.shape == x.shape
    assert not np.allclose(transposed, x)


@examples
@given(i=sizes, taps=st.integers(1, 3), r=st.integers(1, 4), seed=st.integers(0, 999))
def test_a_convolution_and_a_pixel_shuffle_are_a_transposed_convolution(
    i: int, taps: int, r: int, seed: int
) -> None:
    x, w = numbers(1, 2, i, i, seed=seed), numbers(2, 3, r * taps, r * taps, seed=seed + 1)
    # Tap (a r + u, b r + v) becomes tap (taps - 1 - a, taps - 1 - b) of channel (co, u, v).
    split = w.reshape(2, 3, taps, r, taps, r).transpose(1, 3, 5, 0, 2, 4)[..., ::-1, ::-1]
    kernels = split.reshape(3 * r * r, 2, taps, taps)
    maps = conv(x, kernels, padding=taps - 1)
    size = i + taps - 1
    shuffled = maps.reshape(3, r, r, size, size).transpose(0, 3, 1, 4, 2).reshape(3, r * size, -1)

    assert (conv_transpose(x, w, stride=r)[0] == shuffled).all()
