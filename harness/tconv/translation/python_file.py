"""The Python file that a translation prints; it imports nothing of this harness."""

from collections.abc import Iterator
from textwrap import indent
from typing import Final

from tconv.adapters.layout import Layout, conversion
from tconv.adapters.snippet import Pads, Snippet
from tconv.model.window import Resolution
from tconv.translation.candidate import Candidate

FUNCTION: Final = "conv_transpose"
"""Name of the function that the file defines: of x, and the source's w and b."""

_FILE: Final = '''\
{imports}


def {function}(x, w, b):
    """Return y {y} of x {x}.

    w {w} and b (c_out,) are the weights of {source}, as NumPy arrays.
    """
{body}
    return y
'''


def python_file(
    candidate: Candidate, snippet: Snippet, *, source: str, own: Layout, into: Layout
) -> str:
    """Return the text of a call with the correction after it.

    Args:
        candidate: the call and the correction.
        snippet: the target's text of the call, of a case without a bias where the result is padded.
        source: the backend whose weights are taken.
        own: the layout of the source.
        into: the layout of the target.
    """
    case = candidate.case
    return _FILE.format(
        imports="\n".join(filter(None, ["import numpy as np", snippet.imports])),
        function=FUNCTION,
        y=into.x_text("c_out", "o", case.ndim),
        x=into.x_text("c_in", "i", case.ndim),
        w=own.w_text(case.ndim, case.groups),
        source=source,
        body=indent("\n".join(_statements(candidate, snippet, own, into)), "    "),
    )


def _statements(candidate: Candidate, snippet: Snippet, own: Layout, into: Layout) -> Iterator[str]:
    case = candidate.case
    if candidate.dilated_by:
        shape, taps = _dilated(own, case.k, candidate.dilated_by)
        yield f"taps, w = w, np.zeros({shape}, w.dtype)"
        yield f"w[{taps}] = taps  # the kernel is dilated here, as the call takes no dilation"
    for expression, reason in conversion(own, into, case.ndim, case.groups):
        yield f"w = {expression}  # {reason}"
    yield snippet.call.strip("\n")
    if crop := _crop(candidate.correction, into):
        yield f"y = y[{crop}]  # {candidate.words}"
    if pads := pads_of(candidate.correction, into):
        yield f"y = {snippet.pad(pads)}  # {candidate.words}"
    if snippet.bias:
        yield f"y = {snippet.bias}"


def _dilated(layout: Layout, extent: tuple[int, ...], dilation: tuple[int, ...]) -> tuple[str, str]:
    """Return the shape of w with zeros between its taps, and the index of the taps in it."""
    sizes, taps = ", ".join(map(str, extent)), ", ".join(f"::{d}" for d in dilation)
    if layout.weight[0] == "k":
        return f"({sizes}, *w.shape[{len(extent)}:])", taps
    return f"(*w.shape[:2], {sizes})", f":, :, {taps}"


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
