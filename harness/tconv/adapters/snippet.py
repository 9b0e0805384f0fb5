"""A framework's call as source text, from which `tconv translate` writes a Python file."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from tconv.model.case import Case
from tconv.model.geometry import output_size
from tconv.model.policies import Fill

Pads = tuple[tuple[int, int], ...]
"""Zeros that are added at the start and at the end of each axis of a tensor."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Operations:
    """The names of a framework's functions that a file calls beside the convolution.

    Each is called as NumPy's is, `function(tensor, argument)`, and keeps the tensor in its graph.

    Attributes:
        transpose: takes the order of the axes.
        flip: takes the axes.
        reshape: takes the shape.
        split: takes the number of parts and the axis.
        concatenate: takes the axis.
        pad: returns the expression that adds zeros to the tensor of this name.
        pad_with_copies: returns the statements that add copies of the elements of x to its ends.
    """

    transpose: str = "np.transpose"
    flip: str = "np.flip"
    reshape: str = "np.reshape"
    split: str = "np.split"
    concatenate: str = "np.concatenate"
    pad: Callable[[str, Pads], str] = lambda name, pads: f"np.pad({name}, {list(pads)})"
    pad_with_copies: Callable[[Pads, Fill], str] = lambda pads, fill: (
        f'x = np.pad(x, {list(pads)}, mode="{fill}")'
    )


NUMPY: Final = Operations()


@dataclass(frozen=True, slots=True, kw_only=True)
class ModuleText:
    """A class of the framework that holds trainable weights, in the mode's layout, as source text.

    Attributes:
        base: the class that it extends.
        imports: import statements beside those of the snippet.
        arguments: those of `__init__` that come after c_in and c_out.
        new: the expression that makes one, with a bias.
        init: the statements of `__init__`; `SHAPE` stands for the shape of w.
        method: name of the method that returns y of x.
        call: the statements in it that assign y by a layer that holds the weights; empty: w and b
            are read, and the snippet computes y of them.
        weight: the variable that holds w.
        bias: the variable that holds b, or None.
        value: the expression of the tensor that `VARIABLE` holds.
        assign: the statement that gives `VARIABLE` the values of `ARRAY`, an array of NumPy.
        array: the expression of `VARIABLE` as what `np.array` takes.
    """

    base: str
    imports: str = ""
    arguments: str = "bias=True"
    new: str = "ConvTranspose(c_in, c_out)"
    init: str
    method: str
    call: str = ""
    weight: str = "self.weight"
    bias: str = "self.bias"
    value: str = "VARIABLE"
    assign: str
    array: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ModelText:
    """An ONNX model of one node, whose weights are initializers, as source text.

    Attributes:
        node: the statement that assigns `node`, whose inputs are x and the names in `arrays`.
        run: the statements that assign y of `model` and x.
        opset: version of ONNX's operators.
        ir_version: version of the file format.
    """

    node: str
    run: str
    opset: int
    ir_version: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Snippet:
    """The statements that compute a case, of x, w and b in the mode's layout; b may be None.

    Attributes:
        call: the statements that assign y; NumPy is imported as `np` where they use it.
        imports: the import statements of the framework.
        bias: the expression of y with b added, empty where the call adds it. Where more comes
            between the call and the bias, the case has none, and this expression must be given.
        tensors: the statements that make x, w and b what `call` takes, be they NumPy arrays or the
            framework's tensors already, which stay in their graph.
        tensor: name of the framework's class of tensors.
        operations: the framework's other functions.
        module: a module that computes with `call`; None: none is written.
        layer: a module around the framework's own layer, used where nothing comes between its
            weights and its result; None: there is no such layer, or not for this call.
        model: what an ONNX model stands for instead of a module; None: nothing.
        decorator: what stands above the function that the file defines, where the mode needs it.
    """

    call: str
    imports: str = ""
    bias: str = ""
    tensors: str = ""
    tensor: str = ""
    operations: Operations = NUMPY
    module: ModuleText | None = None
    layer: ModuleText | None = None
    model: ModelText | None = None
    decorator: str = ""


def keywords(arguments: Mapping[str, Any], defaults: Mapping[str, Any]) -> list[str]:
    """Return keyword arguments as source text, without those that have their default."""
    absent = object()
    changed = {k: v for k, v in arguments.items() if v != defaults.get(k, absent)}
    return [f"{name}={source_text(value)}" for name, value in changed.items()]


def source_text(value: object) -> str:
    """Return a value of literals as formatters write it, with double quotes."""
    return repr(value).replace("'", '"')


def written_call(function: str, arguments: Sequence[str], width: int = 76) -> str:
    """Return a call as formatters write it: on one line of this width, or else on three or more."""
    line = ", ".join(arguments)
    returning = function.replace("y = ", "return ")  # as the last statement is written
    if len(f"{returning}({line})") <= width:
        return f"{function}({line})"
    if len(line) + 4 <= width:
        return f"{function}(\n    {line}\n)"
    return "\n".join([f"{function}(", *(f"    {argument}," for argument in arguments), ")"])


def plain(values: tuple[int, ...]) -> int | tuple[int, ...]:
    """Return one value per axis as users write it: a number where all are the same."""
    return values[0] if len(set(values)) == 1 else values


def output_sizes(case: Case, name: str) -> list[str]:
    """Return the output sizes as source text, of the list of input sizes of this name."""
    terms = []
    for at, axis in enumerate(case.axes):
        excess = 0 if case.padding else output_size(axis) - axis.s * axis.i
        factor = "" if axis.s == 1 else f"{axis.s} * "
        constant = f" {'+' if excess > 0 else '-'} {abs(excess)}" if excess else ""
        terms.append(f"{factor}{name}[{at}]{constant}")
    return terms
