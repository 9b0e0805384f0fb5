"""The Python file that a translation prints; it imports nothing of this harness."""

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from enum import StrEnum
from textwrap import indent
from typing import Any, Final

from tconv.adapters.layout import Layout, conversion
from tconv.adapters.snippet import Pads, Snippet
from tconv.model.target import Target
from tconv.model.window import Resolution
from tconv.translation.candidate import Candidate

FUNCTION: Final = "conv_transpose"
"""Name of the function that the file defines: of x, and the source's w and b."""

_WIDTH: Final = 80
"""Of a line within a function; formatters take 88."""


class Form(StrEnum):
    """What the file defines."""

    FUNCTION = "function"
    MODULE = "module"
    WEIGHTS = "weights"


@dataclass(frozen=True, slots=True, kw_only=True)
class FileStyle:
    """How a translation is written.

    Attributes:
        form: what the file defines.
        keeps_layout: whether x and y stay in the layout of the source.
        function: name of the function.
    """

    form: Form = Form.FUNCTION
    keeps_layout: bool = False
    function: str = FUNCTION


@dataclass(frozen=True, slots=True, kw_only=True)
class PythonFile:
    """A file, and the statements that use it.

    Attributes:
        text: the file.
        usage: the statements that assign y: of x, w and b, which may be arrays of NumPy, or of x,
            `weights`, which is the source's checkpoint, c_in and c_out.
        border: the layout of x and y.
        beside: further statements that `usage` needs to come first.
    """

    text: str
    usage: str
    border: Layout
    beside: str = ""

    @property
    def definition(self) -> str:
        """The file without its import statements, which two empty lines follow."""
        return self.text.partition("\n\n\n")[2]

    def load(self) -> Callable[..., Any]:
        """Return the function of these names that returns all names that there are then.

        Raises:
            ImportError: the file needs a package that is not installed.
        """
        names: dict[str, Any] = {"__name__": "snippet"}
        for text in filter(None, (self.beside, self.text)):
            exec(compile(text, "snippet.py", "exec"), names)  # noqa: S102 # our own text

        def run(**arguments: Any) -> dict[str, Any]:  # noqa: ANN401 # a framework's tensors
            scope = names | arguments
            exec(self.usage, scope)  # noqa: S102 # our own text
            return scope

        return run


@dataclass(frozen=True, slots=True, kw_only=True)
class Port:
    """A call of the source in the target, with all that its text is made of.

    Attributes:
        candidate: the call and the correction around it.
        snippet: the target's text of the call, of a case without a bias where it comes later.
        source: the mode whose weights are taken.
        target: the mode that is called.
        own: the layout of the source.
        into: the layout of the target.
        keeps_layout: whether x and y stay in the layout of the source.
    """

    candidate: Candidate
    snippet: Snippet
    source: Target
    target: Target
    own: Layout
    into: Layout
    keeps_layout: bool = False

    @property
    def ndim(self) -> int:
        """Number of spatial axes."""
        return self.candidate.case.ndim

    @property
    def taps(self) -> tuple[int, ...]:
        """Number of taps on each axis, zeros between them left out."""
        case = self.candidate.case
        dilations = self.candidate.dilated_by or (1,) * case.ndim
        return tuple((reach - 1) // d + 1 for reach, d in zip(case.k, dilations, strict=True))

    @property
    def border(self) -> Layout:
        """The layout in which x is taken, and y is returned."""
        return self.own if self.keeps_layout else self.into

    @property
    def arrays(self) -> str:
        """What x may be, in words."""
        tensor = self.snippet.tensor
        return f"NumPy arrays or {tensor}" if tensor else "NumPy arrays"

    def conversion(self) -> Iterator[str]:
        """Yield the statements that give w the layout of the target."""
        groups, operations = self.candidate.groups, self.snippet.operations
        for expression, reason in conversion(self.own, self.into, self.ndim, groups, operations):
            yield commented(f"w = {expression}", reason)

    def computation(self, call: str = "") -> Iterator[str]:
        """Yield the statements that compute y of x, w and b in the target's layout.

        Args:
            call: those of a call that holds the weights itself, in the place of the snippet's.
        """
        candidate, operations = self.candidate, self.snippet.operations
        if self.border.channels_last != self.into.channels_last:
            order = _order(self.ndim, last=self.into.channels_last)
            yield f"x = {operations.transpose}(x, {order})"
        if padding := candidate.padding:
            least = "x".join(map(str, padding.least))
            yield f"# {padding.words.capitalize()}: i is {least} or more."
            widths = padding.widths(1 + self.ndim if self.into.channels_last else 1)
            yield operations.pad_with_copies(widths, padding.fill)
        if candidate.dilated_by:
            yield from self._dilation()
        text = (call or self.snippet.call).strip("\n")
        if candidate.split_into > 1:
            yield from self._split(text)
        else:
            yield text
        if crop := _crop(candidate.correction, self.into):
            yield commented(f"y = y[{crop}]", candidate.words_of(max))
        if pads := pads_of(candidate.correction, self.into):
            yield commented(f"y = {operations.pad('y', pads)}", candidate.words_of(min))
        if self.snippet.bias and not call:
            yield f"y = y if b is None else {self.snippet.bias}"
        if self.border.channels_last != self.into.channels_last:
            order = _order(self.ndim, last=self.border.channels_last)
            yield f"y = {operations.transpose}(y, {order})"

    def _split(self, call: str) -> Iterator[str]:
        """Yield the statements that compute y by a call for each group of channels."""
        operations, groups = self.snippet.operations, self.candidate.split_into
        channels = -1 if self.into.channels_last else 1
        axis = self.into.axes(self.ndim).index(self.into.grouped)
        yield f"\n# {self.candidate.split_words}, as the call takes no groups."
        yield f"def of_group(x, w):\n{indent(body_text([call]), '    ')}\n"
        yield f"x_groups = {operations.split}(x, {groups}, {channels})"
        yield f"w_groups = {operations.split}(w, {groups}, {axis})"
        yield "y_groups = [of_group(*each) for each in zip(x_groups, w_groups)]"
        yield f"y = {operations.concatenate}(y_groups, {channels})"

    def _dilation(self) -> Iterator[str]:
        """Yield the statements that put zeros between the taps of w: after each, the last ones cut.

        One axis after the other, as frameworks pad tensors of few axes only.
        """
        extent, dilation = self.candidate.case.k, self.candidate.dilated_by or ()
        operations, first = self.snippet.operations, 0 if self.into.weight[0] == "k" else 2
        yield "# The call takes no dilation: zeros between the taps are as good."
        for axis, (reach, d) in enumerate(zip(extent, dilation, strict=True), first):
            taps = (reach - 1) // d + 1
            if reach == taps:
                continue
            before = "*w.shape[:2], " * (first > 0)
            before += "".join(f"{size}, " for size in extent[: axis - first])
            pads = [(0, 0)] * (len(extent) + 3)
            pads[axis + 1] = (0, d - 1)
            yield f"w = {operations.reshape}(w, ({before}{taps}, 1, *w.shape[{axis + 1}:]))"
            yield f"w = {operations.pad('w', tuple(pads))}"
            wide = f"{operations.reshape}(w, ({before}{taps * d}, *w.shape[{axis + 2}:]))"
            yield f"w = {wide}[{':, ' * axis}:{reach}]"


_FUNCTION_FILE: Final = '''\
{imports}


{decorator}def {function}(x, w, b=None):
    """Return y {y} of x {x}.

    w {w} and b (c_out,), or None, are the weights of {source}.
    They and x are {arrays}.
    """
{body}
'''


def function_file(port: Port, name: str = FUNCTION) -> PythonFile:
    """Return the text of a function of x, and the source's w and b."""
    groups = port.candidate.groups
    tensors = [port.snippet.tensors] if port.snippet.tensors else []
    body = body_text([*tensors, *port.conversion(), *port.computation()])
    decorator = port.snippet.decorator
    text = _FUNCTION_FILE.format(
        imports=import_lines(port.snippet.imports, f"{decorator}\n{body}"),
        decorator=f"{decorator}\n" if decorator else "",
        function=name,
        y=port.border.x_text("c_out", "o", port.ndim),
        x=port.border.x_text("c_in", "i", port.ndim),
        w=port.own.w_text(port.ndim, groups),
        source=port.source.backend,
        arrays=port.arrays,
        body=indent(body, "    "),
    )
    return PythonFile(text=text, usage=f"y = {name}(x, w, b)", border=port.border)


def body_text(statements: list[str]) -> str:
    """Return the statements of a function that ends with returning y."""
    lines = "\n".join(statements).splitlines()
    last = max(at for at, line in enumerate(lines) if not line.startswith((" ", ")")))
    if lines[last].startswith("y = "):
        lines[last] = "return " + lines[last].removeprefix("y = ")
    else:
        lines.append("return y")
    return "\n".join(lines)


def commented(statement: str, comment: str) -> str:
    """Return a statement with a comment behind it or, where the line were too long, above it."""
    line = f"{statement}  # {comment}"
    return line if len(line) <= _WIDTH else f"# {comment}\n{statement}"


def import_lines(imports: str, text: str) -> str:
    """Return the import statements that the text needs, of these and NumPy's, in order."""
    lines = {*filter(None, imports.splitlines()), "import numpy as np"}
    used = (line for line in lines if re.search(rf"\b{_bound(line)}\.\w", text))
    return "\n".join(sorted(used, key=lambda line: (line.startswith("from"), line.lower())))


def _bound(statement: str) -> str:
    """Return the name that an import statement binds."""
    *_, name = statement.split()
    return name if " as " in statement else name.partition(".")[0]


def _order(ndim: int, *, last: bool) -> tuple[int, ...]:
    """Return the order of the axes of x that moves the channels to the end, or back."""
    return (0, *range(2, ndim + 2), 1) if last else (0, ndim + 1, *range(1, ndim + 1))


def _crop(correction: Resolution, layout: Layout) -> str:
    """Return the index that crops the call's result, empty where nothing is cropped."""
    sides = [(max(window.begin, 0), max(window.end, 0)) for window in correction.axes]
    if not any(map(any, sides)):
        return ""
    parts = [f"{begin or ''}:{-end if end else ''}" for begin, end in sides]
    return ", ".join([":", *parts] if layout.channels_last else ["...", *parts])


def pads_of(correction: Resolution, layout: Layout) -> Pads:
    """Return what is added at each side of each axis of y, empty where nothing is."""
    sides = tuple((max(-window.begin, 0), max(-window.end, 0)) for window in correction.axes)
    if not any(map(any, sides)):
        return ()
    none = (0, 0)
    return (none, *sides, none) if layout.channels_last else (none, none, *sides)
