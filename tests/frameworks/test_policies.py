"""Defined policies in frameworks: drawn cases on every backend, and layers as their users write."""

import random
from functools import cache
from typing import Any, Final

import numpy as np
import pytest
from numpy.typing import NDArray
from tests.packages import require

from tconv.adapters import registry
from tconv.adapters.base import Adapter
from tconv.inputs.draw import draw
from tconv.model.case import Case
from tconv.model.geometry import effective_kernel
from tconv.model.policies import DEFINED
from tconv.model.target import Target
from tconv.oracle.case_answer import answer
from tconv.testing.conformance import compute_rows_here

TARGETS: Final = (
    "numpy:gather",
    "torch:eager",
    "torch:eager+no_onednn",
    "torch:eager+unbatched",
    "tensorflow:eager",
    "tensorflow:function",
    "tensorflow:xla",
    "jax:conv_transpose",
    "jax:conv_transpose+consistent",
    "jax:conv_general_dilated",
    "jax:conv_general_dilated+channel_first",
    "jax:vjp",
    "onnx:reference",
    "onnx:shape_inference",
    "onnxruntime:session",
    "onnxruntime:session+fed_weights",
)
GIVEN: Final[tuple[dict[str, Any], ...]] = (
    {"groups": 2, "c_in": 4, "c_out": 4},
    {"dtype": "float64", "dilation": 1},
    {"ndim": 1, "i": 4},
)
FEW: Final = {"tensorflow:xla", "jax:conv_general_dilated+channel_first"}  # slow to compile


def case_of(chance: random.Random, policy: str, **given: Any) -> Case:
    """Return a legal case with parameters of its own on each axis."""
    while True:
        ndim = given.get("ndim") or chance.randint(1, 3)
        parameters: dict[str, Any] = {
            "ndim": ndim,
            "i": [chance.randint(1, 8 - 2 * ndim) for _ in range(ndim)],
            "k": [chance.randint(1, 7 - ndim) for _ in range(ndim)],
            "s": [chance.randint(1, 3) for _ in range(ndim)],
            "dilation": chance.choice([1, 1, 2]),
            "c_in": 2,
            "c_out": 3,
            "n": chance.randint(1, 2),
            "padding": policy,
            "bias": chance.random() < 1 / 2,
            **given,
        }
        case = Case.from_parameters(**parameters)
        if case.suite == "explicit":
            return case


def drawn(text: str) -> list[Case]:
    """Return cases of every policy, the first of each in groups."""
    chance = random.Random(text)  # noqa: S311 # no secret
    return [
        case_of(chance, policy, **given)
        for policy in DEFINED
        for given in (*GIVEN, *[{}] * (1 if text in FEW else 3))
    ]


@cache
def adapter_of(target: str) -> Adapter:
    backend = target.partition(":")[0]
    require(backend)
    return registry.load(backend)


@pytest.mark.parametrize(
    "text", [pytest.param(t, marks=pytest.mark.xdist_group(t.partition(":")[0])) for t in TARGETS]
)
def test_every_case_that_the_framework_supports_is_right(text: str) -> None:
    """A grouped or dilated case is unsupported where the framework has neither, policy or not."""
    adapter, cases = adapter_of(text), drawn(text)
    rows = compute_rows_here(adapter, cases, Target.from_text(f"{text}@cpu"), 0)
    supported = [
        case
        for case, row in zip(cases, rows, strict=True)
        if row["verdict"] != "unsupported" and not (adapter.name == "onnx" and case.groups > 1)
    ]  # the evaluator of onnx is wrong for groups, whatever the policy

    wrong = [
        (row["case"], row["verdict"], row["reading"], row["error_text"])
        for case, row in zip(cases, rows, strict=True)
        if case in supported and row["verdict"] != "match"
    ]
    assert wrong == []
    assert {case.padding for case in supported} == set(DEFINED)
    assert {
        row["addition"].partition(",")[0]
        for row in rows
        if row["route"] == "composed" and row["addition"].startswith("pad")
    } == {"pad the input circularly", "pad the input by reflection"}


def explicit(case: Case) -> tuple[NDArray[Any], NDArray[Any], NDArray[Any], NDArray[Any]]:
    """Return x, w and b of a case of float32, and the right answer."""
    given = draw(case)
    assert given.tensors.b is not None
    return given.tensors.x, given.tensors.w, given.tensors.b, answer(case, given.work)


@pytest.mark.parametrize("seed", range(6))
def test_causal_is_the_trimmed_layer_of_an_audio_decoder(seed: int) -> None:
    """EnCodec's SConvTranspose1d, causal, trims K - s at the end (its kernel is 2 s)."""
    torch = pytest.importorskip("torch", reason="a layer of PyTorch's users")
    s = seed + 1
    case = case_of(random.Random(seed), "causal", ndim=1, k=2 * s, s=s, dilation=1, bias=True)  # noqa: S311 # no secret
    x, w, b, right = explicit(case)
    layer = torch.nn.ConvTranspose1d(case.c_in, case.c_out, 2 * s, s)
    with torch.no_grad():
        layer.weight.copy_(torch.tensor(w))
        layer.bias.copy_(torch.tensor(b))
        y = layer(torch.tensor(x))

    np.testing.assert_array_equal(y[..., : y.shape[-1] - s].numpy(), right)


@pytest.mark.parametrize(("policy", "mode"), [("circular", "circular"), ("reflect", "reflect")])
@pytest.mark.parametrize("seed", range(4))
def test_padded_policies_are_what_users_of_pytorch_pad_and_crop(
    policy: str, mode: str, seed: int
) -> None:
    """A generous padding of the input, the full result, and a crop to SAME's s*i elements."""
    torch = pytest.importorskip("torch", reason="a layer of PyTorch's users")
    chance = random.Random(seed)  # noqa: S311 # no secret
    case = case_of(chance, policy, ndim=2, i=(7, 6), dilation=1, bias=True)
    x, w, b, right = explicit(case)
    margin = 5
    wide = torch.nn.functional.pad(torch.tensor(x), (margin,) * 4, mode=mode)
    y = torch.nn.functional.conv_transpose2d(wide, torch.tensor(w), torch.tensor(b), case.s)
    starts = [a.s * margin + max(a.k - a.s, 0) // 2 for a in case.axes]
    crop = [slice(at, at + a.s * a.i) for at, a in zip(starts, case.axes, strict=True)]
    y = torch.nn.functional.pad(y, (0, 9, 0, 9))  # a kernel below the stride ends before s*i does
    y[..., y.shape[-2] - 9 :, :] += torch.tensor(b).reshape(-1, 1, 1)
    y[..., : y.shape[-2] - 9, y.shape[-1] - 9 :] += torch.tensor(b).reshape(-1, 1, 1)

    np.testing.assert_array_equal(y[(..., *crop)].numpy(), right)


@pytest.mark.parametrize("seed", range(8))
@pytest.mark.parametrize("transposes", [False, True])
def test_circular_is_flax_circular(seed: int, transposes: bool) -> None:
    """With transpose_kernel=True, Flax starts at the larger half of an odd excess instead."""
    linen = pytest.importorskip("flax.linen", reason="flax is not installed")
    jnp = pytest.importorskip("jax.numpy", reason="jax is not installed")
    chance = random.Random(seed)  # noqa: S311 # no secret
    case = case_of(chance, "circular", ndim=1 + seed % 2, bias=True)
    x, w, b, right = explicit(case)
    taps = tuple(range(2, w.ndim))
    kernel = w.transpose(*taps, 1, 0) if transposes else np.flip(w, taps).transpose(*taps, 0, 1)
    layer = linen.ConvTranspose(
        case.c_out, case.k, strides=case.s, padding="CIRCULAR",
        kernel_dilation=case.dilation, transpose_kernel=transposes,
    )  # fmt: skip
    weights = {"kernel": jnp.asarray(np.ascontiguousarray(kernel)), "bias": jnp.asarray(b)}
    y = np.moveaxis(np.asarray(layer.apply({"params": weights}, np.moveaxis(x, 1, -1))), -1, 1)
    if transposes:
        for at, axis in enumerate(case.axes, 2):
            y = np.roll(y, max(effective_kernel(axis.k, axis.d) - axis.s, 0) % 2, axis=at)

    np.testing.assert_array_equal(y, right)
