"""Every mode that computes is a source and a target: its layout, and the text of its call."""

import random
from typing import Final

import pytest
from tests.packages import BACKENDS, require

from tconv.adapters import registry
from tconv.analysis.atlas.atlas import Atlas
from tconv.model.target import Selection
from tconv.translation.query import Query
from tconv.translation.source import Impossible
from tconv.translation.translate import Pools, Translation, translate

SEED: Final = 20261128
MODES: Final = tuple(
    f"{backend}:{mode.name}"
    for backend in BACKENDS
    for mode in registry.adapter_class(backend).modes
    if mode.sample and mode.layout
)


def drawn(mode: str) -> Query:
    """Return a call that any framework computes, or with a step beside it."""
    chance = random.Random(f"{SEED} {mode}")  # noqa: S311 # no secret
    k, s = chance.randint(2, 4), chance.randint(1, 3)
    p, op = chance.randint(0, 1), chance.randint(0, s - 1)
    return Query.from_texts([f"k={k}", f"s={s}", f"p={p}", f"op={op}", f"ndim={1 + p}"])


@pytest.mark.parametrize("mode", MODES)
def test_mode_is_a_source_and_a_target(atlas: Atlas, pool: Pools, mode: str) -> None:
    selection = Selection.from_text(mode)
    require(selection.backend)
    numpy, query = Selection(backend="numpy"), drawn(mode)
    ends = ((numpy, selection), (selection, numpy))

    found = [
        each for pair in ends for each in translate(atlas, [query], *pair, runs=True, pool=pool)
    ]

    assert [each.reason for each in found if isinstance(each, Impossible)] == []
    assert [each.differences for each in found if isinstance(each, Translation)] == [()] * 2


@pytest.mark.parametrize("mode", ["torch:eager+no_onednn", "tensorflow:xla", "jax:vjp+single"])
def test_mode_that_was_not_measured_follows_the_rule_of_its_sibling(
    atlas: Atlas, pool: Pools, mode: str
) -> None:
    selection = Selection.from_text(mode)
    require(selection.backend)
    policy = "p=1" if selection.backend == "torch" else "padding=same"

    (found,) = translate(
        atlas, [Query.from_texts(["k=3", "s=2", policy])], selection,
        Selection(backend="numpy"), runs=True, pool=pool,
    )  # fmt: skip

    assert isinstance(found, Translation)
    assert found.differences == ()
    assert found.source.rule_of == f"{mode.partition('+')[0].replace('xla', 'eager')}@cpu"
