"""The formulations agree bit for bit, give the worked examples, and fail with a planted fault."""

import ast
import importlib
import pickle
import random
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import cache, partial
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from tconv.errors import CaseError
from tconv.oracle.formulations import (
    FORMULATIONS,
    _formulate,
    conv,
    conv_transpose,
    direct,
    vjp,
)
from tconv.oracle.formulations.arguments import Arguments

Formulation = Callable[..., NDArray[Any]]
COUNTS = {1: 2500, 2: 1600, 3: 500}


@dataclass(frozen=True, slots=True, kw_only=True)
class Point:
    """One point of the grid; sizes and parameters hold one entry per axis."""

    n: int
    c_in: int
    c_out: int
    groups: int
    i: tuple[int, ...]
    k: tuple[int, ...]
    stride: tuple[int, ...]
    padding: tuple[tuple[int, int], ...]
    output_padding: tuple[int, ...]
    dilation: tuple[int, ...]
    bias: bool

    def axes(self) -> Iterator[tuple[int, int, int, int, int, int, int, int]]:
        """Yield i, k, s, begin, end, op, d and K of each axis."""
        for i, k, s, (begin, end), op, d in zip(
            self.i,
            self.k,
            self.stride,
            self.padding,
            self.output_padding,
            self.dilation,
            strict=True,
        ):
            yield i, k, s, begin, end, op, d, d * (k - 1) + 1

    @property
    def has_output(self) -> bool:
        """Whether every axis with pixels has an output."""
        return all(
            i == 0 or s * (i - 1) + span - begin - end + op > 0
            for i, _, s, begin, end, op, _, span in self.axes()
        )


def _draw(rng: random.Random, ndim: int) -> Point:
    groups = rng.choice([1, 1, 2, 3])
    largest = 4 if ndim < 3 else 3
    k = [rng.randint(1, largest) for _ in range(ndim)]
    s = [rng.randint(1, 4 if ndim < 3 else 3) for _ in range(ndim)]
    d = [rng.choice([1, 1, 2, 3, 4][: 5 if ndim < 3 else 3]) for _ in range(ndim)]

    def crop(axis: int) -> int:
        span = d[axis] * (k[axis] - 1) + 1
        rare = rng.random()
        if rare < 0.08:
            return rng.randint(-3, -1)
        return span + rng.randint(0, 1) if rare < 0.16 else rng.choice([0, 1, span - 1, span // 2])

    return Point(
        n=rng.choice([0, 1, 1, 1, 2, 2, 2, 2]),
        c_in=groups * rng.randint(1, 2),
        c_out=groups * rng.randint(1, 2),
        groups=groups,
        i=tuple(0 if rng.random() < 0.04 else rng.randint(1, largest) for _ in range(ndim)),
        k=tuple(k),
        stride=tuple(s),
        padding=tuple((crop(axis), crop(axis)) for axis in range(ndim)),
        output_padding=tuple(
            step + rng.randint(0, 2) if rng.random() < 0.15 else rng.randrange(step) for step in s
        ),
        dilation=tuple(d),
        bias=rng.random() < 0.7,
    )


@cache
def grid(ndim: int) -> tuple[Point, ...]:
    rng = random.Random(ndim)  # noqa: S311 - reproducible draws, no secret
    points: list[Point] = []
    while len(points) < COUNTS[ndim]:
        point = _draw(rng, ndim)
        if point.has_output:
            points.append(point)
    return tuple(points)


def compute(formulation: Formulation, point: Point) -> NDArray[Any]:
    rng = np.random.default_rng(7)
    x = rng.integers(1, 9, (point.n, point.c_in, *point.i)).astype(np.float64)
    w = rng.integers(-9, 0, (point.c_in, point.c_out // point.groups, *point.k)).astype(np.float64)
    return formulation(
        x,
        w,
        np.arange(1.0, point.c_out + 1) * 1000 if point.bias else None,
        stride=point.stride,
        padding=point.padding,
        output_padding=point.output_padding,
        dilation=point.dilation,
        groups=point.groups,
    )


@cache
def expected(reference: str, point: Point) -> NDArray[Any]:
    return compute(FORMULATIONS[reference], point)


def first_disagreement(
    formulation: Formulation, reference: str, points: Sequence[Point]
) -> str | None:
    """Return the first point where a formulation differs from the reference, in words."""
    for point in points:
        y, want = compute(formulation, point), expected(reference, point)
        if y.shape != want.shape or y.dtype != want.dtype:
            return f"{y.shape} {y.dtype}, but should be {want.shape} {want.dtype}: {point}"
        if not np.array_equal(y, want):
            at = tuple(int(index) for index in np.argwhere(y != want)[0])
            return f"y[{at}]={y[at]}, but should be {want[at]}: {point}"
    return None


@pytest.mark.parametrize("ndim", [1, 2, 3])
@pytest.mark.parametrize("name", [name for name in FORMULATIONS if name != "scatter"])
def test_formulation_agrees_with_scatter_bit_for_bit(name: str, ndim: int) -> None:
    found = first_disagreement(FORMULATIONS[name], "scatter", grid(ndim))

    assert found is None, f"{name}: {found}"


FEATURES: dict[str, Callable[[Point], bool]] = {
    "s > K": lambda p: any(s > span for _, _, s, _, _, _, _, span in p.axes()),
    "even k": lambda p: any(k % 2 == 0 for k in p.k),
    "op = s - 1 > 0": lambda p: any(0 < op == s - 1 for _, _, s, _, _, op, _, _ in p.axes()),
    "op >= s": lambda p: any(op >= s for _, _, s, _, _, op, _, _ in p.axes()),
    "gcd(d, s) > 1": lambda p: any(np.gcd(d, s) > 1 for _, _, s, _, _, _, d, _ in p.axes()),
    "begin != end": lambda p: any(begin != end for begin, end in p.padding),
    "p = K - 1": lambda p: any(0 < b == span - 1 for _, _, _, b, _, _, _, span in p.axes()),
    "p > K - 1": lambda p: any(b >= span for _, _, _, b, _, _, _, span in p.axes()),
    "negative padding": lambda p: any(min(pair) < 0 for pair in p.padding),
    "i = 0": lambda p: 0 in p.i,
    "n = 0": lambda p: p.n == 0,
    "groups": lambda p: p.groups > 1,
    "anisotropic": lambda p: len(set(p.axes())) == len(p.i),
}


@pytest.mark.parametrize("feature", FEATURES)
@pytest.mark.parametrize("ndim", [1, 2, 3])
def test_grid_contains_the_feature_often(ndim: int, feature: str) -> None:
    count = sum(map(FEATURES[feature], grid(ndim)))

    assert count >= 30


# --- planted faults ---------------------------------------------------------------------------


class _Plant(ast.NodeTransformer):
    """Make the sum or difference with the given number one too large, or swap its sign."""

    def __init__(self, number: int, fault: str) -> None:
        self.number, self.fault, self.seen = number, fault, 0

    def visit_BinOp(self, node: ast.BinOp) -> ast.AST:
        self.generic_visit(node)
        if not isinstance(node.op, ast.Add | ast.Sub):
            return node
        self.seen += 1
        if self.seen - 1 != self.number:
            return node
        if self.fault == "one too large":
            return ast.BinOp(node, ast.Add(), ast.Constant(1))
        other = ast.Sub() if isinstance(node.op, ast.Add) else ast.Add()
        return ast.BinOp(node.left, other, node.right)


def _source(name: str) -> str:
    path = importlib.import_module(f"tconv.oracle.formulations.{name}").__file__
    assert path is not None
    return Path(path).read_text(encoding="utf-8")


def _sums(name: str) -> list[str]:
    """Return the text of each sum or difference of a module, in the order _Plant counts them."""
    texts: list[str] = []

    class Collect(ast.NodeVisitor):
        def visit_BinOp(self, node: ast.BinOp) -> None:
            self.generic_visit(node)
            if isinstance(node.op, ast.Add | ast.Sub):
                texts.append(ast.unparse(node))

    Collect().visit(ast.parse(_source(name)))
    return texts


def planted(name: str, number: int, fault: str) -> ModuleType:
    """Return a formulation's module with one fault in its source."""
    tree = _Plant(number, fault).visit(ast.parse(_source(name)))
    module = ModuleType(f"planted_{name}")
    exec(compile(ast.fix_missing_locations(tree), f"<{name}>", "exec"), module.__dict__)  # noqa: S102 - our own source
    return module


def first_wrong_size(sizes: Callable[[Arguments], tuple[int, ...]]) -> str | None:
    """Return the first point where a size is not the number of places where a kernel fits."""
    for point in grid(1):
        (_, k, s, begin, end, _, d, span) = next(point.axes())
        w = np.ones((1, 1, k))
        for size in range(6):
            fits = len(range(0, begin + size + end - span + 1, s))
            x = np.ones((1, 1, size))
            a = Arguments.from_call(x, w, stride=s, padding=point.padding, dilation=d)
            if sizes(a) != (fits,):
                return f"{sizes(a)}, but should be {fits}: size {size} of {point}"
    return None


def test_direct_convolution_has_an_output_wherever_the_kernel_fits() -> None:
    assert first_wrong_size(direct.output_sizes) is None


HARMLESS = {
    ("scatter", "origin + max(full, stop)", "one too large"): "a longer buffer, not read",
    ("gather", "size + 1", "one too large"): "one more zero that stands for no pixel",
    ("subpixel", "distance[-1] + 1", "one too large"): "one more tap, which is zero",
    ("subpixel", "size + count - 1", "one too large"): "a longer full result, not read",
    ("subpixel", "size + count", "one too large"): "a longer full result, not read",
    ("subpixel", "size + count - 1", "sign"): "a longer full result, not read",
    **{
        ("direct", text, fault): "longer zeros behind, not read"
        for text, fault in [
            ("size - 1", "sign"),
            ("size - 1", "one too large"),
            (
                "a.stride[axis] * (size - 1) + a.dilation[axis] * _taps(a, axis)[-1]",
                "one too large",
            ),
            (
                "a.stride[axis] * (size - 1) + a.dilation[axis] * _taps(a, axis)[-1] + 1",
                "one too large",
            ),
        ]
    },
}
MODULES = [*FORMULATIONS, "direct"]
PLANTS = [
    (name, number, text, fault)
    for name in MODULES
    for number, text in enumerate(_sums(name))
    for fault in ("one too large", "sign")
]
FAULTS = [
    pytest.param(name, number, fault, id=f"{name}-{number}-{fault.replace(' ', '_')}")
    for name, number, text, fault in PLANTS
    if (name, text, fault) not in HARMLESS
]


def _first_after_planting(name: str, number: int, fault: str) -> str | None:
    module = planted(name, number, fault)
    if name == "direct" and (found := first_wrong_size(module.output_sizes)):
        return found
    if name == "direct":  # it acts through the gradient
        gradient = planted("gradient", -1, fault)
        gradient.__dict__["direct"] = module
        module = gradient
    formulation = partial(_formulate, module.conv_transpose)
    reference = "gather" if name == "scatter" else "scatter"
    try:
        return first_disagreement(formulation, reference, grid(1)[:500] + grid(2)[:500])
    except (ValueError, IndexError, TypeError) as error:  # what NumPy says of shapes that clash
        return repr(error)


@pytest.mark.parametrize(("name", "number", "fault"), FAULTS)
def test_agreement_fails_once_a_fault_is_planted(name: str, number: int, fault: str) -> None:
    found = _first_after_planting(name, number, fault)

    assert found is not None, f"{fault} unnoticed: {_sums(name)[number]}"


@pytest.mark.parametrize("key", HARMLESS, ids="-".join)
def test_fault_listed_as_harmless_exists_and_is_harmless(key: tuple[str, str, str]) -> None:
    numbers = [number for name, number, text, fault in PLANTS if (name, text, fault) == key]

    assert len(numbers) == 1
    assert _first_after_planting(key[0], numbers[0], key[2]) is None


@pytest.mark.parametrize("name", MODULES)
def test_every_module_has_faults_to_plant(name: str) -> None:
    assert len(_sums(name)) >= 4


def test_planting_nothing_leaves_agreement() -> None:
    module = planted("gather", -1, "sign")

    assert (
        first_disagreement(partial(_formulate, module.conv_transpose), "scatter", grid(2)) is None
    )


# --- examples worked out from the definition ------------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class Example:
    """x and w of one batch entry as (channels, *sizes), and the result worked out by hand."""

    x: Any
    w: Any
    y: Any
    parameters: dict[str, Any]
    b: Any = None


X12, W3 = [[1, 2]], [[[1, 10, 100]]]
EXAMPLES = {
    "stride 1": Example(x=X12, w=W3, y=[[1, 12, 120, 200]], parameters={}),
    "stride 2": Example(x=X12, w=W3, y=[[1, 10, 102, 20, 200]], parameters={"stride": 2}),
    "s = K": Example(x=X12, w=W3, y=[[1, 10, 100, 2, 20, 200]], parameters={"stride": 3}),
    "s > K": Example(x=X12, w=[[[1, 10]]], y=[[1, 10, 0, 2, 20]], parameters={"stride": 3}),
    "crop": Example(x=X12, w=W3, y=[[10, 102, 20]], parameters={"stride": 2, "padding": 1}),
    "begin and end": Example(
        x=X12, w=W3, y=[[102, 20, 200]], parameters={"stride": 2, "padding": [(2, 0)]}
    ),
    "op acts before the end crop": Example(
        x=X12,
        w=W3,
        y=[[10, 102, 20, 200]],
        parameters={"stride": 2, "padding": 1, "output_padding": 1},
    ),
    "op past the full result": Example(
        x=X12,
        w=W3,
        y=[[8, 17, 109, 27, 207, 7, 7]],
        parameters={"stride": 2, "padding": [(0, 1)], "output_padding": 3},
        b=[7],
    ),
    "negative padding": Example(
        x=X12,
        w=W3,
        y=[[7, 8, 17, 109, 27, 207, 7, 7]],
        parameters={"stride": 2, "padding": [(-1, -2)]},
        b=[7],
    ),
    "p > K - 1": Example(
        x=[[1, 2, 3]], w=[[[1, 10]]], y=[[20, 3, 30]], parameters={"stride": 2, "padding": [(3, 0)]}
    ),
    "dilation 2": Example(x=X12, w=[[[1, 10]]], y=[[1, 2, 10, 20]], parameters={"dilation": 2}),
    "gcd(d, s) = 2": Example(
        x=X12, w=W3, y=[[1, 0, 12, 0, 120, 0, 200]], parameters={"dilation": 2, "stride": 2}
    ),
    "no pixels": Example(x=[[]], w=W3, y=[[5, 5]], parameters={}, b=[5]),
    "no pixels, o < 0": Example(x=[[]], w=W3, y=[[]], parameters={"stride": 5}, b=[5]),
    "channels": Example(
        x=[[1], [2]], w=[[[3], [5]], [[7], [11]]], y=[[117], [227]], parameters={}, b=[100, 200]
    ),
    "groups": Example(
        x=[[1], [2]],
        w=[[[3], [5]], [[7], [11]]],
        y=[[3], [5], [14], [22]],
        parameters={"groups": 2},
    ),
    "2-D, each axis its own": Example(
        x=[[[1, 2]]],
        w=[[[[1, 10], [100, 1000]]]],
        y=[[[10, 2, 20], [1000, 200, 2000], [0, 0, 0]]],
        parameters={"stride": (3, 2), "padding": (0, (1, 0)), "output_padding": (1, 0)},
    ),
    "3-D": Example(
        x=[[[[1, 2]]]],
        w=[[[[[1]], [[10]]]]],
        y=[[[[1, 0, 2]], [[10, 0, 20]]]],
        parameters={"stride": (1, 1, 2)},
    ),
}


def _run(name: str, example: Example, dtype: type[np.generic]) -> NDArray[Any]:
    b = None if example.b is None else np.array(example.b, dtype)
    x, w = np.array([example.x], dtype), np.array(example.w, dtype)
    return FORMULATIONS[name](x, w, b, **example.parameters)


@pytest.mark.parametrize("example", EXAMPLES.values(), ids=EXAMPLES.keys())
@pytest.mark.parametrize("name", FORMULATIONS)
def test_formulation_gives_the_worked_example(name: str, example: Example) -> None:
    assert _run(name, example, np.float64).tolist() == [example.y]


@pytest.mark.parametrize("dtype", [np.longdouble, np.complex128, np.int64, object])
@pytest.mark.parametrize("example", ["channels", "groups", "2-D, each axis its own", "no pixels"])
@pytest.mark.parametrize("name", FORMULATIONS)
def test_formulation_computes_in_the_dtype_given(
    name: str, example: str, dtype: type[np.generic]
) -> None:
    y = _run(name, EXAMPLES[example], dtype)

    assert y.dtype == dtype
    assert y.tolist() == [EXAMPLES[example].y]


@pytest.mark.parametrize("name", FORMULATIONS)
def test_result_has_the_common_dtype_of_input_and_weights(name: str) -> None:
    y = FORMULATIONS[name](np.ones((1, 1, 2), np.float32), np.ones((1, 1, 1)), np.ones(1, np.int8))

    assert y.dtype == np.float64


@pytest.mark.parametrize("name", FORMULATIONS)
def test_integers_beyond_float64_stay_exact(name: str) -> None:
    large = 2**53 + 1
    y = FORMULATIONS[name](np.array([[[large]]]), np.array([[[1, 3]]]))

    assert y.tolist() == [[[large, 3 * large]]]


@pytest.mark.parametrize("name", ["scatter", "matrix"])
def test_infinity_spreads_only_where_its_products_fall(name: str) -> None:
    x, w = np.array([[[1.0, np.inf]]]), np.array([[[1.0, np.inf]]])
    y = FORMULATIONS[name](x, w, stride=3, padding=-1)

    assert y.tolist() == [[[0.0, 1.0, np.inf, 0.0, np.inf, np.inf, 0.0]]]


@pytest.mark.parametrize("name", FORMULATIONS)
def test_arguments_are_left_as_they_were(name: str) -> None:
    x, w, b = np.ones((1, 2, 3)), np.ones((2, 1, 2)), np.ones(1)
    y = FORMULATIONS[name](x, w, b)
    y[...] = 9

    assert x.sum() == 6
    assert w.sum() == 4
    assert b.sum() == 1


def test_direct_convolution_reads_at_the_stride_and_floors_the_size() -> None:
    y = np.array([[[1.0, 2.0, 3.0, 4.0, 5.0, 6.0]]])
    out = conv(y, np.array([[[1.0, 10.0]]]), stride=2, padding=[(1, 0)])

    assert out.tolist() == [[[10.0, 32.0, 54.0]]]


def test_direct_convolution_of_less_than_a_kernel_is_empty() -> None:
    out = conv(np.ones((2, 1, 2)), np.ones((3, 1, 4)), stride=2)

    assert out.shape == (2, 3, 0)


# --- mistakes -------------------------------------------------------------------------------------

X, W = np.ones((1, 2, 3, 3)), np.ones((2, 1, 2, 2))
MISTAKES: dict[str, tuple[Callable[[], object], str]] = {
    "rank of w": (lambda: conv_transpose(X, W[0, 0]), "w.ndim=2, but should be 3 or more"),
    "rank of x": (lambda: conv_transpose(X[0], W), "x.ndim=3, but should be w.ndim=4"),
    "no tap": (lambda: conv_transpose(X, W[:, :, :0]), r"w.shape=\(2, 1, 0, 2\), but should"),
    "channels": (lambda: conv_transpose(X[:, :1], W), "x.shape.1.=1, but should be .*=2"),
    "channels of conv": (lambda: conv(X, W), "x.shape.1.=2, but should be .*=1"),
    "groups": (lambda: conv_transpose(X, W, groups=3), "groups=3, but should divide c_in=2"),
    "zero groups": (lambda: conv_transpose(X, W, groups=0), "groups=0, but should be 1 or more"),
    "bias": (lambda: conv_transpose(X, W, np.ones(2)), r"b.shape=\(2,\), but should be \(1,\)"),
    "bias dtype": (lambda: conv_transpose(X, W, np.ones(1, complex)), "b.dtype=complex128, but"),
    "zero stride": (lambda: conv_transpose(X, W, stride=0), "stride=0, but should be 1 or more"),
    "zero dilation": (lambda: conv_transpose(X, W, dilation=(1, 0)), "dilation=.1, 0., but should"),
    "negative op": (lambda: conv_transpose(X, W, output_padding=-1), "output_padding=-1, but"),
    "entries": (lambda: conv_transpose(X, W, stride=(1, 2, 3)), "or 2 entries; give one"),
    "fraction": (lambda: conv_transpose(X, W, stride=1.5), "should be integers"),  # type: ignore[arg-type] # the mistake
    "triple": (lambda: conv_transpose(X, W, padding=[(1, 2, 3), 0]), "int or .start, end."),  # type: ignore[list-item] # the mistake
    "nothing left": (lambda: conv_transpose(X, W, padding=2), r"size=\(0, 0\), but should be 1"),
    "dy": (lambda: vjp(X, W, None, X), r"dy.shape=.*, but should be \(1, 1, 4, 4\)"),
}


@pytest.mark.parametrize(("call", "message"), MISTAKES.values(), ids=MISTAKES.keys())
def test_mistake_is_named(call: Callable[[], object], message: str) -> None:
    with pytest.raises(CaseError, match=message):
        call()


def test_axis_without_output_is_refused_beside_one_without_pixels() -> None:
    with pytest.raises(CaseError, match="output size"):
        conv_transpose(X[:, :, :0], W, padding=(0, 2))


# --- as a citizen -----------------------------------------------------------------------------


@pytest.mark.parametrize("name", FORMULATIONS)
def test_formulation_survives_pickling(name: str) -> None:
    again = pickle.loads(pickle.dumps(FORMULATIONS[name]))  # noqa: S301 - our own bytes

    assert np.array_equal(again(X, W), conv_transpose(X, W))
