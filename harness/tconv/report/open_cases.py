"""Compares what targets do with one kind of open case; equal answers share a line."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import groupby
from typing import Final

from tconv.analysis.atlas.entry import Entry
from tconv.analysis.atlas.extent import extents_of
from tconv.analysis.atlas.request import Request
from tconv.analysis.compatibility import Compatibility, backend_of
from tconv.model.target import Target


@dataclass(frozen=True, slots=True, kw_only=True)
class Topic:
    """A kind of open case that users meet in every framework.

    Attributes:
        title: it, in words.
        example: one such case, as `tconv explain` takes it.
    """

    title: str
    example: str

    @property
    def column(self) -> str:
        """What of the example differs between topics."""
        return self.example.removesuffix(_SIZES).removeprefix("padding=")

    @property
    def request(self) -> Request:
        """The example."""
        return Request.from_texts(self.example.split())


_SIZES: Final = " k=3 s=2 i=4"

TOPICS: Final = tuple(
    Topic(title=title, example=f"{example}{_SIZES}")
    for title, example in (
        ("padding same", "padding=same"),
        ("padding same and an output padding", "padding=same op=1"),
        ("padding valid", "padding=valid"),
        ("numbers for the padding, no output padding", "p=1"),
        ("numbers for the padding and a size", "p=1 o=8"),
        ("padding same_lower", "padding=same_lower"),
        ("padding valid and an output padding", "padding=valid op=1"),
        ("padding same and a size", "padding=same o=8"),
        ("padding valid and a size", "padding=valid o=10"),
    )
)

OVERVIEW: Final = (*TOPICS[:5], *TOPICS[-2:])
"""The commonest."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """One answer to a question, and the targets of one backend that give it.

    Attributes:
        targets: the targets.
        entry: the entry of the first of them.
        example: size and window of the topic's example; empty where there is no rule.
    """

    targets: tuple[str, ...]
    entry: Entry
    example: str

    @property
    def backend(self) -> str:
        """The backend of the targets."""
        return backend_of(self.targets[0])

    @property
    def modes(self) -> tuple[str, ...]:
        """The targets without their backend, and without the device where it is the CPU."""
        return tuple(Target.from_text(target).mode_and_device for target in self.targets)

    @property
    def size(self) -> str:
        """The rule of the output size; where there is none, why."""
        return refusal(self.entry) if self.entry.rule is None else str(self.entry.rule.size)

    @property
    def begin(self) -> str:
        """The rule of the crop at the start, empty where none is known."""
        begin = self.entry.rule and self.entry.rule.begin
        return "" if begin is None else str(begin)


def refusal(entry: Entry) -> str:
    """Return in words why an entry has no rule."""
    if "resolved" in entry.verdicts:
        return "no rule"
    verdict = max(entry.verdicts, key=lambda name: (entry.verdicts[name], name))
    return f"{verdict}: {entry.reason}" if entry.reason else verdict


def compare(compatibility: Compatibility, topic: Topic) -> tuple[Line, ...]:
    """Return what each backend makes of a topic, a line for targets that give the same answer.

    A target whose answer depends on the number of axes has a line for each.
    """
    entries = [e for e in compatibility.atlas.entries if topic.request.is_for(e.question)]
    return lines(entries, topic)


def overview(compatibility: Compatibility) -> tuple[tuple[str, tuple[str, ...]], ...]:
    """Return who answers the examples of :data:`OVERVIEW`, and how; `-` where there is no answer.

    Who is a backend, or those of its targets that give the same answer; those without any answer
    are left out.
    """
    by_topic = [
        {target: line.example for line in compare(compatibility, topic) for target in line.targets}
        for topic in OVERVIEW
    ]
    answers: dict[str, dict[tuple[str, ...], list[str]]] = {}
    for target in dict.fromkeys(target for examples in by_topic for target in examples):
        row = tuple(examples.get(target) or "-" for examples in by_topic)
        if set(row) != {"-"}:
            answers.setdefault(backend_of(target), {}).setdefault(row, []).append(target)
    return tuple(
        (_who(who, is_whole=len(examples) == 1), row)
        for _, examples in sorted(answers.items())
        for row, who in examples.items()
    )


def _who(targets: Sequence[str], *, is_whole: bool) -> str:
    """Return who answers: a backend where these are all of its targets that do."""
    if is_whole:
        return backend_of(targets[0])
    return ", ".join(target.removesuffix("@cpu") for target in targets)


def lines(entries: Iterable[Entry], topic: Topic | None = None) -> tuple[Line, ...]:
    """Return a line for the entries of one question that are of one backend and say the same."""
    one_per_answer = []
    for _, kin in groupby(entries, key=lambda entry: backend_of(entry.question.target)):
        by_answer: dict[tuple[str, ...], list[Entry]] = {}
        for entry in kin:
            by_answer.setdefault(_answer_key(entry, topic), []).append(entry)
        one_per_answer += [_line(each, topic) for each in by_answer.values()]
    return tuple(one_per_answer)


def _answer_key(entry: Entry, topic: Topic | None) -> tuple[str, ...]:
    """Return what entries of one line share; which calls are accepted, where no call is meant."""
    condition = acceptance_text(entry) if topic is None else ""
    return (str(entry.rule), condition) if entry.rule else ("", refusal(entry), condition)


def acceptance_text(entry: Entry) -> str:
    """Return which calls are accepted, as a condition; where none is known, that."""
    condition = entry.acceptance
    if condition is None:
        return "no condition found"
    return str(condition) if condition.is_sufficient else f"{condition} (weak evidence)"


def _line(entries: Sequence[Entry], topic: Topic | None) -> Line:
    entry = max(entries, key=lambda each: each.accepted)
    targets = tuple(dict.fromkeys(each.question.target for each in entries))
    example = _example(entry, topic.request) if topic and entry.rule else ""
    return Line(targets=targets, entry=entry, example=example)


def _example(entry: Entry, request: Request) -> str:
    """Return size and window of the first axis, as answers are written.

    Empty where the call is refused, or that is not known.
    """
    if entry.rule is None or not entry.accepts(request.axes):
        return ""
    extent = extents_of(entry.rule, request.axes)[0]
    if extent.begin is None:
        return f"o={extent.size}"
    return f"o={extent.size} window {extent.begin}:{extent.end}"
