"""Five hundred calls, drawn at random over all ordered pairs of backends, translated and run.

Each is run beside its source at three drawn sizes. A call that is not translated must be one that
the source itself does not compute, or whose window depends on the input size, or one of which the
target does not even compute the full result: that is proved by asking the frameworks.
"""

import random
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import permutations
from typing import Final

import pytest
from tests.packages import BACKENDS, require

from tconv.adapters import registry
from tconv.analysis.atlas.atlas import Atlas
from tconv.engine.process.worker_process import WorkerEnd
from tconv.engine.worker.batch import compute_batch
from tconv.model.case import Case
from tconv.model.geometry import effective_kernel
from tconv.model.target import Selection, Target
from tconv.translation import source as source_module
from tconv.translation.query import Query
from tconv.translation.source import Impossible
from tconv.translation.translate import Pools, Translation, translate
from tconv.translation.windows import WindowBySize

SEED: Final = 20261128
EACH: Final = 7
SIZES: Final = 3
PAIRS: Final = tuple(permutations(BACKENDS, 2))
KINDS: Final = {
    "torch": ("numbers", "crops", "size"),
    "tensorflow": ("policy", "policy", "policy and size", "numbers"),
    "jax": ("policy", "numbers", "crops"),
    "keras": ("policy", "policy", "policy and op", "crops"),
    "onnx": ("policy", "policy and op", "policy and size", "numbers", "crops"),
    "onnxruntime": ("policy", "policy and op", "policy and size", "numbers", "crops"),
}
REFUSED: Final = {"unsupported", "rejected", "rejected_legal", "unresolved"}
"""Verdicts on calls that a framework has no argument for, refuses, or computes no window of."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """A call, and what became of it.

    Attributes:
        ends: source and target.
        query: the call.
        found: its translation, or why there is none.
    """

    ends: tuple[str, str]
    query: Query
    found: Translation | Impossible


def drawn(ends: tuple[str, str]) -> list[Query]:
    """Return calls of one to three axes; on some, no translation exists."""
    chance = random.Random(f"{SEED} {ends}")  # noqa: S311 # no secret
    kinds = KINDS[ends[0].partition("-")[0]]
    texts = [words(chance, chance.choice(kinds)) for _ in range(EACH)]
    for each in texts:
        if not ends[0].startswith("keras") or chance.random() < 1 / 9:  # Keras has no groups
            each.append(f"groups={chance.choice([1, 1, 2, 3])}")
        if ends[0].startswith("onnx") and chance.random() < 1 / 5:
            each[:] = [text.replace("=same", "=same_lower") for text in each]
    return [Query.from_texts(each) for each in texts]


def words(chance: random.Random, kind: str) -> list[str]:
    """Return the words of a call of this kind, each axis with parameters of its own."""
    ndim = chance.choice([1, 1, 2, 2, 3])
    k = [chance.randint(1, 6 - ndim) for _ in range(ndim)]
    s = [chance.randint(1, 3) for _ in range(ndim)]
    d = chance.choice([1, 1, 1, 1, 2])
    texts = [joined("k", k), joined("s", s), f"d={d}"]
    policy = chance.choice(["same", "same", "valid"])
    if kind.startswith("policy"):
        texts.append(f"padding={policy}")
    if kind in {"numbers", "policy and op"} or (kind == "crops" and chance.random() < 1 / 2):
        texts.append(joined("op", [chance.randint(0, each - 1) for each in s]))
    p = [chance.randint(0, (each - 1) // 2) for each in k]
    if kind in {"numbers", "size"}:
        texts.append(joined("p", p))
    if kind == "crops":
        sides = [(chance.randint(-1, each - 1), chance.randint(-1, each - 1)) for each in k]
        texts.append(joined("p", [f"{start}:{end}" for start, end in sides]))
    if kind.endswith("size"):
        least = [effective_kernel(each, d) - stride for each, stride in zip(k, s, strict=True)]
        if kind == "size":
            least = [each - 2 * crop for each, crop in zip(least, p, strict=True)]
        elif policy == "same":
            least = [1 - each for each in s]
        pairs = zip(least, s, strict=True)
        texts.append(joined("o", [chance.choice(sizes(*each)) for each in pairs]))
    if chance.random() < 1 / 4:
        texts.append(joined("i", [chance.randint(1, 5) for _ in range(ndim)]))
    return texts


def joined(name: str, values: Sequence[object]) -> str:
    return f"{name}={'x'.join(map(str, values))}"


def sizes(least: int, s: int) -> list[str]:
    """Return sizes that follow the input's: from the least, `s` are allowed, and others drawn."""
    allowed = [f"s*i{least + more:+d}" for more in range(s)]
    return [*allowed * 4, f"s*i{least - 1:+d}", f"s*i{least + s:+d}", f"{s + 1}*i"]


def drawn_samples(windows: Sequence[WindowBySize], count: int) -> tuple[tuple[int, ...], ...]:
    """Return input sizes at which a call gives something, drawn, where several are possible."""
    chance = random.Random(f"{SEED} {[min(each) for each in windows]}")  # noqa: S311 # no secret
    few = [sorted(each)[: 8 - 2 * len(windows)] for each in windows]
    draws = (tuple(map(chance.choice, few)) for _ in range(count))
    return tuple(dict.fromkeys(draws))


@pytest.fixture(scope="module")
def pool() -> Iterator[Pools]:
    require(*BACKENDS)
    with Pools() as processes:
        yield processes


@pytest.fixture(scope="module")
def answers(atlas: Atlas, pool: Pools) -> list[Answer]:
    """Return all calls with what became of them; a process computes all calls of a backend."""

    def of_pair(ends: tuple[str, str]) -> list[Answer]:
        queries = drawn(ends)
        selections = [Selection(backend=backend) for backend in ends]
        found = translate(atlas, queries, *selections, runs=True, pool=pool)
        return [Answer(ends=ends, query=query, found=each)
                for query, each in zip(queries, found, strict=True)]  # fmt: skip

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(source_module, "sample_sizes", drawn_samples)
        made = [answer for answers in map(of_pair, PAIRS) for answer in answers]
    translated = sum(isinstance(each.found, Translation) for each in made)
    print(f"seed {SEED}: {translated} of {len(made)} calls are translated")  # noqa: T201 # shown with -s, and where a test fails
    return made


def test_every_translation_gives_what_its_source_gives(answers: list[Answer]) -> None:
    made = [each for each in answers if isinstance(each.found, Translation)]

    assert len(made) > len(answers) / 2
    assert [
        (each.ends, str(each.query), each.found.differences)
        for each in made
        if isinstance(each.found, Translation) and each.found.differences != ()
    ] == []


def test_what_was_drawn_has_groups_crops_sizes_and_splits(answers: list[Answer]) -> None:
    made = [each.found for each in answers if isinstance(each.found, Translation)]

    for has in (
        lambda each: each.source.query.groups > 1,
        lambda each: each.source.query.sizes,
        lambda each: each.source.default,
        lambda each: each.source.addition,
        lambda each: each.target_call.candidate.words,
        lambda each: each.target_call.candidate.dilated_by,
        lambda each: each.target_call.candidate.split_into > 1,
        lambda each: len(each.source.query.axes) == 3,
    ):
        assert sum(map(bool, map(has, made))) >= 5


def test_every_call_that_is_not_translated_has_a_reason_that_the_frameworks_confirm(
    answers: list[Answer], pool: Pools
) -> None:
    impossible = [each for each in answers if isinstance(each.found, Impossible)]

    assert [
        (each.ends, str(each.query), each.found)
        for each in impossible
        if not (is_refused(pool, each) or depends_on_size(pool, each) or is_lacking(pool, each))
    ] == []


def is_refused(pool: Pools, answer: Answer) -> bool:
    """Return whether no usual mode of the source computes the call at each of some sizes."""
    return all(
        any(not window for window in seen(pool, target, cases_of(answer)))
        for target in usual_modes(answer.ends[0])
    )


def depends_on_size(pool: Pools, answer: Answer) -> bool:
    """Return whether the window is another one at another size in each mode that computes it."""
    windows = [set(seen(pool, target, cases_of(answer))) for target in usual_modes(answer.ends[0])]
    return all(len(each) > 1 for each in windows)


def is_lacking(pool: Pools, answer: Answer) -> bool:
    """Return whether the target computes not even the full result of one group, undilated."""
    plain = cases_of(answer)[-1]
    extent = tuple(effective_kernel(k, d) for k, d in zip(plain.k, plain.dilation, strict=True))
    case = Case.from_parameters(ndim=plain.ndim, i=plain.i, k=extent, s=plain.s)
    return all(
        not window
        for target in usual_modes(answer.ends[1])
        for window in seen(pool, target, [case])
    )


def cases_of(answer: Answer) -> list[Case]:
    """Return the call at the size that is asked for, or at some at which it gives something.

    Where the answer says at which size it is refused, that comes first.
    """
    query, ndim = answer.query, len(answer.query.axes)
    named = re.search(r"refused at i=([\dx]+)", str(answer.found))
    first = [tuple(map(int, named[1].split("x")))] if named else []
    if query.is_sized:
        return [query.case(axis.i for axis in query.axes)]
    return [query.case(i) for i in (*first, *(range(i, i + ndim) for i in range(3, 6)))]


def usual_modes(backend: str) -> list[Target]:
    modes = registry.adapter_class(backend).modes[:2]
    return [Target(backend=backend, mode=mode.name, device="cpu") for mode in modes
            if mode.layout and "+" not in mode.name and mode.name != "function"]  # fmt: skip


def seen(pool: Pools, target: Target, cases: Sequence[Case]) -> list[str]:
    """Return the window of each result, or what is as good; empty where nothing is computed."""
    return [window for case in cases for window in windows_of(pool, target, case)]


def windows_of(pool: Pools, target: Target, case: Case) -> Iterator[str]:
    """Yield the window of the result of one case, or what is as good; empty: there is none."""
    process = pool.worker(target.backend, registry.adapter_class(target.backend).accelerated)
    answer = process.call(compute_batch, [case], target, None, 0)
    if isinstance(answer, WorkerEnd):
        yield ""
        return
    rows = answer[0].to_columns()
    columns = (rows[name] for name in ("verdict", "observed_shape", "resolution"))
    for verdict, shape, window in zip(*columns, strict=True):
        yield "" if verdict in REFUSED or not shape or 0 in shape else str(window or shape)
