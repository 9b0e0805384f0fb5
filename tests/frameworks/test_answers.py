"""Drawn calls of every target of the map: each answer is held against the framework itself."""

import random
from collections.abc import Iterator, Sequence
from functools import cache

import pytest
from click.testing import CliRunner

from tconv.analysis.atlas.atlas import Atlas
from tconv.analysis.atlas.question import EXPLICIT, Question
from tconv.analysis.atlas.request import Request
from tconv.answers.answer import Answer, answers
from tconv.answers.frameworks import Frameworks, Reply
from tconv.cli import cli
from tconv.cli.atlas_source import load_atlas
from tconv.model.geometry import Axis
from tconv.model.target import Selection, Target
from tconv.model.window import Resolution

DRAWN = {
    "torch": 220, "tensorflow": 220, "onnx": 300, "onnxruntime": 180, "jax": 600,
    "keras-tensorflow": 180, "keras-torch": 180, "keras-jax": 160, "keras-numpy": 60,
}  # fmt: skip
"""Calls of each backend, 2,100 in all."""

ALONE = 30
"""Refused calls of each backend that are asked again, one at a time."""

Calls = list[tuple[Target, Request]]


@cache
def the_atlas() -> Atlas:
    return load_atlas(None)


def drawn(backend: str, count: int) -> Calls:
    """Return calls of the backend's targets; some outside of what was measured."""
    rng = random.Random(f"answers {backend}")  # noqa: S311 # no secret
    entries = the_atlas().of(Selection(backend=backend))
    targets = list(dict.fromkeys(entry.question.target for entry in entries))
    calls: Calls = []
    while len(calls) < count:
        target = targets[len(calls) % len(targets)]
        own = [entry for entry in entries if entry.question.target == target]
        is_refused = rng.random() < 0.5
        for _ in range(20):
            entry = rng.choice(own)
            request = drawn_request(rng, entry.question)
            if request and (entry.accepts(request.axes) is not True) == is_refused:
                calls.append((Target.from_text(target), request))
                break
    return calls


def drawn_request(rng: random.Random, question: Question) -> Request | None:
    ndim = question.ndim or rng.choice([1, 1, 1, 2, 2, 3])
    is_wide = rng.random() < 0.2
    has_dilation, has_crop = rng.random() < 0.3, rng.random() < 0.5
    axes = []
    for _ in range(ndim):
        i = rng.randint(1, (40 if is_wide else 16) if ndim == 1 else 6)
        k, s = rng.randint(1, 14 if is_wide else 7), rng.randint(1, 10 if is_wide else 5)
        d = rng.choice([1, 2, 3, 4] if is_wide else [1, 2]) if has_dilation else 1
        begin = end = 0
        if question.padding == EXPLICIT and has_crop:
            begin = rng.randint(-1 if is_wide else 0, 5 if is_wide else 2)
            end = begin if rng.random() < 0.7 else rng.randint(0, 2)
        op = rng.choice([0, 0, 1, 2, 3]) if question.op else None
        axis = Axis(i=i, k=k, s=s, d=d, p_begin=begin, p_end=end, op=op)
        least = s * (i - 1) + 1 if question.padding.startswith("same") else axis.full - begin - end
        o = (
            max(least + rng.choice([0, 0, s - 1, rng.randint(-2, 2 * s)]), 1)
            if question.o
            else None
        )
        axes.append(Axis(i=i, k=k, s=s, d=d, p_begin=begin, p_end=end, op=op, o=o))
    if not question.o and any(axis.full + axis.extra < axis.p_begin + axis.p_end for axis in axes):
        return None  # less than nothing would be left
    return Request(padding=question.padding, axes=tuple(axes))


class Known(Frameworks):
    """Frameworks that were asked before: each call is put to them once, all at the same time."""

    def __init__(self) -> None:
        super().__init__()
        self.replies: dict[tuple[Target, Request], Reply] = {}

    def ask(self, target: Target, requests: Sequence[Request]) -> list[Reply]:
        new = [each for each in requests if (target, each) not in self.replies]
        if new:
            told = super().ask(target, new)
            self.replies |= {(target, each): reply for each, reply in zip(new, told, strict=True)}
        return [self.replies[target, each] for each in requests]


def wrong(target: Target, request: Request, answer: Answer, reply: Reply) -> Iterator[str]:
    """Yield in which way an answer is not what the framework does."""
    call = f"{target} {request}"
    sizes = [extent.size for extent in reply.extents]
    is_accepted = reply.is_accepted and min(sizes) >= 1
    if answer.verdict != ("accepted" if is_accepted else "refused"):
        yield f"{call}: {answer.verdict}, but it says {reply}"
    elif not is_accepted:
        if answer.reply is None or answer.reply.words != reply.words:
            yield f"{call}: quotes {answer.reply}, but it says {reply.words}"
    else:
        if [extent.size for extent in answer.extents] != sizes:
            yield f"{call}: {answer.extents}, but it returns {sizes}"
        begins = [extent.begin for extent in answer.extents]
        windows: list[list[int | None]] = [
            [window.begin for window in Resolution.from_text(text).axes] for text in reply.windows
        ]
        windows = windows or [[extent.begin for extent in reply.extents]]
        if begins not in windows and None not in begins + windows[0]:
            yield f"{call}: starts at {begins}, but it returns {reply.windows}"
        if answer.addition != reply.addition:
            yield f"{call}: adds {answer.addition!r}, but it adds {reply.addition!r}"


def misquoted(
    frameworks: Frameworks, target: Target, request: Request, answer: Answer
) -> Iterator[str]:
    """Yield that a refusal is not quoted as the framework words it when it is asked alone."""
    (reply,) = Frameworks.ask(frameworks, target, [request])
    if answer.reply is None or answer.reply.words != reply.words:
        yield f"{target} {request}: quotes {answer.reply}, but alone it says {reply.words}"


@pytest.mark.parametrize("backend", DRAWN)
def test_each_answer_is_what_the_framework_does(backend: str) -> None:
    calls = drawn(backend, DRAWN[backend])
    mistakes: list[str] = []
    near: Calls = []
    refused = known = decided = 0
    with Known() as frameworks:
        for target in dict.fromkeys(target for target, _ in calls):
            frameworks.ask(target, [request for other, request in calls if other == target])
        for target, request in calls:
            selection = Selection.from_text(str(target))
            (answer,) = answers(the_atlas(), selection, request, frameworks)
            mistakes += wrong(target, request, answer, frameworks.replies[target, request])
            near += [(target, call) for call in answer.nearest]
            (alone,) = answers(the_atlas(), selection, request, None)
            if alone.verdict not in {answer.verdict, "unknown"}:
                mistakes.append(f"{target} {request}: {alone.verdict} by the atlas alone")
            if answer.verdict == "refused":
                refused += 1
                if refused <= ALONE:
                    mistakes += misquoted(frameworks, target, request, answer)
            known += answer.reply is None
            decided += alone.verdict != "unknown"
        for target in dict.fromkeys(target for target, _ in near):
            requests = [call for other, call in near if other == target]
            mistakes += [
                f"{target} {call} is not accepted: {reply}"
                for call, reply in zip(requests, frameworks.ask(target, requests), strict=True)
                if not reply.is_accepted
            ]

    assert not mistakes, f"{len(mistakes)} of {len(calls)}:\n" + "\n".join(mistakes)
    assert 0.1 < refused / len(calls) < 0.9  # ONNX's shape inference refuses hardly anything
    assert known > 0.1 * len(calls)
    assert decided > 0.5 * len(calls)  # what the framework was asked for would be right anyway


EXAMPLES = [
    ("torch p=1 k=3 s=2 i=4 o=9", 3, "valid sizes range from [7] to [8]", "o=8 p=1"),
    ("torch p=4 k=3 s=1 i=4", 3, "Calculated output size per channel: (1 x -2)", "p=2"),
    ("tensorflow padding=same k=3 s=2 i=4 o=5", 3, "o_requested > s*(i - 1)", "o=7"),
    ("onnxruntime k=3 s=2 i=3 o=10", 3, "Expected input size 4 but got 3", "o=8"),
    ("keras-tensorflow p=1 k=3 s=2 i=4", 3, "no explicit padding", "padding=same"),
    ("jax padding=same k=5 s=2 i=7", 0, "String padding is not implemented", "o = 14: the full 17"),
    ("torch k=3 s=2 p=1 op=1 i=7", 0, "o = 14: the full 15", "one call of: jax, onnx"),
    ("numpy k=3 s=2 p=1 op=1 i=7", 0, "o = 14: the full 15", "not measured in run"),
    ("tensorflow:function padding=same k=3 s=2 i=4 o=5", 3, "tensorflow says: ", "not measured"),
    ("torch k=3x3x3x3 s=2 i=2", 3, "no transposed convolution of more than 3 axes", "only 1, 2, 3"),
    ("torch k=3 s=2 p=0:2 op=0 i=7", 0, "composed: crop the end", "one call of"),
]
"""Target and call, exit status, and two texts of the answer."""


def test_mode_that_does_not_exist_is_answered_by_those_that_do() -> None:
    done = CliRunner().invoke(cli, ["explain", "numpy:oracle", "k=3", "s=2", "i=4"])

    assert "but should be one of numpy:scatter@cpu, numpy:gather@cpu" in str(done.exception)


@pytest.mark.parametrize(("call", "status", "first", "second"), EXAMPLES)
def test_example_has_its_status_and_says_what_it_should(
    call: str, status: int, first: str, second: str
) -> None:
    done = CliRunner().invoke(cli, ["explain", *call.split()])

    assert done.exit_code == status, done.output
    assert first in done.stdout
    assert second in done.stdout
    assert "\no = -" not in done.stdout
