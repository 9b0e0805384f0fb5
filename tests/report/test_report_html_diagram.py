"""The drawing of one axis: which inputs reach which outputs, and which window each target keeps."""

from xml.etree import ElementTree as ET

import numpy as np
import pytest

from tconv.model.geometry import Axis
from tconv.model.window import Window
from tconv.oracle.formulations import conv_transpose
from tconv.report.html.disagreements import MOST, WIDEST, diagram, reached_elements

AXIS = Axis(i=3, k=3, s=2)
WINDOWS = {"torch": (1, 1), "tensorflow": (0, 1)}


def drawn(axis: Axis = AXIS, windows: dict[str, tuple[int, int]] = WINDOWS) -> ET.Element:
    """Return a drawing as a tree without namespaces."""
    kept = {who: Window(begin=start, end=end) for who, (start, end) in windows.items()}
    text = diagram(axis, kept, name="a")
    return ET.fromstring(text.replace(' xmlns="http://www.w3.org/2000/svg"', ""))  # noqa: S314 # our own text


def of_class(drawing: ET.Element, name: str) -> list[ET.Element]:
    return [each for each in drawing.iter() if name in each.get("class", "").split()]


def span(square: ET.Element) -> tuple[float, float]:
    """Return where a square begins and ends, its border included."""
    left = float(square.get("x", "nan")) - 1
    return left, left + 24


def spans(drawing: ET.Element) -> list[tuple[float, float]]:
    """Return where each bracket begins and ends."""
    ends = [each.get("d", "").replace("V", " ").replace("H", " ").split()
            for each in of_class(drawing, "bracket")]  # fmt: skip
    return [(float(d[0][1:].split(",")[0]) - 1, float(d[2]) + 1) for d in ends]


@pytest.mark.parametrize(("k", "s", "d"), [(3, 2, 1), (2, 3, 1), (3, 2, 2), (1, 1, 1)])
def test_terms_of_an_element_are_those_of_the_operation(k: int, s: int, d: int) -> None:
    axis = Axis(i=4, k=k, s=s, d=d)

    ones = conv_transpose(np.ones((1, 1, 4)), np.ones((1, 1, k)), stride=s, dilation=d)
    elements = [element for elements in reached_elements(axis) for element in elements]
    assert [elements.count(element) for element in range(axis.full)] == ones[0, 0].tolist()


def test_each_input_has_a_line_to_each_element_that_it_reaches() -> None:
    drawing = drawn()

    elements = [span(each) for each in of_class(drawing, "element")]
    ends = [float(line.get("x2", "nan")) for line in of_class(drawing, "tap")]
    reached = [at for x in ends for at, (left, right) in enumerate(elements) if left < x < right]
    assert reached == [0, 1, 2, 2, 3, 4, 4, 5, 6]


def test_lines_start_at_their_input() -> None:
    drawing = drawn()

    inputs = [span(each) for each in of_class(drawing, "input")]
    begins = [float(line.get("x1", "nan")) for line in of_class(drawing, "tap")]
    assert begins == [sum(inputs[pixel]) / 2 for pixel in (0, 0, 0, 1, 1, 1, 2, 2, 2)]


def test_bracket_holds_what_its_window_keeps() -> None:
    drawing = drawn()

    elements = [span(each) for each in of_class(drawing, "element")]
    assert spans(drawing) == [
        (elements[1][0], elements[5][1]),
        (elements[0][0], elements[5][1]),
    ]


def test_elements_that_a_window_adds_are_drawn_and_counted() -> None:
    drawing = drawn(windows={"one": (2, -1), "other": (-1, -2)})

    added = [span(each) for each in of_class(drawing, "added")]
    assert len(added) == 3
    assert spans(drawing)[1] == (added[0][0], added[-1][1])
    assert [each.text for each in of_class(drawing, "caption")] == [
        "one: size 6, crops 2 at the start and adds 1 at the end",
        "other: size 10, adds 1 at the start and 2 at the end",
    ]


def test_elements_that_nothing_reaches_are_marked() -> None:
    drawing = drawn(Axis(i=2, k=1, s=3))

    assert ["hole" in each.get("class", "") for each in of_class(drawing, "element")] == [
        False, True, True, False,
    ]  # fmt: skip


def test_drawing_is_described_in_words() -> None:
    drawing = drawn()

    texts = {each.get("id"): each.text or "" for each in drawing.iter()}
    assert drawing.get("role") == "img"
    title = texts[drawing.get("aria-labelledby")]
    told = texts[drawing.get("aria-describedby")]
    assert title.startswith("What torch and tensorflow keep of the full result: i = 3, k = 3")
    assert "Input 1 reaches 2, 3, 4." in told
    assert "torch: size 5, crops 1 at the start and 1 at the end." in told
    assert "tensorflow: size 6, crops 1 at the end." in told


def test_everything_lies_inside_the_drawing() -> None:
    drawing = drawn(Axis(i=MOST, k=5, s=5), {"a long name of a target": (-2, -3), "b": (4, 0)})

    width, height = float(drawing.get("width", "0")), float(drawing.get("height", "0"))
    for square in drawing.iter("rect"):
        assert 0 <= span(square)[0] < span(square)[1] <= width
        assert 0 <= float(square.get("y", "-1")) < height
    assert all(0 <= left < right <= width for left, right in spans(drawing))
    assert all(float(text.get("y", "-1")) < height for text in drawing.iter("text"))


def test_name_of_a_target_makes_no_element() -> None:
    drawing = drawn(windows={"<script>attack()</script>&": (0, 0), "b": (1, 0)})

    assert list(drawing.iter("script")) == []
    assert "<script>attack()</script>&: size 7" in (of_class(drawing, "caption")[0].text or "")


@pytest.mark.parametrize(
    ("axis", "window"),
    [
        (Axis(i=MOST + 1, k=1), Window(begin=0, end=0)),
        (Axis(i=2, k=1, s=WIDEST), Window(begin=0, end=0)),
        (Axis(i=2, k=1), Window(begin=1, end=1)),
    ],
    ids=["many inputs", "wide", "nothing kept"],
)
def test_what_is_too_large_or_empty_is_not_drawn(axis: Axis, window: Window) -> None:
    assert diagram(axis, {"a": window}, name="a") == ""
