"""Findings of planted faults: one each, with the predicate that was planted."""

import random
from collections.abc import Sequence
from itertools import product

import numpy as np
import pytest

from tconv.analysis.acceptance.fault import FAULTS, fault_of
from tconv.analysis.clusters import Cluster, clusters_of
from tconv.analysis.clusters.deviations import Deviations, TargetRows
from tconv.analysis.clusters.evidence import Cause, Symptom, causes_of, same_words
from tconv.analysis.clusters.judged_cases import JudgedCases
from tconv.analysis.clusters.separation import Separation
from tconv.analysis.clusters.variation import variations_of
from tconv.model.case import Case
from tconv.model.predicate import Predicate, columns_of
from tconv.runs.spec import RunSpec

SEEDS = 30
FLIPPED = Symptom("value", ("kernel flipped",), "")
CROPPED = Symptom("shape", ("crop on the other side", "output padding ignored"), "")
SILENT = Symptom("value", (), "")
REFUSED = Symptom("rejected_legal", (), "ValueError: no such stride #")

TERMS = (
    "s > 1", "s == 2", "s < 3", "k == 1", "k > 2", "k % 2 == 0", "(K - s) % 2 == 1", "K > s",
    "K < s", "d > 1", "groups > 1", "c_in > 4", "ndim == 1", "ndim > 1", "ndim == 3", "bias",
    "not bias", "p_begin > 0", "p_begin != p_end", "p_begin < p_end", "op > 0", "i == 1", "i < k",
    "K % 2 == 0", "n == 2", "c_out == groups", "all(s > 1)", "all(k == 1)", "dtype == 'float16'",
    "o > 5", "op == 1", "p_begin + p_end > 1", "K % s == 0",
)  # fmt: skip
"""What a fault may depend on."""


def drawing(seed: int) -> random.Random:
    return random.Random(seed)  # noqa: S311 # draws test cases


def grid(seed: int, count: int = 1_200) -> list[Case]:
    """Return distinct cases of one to three axes, drawn."""
    rng = drawing(seed)
    cases: dict[str, Case] = {}
    while len(cases) < count:
        ndim = rng.choice((1, 2, 3))
        groups = rng.choice((1, 1, 2, 4))
        d, k = (tuple(rng.choices(options, k=ndim)) for options in ((1, 1, 2), (1, 2, 3, 4)))
        s = tuple(rng.choices((1, 2, 3), k=ndim))
        reach = [each_d * (each_k - 1) for each_d, each_k in zip(d, k, strict=True)]
        case = Case.from_parameters(
            ndim=ndim, i=tuple(rng.choices((1, 2, 3, 5), k=ndim)), k=k, s=s, dilation=d,
            p=[(rng.randint(0, min(each, 2)), rng.randint(0, min(each, 2))) for each in reach],
            output_padding=tuple(rng.randrange(each) for each in s), groups=groups,
            c_in=rng.choice((4, 8)), c_out=rng.choice((4, 12)), n=rng.choice((1, 2)),
            dtype=rng.choice(("float32", "float16")), bias=rng.random() < 0.5,
        )  # fmt: skip
        if case.suite == "explicit":
            cases[case.id] = case
    return list(cases.values())


def holds(text: str, cases: Sequence[Case]) -> np.ndarray:
    return Predicate.from_text(text).holds_in(columns_of(cases))


def drawn(rng: random.Random, cases: Sequence[Case]) -> str:
    """Return a predicate of up to three terms that holds for some of the cases, not for all."""
    while True:
        text = " and ".join(rng.sample(TERMS, rng.choice((1, 2, 3))))
        if 10 <= holds(text, cases).sum() <= len(cases) - 10:
            return text


def clusters(
    cases: Sequence[Case], *targets: tuple[str, Sequence[Symptom | None]]
) -> tuple[Cluster, ...]:
    """Return the clusters of targets that each show a symptom, or None, in every case."""
    shown = list(dict.fromkeys(each for _, symptoms in targets for each in symptoms if each))
    rows = []
    for number, (target, symptoms) in enumerate(targets):
        deviating = np.flatnonzero([each is not None for each in symptoms])
        rows.append(
            TargetRows(
                target=target, cases=deviating, places=deviating + number * len(cases),
                passing=np.flatnonzero([each is None for each in symptoms]),
                evidence=np.array([shown.index(e) for e in symptoms if e], dtype=np.int64),
            )
        )  # fmt: skip
    return clusters_of(Deviations(JudgedCases.from_cases(cases), tuple(shown), tuple(rows)))


@pytest.mark.parametrize("seed", range(SEEDS))
def test_fault_is_one_cluster_with_its_predicate(seed: int) -> None:
    rng = drawing(seed)
    cases = grid(seed)
    planted = drawn(rng, cases)
    symptom = rng.choice((FLIPPED, CROPPED, SILENT, REFUSED))
    symptoms = [symptom if at else None for at in holds(planted, cases)]

    (cluster,) = clusters(cases, ("fake:call@cpu", symptoms))

    assert (holds(cluster.predicate, cases) == holds(planted, cases)).all(), planted
    assert cluster.is_exact
    assert (cluster.precision, cluster.recall) == (1, 1)
    assert cluster.passing == len(cases) - holds(planted, cases).sum()


@pytest.mark.parametrize("seed", range(SEEDS))
def test_two_faults_at_once_are_two_clusters(seed: int) -> None:
    rng = drawing(seed)
    cases = grid(seed)
    while True:  # each must show on its own, as neither is seen where both are
        planted = drawn(rng, cases), drawn(rng, cases)
        one, other = (holds(text, cases) for text in planted)
        if min((one & ~other).sum(), (other & ~one).sum()) > 30:
            break
    second = rng.choice((CROPPED, REFUSED))
    both = REFUSED if second is REFUSED else SILENT
    table = {(True, False): FLIPPED, (False, True): second, (True, True): both}
    symptoms = [table.get(each) for each in zip(one.tolist(), other.tolist(), strict=True)]

    made = clusters(cases, ("fake:call@cpu", symptoms))

    by_reading = {"kernel flipped" in {c.reading for c in each.causes}: each for each in made}
    seen = ~other if second is REFUSED else np.full(len(cases), True)  # a refusal hides the rest
    assert len(made) == len(by_reading) == 2, (planted, made)
    assert (holds(by_reading[True].predicate, cases) == one)[seen].all(), (planted, made)
    assert (holds(by_reading[False].predicate, cases) == other).all(), (planted, made)


@pytest.mark.parametrize("seed", range(SEEDS // 3))
def test_two_faults_that_show_the_same_are_two_clusters(seed: int) -> None:
    rng = drawing(seed)
    cases = grid(seed)
    symptom = rng.choice((FLIPPED, SILENT, REFUSED))
    while True:
        planted = drawn(rng, cases), drawn(rng, cases)
        one, other = (holds(text, cases) for text in planted)
        separation = Separation.from_cases(JudgedCases.from_cases(cases))
        union = np.flatnonzero(one | other), np.flatnonzero(~one & ~other)
        if min((one & ~other).sum(), (other & ~one).sum()) > 30 and not separation.exact(*union):
            break
    symptoms = [symptom if at else None for at in one | other]

    made = clusters(cases, ("fake:call@cpu", symptoms))

    truths = np.array([holds(each.predicate, cases) for each in made])
    assert all(each.is_exact for each in made), (planted, made)
    assert len(made) == 2, (planted, made)
    assert (truths.any(axis=0) == (one | other)).all()


def test_faults_of_the_acceptance_grid_have_exact_predicates() -> None:
    cases = RunSpec.from_config("acceptance").cases
    faults = [fault_of(case) for case in cases]
    separation = Separation.from_cases(JudgedCases.from_cases(cases))

    exact = {}
    for fault in FAULTS:
        has = np.array([each is fault for each in faults])
        exact[fault.name] = separation.exact(np.flatnonzero(has), np.flatnonzero(~has))

    # Sizes next to 2^63 leave no room for sums, and so no term for the candidates of a size.
    lacking = [name for name, conjunction in exact.items() if conjunction is None]
    assert lacking == [
        "requested size below the candidates", "requested size above the candidates",
        "requested size among the candidates",
    ]  # fmt: skip


def test_predicate_works_in_where_on_every_axis_alike() -> None:
    pairs = list(product((1, 2), repeat=2))
    cases = [Case.from_parameters(ndim=2, i=i, k=k, s=s)
             for i, k, s in product(product((3, 8), repeat=2), pairs, pairs)]  # fmt: skip
    on_one_axis = [any(a.k == 2 and a.s == 2 for a in case.axes) for case in cases]

    (cluster,) = clusters(cases, ("fake:call@cpu", [SILENT if at else None for at in on_one_axis]))

    assert cluster.predicate in {"k == 2 and s == 2", "k > 1 and s > 1"}


def test_axes_that_must_all_agree_are_found() -> None:
    cases = [Case.from_parameters(ndim=2, i=4, k=2, s=s) for s in product((1, 2, 3), repeat=2)]
    symptoms = [SILENT if min(case.s) > 1 else None for case in cases]

    (cluster,) = clusters(cases, ("fake:call@cpu", symptoms))

    assert cluster.predicate == "all(s > 1)"


def test_verdicts_of_one_cause_are_one_cluster() -> None:
    cases = grid(1, 300)
    shown = {1: SILENT, 2: Symptom("shape", (), ""), 3: REFUSED}
    symptoms = [shown[case.ndim] if case.groups > 1 else None for case in cases]

    (cluster,) = clusters(cases, ("fake:call@cpu", symptoms))

    assert cluster.predicate == "groups > 1"
    assert len(cluster.causes) == 3


def test_targets_of_one_library_share_a_cluster_and_others_do_not() -> None:
    cases = grid(2, 300)
    symptoms = [FLIPPED if case.groups > 1 else None for case in cases]
    sampled = [
        symptom if case.ndim < 3 else None for case, symptom in zip(cases, symptoms, strict=True)
    ]
    targets = [("keras-jax:ops@cpu", symptoms), ("keras-torch:layer@cpu", symptoms),
               ("jax:conv@cpu", symptoms)]  # fmt: skip

    made = clusters(cases, *targets, ("keras-numpy:ops@cpu", sampled))

    assert [each.targets for each in made] == [
        ("keras-jax:ops@cpu", "keras-torch:layer@cpu"), ("jax:conv@cpu",),
        ("keras-numpy:ops@cpu",),
    ]  # fmt: skip
    assert [each.predicate for each in made] == ["groups > 1"] * 2 + ["groups > 1 and ndim < 3"]
    assert len(made[0].places) == 2 * sum(symptom is not None for symptom in symptoms)


def test_rows_that_nothing_separates_say_what_the_best_predicate_misses() -> None:
    cases = grid(3, 600)
    rng = drawing(3)
    symptoms = [SILENT if rng.random() < (0.9 if case.groups > 1 else 0.1) else None
                for case in cases]  # fmt: skip

    (cluster,) = clusters(cases, ("fake:call@cpu", symptoms))

    covered = holds(cluster.predicate, cases)
    deviating = np.array([symptom is not None for symptom in symptoms])
    assert "groups > 1" in cluster.predicate
    assert not cluster.is_exact
    assert cluster.missed == (deviating & ~covered).sum()
    assert cluster.wrong == (~deviating & covered).sum()
    assert cluster.precision == pytest.approx((deviating & covered).sum() / covered.sum())
    assert cluster.recall == pytest.approx((deviating & covered).sum() / deviating.sum())


def test_case_that_deviates_now_and_then_has_no_predicate() -> None:
    cases = JudgedCases.from_cases([Case.from_parameters(ndim=1, i=4, k=3)])
    rows = TargetRows(target="fake:call@cpu", passing=np.zeros(3, dtype=np.int64),
                      cases=np.zeros(9, dtype=np.int64), places=np.arange(9),
                      evidence=np.zeros(9, dtype=np.int64))  # fmt: skip

    (cluster,) = clusters_of(Deviations(cases, (SILENT,), (rows,)))

    assert (cluster.predicate, cluster.is_exact, cluster.wrong) == ("True", False, 3)


def test_target_on_which_nothing_passes_is_divided_by_evidence_alone() -> None:
    cases = grid(4, 50)

    made = clusters(cases, ("fake:call@cpu", [FLIPPED, CROPPED] * 25))

    assert [each.predicate for each in made] == ["True", "True"]
    assert [each.passing for each in made] == [0, 0]


def test_clusters_do_not_depend_on_the_order_of_the_cases() -> None:
    cases = grid(5, 500)
    symptoms = [FLIPPED if case.groups > 1 else SILENT if case.s[0] == 2 else None
                for case in cases]  # fmt: skip
    order = drawing(5).sample(range(500), 500)

    first, second = (
        clusters([cases[at] for at in each], ("fake:call@cpu", [symptoms[at] for at in each]))
        for each in (range(500), order)
    )

    assert [(each.predicate, each.causes, len(each.places)) for each in first] == [
        (each.predicate, each.causes, len(each.places)) for each in second
    ]


def test_variations_say_which_parameters_decide() -> None:
    cases = [Case.from_parameters(ndim=1, i=i, k=k, s=s, groups=groups)
             for i, k, s, groups in product((3, 4, 5), (2, 3), (1, 2), (1, 2))]  # fmt: skip
    deviating = np.array([case.s == (2,) and case.groups == 2 for case in cases])
    at = np.flatnonzero(deviating)
    rows = TargetRows(target="fake:call@cpu", cases=at, places=10 * at, evidence=0 * at,
                      passing=np.flatnonzero(~deviating))  # fmt: skip
    deviations = Deviations(JudgedCases.from_cases(cases), (SILENT,), (rows,))

    found = variations_of(deviations, "fake:call@cpu", int(10 * at[0]))

    assert {each.parameter: (each.same, each.other) for each in found} == {
        "i": (("4", "5"), ()), "k": (("3",), ()), "s": ((), ("1",)), "groups": ((), ("1",)),
    }  # fmt: skip


def test_readings_are_the_fewest_that_explain_every_row() -> None:
    shown = [Symptom("value", readings, "") for readings in (("a",), ("a", "b"), ("b", "c"))]

    assert causes_of(shown, [1, 5, 2]) == [
        Cause(reading="a"),
        Cause(reading="b"),
        Cause(reading="b"),
    ]


def test_refusals_with_other_numbers_show_the_same() -> None:
    assert same_words("sizes 3 and -4 at 0x7f, /usr/lib/a.py:12") == same_words(
        "sizes 5 and 16 at 0x80, /opt/lib/b.py:7"
    )
