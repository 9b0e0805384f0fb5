"""A hundred translations to modules: outputs, gradients and checkpoints are those of the source.

Each module is given weights as the source's own checkpoint and run at three sizes beside it. Its
gradients are held against the adjoint, in exact integers, and against those of the source itself
where it differentiates.
"""

import random
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import nullcontext
from dataclasses import dataclass
from importlib import import_module
from textwrap import dedent
from typing import Any, Final

import numpy as np
import pytest
from numpy.typing import NDArray

from tconv.adapters import registry
from tconv.adapters.layout import CANONICAL, conversion
from tconv.cli.atlas_source import load_atlas
from tconv.engine.worker.entry import load_adapter
from tconv.inputs.draw import draw
from tconv.model.case import Case
from tconv.model.target import Selection
from tconv.model.window import Window
from tconv.translation import translate, worker
from tconv.translation.python_file import FileStyle, Form, PythonFile
from tconv.translation.query import Query
from tconv.translation.source import Impossible, SourceCall, find_sources, layout_of
from tconv.translation.translate import Translation

SEED: Final = 20261128
COUNT: Final = 100
PACKAGES: Final = ("torch", "tensorflow", "jax", "flax", "keras", "onnx", "onnxruntime")
TARGETS: Final = ("torch", "tensorflow", "jax", "keras-torch", "keras-tensorflow", "keras-jax")
SOURCES: Final = (*TARGETS, "onnx", "onnxruntime", "numpy")
DIFFERENTIATED_BY: Final = {
    "torch": "torch",
    "keras-torch": "torch",
    "tensorflow": "tensorflow",
    "keras-tensorflow": "tensorflow",
    "jax": "jax",
    "keras-jax": "jax",
}

Gradients = dict[str, NDArray[Any]]
"""Those of x (n, c, *i), of w (c_in, c_out / groups, *k) and of b."""


def drawn(chance: random.Random, source: str) -> str:
    """Return a call that the source may have, of one to three axes."""
    ndim = chance.choice([1, 1, 1, 2, 2, 3])
    axes = [(chance.randint(1, 4), chance.randint(1, 3)) for _ in range(ndim)]
    words = [f"{name}={'x'.join(map(str, values))}"
             for name, values in zip("ks", zip(*axes, strict=True), strict=True)]  # fmt: skip
    takes_numbers = source in {"torch", "jax", "onnx", "onnxruntime", "numpy"}
    if source != "torch" and (not takes_numbers or chance.random() < 1 / 3):
        words.append(f"padding={chance.choice(['same', 'valid'])}")
    else:
        words.append(f"p={'x'.join(str(chance.randint(0, k - 1)) for k, _ in axes)}")
        words.append(f"op={'x'.join(str(chance.randint(0, s - 1)) for _, s in axes)}")
    if takes_numbers and chance.random() < 1 / 3:
        words.append(f"groups={chance.choice([2, 3])}")
    words.append(f"d={chance.choice([1, 1, 1, 2])}")
    return " ".join(words)


@dataclass(frozen=True, kw_only=True)
class Result:
    """A translation, with the gradients of its module and of the source at the largest sample.

    Attributes:
        name: the call, its source and its target.
        translation: the module, run beside the source.
        gradients: of the sum of y times `upstream`, by the module.
        of_source: the same by the source; None: it does not differentiate.
        adjoint: the same by the definition.
        given_back: whether the weights that the module gives back are those that it took.
        without_bias: whether the source's own function gives the rest where b is None.
    """

    name: str
    translation: Translation
    gradients: Gradients
    of_source: Gradients | None
    adjoint: Gradients
    given_back: bool
    without_bias: bool


@pytest.fixture(scope="module")
def results() -> list[Result]:
    for package in PACKAGES:
        pytest.importorskip(package, reason=f"{package} is not installed")
    with translate.Pools() as pools, ThreadPoolExecutor(2) as threads:
        ends = Ends(pools, threads)
        return [result for of_one in threads.map(ends.results, TARGETS) for result in of_one]


class Ends:
    """The process of each backend, and what is asked of it."""

    def __init__(self, pools: translate.Pools, threads: ThreadPoolExecutor) -> None:
        self._sources, self._targets = (
            dict(zip(names, threads.map(pools.worker, names, variables), strict=True))
            for names, variables in (
                (SOURCES, [registry.adapter_class(name).accelerated for name in SOURCES]),
                (TARGETS, [registry.adapter_class(name).portable for name in TARGETS]),
            )
        )
        self._atlas = load_atlas(None)
        self._entries = dict(zip(SOURCES, threads.map(self._known, SOURCES), strict=True))

    def _known(self, name: str) -> Any:
        modes = translate._modes(Selection(backend=name))
        written = translate._ask(self._sources[name], worker.modes_with_snippet, modes)
        return translate._entries(self._atlas, written)

    def results(self, target: str) -> list[Result]:
        """Return this target's share of the translations."""
        chance = random.Random(f"{SEED} {target}")  # noqa: S311 # no secret
        share = -(-(COUNT - TARGETS.index(target)) // len(TARGETS))
        made: list[Result] = []
        while len(made) < share:
            source = chance.choice(SOURCES)
            result = self.result(drawn(chance, source), source, target)
            if result is not None:
                made.append(result)
        return made

    def result(self, text: str, source: str, target: str) -> Result | None:
        """Return the translation with its gradients, or None: it is impossible."""
        entries, own = self._entries[target], self._entries[source]
        rules = [e.rule for known in entries.values() for e in known if e.rule]
        calls = find_sources(Query.from_texts(text.split()), own, rules)
        found = translate._translation(
            calls, entries, self._sources[source], self._targets[target],
            FileStyle(form=Form.MODULE),
        )  # fmt: skip
        if isinstance(found, Impossible):
            return None
        case, layouts = largest(found.source), (found.source.target, found.target_call.target)
        gradients, given_back = translate._ask(
            self._targets[target],
            of_module,
            target,
            found.target_call.file,
            case,
            *layouts,
        )
        only = {mode: known for mode, known in own.items() if mode == found.source.target}
        call = translate._ask(
            self._sources[source], worker.find_target_call, found.source, only, FileStyle()
        )
        assert isinstance(call, worker.TargetCall)
        of_source, without_bias = translate._ask(
            self._sources[source], of_function, source, call.file, case, layouts[0]
        )
        return Result(
            name=f"{source} {text} to {target}",
            translation=found,
            gradients=gradients,
            of_source=of_source,
            adjoint=adjoint(found.source, case),
            given_back=given_back,
            without_bias=without_bias,
        )


def largest(source: SourceCall) -> Case:
    return source.query.case(source.samples[-1])


def upstream(case: Case, shape: Sequence[int]) -> NDArray[Any]:
    """Return the gradient of y (n, c_out, *o): small integers, so that every sum is exact."""
    numbers = np.random.default_rng(len(case.id)).integers(1, 4, shape)
    return numbers.astype(case.dtype)


def of_module(
    backend: str, file: PythonFile, case: Case, source: Any, target: Any
) -> tuple[Gradients, bool]:
    """Return the gradients of a module that has the source's weights, and that it returns them."""
    own, border = layout_of(source), file.border
    x, w, b = tensors(case)
    weights = own.checkpoint.of(own.w(w, case.groups), b)
    x = border.x(x)
    with session(backend, target):
        channels = {"c_in": case.c_in, "c_out": case.c_out}
        names = file.load()(x=x, w=w, b=b, weights=weights, **channels)
        module = names["module"]
        g = border.x(upstream(case, border.y(np.asarray(plain(names["y"]))).shape))
        if backend == "jax":
            found = _of_nnx(module, x, g)
        elif backend == "keras-jax":
            found = _of_keras_jax(module, x, g)
        elif DIFFERENTIATED_BY[backend] == "torch":
            found = _of_torch_module(module, x, g)
        else:
            found = _of_tensorflow_module(module, x, g)
        back = module.to_source()
    arrays = list(back.values()) if isinstance(back, Mapping) else back
    given_back = (
        type(back) is type(weights)
        and all(np.array_equal(a, e) and a.dtype == e.dtype
                for a, e in zip(arrays, [own.w(w, case.groups), b], strict=True))
    )  # fmt: skip
    found["w"] = names["to_source_layout"](found["w"])
    return canonical(found, case, border, own), given_back


def session(backend: str, target: Any) -> Any:
    """Return the adapter's session, but for Keras on PyTorch.

    Under `keras.device`, as that session has it, Keras's variables are no leaves of PyTorch's graph
    and get no gradients.
    """
    adapter = load_adapter(backend)
    if backend == "keras-torch":
        return nullcontext()
    return adapter.session(target.mode, target.device)


def tensors(case: Case) -> tuple[NDArray[Any], NDArray[Any], NDArray[Any]]:
    drawn = draw(case).tensors
    assert drawn.b is not None
    return np.array(drawn.x), np.array(drawn.w), np.array(drawn.b)


def canonical(found: Gradients, case: Case, border: Any, own: Any) -> Gradients:
    """Return gradients of arrays in the users' layouts in the canonical ones."""
    w = found["w"]
    for expression, _ in conversion(own, CANONICAL, case.ndim, case.groups):
        w = eval(expression, {"np": np, "w": w})  # noqa: S307 # the harness's own text
    return {"x": border.y(found["x"]), "w": w, "b": found["b"]}


def plain(y: Any) -> Any:
    return y.detach() if hasattr(y, "detach") else y


def by_name(pairs: Any) -> Gradients:
    """Return gradients of weights by the letters of the design."""
    named = {str(name).replace("/", ".").rpartition(".")[2]: value for name, value in pairs}
    return {
        "w": np.asarray(named["kernel"] if "kernel" in named else named["weight"]),
        "b": np.asarray(named["bias"]),
    }


def _of_torch_module(module: Any, x: Any, g: Any) -> Gradients:
    torch: Any = import_module("torch")

    leaf = torch.tensor(x, requires_grad=True)
    (module(leaf) * torch.tensor(g)).sum().backward()
    pairs = [(name, each.grad) for name, each in module.named_parameters()]
    assert leaf.grad is not None
    return {"x": leaf.grad.numpy(), **by_name(pairs)}


def _of_tensorflow_module(module: Any, x: Any, g: Any) -> Gradients:
    tf: Any = import_module("tensorflow")

    leaf = tf.constant(x)
    with tf.GradientTape() as tape:
        tape.watch(leaf)
        loss = tf.reduce_sum(module(leaf) * g)
    variables = module.trainable_variables
    of_x, *others = tape.gradient(
        loss, [leaf, *(v.value if hasattr(v, "path") else v for v in variables)]
    )
    names = [getattr(each, "path", each.name.partition(":")[0]) for each in variables]
    return {"x": of_x.numpy(), **by_name(zip(names, others, strict=True))}


def _of_nnx(module: Any, x: Any, g: Any) -> Gradients:
    jax: Any = import_module("jax")
    nnx: Any = import_module("flax.nnx")

    graph, state = nnx.split(module)
    of_state, of_x = jax.grad(
        lambda state, x: (nnx.merge(graph, state)(x) * g).sum(), argnums=(0, 1)
    )(state, jax.numpy.asarray(x))
    pairs = [(path[-1], value[...]) for path, value in nnx.to_flat_state(of_state)]
    return {"x": np.asarray(of_x), **by_name(pairs)}


def _of_keras_jax(module: Any, x: Any, g: Any) -> Gradients:
    jax: Any = import_module("jax")

    values = [each.value for each in module.trainable_variables]
    of_values, of_x = jax.grad(
        lambda values, x: (module.stateless_call(values, [], x)[0] * g).sum(), argnums=(0, 1)
    )(values, jax.numpy.asarray(x))
    names = [each.path for each in module.trainable_variables]
    return {"x": np.asarray(of_x), **by_name(zip(names, of_values, strict=True))}


def of_function(
    backend: str, file: PythonFile, case: Case, source: Any
) -> tuple[Gradients | None, bool]:
    """Return the gradients of the source's own function, and whether it takes no bias, too."""
    own = layout_of(source)
    x, w, b = tensors(case)
    arrays = own.x(x), own.w(w, case.groups), b
    with session(backend, source):
        run = file.load()
        y, rest = (
            own.y(np.asarray(plain(run(x=arrays[0], w=arrays[1], b=bias)["y"])))
            for bias in (b, None)
        )
        without_bias = np.array_equal(rest + b.reshape(-1, *(1,) * case.ndim), y)
        if backend not in DIFFERENTIATED_BY:
            return None, without_bias
        g = own.x(upstream(case, y.shape))
        found = _by_framework(DIFFERENTIATED_BY[backend], run, arrays, g)
        gradients = dict(zip("xwb", found, strict=True))
    return canonical(gradients, case, own, own), without_bias


def _by_framework(framework: str, run: Any, arrays: Any, g: Any) -> Iterator[Any]:
    """Return the gradients of x, w and b."""
    if framework == "torch":
        torch: Any = import_module("torch")

        leaves = [torch.tensor(array, requires_grad=True) for array in arrays]
        y = run(**dict(zip("xwb", leaves, strict=True)))["y"]
        (y * torch.tensor(g)).sum().backward()
        return (leaf.grad.numpy() for leaf in leaves if leaf.grad is not None)
    if framework == "tensorflow":
        tf: Any = import_module("tensorflow")

        constants = [tf.constant(array) for array in arrays]
        with tf.GradientTape() as tape:
            for constant in constants:
                tape.watch(constant)
            loss = tf.reduce_sum(run(**dict(zip("xwb", constants, strict=True)))["y"] * g)
        return (gradient.numpy() for gradient in tape.gradient(loss, constants))
    jax: Any = import_module("jax")

    gradients = jax.grad(lambda x, w, b: (run(x=x, w=w, b=b)["y"] * g).sum(), argnums=(0, 1, 2))
    return map(np.asarray, gradients(*map(jax.numpy.asarray, arrays)))


def adjoint(source: SourceCall, case: Case) -> Gradients:
    """Return the gradients by the definition: each product of x and w belongs to one y."""
    windows = [of_axis[size] for of_axis, size in zip(source.windows, case.i, strict=True)]
    full = [axis.full for axis in case.axes]
    kept = [n - window.begin - window.end for n, window in zip(full, windows, strict=True)]
    g = upstream(case, (case.n, case.c_out, *kept))
    of_b = g.sum((0, *range(2, g.ndim)))
    for axis, (n, window) in enumerate(zip(full, windows, strict=True), 2):
        g = np.moveaxis(placed(np.moveaxis(g, axis, 0), window, n), 0, axis)
    x, w, _ = tensors(case)
    c_in, c_out = case.c_in // case.groups, case.c_out // case.groups
    of_x, of_w = np.zeros_like(x), np.zeros_like(w)
    for group in range(case.groups):
        own, outputs = (slice(group * c, (group + 1) * c) for c in (c_in, c_out))
        for taps in np.ndindex(*case.k):
            steps = zip(taps, case.dilation, case.s, case.i, strict=True)
            at = tuple(slice(u * d, u * d + s * (i - 1) + 1, s) for u, d, s, i in steps)
            part = g[(slice(None), outputs, *at)]
            of_x[:, own] += np.einsum("no...,io->ni...", part, w[(own, slice(None), *taps)])
            of_w[(own, slice(None), *taps)] += np.einsum(
                "nop,nip->io", *(a.reshape(*a.shape[:2], -1) for a in (part, x[:, own]))
            )
    return {"x": of_x, "w": of_w, "b": of_b}


def placed(g: NDArray[Any], window: Window, size: int) -> NDArray[Any]:
    """Return a gradient in the full result along its first axis: zeros where that is cropped."""
    whole = np.zeros((size, *g.shape[1:]), g.dtype)
    start, stop = max(window.begin, 0), size - max(window.end, 0)
    whole[start:stop] = g[start - window.begin : stop - window.begin]
    return whole


def failing(results: list[Result], **checks: Any) -> list[str]:
    return [result.name for result in results if not checks["holds"](result)]


def equal(one: Gradients, other: Gradients) -> bool:
    return all(np.array_equal(one[name], other[name]) for name in "xwb")


def test_every_module_gives_what_the_source_gives(results: list[Result]) -> None:
    assert failing(results, holds=lambda each: each.translation.differences == ()) == []


def test_gradients_of_x_and_of_every_weight_are_those_of_the_definition(
    results: list[Result],
) -> None:
    assert failing(results, holds=lambda each: equal(each.gradients, each.adjoint)) == []


def test_gradients_are_those_of_the_source_where_it_differentiates(results: list[Result]) -> None:
    differentiated = [each for each in results if each.of_source is not None]

    assert len(differentiated) > COUNT / 2
    assert failing(differentiated, holds=lambda e: equal(e.gradients, e.of_source)) == []


def test_no_gradient_is_zero_everywhere(results: list[Result]) -> None:
    flows = [all(array.any() for array in each.gradients.values()) for each in results]

    assert all(flows)


def test_functions_without_a_bias_give_the_rest(results: list[Result]) -> None:
    assert failing(results, holds=lambda each: each.without_bias) == []


def test_weights_that_a_module_gives_back_are_those_that_it_took(results: list[Result]) -> None:
    assert failing(results, holds=lambda each: each.given_back) == []


def test_modules_differ_in_all_that_can_come_between_their_weights_and_the_result(
    results: list[Result],
) -> None:
    candidates = [each.translation.target_call.candidate for each in results]
    texts = [each.translation.target_call.file.text for each in results]

    assert any(each.dilated_by for each in candidates)
    assert any(each.split_into > 1 for each in candidates)
    assert any(each.words for each in candidates)
    assert sum("self.conv = " in text for text in texts) > COUNT / 5


@pytest.mark.parametrize("dtype", ["bfloat16", "float32"])
@pytest.mark.parametrize("backend", ["tensorflow", "jax"])
def test_module_takes_the_checkpoint_of_a_real_layer_as_its_docstring_says(
    backend: str, dtype: str
) -> None:
    torch = pytest.importorskip("torch", reason="it is not installed")
    for package in (backend, *["flax"] * (backend == "jax")):
        pytest.importorskip(package, reason="it is not installed")
    ends = Selection(backend="torch"), Selection(backend=backend)
    query = Query.from_texts(["k=3x2", "s=2", "op=0", f"dtype={dtype}"])
    style = FileStyle(form=Form.MODULE)
    (found,) = translate.translate(load_atlas(None), [query], *ends, runs=False, style=style)
    assert isinstance(found, Translation)
    text = found.target_call.file.text
    layer, other = (
        torch.nn.ConvTranspose2d(4, 6, (3, 2), stride=2, dtype=getattr(torch, dtype))
        for _ in range(2)
    )
    names: dict[str, Any] = {"torch": torch, "c_in": 4, "c_out": 6}
    exec(compile(text, "ported.py", "exec"), names)  # noqa: S102 # the harness's own text
    _, *lines = names["ConvTranspose"].__doc__.splitlines()
    forth, back = dedent("\n".join(lines)).split("Back to torch:")

    names["layer"] = layer
    exec(forth, names)  # noqa: S102 # as above
    names["layer"] = other
    exec(back, names)  # noqa: S102 # as above

    given = other.state_dict()
    assert all(torch.equal(given[name], value) for name, value in layer.state_dict().items())
