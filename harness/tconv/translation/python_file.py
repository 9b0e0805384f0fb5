"""The Python file that a translation prints; it imports nothing of this harness."""

import re
from collections.abc import Iterator
from textwrap import indent
from typing import Final

from tconv.adapters.layout import Layout, conversion
from tconv.adapters.snippet import Operations, Pads, Snippet
from tconv.model.window import Resolution
from tconv.translation.candidate import Candidate

FUNCTION: Final = "conv_transpose"
"""Name of the function that the file defines: of x, and the source's w and b."""

_FILE: Final = '''\
{imports}


def {function}(x, w, b=None):
    """Return y {y} of x {x}.

    w {w} and b (c_out,), or None, are the weights of {source}.
    They and x are {arrays}.
    """
{body}
    return y
'''


def python_file(
    candidate: Candidate, snippet: Snippet, *, source: str, own: Layout, into: Layout
) -> str:
    """Return the text of a call with the correction around it.

    Args:
        candidate: the call and the correction.
        snippet: the target's text of the call, of a case without a bias where the result is padded.
        source: the backend whose weights are taken.
        own: the layout of the source.
        into: the layout of the target.
    """
    case = candidate.case
    body = "\n".join(_statements(candidate, snippet, own, into))
    return _FILE.format(
        imports=_imports(snippet.imports, body),
        function=FUNCTION,
        y=into.x_text("c_out", "o", case.ndim),
        x=into.x_text("c_in", "i", case.ndim),
        w=own.w_text(case.ndim, candidate.groups),
        source=source,
        arrays=f"NumPy arrays or {snippet.tensor}" if snippet.tensor else "NumPy arrays",
        body=indent(body, "    "),
    )


def _imports(imports: str, text: str) -> str:
    """Return the import statements of a framework, and NumPy's if the text uses it, in order."""
    lines = set(imports.splitlines())
    if re.search(r"\bnp\.", text):
        lines.add("import numpy as np")
    return "\n".join(sorted(lines, key=lambda line: line.split()[1].lower()))


def _statements(candidate: Candidate, snippet: Snippet, own: Layout, into: Layout) -> Iterator[str]:
    case = candidate.case
    if snippet.tensors:
        yield snippet.tensors
    for expression, reason in conversion(
        own, into, case.ndim, candidate.groups, snippet.operations
    ):
        yield f"w = {expression}  # {reason}"
    yield from _computation(candidate, snippet, into)


def _computation(candidate: Candidate, snippet: Snippet, into: Layout) -> Iterator[str]:
    """Yield the statements that compute y of x, w and b in the target's layout."""
    if candidate.dilated_by:
        yield from _dilated(candidate, snippet.operations, into)
    call = snippet.call.strip("\n")
    if candidate.split_into > 1:
        yield from _split(candidate, call, snippet.operations, into)
    else:
        yield call
    if crop := _crop(candidate.correction, into):
        yield f"y = y[{crop}]  # {candidate.words}"
    if pads := pads_of(candidate.correction, into):
        yield f"y = {snippet.operations.pad('y', pads)}  # {candidate.words}"
    if snippet.bias:
        yield f"if b is not None:\n    y = {snippet.bias}"


def _split(
    candidate: Candidate, call: str, operations: Operations, layout: Layout
) -> Iterator[str]:
    """Yield the statements that compute y by a call for each group of channels."""
    groups, channels = candidate.split_into, -1 if layout.channels_last else 1
    axis = layout.axes(candidate.case.ndim).index("c_out" if layout.is_direct else "c_in")
    yield f"# {candidate.split_words}, as the call takes no groups."
    yield f"x_groups = {operations.split}(x, {groups}, {channels})"
    yield f"w_groups = {operations.split}(w, {groups}, {axis})"
    yield "y_groups = []"
    yield "for x, w in zip(x_groups, w_groups):"
    yield indent(f"{call}\ny_groups.append(y)", "    ")
    yield f"y = {operations.concatenate}(y_groups, {channels})"


def _dilated(candidate: Candidate, operations: Operations, layout: Layout) -> Iterator[str]:
    """Yield the statements that put zeros between the taps of w: after each, the last ones cut.

    One axis after the other, as frameworks pad tensors of few axes only.
    """
    extent, dilation = candidate.case.k, candidate.dilated_by or ()
    first = 0 if layout.weight[0] == "k" else 2
    yield "# The call takes no dilation: zeros between the taps are as good."
    for axis, (reach, d) in enumerate(zip(extent, dilation, strict=True), first):
        taps = (reach - 1) // d + 1
        if reach == taps:
            continue
        before = f"*w.shape[:{axis}], " if axis else ""
        pads = [(0, 0)] * (len(extent) + 3)
        pads[axis + 1] = (0, d - 1)
        yield f"w = {operations.reshape}(w, ({before}{taps}, 1, *w.shape[{axis + 1}:]))"
        yield f"w = {operations.pad('w', tuple(pads))}"
        wide = f"{operations.reshape}(w, ({before}{taps * d}, *w.shape[{axis + 2}:]))"
        yield f"w = {wide}[{':, ' * axis}:{reach}]"


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
