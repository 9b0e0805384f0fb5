"""The Python file of a module that takes the source's checkpoint, and gives it back."""

from collections.abc import Iterator
from textwrap import indent
from typing import Final

from tconv.adapters.snippet import ModelText, ModuleText
from tconv.translation.python_file import (
    Port,
    PythonFile,
    body_text,
    import_lines,
    pads_of,
)
from tconv.translation.weights_file import layouts_text

_FILE: Final = '''\
{imports}


{layouts}

class ConvTranspose({base}):
    """Returns y {y} of x {x}, as {source} does.

    module = {new}
    module.load_source({checkpoint})

    Back to {source}:

    {back}
    """

    def __init__(self, c_in, c_out, {arguments}):
{init}

    def {method}(self, x):
{body}

    def load_source(self, weights):
        """Take the weights of {source}, {form}."""
{load}

    def to_source(self):
        """Return the weights of {source}, {form}."""
{give}
'''


_MODEL_FILE: Final = '''\
{imports}


{layouts}

def load_source(weights):
    """Return an ONNX model with the weights of {source}, {form}.

    It computes y {y} of x {x}.
    """
{load}
    arrays = {{"weight": to_target_layout(np.asarray(w))}}
    if b is not None:
        arrays["bias"] = np.asarray(b)
    helper = onnx.helper
    kind = helper.np_dtype_to_tensor_dtype(arrays["weight"].dtype)
{node}
    x_shape = ["n", {c_in}, {i}]
    y_shape = ["n", {c_out}, {o}]
    graph = helper.make_graph(
        [node],
        "ported",
        [helper.make_tensor_value_info("x", kind, x_shape)],
        [helper.make_tensor_value_info("y", kind, y_shape)],
        [onnx.numpy_helper.from_array(array, name) for name, array in arrays.items()],
    )
    opset = helper.make_opsetid("", {opset})
    model = helper.make_model(graph, opset_imports=[opset], ir_version={ir_version})
    onnx.checker.check_model(model)
    return model


def to_source(model):
    """Return the weights of the model as those of {source}, {form}."""
    tensors = model.graph.initializer
    arrays = {{each.name: onnx.numpy_helper.to_array(each) for each in tensors}}
    w = to_source_layout(arrays["weight"])
{give}
    return weights
'''


def why_no_module(port: Port) -> str | None:
    """Return why the target has no module for the call, or None: it has."""
    if port.snippet.model:
        if port.candidate.is_native and port.border.channels_last == port.into.channels_last:
            return None
        return "what is written for ONNX is a model of one node, and this needs a step beside it"
    if port.snippet.module is None and port.snippet.layer is None:
        return "its adapter writes no module; leave out --as"
    if "float" not in port.candidate.case.dtype:
        return f"no module trains weights of {port.candidate.case.dtype}; leave out --as"
    if _module(port) is None:
        return "the call needs a step between the weights and the result, which its layer has not"
    return None


def _module(port: Port) -> ModuleText | None:
    """Return the framework's layer where nothing comes between its weights and its result."""
    candidate, snippet = port.candidate, port.snippet
    is_whole = candidate.has_whole_call and not pads_of(candidate.correction, port.into)
    return snippet.layer if is_whole and snippet.layer else snippet.module


def module_file(port: Port) -> PythonFile:
    """Return the text of a class that holds the weights in the target's layout, as parameters."""
    candidate, snippet = port.candidate, port.snippet
    if snippet.model:
        return _model_file(port, snippet.model)
    module = _module(port)
    assert module is not None  # asked before
    values = [_filled(module.value, each) for each in (module.weight, module.bias)]
    weights = [] if module.call else [f"w, b = {', '.join(values)}"]
    body = body_text([*weights, *port.computation(module.call)])
    names = port.own.checkpoint.names
    checkpoint, back = port.own.checkpoint.statements(candidate.case.dtype)
    shape = f"({', '.join(port.into.w_shape(port.taps, candidate.groups))})"
    text = _FILE.format(
        imports="IMPORTS",
        layouts=layouts_text(port),
        base=module.base,
        y=port.border.x_text("c_out", "o", port.ndim),
        x=port.border.x_text("c_in", "i", port.ndim),
        new=module.new,
        source=port.source.backend,
        checkpoint=checkpoint,
        back=indent(f"weights = module.to_source()\n{back}".strip(), "    ").lstrip(),
        arguments=module.arguments,
        init=_indented(module.init.replace("SHAPE", shape)),
        method=module.method,
        body=_indented(body),
        form=_form(names),
        load=_indented("\n".join(_load(module, names))),
        give=_indented("\n".join(_give(module, names))),
    )
    imports = import_lines(f"{snippet.imports}\n{module.imports}".strip("\n"), text)
    usage = [f"module = {module.new}", "module.load_source(weights)", "y = module(x)"]
    return PythonFile(
        text=text.replace("IMPORTS", imports, 1),
        usage="\n".join([snippet.tensors, *usage]),
        border=port.border,
        beside=snippet.imports,
    )


def _model_file(port: Port, model: ModelText) -> PythonFile:
    """Return the text of a function that builds an ONNX model, and of the way back."""
    names, groups = port.own.checkpoint.names, port.candidate.groups
    axes = [str(axis) if port.ndim > 1 else "" for axis in range(port.ndim)]
    key = f'weights["{names[1]}"] = ' if names else "weights.append("
    give = [
        f'weights = {{"{names[0]}": w}}' if names else "weights = [w]",
        'if "bias" in arrays:',
        f'    {key}arrays["bias"]{"" if names else ")"}',
    ]
    text = _MODEL_FILE.format(
        imports="IMPORTS",
        layouts=layouts_text(port),
        source=port.source.backend,
        form=_form(names),
        y=port.border.x_text("c_out", "o", port.ndim),
        x=port.border.x_text("c_in", "i", port.ndim),
        load=indent(_unpacked(names), " " * 4),
        node=indent(model.node, " " * 4),
        c_in='arrays["weight"].shape[0]',
        c_out=f'{f"{groups} * " if groups > 1 else ""}arrays["weight"].shape[1]',
        i=", ".join(f'"i{axis}"' for axis in axes),
        o=", ".join(f'"o{axis}"' for axis in axes),
        opset=model.opset,
        ir_version=model.ir_version,
        give=indent("\n".join(give), " " * 4),
    )
    return PythonFile(
        text=text.replace("IMPORTS", import_lines(port.snippet.imports, text), 1),
        usage=f"model = load_source(weights)\n{model.run}",
        border=port.border,
        beside=port.snippet.imports,
    )


def _form(names: tuple[str, str] | None) -> str:
    return f'{{"{names[0]}": w, "{names[1]}": b}}' if names else "[w] or [w, b]"


def _unpacked(names: tuple[str, str] | None) -> str:
    if names:
        return f'w, b = weights["{names[0]}"], weights.get("{names[1]}")'
    return "w, b = weights if len(weights) == 2 else (*weights, None)"


def _load(module: ModuleText, names: tuple[str, str] | None) -> Iterator[str]:
    yield _unpacked(names)
    yield f"if (b is None) != ({module.bias} is None):"
    yield '    raise ValueError("only one of the two has a bias")'
    yield "w = to_target_layout(np.asarray(w))"
    yield _assigned(module, module.weight, "w")
    yield "if b is not None:"
    yield f"    {_assigned(module, module.bias, 'np.asarray(b)')}"


def _give(module: ModuleText, names: tuple[str, str] | None) -> Iterator[str]:
    w, b = (_filled(module.array, each) for each in (module.weight, module.bias))
    yield f"w = to_source_layout(np.array({w}))"
    yield f'weights = {{"{names[0]}": w}}' if names else "weights = [w]"
    yield f"if {module.bias} is not None:"
    b = f"np.array({b})"
    yield f'    weights["{names[1]}"] = {b}' if names else f"    weights.append({b})"
    yield "return weights"


def _assigned(module: ModuleText, variable: str, array: str) -> str:
    return _filled(module.assign, variable).replace("ARRAY", array)


def _filled(text: str, variable: str) -> str:
    return text.replace("VARIABLE", variable)


def _indented(text: str) -> str:
    return indent(text, " " * 8)
