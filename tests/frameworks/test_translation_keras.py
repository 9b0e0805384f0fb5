"""Five hundred calls of Keras, drawn at random, are translated to PyTorch and run beside it.

A call that is not translated must be one that Keras itself refuses or has no argument for: that is
proved by making it, in each mode, and by what Keras then says.
"""

import random
from typing import Final

import pytest
from tests.packages import require

from tconv.analysis.atlas.atlas import Atlas
from tconv.engine.executors.local import LocalPool
from tconv.engine.plan import TargetPlan
from tconv.model.target import Selection, Target
from tconv.translation.query import Query
from tconv.translation.source import Impossible, find_sources
from tconv.translation.translate import Translation, translate

SEED: Final = 20261123
EACH: Final = 250
BACKENDS: Final = ("keras-tensorflow", "keras-torch")
MODES: Final = ("layer", "ops")

REFUSED: Final = {"unsupported", "rejected", "rejected_legal"}
"""Verdicts on calls that Keras has no argument for, proved by its own error, or that it refuses."""


def drawn(backend: str) -> list[list[str]]:
    """Return calls of one to three axes, each with parameters of its own, with i or without."""
    chance = random.Random(f"{SEED} {backend}")  # noqa: S311 # no secret
    found = []
    for _ in range(EACH):
        ndim = chance.randint(1, 3)
        words = [f"padding={chance.choice(['same', 'valid'])}"]
        for name, least, most in (("k", 1, 6 - ndim), ("s", 1, 4)):
            words.append(
                f"{name}={'x'.join(str(chance.randint(least, most)) for _ in range(ndim))}"
            )
        words.append(f"d={chance.choice([1, 1, 1, 1, 1, 1, 2, 3])}")
        words.append(f"op={chance.choice(['none', 'none', 'none', '0', '1', '2'])}")
        if chance.random() < 1 / 2:
            words.append(f"i={'x'.join(str(chance.randint(1, 5)) for _ in range(ndim))}")
        found.append(words)
    return found


@pytest.fixture(scope="module", params=BACKENDS)
def backend(request: pytest.FixtureRequest) -> str:
    name = str(request.param)
    require(name, "torch")
    return name


@pytest.fixture(scope="module")
def outcomes(atlas: Atlas, backend: str) -> list[tuple[Query, Translation | Impossible]]:
    queries = [Query.from_texts(words) for words in drawn(backend)]
    ends = Selection(backend=backend), Selection(backend="torch")
    found = list(translate(atlas, queries, *ends, runs=True))
    translated = sum(isinstance(each, Translation) for each in found)
    print(f"seed {SEED}: {translated} of {len(found)} calls of {backend} are translated")  # noqa: T201 # shown with -s, and where a test fails
    return list(zip(queries, found, strict=True))


def test_every_translation_gives_what_keras_gives(
    outcomes: list[tuple[Query, Translation | Impossible]],
) -> None:
    made = [(str(query), each) for query, each in outcomes if isinstance(each, Translation)]

    assert made
    assert [(text, each.differences) for text, each in made if each.differences != ()] == []


def test_every_call_that_is_not_translated_is_one_that_keras_itself_does_not_compute(
    atlas: Atlas, backend: str, outcomes: list[tuple[Query, Translation | Impossible]]
) -> None:
    impossible = [query for query, each in outcomes if isinstance(each, Impossible)]
    cases = {
        query: [query.case(sizes) for sizes in samples(atlas, backend, query)]
        for query in impossible
    }
    flat = tuple({case.id: case for made in cases.values() for case in made}.values())
    computed = dict.fromkeys(MODES, frozenset[str]())
    with LocalPool(workers=1, case_seconds=120) as pool:
        for mode in MODES if flat else ():
            target = Target(backend=backend, mode=mode, device="cpu")
            rows = pool.rows(TargetPlan(target=target, cases=flat, version=None), flat).to_columns()
            seen = zip(rows["case"], rows["verdict"], rows["observed_shape"], strict=True)
            computed[mode] = frozenset(
                str(case)
                for case, verdict, shape in seen
                if verdict not in REFUSED and 0 not in shape  # type: ignore[operator] # a tuple
            )

    wrong = [
        f"{query} in {mode}"
        for query, made in cases.items()
        for mode in MODES
        if computed[mode].issuperset(case.id for case in made)
    ]

    assert wrong == []


def samples(atlas: Atlas, backend: str, query: Query) -> tuple[tuple[int, ...], ...]:
    """Return the sizes at which the call was to be run; the given one where nothing comes out."""
    entries = atlas.of(Selection(backend=backend, mode="ops"))
    known = {Target(backend=backend, mode="ops", device="cpu"): entries}
    found = find_sources(query, known, ())
    if isinstance(found, Impossible):
        return (tuple(axis.i for axis in query.axes),)
    return found[0].samples
