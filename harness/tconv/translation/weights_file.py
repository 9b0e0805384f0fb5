"""The Python file that converts weights alone, and the layout functions of every printed file."""

from collections.abc import Sequence
from dataclasses import replace
from textwrap import indent
from typing import Final

from tconv.adapters.layout import Layout, conversion
from tconv.translation.python_file import (
    Port,
    PythonFile,
    commented,
    function_file,
    import_lines,
)

_LAYOUTS: Final = '''\
def to_target_layout(w):
    """Convert w {own} to {into}."""
{forth}


def to_source_layout(w):
    """Convert w {into} back to {own}."""
{back}
'''
_IS_CONVERTED: Final = '''

def is_converted(w, c_in, c_out):
    """Return whether w has the layout of {target} already, not that of {source}.

    Its shape tells{unless}.
    """
    source, target = {before}, {after}
    if w.shape not in (source, target):
        raise ValueError(f"w has shape {{w.shape}}, but should have {{source}} or {{target}}")
{warning}    return w.shape == target
'''
_WARNING: Final = """\
    if source == target:
        warnings.warn("both layouts have this shape, so it does not tell", stacklevel=2)
"""
_IS_NOT_TOLD: Final = """

# Both layouts have the shape {before}:
# it does not tell whether w has been converted.
"""


def weights_file(port: Port) -> PythonFile:
    """Return the text of the conversion of w and back, and of how to tell which layout it has."""
    groups = port.candidate.groups
    own, into = (layout.w_shape(port.taps, groups) for layout in (port.own, port.into))
    equal = coincidence(own, into, groups)
    test = (_IS_NOT_TOLD if equal == "" else _IS_CONVERTED).format(
        source=port.source.backend,
        target=port.target.backend,
        before=f"({', '.join(own)})",
        after=f"({', '.join(into)})",
        unless=f", unless {equal}: then it warns" if equal else "",
        warning=_WARNING if equal else "",
    )
    text = layouts_text(port) + test
    imports = "import warnings\n\n" * ("warnings." in text) + import_lines("", text)
    plain = function_file(replace(port, own=port.into, keeps_layout=False))
    return PythonFile(
        text=f"{imports}\n\n\n{text}",
        usage="y = conv_transpose(x, to_target_layout(w), b)",
        border=port.into,
        beside=plain.text,
    )


def coincidence(first: Sequence[str], second: Sequence[str], groups: int) -> str | None:
    """Return when two shapes of w are one, as source text: empty for always, None for never."""
    channels: dict[str, int] = {}
    conditions = []
    for pair in zip(first, second, strict=True):
        size, name = sorted(pair, key=str.isdigit, reverse=True)
        symbol, divided, _ = name.partition(" // ")
        if size == name:
            continue
        if name.isdigit():
            return None
        if size.isdigit():
            number = int(size) * (groups if divided else 1)
            if channels.setdefault(symbol, number) != number:
                return None
        else:
            conditions.append("c_in == c_out" if divided and "//" in size else f"{name} == {size}")
    if len(set(channels.values())) > 1 and conditions:
        return None
    texts = [f"{symbol} == {number}" for symbol, number in sorted(channels.items())]
    return " and ".join([*texts, *dict.fromkeys(map(_sorted, conditions))])


def _sorted(equation: str) -> str:
    return " == ".join(sorted(equation.split(" == ")))


def layouts_text(port: Port) -> str:
    """Return two functions, that give w the target's layout, and back."""
    groups = port.candidate.groups
    return _LAYOUTS.format(
        own=port.own.w_text(port.ndim, groups),
        into=port.into.w_text(port.ndim, groups),
        forth=_converted(port.own, port.into, port.ndim, groups),
        back=_converted(port.into, port.own, port.ndim, groups),
    )


def _converted(source: Layout, target: Layout, ndim: int, groups: int) -> str:
    steps = list(conversion(source, target, ndim, groups))
    lines = [commented(f"w = {expression}", reason) for expression, reason in steps]
    return indent("\n".join([*lines, "return np.ascontiguousarray(w)"]), "    ")
