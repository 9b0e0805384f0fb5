"""One reach, drawn: which outputs each input reaches, and which of them each framework keeps.

A transposed convolution has a full result; frameworks disagree on the window of it that they
return. The drawing shows, from the top: the input's pixels, lines to the elements of the full
result that each reaches, these elements (darker where more inputs add up), and a bracket for each
framework around what it keeps. It is inline SVG that takes its colours from the page's style.
"""

from collections.abc import Iterator, Mapping, Sequence
from typing import Final
from xml.etree import ElementTree as ET

from tconv.model.geometry import Axis

MOST: Final = 10
"""Input pixels that a drawing holds; of more, lines become a thicket."""

WIDEST: Final = 60
"""Elements of the full result, zeros added to it among them, that a drawing holds."""

_CELL: Final = 24  # side of a square; all lengths are in CSS pixels
_MARGIN: Final = 82  # left of the squares, for the words that name a row
_INPUT, _FULL, _KEPT = 6, 92, 138  # top of the inputs, of the full result, of the first bracket
_STEP: Final = 44  # from one bracket to the next
_LETTER: Final = 6.6  # width that a letter takes at most, on average


def diagram(reach: Axis, windows: Mapping[str, tuple[int, int]], *, name: str) -> str:
    """Return a drawing as an inline SVG element.

    Args:
        reach: what is drawn.
        windows: who -> elements cropped at the begin and at the end of the full result; negative
            ones are added to it. Drawn from the top in this order.
        name: begins the ids inside the drawing: a letter first, unique on its page.

    Raises:
        ValueError: the axis has more than :data:`MOST` pixels, more than :data:`WIDEST` elements,
            or a window keeps nothing.
    """
    begin = min(0, *(begin for begin, _ in windows.values()))
    end = reach.full - min(0, *(end for _, end in windows.values()))
    _check(reach, windows, end - begin)
    said = [_said(reach, who, window) for who, window in windows.items()]
    words = max(len(text) for text in said) * _LETTER
    width = _MARGIN + max((end - begin) * _CELL, words) + 4
    height = _KEPT + _STEP * len(windows)
    drawing = _element(
        None, "svg", {"class": "diagram", "xmlns": "http://www.w3.org/2000/svg", "role": "img",
                      "width": width, "height": height, "viewBox": f"0 0 {width:g} {height}",
                      "aria-labelledby": f"{name}-title", "aria-describedby": f"{name}-desc"},
    )  # fmt: skip
    _element(drawing, "title", {"id": f"{name}-title"}, _title(reach, windows))
    _element(drawing, "desc", {"id": f"{name}-desc"}, " ".join([*_reach(reach), *said]))
    origin = _MARGIN - begin * _CELL
    _lines(drawing, reach, origin)
    _inputs(drawing, reach, origin)
    _elements(drawing, reach, origin, range(begin, end))
    for at, (window, text) in enumerate(zip(windows.values(), said, strict=True)):
        _bracket(drawing, reach, origin, window, text, top=_KEPT + at * _STEP)
    return ET.tostring(drawing, encoding="unicode")


def _check(reach: Axis, windows: Mapping[str, tuple[int, int]], elements: int) -> None:
    if not 1 <= reach.i <= MOST:
        raise ValueError(f"i={reach.i}, but should be 1 to {MOST}; draw a smaller case")
    if elements > WIDEST:
        raise ValueError(
            f"elements={elements}, but should be {WIDEST} at most; draw a smaller case"
        )
    for who, window in windows.items():
        if sum(window) >= reach.full:
            raise ValueError(f"window={window} of {who}, but should keep some of {reach.full}")


def _title(reach: Axis, windows: Mapping[str, object]) -> str:
    return (
        f"What {' and '.join(windows)} keep of the full result: "
        f"i = {reach.i}, k = {reach.k}, s = {reach.s}, d = {reach.d}"
    )


def _reach(reach: Axis) -> Iterator[str]:
    """Yield in words what each pixel reaches."""
    yield f"The full result has {reach.full} elements, numbered from 0."
    for pixel in range(reach.i):
        yield f"Input {pixel} reaches {', '.join(map(str, _reached(reach, pixel)))}."


def _said(reach: Axis, who: str, window: tuple[int, int]) -> str:
    """Return a window in words."""
    begin, end = (_change(size, side) for size, side in zip(window, ("begin", "end"), strict=True))
    if begin and end and begin.split()[0] == end.split()[0]:
        end = end.partition(" ")[2]
    changes = " and ".join(filter(None, (begin, end))) or "keeps all"
    return f"{who}: size {reach.full - sum(window)}, {changes}."


def _change(cropped: int, side: str) -> str:
    """Return in words what became of one side; empty where nothing did."""
    return f"{'crops' if cropped > 0 else 'adds'} {abs(cropped)} at the {side}" if cropped else ""


def _inputs(drawing: ET.Element, reach: Axis, origin: int) -> None:
    _word(drawing, "input", _INPUT)
    for pixel in range(reach.i):
        left = _center(reach, origin, pixel) - _CELL / 2
        _square(drawing, left, _INPUT, str(pixel), f"input {_side(pixel)}")


def _lines(drawing: ET.Element, reach: Axis, origin: int) -> None:
    """Draw from each input to what it reaches; neighbours alternate, so that they stay apart."""
    for pixel in range(reach.i):
        for element in _reached(reach, pixel):
            _element(
                drawing, "line",
                {"class": f"tap {_side(pixel)}", "stroke": "currentColor",
                 "x1": _center(reach, origin, pixel), "y1": _INPUT + _CELL,
                 "x2": origin + (element + 0.5) * _CELL, "y2": _FULL},
            )  # fmt: skip


def _elements(drawing: ET.Element, reach: Axis, origin: int, shown: Sequence[int]) -> None:
    """Draw the full result, shaded by the number of inputs that add up, and what is added to it."""
    _word(drawing, "full result", _FULL)
    for element in shown:
        left = origin + element * _CELL
        if not 0 <= element < reach.full:
            _square(drawing, left, _FULL, "+", "added")
            continue
        square = _square(drawing, left, _FULL, str(element), "element")
        inputs = terms(reach, element)
        square.set("class", "element" if inputs else "element hole")
        square.set("fill-opacity", f"{min(0.12 * inputs, 0.42):g}")


def _bracket(
    drawing: ET.Element, reach: Axis, origin: int, window: tuple[int, int], text: str, *, top: int
) -> None:
    left = origin + window[0] * _CELL + 1
    right = origin + (reach.full - window[1]) * _CELL - 1
    _element(
        drawing, "path",
        {"class": "bracket", "d": f"M{left},{top - 8}V{top}H{right}V{top - 8}", "fill": "none",
         "stroke": "currentColor"},
    )  # fmt: skip
    _element(drawing, "text", {"class": "said", "x": _MARGIN, "y": top + 17}, text.rstrip("."))


def _center(reach: Axis, origin: int, pixel: int) -> float:
    """Return the middle of what an input pixel reaches."""
    reached = _reached(reach, pixel)
    return origin + (reached[0] + reached[-1] + 1) / 2 * _CELL


def _reached(axis: Axis, pixel: int) -> tuple[int, ...]:
    """Return the elements of the full result that an input pixel adds to, one per tap."""
    return tuple(axis.s * pixel + axis.d * tap for tap in range(axis.k))


def terms(axis: Axis, element: int) -> int:
    """Return how many input pixels add to an element of the full result."""
    return sum(element in _reached(axis, pixel) for pixel in range(axis.i))


def _side(pixel: int) -> str:
    return "odd" if pixel % 2 else "even"


def _square(drawing: ET.Element, left: float, top: float, text: str, class_name: str) -> ET.Element:
    side = _CELL - 2
    square = _element(
        drawing, "rect",
        {"class": class_name, "x": left + 1, "y": top + 1, "width": side, "height": side,
         "fill": "currentColor", "fill-opacity": 0, "stroke": "currentColor"},
    )  # fmt: skip
    middle = {"x": left + _CELL / 2, "y": top + 16, "text-anchor": "middle"}
    _element(drawing, "text", {"class": "number", **middle}, text)
    return square


def _word(drawing: ET.Element, text: str, top: float) -> None:
    place = {"class": "row", "x": _MARGIN - 8, "y": top + 16, "text-anchor": "end"}
    _element(drawing, "text", place, text)


def _element(
    parent: ET.Element | None, tag: str, attributes: Mapping[str, object], text: str | None = None
) -> ET.Element:
    """Return a new element with its attributes as text, below `parent` where there is one."""
    told = {
        name: f"{value:g}" if isinstance(value, float) else str(value)
        for name, value in attributes.items()
    }
    made = ET.Element(tag, told) if parent is None else ET.SubElement(parent, tag, told)
    made.text = text
    return made
