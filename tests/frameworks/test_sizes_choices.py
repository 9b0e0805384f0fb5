"""What `tconv sizes` lists gives the size on the framework, and no call that does is missed."""

import random
import warnings
from collections.abc import Iterable, Iterator
from functools import cache
from itertools import product
from typing import Final

import pytest
from tests.packages import require

from tconv.adapters import registry
from tconv.adapters.base import Adapter, InferredShape
from tconv.analysis.atlas.entry import Entry
from tconv.analysis.atlas.question import EXPLICIT, Question
from tconv.analysis.atlas.request import Request, SizeRequest
from tconv.analysis.atlas.sizes import Choice, TargetSizes, target_sizes
from tconv.answers.frameworks import Frameworks
from tconv.cli.atlas_source import load_atlas
from tconv.inputs.draw import draw
from tconv.model.case import Case
from tconv.model.route import Native
from tconv.model.target import Target

TARGETS: Final = (
    "torch:eager@cpu",
    "tensorflow:eager@cpu",
    "keras-torch:layer@cpu",
    "keras-torch:ops@cpu",
    "jax:conv_transpose@cpu",
    "jax:conv_general_dilated@cpu",
    "jax:vjp@cpu",
    "onnx:reference@cpu",
    "onnx:shape_inference@cpu",
    "onnxruntime:session@cpu",
)
INFERRING: Final = {"jax"}  # it compiles each call, so that its shapes alone are asked for
APART: Final = {"keras-torch", "tensorflow"}
"""They compute in processes of their own, as a process has one Keras backend, and oneDNN or not."""

DRAWS: Final = 12

Values = dict[str, int]
"""The values of i and, where a call has them, p and op."""


@cache
def entries() -> tuple[Entry, ...]:
    return load_atlas(None).entries


@pytest.fixture(params=[
    pytest.param(text, marks=pytest.mark.xdist_group(text.partition(":")[0])) for text in TARGETS
])  # fmt: skip
def target(request: pytest.FixtureRequest) -> Target:
    target = Target.from_text(request.param)
    require(target.backend)
    return target


@pytest.fixture(scope="module")
def frameworks() -> Iterator[Frameworks]:
    """Return the processes of the backends that compute apart."""
    with Frameworks() as frameworks:
        yield frameworks


@cache
def adapter_of(backend: str) -> Adapter:
    return registry.load(backend)


def case_of(question: Question, at: Values, *, k: int, s: int, d: int, o: int) -> Case:
    """Return the call of a question."""
    p = at.get("p", 0)
    return Case.from_parameters(
        ndim=1, i=at["i"], k=k, s=s, dilation=d, p=[(p, p)],
        output_padding=at["op"] if question.op else None, o=o if question.o else None,
        padding=None if question.padding == EXPLICIT else question.padding, c_in=2, c_out=3,
    )  # fmt: skip


def sizes_of(
    frameworks: Frameworks, target: Target, cases: Iterable[Case]
) -> dict[Case, int | None]:
    """Return the size that one call of the framework gives for each case, None: no such call."""
    legal = [each for each in dict.fromkeys(cases) if each.suite != "illegal"]  # others may crash
    if target.backend in APART:
        replies = frameworks.ask(target, list(map(Request.from_case, legal)))
        return {
            case: reply.extents[0].size if reply.is_accepted and not reply.addition else None
            for case, reply in zip(legal, replies, strict=True)
        }
    adapter = adapter_of(target.backend)
    with adapter.session(target.mode, target.device), warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return {case: size_of(adapter, target, case) for case in legal}


def size_of(adapter: Adapter, target: Target, case: Case) -> int | None:
    if not isinstance(adapter.route(case, target.mode, target.device), Native):
        return None
    try:
        if target.backend in INFERRING:
            inferred = adapter.infer_shape(case, target.mode, target.device)
            return None if inferred is None else tuple(inferred)[-1]
        y = adapter.compute(case, draw(case).tensors, target.mode, target.device)
    except Exception:  # noqa: BLE001 # whatever a framework raises is a refusal
        return None
    return (y.shape if isinstance(y, InferredShape) else tuple(y.shape))[-1]


def requests() -> Iterator[Values]:
    chance = random.Random(11)  # noqa: S311 # no secret
    for _ in range(DRAWS):
        yield {
            "o": chance.randint(1, 24), "k": chance.randint(1, 7), "s": chance.randint(1, 5),
            "d": chance.choice([1, 1, 2]),
        }  # fmt: skip


def answers(target: Target, shared: Values, **decided: int) -> list[TargetSizes]:
    words = [f"{name}={value}" for name, value in {**shared, **decided}.items()]
    own = [entry for entry in entries() if entry.question.target == str(target)]
    return list(target_sizes(own, SizeRequest.from_texts(words), most=1000))


def points(choice: Choice, most: int = 3) -> Iterator[Values]:
    """Yield the values of a choice, of a long range the first ones and the last."""
    ranges = {"p": choice.p, "op": choice.op, "i": choice.i}
    present = {name: ends for name, ends in ranges.items() if ends is not None}
    values = (
        sorted({*range(first, min(first + most, last + 1)), last})
        for first, last in present.values()
    )
    for point in product(*values):
        yield dict(zip(present, point, strict=True))


def test_listed_choices_give_the_size_on_the_framework(
    frameworks: Frameworks, target: Target
) -> None:
    listed = [
        (case_of(answer.question, at, **shared), choice)
        for shared in requests()
        for decided in ({}, {"i": max(shared["o"] // shared["s"], 1)})
        for answer in answers(target, shared, **decided)
        for choice in (*answer.choices, *answer.nearest)
        for at in points(choice)
    ]
    sizes = sizes_of(frameworks, target, (case for case, _ in listed))
    wrong = [
        (case.id, choice, sizes[case])
        for case, choice in listed
        if sizes[case] != choice.size and (choice.is_known or sizes[case] is not None)
    ]

    assert wrong == []
    assert sum(choice.is_known for _, choice in listed) > 20


@pytest.mark.parametrize("shared", [{"k": 4, "s": 3, "d": 1}, {"k": 2, "s": 2, "d": 2}], ids=str)
def test_no_call_that_gives_the_size_is_missed(
    frameworks: Frameworks, target: Target, shared: Values
) -> None:
    extent = shared["d"] * (shared["k"] - 1) + 1
    cases = {
        (entry.question, i, p, op): case_of(
            entry.question, {"i": i, "p": p, "op": op}, **shared, o=0
        )
        for entry in entries()
        if entry.question.target == str(target) and not entry.question.o
        for i in range(1, 6)
        for p in (range(min(extent, 3)) if entry.question.padding == EXPLICIT else [0])
        for op in (range(shared["s"]) if entry.question.op else [0])
    }
    sizes = sizes_of(frameworks, target, cases.values())
    missed = []
    for size in {size for size in sizes.values() if size}:
        by_question = {each.question: each for each in answers(target, {"o": size, **shared})}
        for (question, i, p, op), case in cases.items():
            answer = by_question[question]
            if sizes.get(case) != size or answer.reason == "no argument for a padding in numbers":
                continue
            if not any(
                i in span(e.i) and p in span(e.p) and op in span(e.op) for e in answer.choices
            ):
                missed.append((case.id, size, answer.reason))

    assert missed == []
    assert sizes


def span(ends: tuple[int, int] | None) -> range:
    return range(1) if ends is None else range(ends[0], ends[1] + 1)
