"""Checks that a computation depends on its arguments alone and has no side effects."""

import os
import random
import warnings
from collections.abc import Iterable, Iterator
from contextlib import AbstractContextManager, suppress
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tconv.adapters.base import Tensors
from tconv.inputs.draw import draw
from tconv.model.case import Case
from tconv.testing.adapter_check.cases import ILLEGAL
from tconv.testing.adapter_check.check import Check
from tconv.testing.adapter_check.subject import CheckedAdapter, writable


def _inputs(subject: CheckedAdapter) -> Iterator[str]:
    for case in subject.few:
        tensors = writable(draw(case).tensors)
        original = writable(tensors)
        subject.compute(case, tensors)
        for name in ("x", "w", "b"):
            before, after = getattr(original, name), getattr(tensors, name)
            if before is not None and not _same(before, after):
                yield f"{name} was written to; copy it before [{case.id}]"


def _read_only(subject: CheckedAdapter) -> Iterator[str]:
    for case in subject.few:
        try:
            subject.compute(case, draw(case).tensors)
        except Exception as error:  # noqa: BLE001 # a third party's code
            yield (
                f"read-only arrays raise {_line(error)}, but writable ones compute; do not write "
                f"to the arrays [{case.id}]"
            )
            return


def _later(subject: CheckedAdapter) -> Iterator[str]:
    for case in subject.few:
        y = subject.compute(case)
        before = np.array(y, copy=True)
        tensors = writable(draw(case).tensors)
        subject.compute(case, Tensors(x=tensors.x + tensors.x, w=tensors.w, b=tensors.b))
        if not _same(before, y):
            yield (
                "a result changed after the next call; return an array that nothing else uses, "
                f"such as a copy [{case.id}]"
            )
            return


def _repeated(subject: CheckedAdapter) -> Iterator[str]:
    for case in subject.few:
        first = np.array(subject.compute(case), copy=True)
        if not all(_same(first, subject.compute(case)) for _ in range(2)):
            yield (
                "the same call gave different results; look for state between calls, or for "
                f"memory that is read before it is written [{case.id}]"
            )


def _batch(subject: CheckedAdapter) -> Iterator[str]:
    cases = subject.few
    singles = [np.array(subject.compute(case), copy=True) for case in cases]
    together = _many(subject, cases, [writable(draw(case).tensors) for case in cases])
    if len(together) != len(cases):
        count = f"{len(together)} results for {len(cases)} cases"
        yield f"compute_many gave {count}; give one each, in order"
        return
    for case, single, one in zip(cases, singles, together, strict=True):
        if isinstance(one, Exception):
            yield f"compute_many gives {_line(one)} where compute gives a result [{case.id}]"
        elif not _same(single, one):
            yield f"compute_many gives another result than compute [{case.id}]"
    yield from _refused_alone(subject, cases)


def _refused_alone(subject: CheckedAdapter, cases: tuple[Case, ...]) -> Iterator[str]:
    """Yield what is wrong when one case of a batch has tensors that do not fit."""
    if not cases:
        return
    tensors = [writable(draw(case).tensors) for case in cases]
    at = len(cases) // 2
    tensors[at] = _mismatched(tensors[at])
    try:
        together = _many(subject, cases, tensors)
    except Exception as error:  # noqa: BLE001 # a third party's code
        yield (
            f"one case that is refused makes compute_many raise {_line(error)}; yield the error in "
            "its place"
        )
        return
    refused = [where for where, one in enumerate(together) if isinstance(one, Exception)]
    if refused not in ([at], []):
        yield (
            f"one case of a batch is refused, but {len(refused)} get errors; it must be refused "
            "alone"
        )


def _errors(subject: CheckedAdapter) -> Iterator[str]:
    for case in subject.few[:4]:
        yield from _must_raise(
            subject, case, "an input that lacks a channel", _mismatched(draw(case).tensors)
        )
    for reason, case in ILLEGAL.items():
        yield from _must_raise(subject, case, reason, writable(draw(case).tensors))


def _must_raise(
    subject: CheckedAdapter, case: Case, reason: str, tensors: Tensors
) -> Iterator[str]:
    try:
        y = subject.compute(case, tensors)
    except Exception:  # noqa: BLE001 # raising is right
        return
    yield (
        f"{reason} gave {_described(y)}, but should raise; let the framework's errors pass "
        f"through, and compose no result where there is none [{case.id}]"
    )


def _session(subject: CheckedAdapter) -> Iterator[str]:
    adapter, mode, device = subject.adapter, subject.mode, subject.device
    for case in subject.few[:1]:
        subject.compute(case)  # a framework may set something once, when it is first used
    with (
        np.errstate(all="print"),
        np.printoptions(precision=3),
    ):  # settings that no session would choose
        before = _globals()
        with adapter.session(mode, device):
            for case in subject.few[:2]:
                adapter.compute(case, writable(draw(case).tensors), mode, device)
        yield from _left(before, "after a session")
    with np.errstate(all="print"):
        before = _globals()
        with suppress(_ProbeError):
            _raise_in(adapter.session(mode, device))
            yield "session swallows an error that is raised in it; use finally, without except"
        yield from _left(before, "after an error in a session")


class _ProbeError(Exception):
    """An error that no adapter knows."""


def _raise_in(session: AbstractContextManager[None]) -> None:
    with session:
        raise _ProbeError


def _globals() -> dict[str, object]:
    """Return the process-global state that can be read for any framework."""
    return {
        "numpy.geterr()": np.geterr(),
        "numpy.get_printoptions()": repr(np.get_printoptions()),
        "numpy.random's global state": repr(np.random.get_state()),  # noqa: NPY002 # only read
        "random.getstate()": random.getstate(),
        "os.environ": dict(os.environ),
        "os.getcwd()": os.getcwd(),  # noqa: PTH109 # its documented name
        "warnings.filters": list(warnings.filters),
    }


def _left(before: dict[str, object], when: str) -> Iterator[str]:
    after = _globals()
    for name in (name for name in before if before[name] != after[name]):
        yield f"{name} is not what it was before, {when}; restore it in `finally`"


def _many(
    subject: CheckedAdapter, cases: tuple[Case, ...], tensors: list[Tensors]
) -> list[NDArray[Any] | Exception]:
    adapter = subject.adapter
    with adapter.session(subject.mode, subject.device):
        results: Iterable[Any] = adapter.compute_many(cases, tensors, subject.mode, subject.device)
        return [one if isinstance(one, Exception) else np.array(one, copy=True) for one in results]


def _mismatched(tensors: Tensors) -> Tensors:
    return Tensors(x=tensors.x[:, :-1].copy(), w=tensors.w, b=tensors.b)


def _same(one: object, other: object) -> bool:
    """Return whether two results are the same arrays, bit for bit but for the sign of zero."""
    a, b = np.asarray(one), np.asarray(other)
    if a.shape != b.shape or a.dtype != b.dtype:
        return False
    return bool(((a == b) | (np.isnan(a) & np.isnan(b))).all())


def _described(y: object) -> str:
    return f"an array of shape {y.shape}" if isinstance(y, np.ndarray) else f"{type(y).__name__}"


def _line(error: Exception) -> str:
    return f"{type(error).__name__}: {error}".partition("\n")[0][:200]


CHECKS = tuple(
    Check(name=name, meaning=meaning, problems=problems)
    for name, meaning, problems in (
        ("inputs", "the given arrays are not written to", _inputs),
        ("read-only", "read-only arrays give the same result", _read_only),
        ("later", "a result does not change later", _later),
        ("repeat", "the same call gives the same result", _repeated),
        ("batch", "compute_many gives what compute gives", _batch),
        ("errors", "errors pass through", _errors),
        ("session", "a session restores process-global state", _session),
    )
)
