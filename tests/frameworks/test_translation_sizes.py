"""Output sizes that follow the input's: what a call means, and what a file computes at run time."""

import random
from collections.abc import Callable
from typing import Any, Final

import numpy as np
import pytest

from tconv.adapters import registry
from tconv.analysis.atlas.atlas import Atlas
from tconv.model.target import Selection
from tconv.translation.python_file import FUNCTION, FileStyle, Form
from tconv.translation.query import Query
from tconv.translation.source import Impossible
from tconv.translation.translate import Pools, Translation, translate

SEED: Final = 20261128
EACH: Final = 6

Translated = Callable[..., list[Translation | Impossible]]


def needs(*packages: str) -> list[Any]:
    reason = "it is not installed"
    return [pytest.importorskip(package, reason=f"{package}: {reason}") for package in packages]


@pytest.fixture(scope="module")
def translated(atlas: Atlas, pool: Pools) -> Translated:
    """Return what translates calls and runs each beside its source."""

    def function(source: str, target: str, *texts: str) -> list[Translation | Impossible]:
        queries = [Query.from_texts(text.split()) for text in texts]
        ends = Selection.from_text(source), Selection.from_text(target)
        return list(translate(atlas, queries, *ends, runs=True, pool=pool))

    return function


def drawn(policy: str) -> list[str]:
    """Return calls of one to three axes with a padding policy and no size."""
    chance = random.Random(f"{SEED} {policy}")  # noqa: S311 # no secret
    return [
        f"padding={policy} k={chance.randint(1, 5)} s={chance.randint(1, 4)} ndim={1 + turn % 3}"
        for turn in range(EACH)
    ]


@pytest.mark.parametrize("policy", ["same", "valid"])
def test_call_without_a_size_means_that_of_keras_on_tensorflow(
    translated: Translated, policy: str
) -> None:
    needs("tensorflow", "keras", "torch")
    texts = drawn(policy)

    own = translated("tensorflow", "torch", *texts)
    keras = translated("keras-tensorflow", "torch", *texts)

    assert all(isinstance(each, Translation) and each.differences == () for each in own)
    windows = [[found.source.windows for found in made if isinstance(found, Translation)]
               for made in (own, keras)]  # fmt: skip
    for of_own, of_keras in zip(*windows, strict=True):
        assert [{*axis.values()} for axis in of_own] == [{*axis.values()} for axis in of_keras]


def test_size_that_the_source_refuses_is_impossible_in_its_own_words(
    translated: Translated,
) -> None:
    needs("torch", "jax")

    (found,) = translated("torch", "jax", "k=3 s=2 p=1 o=2*i+1")

    assert isinstance(found, Impossible)
    assert "torch:eager@cpu: refused at i=1, o=3: ValueError: requested an output size" in (
        found.reason
    )


def test_size_that_grows_faster_than_the_stride_keeps_no_window(translated: Translated) -> None:
    needs("onnx", "torch")

    (found,) = translated("onnx", "torch", "padding=same k=3 s=2 o=3*i")

    assert isinstance(found, Impossible)
    assert "depends on the input size" in found.reason


OPEN: Final = (
    "k=4 s=2 p=1", "k=3 s=2 op=1", "k=5 s=3 p=1:0 op=2", "k=3x2 s=2 op=1", "k=4x4 s=2 p=1",
    "k=2x3x2 s=2 op=0",
)  # fmt: skip


@pytest.fixture(scope="module")
def of_torch(translated: Translated) -> dict[str, Translation]:
    """Return the translations of PyTorch's calls to TensorFlow."""
    needs("tensorflow", "torch")
    found = translated("torch", "tensorflow", *OPEN)
    return {text: each for text, each in zip(OPEN, found, strict=True)
            if isinstance(each, Translation)}  # fmt: skip


@pytest.mark.parametrize("text", OPEN)
def test_tensorflow_function_of_unknown_sizes_computes_what_torch_computes(
    of_torch: dict[str, Translation], text: str
) -> None:
    tf, torch = needs("tensorflow", "torch")
    found = of_torch[text]
    case = found.target_call.candidate.case
    rng = np.random.default_rng(1)
    w, b = (rng.integers(1, 5, size).astype("float32") for size in (case.w_shape, case.b_shape))
    function = tf.function(
        lambda x: defined(found)(x, w, b),
        input_signature=[tf.TensorSpec([None] * (case.ndim + 1) + [case.c_in], tf.float32)],
    )

    for size in (2, 3, 6):
        x = rng.integers(1, 5, (2, case.c_in, *range(size, size + case.ndim))).astype("float32")

        y = np.moveaxis(function(np.moveaxis(x, 1, -1)).numpy(), -1, 1)

        axes = found.source.query.axes
        source = getattr(torch.nn.functional, f"conv_transpose{case.ndim}d")
        full = source(*map(torch.tensor, (x, w)), stride=case.s).numpy()
        full = np.pad(full, [(0, 0), (0, 0), *((0, axis.extra) for axis in axes)])
        kept: tuple[Any, ...] = tuple(slice(a.p_begin, n - a.p_end)
                     for a, n in zip(axes, full.shape[2:], strict=True))  # fmt: skip
        assert np.array_equal(y, full[(..., *kept)] + b.reshape(-1, *(1,) * case.ndim))


def test_tensorflow_keeps_known_sizes_in_a_graph(of_torch: dict[str, Translation]) -> None:
    (tf,) = needs("tensorflow")
    found = of_torch["k=4x4 s=2 p=1"]
    case = found.target_call.candidate.case
    arrays = [np.ones(shape, "float32") for shape in (case.w_shape, case.b_shape)]
    function = tf.function(lambda x: defined(found)(x, *arrays))

    traced = function.get_concrete_function(tf.TensorSpec([1, 5, 6, case.c_in], tf.float32))

    assert traced.output_shapes.as_list() == [1, 10, 12, case.c_out]


def defined(found: Translation) -> Callable[..., Any]:
    """Return the function that the file of a translation defines."""
    names: dict[str, Any] = {}
    exec(compile(found.target_call.file.text, "ported.py", "exec"), names)  # noqa: S102 # the harness's own text
    function: Callable[..., Any] = names[FUNCTION]
    return function


@pytest.mark.parametrize("policy", ["circular", "reflect"])
@pytest.mark.parametrize("backend", ["tensorflow", "keras-tensorflow"])
def test_module_that_pads_with_copies_is_traced_with_unknown_sizes(
    atlas: Atlas, pool: Pools, backend: str, policy: str
) -> None:
    needs("tensorflow", "keras", "torch")
    query = Query.from_texts([f"padding={policy}", "k=5x4", "s=2x1"])
    ends = Selection(backend="torch"), Selection(backend=backend)
    style = FileStyle(form=Form.MODULE)

    (found,) = translate(atlas, [query], *ends, runs=True, style=style, pool=pool)
    assert isinstance(found, Translation)
    process = pool.worker(backend, registry.adapter_class(backend).portable)
    pairs = process.call(traced, found.target_call.file.text)

    assert isinstance(pairs, list)
    assert [y.shape for y, _ in pairs] == [other.shape for _, other in pairs]
    assert all(np.array_equal(*pair) for pair in pairs)


def traced(text: str) -> list[tuple[Any, Any]]:
    """Return what the module of a file gives, and what its trace of unknown sizes gives."""
    (tf,) = needs("tensorflow")
    names: dict[str, Any] = {}
    exec(compile(text, "ported.py", "exec"), names)  # noqa: S102 # the harness's own text
    rng = np.random.default_rng(SEED)
    module = names["ConvTranspose"](2, 3)
    w, b = (rng.integers(1, 9, n).astype(np.float32) for n in ((2, 3, 5, 4), 3))
    module.load_source({"weight": w, "bias": b})
    sizes = tf.TensorSpec([None, None, None, 2], tf.float32)
    graph = tf.function(module.__call__, input_signature=[sizes])
    inputs = [rng.integers(1, 9, (1, i, i + 2, 2)).astype(np.float32) for i in (3, 4, 7)]
    return [(np.asarray(module(x)), np.asarray(graph(x))) for x in inputs]
