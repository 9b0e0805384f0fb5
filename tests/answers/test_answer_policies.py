"""Requests for policies that are defined here, as calls of numbers."""

import pytest

from tconv.analysis.atlas.request import Request
from tconv.answers.answer import lowered
from tconv.model.geometry import output_size


@pytest.mark.parametrize(
    ("text", "numbers", "words"),
    [
        ("padding=causal k=4 s=2 i=7", "i=7 k=4 s=2 op=0 p=0:2", "causal is by definition: i=7"),
        ("padding=causal k=2 s=5 i=7", "i=7 k=2 s=5 op=3", "causal is by definition: i=7"),
        ("padding=circular k=4 s=2 i=7", "i=9 k=4 s=2 op=0 p=3:3",
         "pad the input circularly by 1:1, then i=9"),
        ("padding=reflect k=5x2 s=2x3 i=7x4", "i=9x4 k=5x2 s=2x3 op=0x1 p=3:4x0:0",
         "pad the input by reflection by 1:1x0:0, then"),
        ("padding=circular k=2 s=2 i=7", "i=7 k=2 s=2 op=0", "circular is by definition: i=7"),
        ("padding=reflect k=4 s=2 i=1", "i=3 k=4 s=2 op=0 p=3:3",
         "by 1 elements, above the 0 that it has to copy: some frameworks refuse that"),
    ],
)  # fmt: skip
def test_defined_policy_is_the_call_of_numbers(text: str, numbers: str, words: str) -> None:
    request = Request.from_texts(text.split())

    plain, definition = lowered(request)

    assert plain == Request.from_texts(numbers.split())
    assert words in definition
    assert [output_size(axis) for axis in plain.axes] == [a.s * a.i for a in request.axes]


def test_other_requests_are_what_they_are() -> None:
    request = Request.from_texts(["padding=same", "k=3", "s=2", "i=7"])

    assert lowered(request) == (request, "")
