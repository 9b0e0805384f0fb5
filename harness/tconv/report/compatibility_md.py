"""compatibility.md: how each framework resolves open cases, made from the atlas file alone."""

import re
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from itertools import groupby
from typing import Any, Final

from tconv.analysis.atlas.entry import Entry
from tconv.analysis.atlas.observation import NATIVE
from tconv.analysis.atlas.request import Request
from tconv.analysis.claims.results import ClaimResult
from tconv.analysis.compatibility import Compatibility, backend_of
from tconv.analysis.disagreements import Disagreement, Kind
from tconv.model.case import Case
from tconv.model.policies import DEFINED
from tconv.model.target import Target
from tconv.report.markdown import cell, code
from tconv.report.open_cases import (
    OVERVIEW,
    TOPICS,
    Line,
    acceptance_text,
    compare,
    lines,
    overview,
)
from tconv.report.output import render

KINDS: Final[Mapping[Kind, str]] = {
    "window": "same size, other numbers",
    "shape": "other size",
    "acceptance": "one refuses",
}
"""Kinds of disagreement in words, the most dangerous first."""

_AXES: Final = re.compile(r"[123](?=[dD])")  # of a call such as conv1d_transpose


@dataclass(frozen=True, slots=True, kw_only=True)
class Difference:
    """A disagreement from the side of one backend, with everyone who gave the other answer.

    Attributes:
        targets: the targets of this backend that gave its answer.
        other_targets: the targets that gave the other answer.
        commonest: the disagreement; of several, the one with the most cases.
        mine: the answer of this backend.
        theirs: the other answer.
    """

    targets: tuple[str, ...]
    other_targets: tuple[str, ...]
    commonest: Disagreement
    mine: str
    theirs: str

    @property
    def share(self) -> str:
        """The number of cases in which they differ, of those that both could express."""
        return f"{self.commonest.count} of {self.commonest.common}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Section:
    """What is said of one backend.

    Attributes:
        backend: its name.
        agreeing_groups: its targets; those that never disagree are in one group.
        rules: a line for each question and answer that has a rule.
        explicit: a line for each answer to calls of which everything is given.
        refused: the kinds of case that none of its targets computed, by the reason.
        calls: the framework's own calls, by question.
        claims: published statements about it.
        differences: where others differ, the most dangerous first.
    """

    backend: str
    agreeing_groups: tuple[tuple[str, ...], ...]
    rules: tuple[Line, ...]
    explicit: tuple[Line, ...]
    refused: Mapping[str, tuple[str, ...]]
    calls: Mapping[str, tuple[str, ...]]
    claims: tuple[ClaimResult, ...]
    differences: tuple[Difference, ...]


def text(compatibility: Compatibility) -> str:
    """Return the document as Markdown; the same text from the same file, always."""
    content: dict[str, Any] = {
        "source": compatibility.atlas.source,
        "overview": overview(compatibility),
        "columns": [topic.column for topic in OVERVIEW],
        "topics": [(topic, compare(compatibility, topic)) for topic in TOPICS],
        "kinds": KINDS,
        "sections": sections(compatibility),
        "policies": DEFINED,
        "policy_routes": policy_routes(compatibility),
        "arithmetic": [record for record in compatibility.claims if not record.target],
    }
    return render(
        "compatibility.md.j2", content,
        cell=cell, code=code, question_words=question_words, in_short=in_short,
        accepted=acceptance_text, in_brief=partial(in_brief, compatibility),
    )  # fmt: skip


def policy_routes(compatibility: Compatibility) -> dict[tuple[str, ...], list[str]]:
    """Return targets with how they reach each of the defined policies, in words.

    Modes of one backend that reach all of them alike are together.
    """
    routes = {(each.target, each.policy): each.steps for each in compatibility.policies}
    alike: dict[tuple[str, tuple[tuple[str, ...], ...]], list[str]] = {}
    for target in dict.fromkeys(target for target, _ in routes):
        steps = tuple(routes.get((target, policy), ()) for policy in DEFINED)
        alike.setdefault((backend_of(target), steps), []).append(target)
    return {
        tuple(targets): ["; ".join(_in_words(step) for step in each) or "-" for each in steps]
        for (_, steps), targets in alike.items()
    }


def _in_words(step: str) -> str:
    return "one call" if step == NATIVE else step


def sections(compatibility: Compatibility) -> tuple[Section, ...]:
    """Return a section for each backend, by name."""
    entries = compatibility.atlas.entries
    by_backend = groupby(entries, key=lambda entry: backend_of(entry.question.target))
    return tuple(_section(compatibility, backend, tuple(own)) for backend, own in by_backend)


def _section(compatibility: Compatibility, backend: str, entries: Sequence[Entry]) -> Section:
    answers = _answers(entries)
    return Section(
        backend=backend,
        agreeing_groups=tuple(
            v for v in compatibility.agreeing_groups if backend_of(v[0]) == backend
        ),
        rules=tuple(line for line in answers if line.entry.rule),
        explicit=tuple(line for line in answers if line.entry.question.is_explicit),
        refused=_refused(answers),
        calls=_calls(entries),
        claims=tuple(
            r for r in compatibility.claims if r.target and backend_of(r.target) == backend
        ),
        differences=differences(compatibility, backend),
    )


def _answers(entries: Iterable[Entry]) -> list[Line]:
    """Return a line for each question of one backend and each answer to it."""
    by_question: dict[str, list[Entry]] = defaultdict(list)
    for entry in sorted(entries, key=lambda entry: entry.question.order[1:]):
        by_question[entry.question.words].append(entry)
    return [line for found in by_question.values() for line in lines(found)]


def _refused(answers: Iterable[Line]) -> dict[str, tuple[str, ...]]:
    """Return the questions without a rule, by mode and reason."""
    by_reason: dict[str, list[str]] = defaultdict(list)
    for line in answers:
        if line.entry.rule is None and not line.entry.question.is_explicit:
            by_reason[f"{', '.join(line.modes)}: {line.size}"].append(
                in_short(line.entry.question.words)
            )
    return {reason: tuple(questions) for reason, questions in by_reason.items()}


def _calls(entries: Iterable[Entry]) -> dict[str, tuple[str, ...]]:
    """Return the calls, for N axes, by the questions that they were found to answer."""
    by_call: dict[str, dict[str, None]] = defaultdict(dict)
    for entry in sorted(entries, key=lambda entry: entry.question.order[1:]):
        for call in entry.calls:
            by_call[_AXES.sub("N", call)][in_short(entry.question.words)] = None
    return {call: tuple(questions) for call, questions in sorted(by_call.items())}


def differences(compatibility: Compatibility, backend: str) -> tuple[Difference, ...]:
    """Return where the targets of a backend differ from others, the most dangerous kind first."""
    grouped: dict[tuple[Any, ...], list[tuple[str, str, Disagreement]]] = defaultdict(list)
    for disagreement in compatibility.disagreements:
        answers = [str(answer) for answer in disagreement.answers]
        sides = [
            (disagreement.first, disagreement.second, *answers),
            (disagreement.second, disagreement.first, *answers[::-1]),
        ]
        for mine, other, own, other_answer in sides:
            if backend_of(mine) == backend:
                key = (
                    list(KINDS).index(disagreement.kind),
                    disagreement.asked,
                    disagreement.case,
                    own,
                    other_answer,
                )
                grouped[key].append((mine, other, disagreement))
    return tuple(
        Difference(
            targets=tuple(sorted({mine for mine, _, _ in each})),
            other_targets=tuple(sorted({other for _, other, _ in each})),
            commonest=max((met for *_, met in each), key=lambda met: (met.count, met.common)),
            mine=own, theirs=other_answer,
        )
        for (*_, own, other_answer), each in sorted(grouped.items())
    )  # fmt: skip


def in_short(question: str) -> str:
    """Return the words of a question with its letters alone: `same op`, or `p o`."""
    values = dict(word.split("=") for word in question.split())
    policy = values.get("padding", "p")
    letters = [name for name in ("op", "o") if values[name] != "none"]
    axes = [f"{values['ndim']}-D"] if "ndim" in values else []
    return " ".join([policy, *letters, *axes])


def in_brief(compatibility: Compatibility, targets: Iterable[str]) -> str:
    """Return targets, with modes where those of a backend disagree, as in `jax:vjp, torch`."""
    agreeing_groups = Counter(backend_of(group[0]) for group in compatibility.agreeing_groups)
    modes: dict[str, list[str]] = defaultdict(list)
    for target in targets:
        modes[backend_of(target)].append(Target.from_text(target).mode_and_device)
    return ", ".join(
        f"{backend}:{'/'.join(names)}" if agreeing_groups[backend] > 1 else backend
        for backend, names in modes.items()
    )


def question_words(case_id: str) -> str:
    """Return the parameters of an open case in the words of the command line."""
    return str(Request.from_case(Case.from_id(case_id)))
