"""What `tconv bench` compares with: the loop that a careful user of pytest writes.

    PEER_CASES=cases.json pytest benchmarks/peer_loop.py
    PEER_CASES=cases.json pytest -n 2 benchmarks/peer_loop.py

The file holds a list of cases: `{"id": .., "i": [5, 4], "k": [3, 3], "s": [2, 1], "p": [1, 0],
"op": [1, 0], "n": 2, "c_in": 2, "c_out": 4}`. Each framework is called directly, in its own layout,
and compared with a reference in NumPy that adds one shifted image per tap of the kernel.
"""

import json
import os
from pathlib import Path

import jax.lax
import numpy as np
import pytest
import tensorflow as tf
import torch

CASES = json.loads(Path(os.environ["PEER_CASES"]).read_text())
every_case = pytest.mark.parametrize("case", CASES, ids=[case["id"] for case in CASES])


def draw(case):
    """Return x (n, c_in, *i), w (c_in, c_out, *k) and b (c_out,), normal."""
    generator = np.random.default_rng(0)
    shapes = (
        (case["n"], case["c_in"], *case["i"]),
        (case["c_in"], case["c_out"], *case["k"]),
        (case["c_out"],),
    )
    return [generator.standard_normal(shape).astype(np.float32) for shape in shapes]


def output_size(case):
    """Return s(i-1) + k - 2p + op per axis."""
    axes = zip(case["i"], case["k"], case["s"], case["p"], case["op"], strict=True)
    return [s * (i - 1) + k - 2 * p + op for i, k, s, p, op in axes]


def reference(case, x, w, b):
    """Return the transposed convolution (n, c_out, *o)."""
    (h, v), (s, t), (p, q) = case["i"], case["s"], case["p"]
    o = output_size(case)
    full = np.zeros((case["n"], case["c_out"], o[0] + 2 * p, o[1] + 2 * q), np.float32)
    for a, c in np.ndindex(*case["k"]):
        full[:, :, a : a + s * (h - 1) + 1 : s, c : c + t * (v - 1) + 1 : t] += np.einsum(
            "nihv,io->nohv", x, w[:, :, a, c]
        )
    return full[:, :, p : p + o[0], q : q + o[1]] + b[:, None, None]


@every_case
def test_torch(case):
    x, w, b = draw(case)
    y = torch.nn.functional.conv_transpose2d(
        torch.from_numpy(x), torch.from_numpy(w), torch.from_numpy(b),
        stride=case["s"], padding=case["p"], output_padding=case["op"],
    )  # fmt: skip
    np.testing.assert_allclose(y.numpy(), reference(case, x, w, b), rtol=1e-4, atol=1e-5)


@every_case
def test_tensorflow(case):
    x, w, b = draw(case)
    p, q = case["p"]
    y = tf.nn.conv2d_transpose(
        x.transpose(0, 2, 3, 1),
        w.transpose(2, 3, 1, 0),
        output_shape=[case["n"], *output_size(case), case["c_out"]],
        strides=case["s"],
        padding=[[0, 0], [p, p], [q, q], [0, 0]],
    )
    y = (y + b).numpy().transpose(0, 3, 1, 2)
    np.testing.assert_allclose(y, reference(case, x, w, b), rtol=1e-4, atol=1e-5)


@every_case
def test_jax(case):
    x, w, b = draw(case)
    axes = zip(case["k"], case["p"], case["op"], strict=True)
    y = jax.lax.conv_transpose(
        x.transpose(0, 2, 3, 1),
        w[:, :, ::-1, ::-1].transpose(2, 3, 0, 1),
        strides=case["s"],
        padding=[(k - 1 - p, k - 1 - p + op) for k, p, op in axes],
        dimension_numbers=("NHWC", "HWIO", "NHWC"),
    )
    y = np.asarray(y + b).transpose(0, 3, 1, 2)
    np.testing.assert_allclose(y, reference(case, x, w, b), rtol=1e-4, atol=1e-5)
