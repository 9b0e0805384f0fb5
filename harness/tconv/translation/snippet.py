"""The text of a translation: a Python file that imports nothing of this harness."""

from functools import cache
from typing import Any, Final

from jinja2 import Environment, PackageLoader, StrictUndefined, TemplateNotFound

from tconv.model.case import Case
from tconv.model.route import Native
from tconv.model.target import Target
from tconv.model.window import Resolution
from tconv.translation.arguments import arguments, excess, template
from tconv.translation.candidate import Candidate
from tconv.translation.layout import Layout, conversion

FUNCTION: Final = "conv_transpose"
"""Name of the function that a snippet defines: of x, and the source's w and b."""


def has_template(target: Target) -> bool:
    """Return whether calls of this mode can be written."""
    try:
        _environment().get_template(_file(target))
    except TemplateNotFound:
        return False
    return True


def snippet(
    candidate: Candidate, target: Target, route: Native, *, source: str, own: Layout, into: Layout
) -> str:
    """Return the text of a call with the step after it.

    Args:
        candidate: the call and the step.
        target: what is called.
        route: its adapter's route for the call.
        source: the backend whose weights are taken.
        own: the layout of the source.
        into: the layout of the target.
    """
    case = candidate.case
    given = arguments(case, target.backend, route)
    context: dict[str, Any] = {
        "case": case,
        "ndim": case.ndim,
        "source": source,
        "backend": target.backend,
        "weight": own.text(case.ndim, case.groups),
        "x": _shape("c_in", "i", case.ndim, into),
        "y": _shape("c_out", "o", case.ndim, into),
        "conversion": list(conversion(own, into, case.ndim, case.groups)),
        "given": given,
        "arguments": ", ".join(f"{name}={value!r}" for name, value in given.items()),
        "lead": tuple(max(-p, 0) for p in case.p_begin),
        "begin": tuple(max(p, 0) for p in case.p_begin),
        "size": lambda name: _size(case, name),
        "crop": _crop(candidate.step, into),
        "pads": _pads(candidate.step, into),
        "words": candidate.words,
        "spread": candidate.spread and own.spread(case.k, candidate.spread),
    }
    return _environment().get_template(_file(target)).render(context)


def _file(target: Target) -> str:
    return f"{template(target.backend, target.mode)}.py.j2"


@cache
def _environment() -> Environment:
    return Environment(
        loader=PackageLoader("tconv.translation"),
        undefined=StrictUndefined,
        autoescape=False,  # noqa: S701 # Python, not HTML
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )


def _shape(channels: str, size: str, ndim: int, layout: Layout) -> str:
    sizes = [size] if ndim == 1 else [f"{size}{axis}" for axis in range(ndim)]
    axes = [*sizes, channels] if layout.channels_last else [channels, *sizes]
    return f"({', '.join(['n', *axes])})"


def _size(case: Case, name: str) -> str:
    """Return the output size per axis as a list, of the list of input sizes of this name."""
    rest = excess(case) or (0,) * case.ndim
    terms = (
        ("" if s == 1 else f"{s} * ")
        + f"{name}[{at}]"
        + (f" {'+' if e > 0 else '-'} {abs(e)}" if e else "")
        for at, (s, e) in enumerate(zip(case.s, rest, strict=True))
    )
    return f"[{', '.join(terms)}]"


def _crop(step: Resolution, layout: Layout) -> str:
    """Return the index that crops the call's result, empty where nothing is cropped."""
    sides = [(max(window.begin, 0), max(window.end, 0)) for window in step.axes]
    if not any(map(any, sides)):
        return ""
    parts = [f"{begin or ''}:{-end if end else ''}" for begin, end in sides]
    return ", ".join([":", *parts] if layout.channels_last else ["...", *parts])


def _pads(step: Resolution, layout: Layout) -> list[tuple[int, int]]:
    """Return what is added at each side of each axis of y, empty where nothing is."""
    sides = [(max(-window.begin, 0), max(-window.end, 0)) for window in step.axes]
    if not any(map(any, sides)):
        return []
    none = (0, 0)
    return [none, *sides, none] if layout.channels_last else [none, none, *sides]
