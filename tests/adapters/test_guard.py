"""What an adapter gives that breaks its contract, and what the guard makes of it."""

import re
from collections.abc import Callable, Iterator
from itertools import repeat
from typing import Any

import numpy as np
import pytest

from tconv.adapters import Adapter, Case, Composed, Mode, Native, Unsupported
from tconv.adapters.guard import (
    GuardedAdapter,
    environment_of,
    kind_of,
    outcome_from,
    sharing_memory,
    text_of,
)
from tconv.errors import AdapterError
from tconv.model.outcome import Faulty, InferredShape
from tconv.model.tensors import Tensors

CASE = Case.from_parameters(ndim=1, i=2, k=2, c_in=1, c_out=1)
TENSORS = Tensors(x=np.ones((1, 1, 2)), w=np.ones((1, 1, 2)), b=None)


class HostileClass(type):
    """A class that raises whenever it is looked at."""

    @property
    def __name__(cls) -> str:  # type: ignore[override] # the fault
        raise RuntimeError("no name")


class HostileError(Exception, metaclass=HostileClass):
    """An error that cannot be described."""

    def __str__(self) -> str:
        raise KeyboardInterrupt


class HostileText(str):
    """A text that raises when it is looked at."""

    __slots__ = ()

    def __str__(self) -> str:
        raise RuntimeError("no text")

    __repr__ = __format__ = __str__  # type: ignore[assignment] # the fault


class HostileObject:
    """An object that raises whenever it is looked at, even at its class."""

    def __getattribute__(self, name: str) -> Any:
        raise RuntimeError(f"no {name}")

    def __repr__(self) -> str:
        raise RuntimeError("no text")


class Pretender:
    """An object that says it is a route."""

    @property  # type: ignore[misc] # the fault
    def __class__(self) -> Any:
        return Native

    call = "conv"


class Faithful(Adapter):
    """Keeps the contract, until a test replaces one of its methods."""

    name = "faithful"
    modes = (Mode(name="call", meaning="as it is"),)

    def versions(self) -> dict[str, str]:
        return {"faithful": "1.0"}

    def route(self, case: Case, mode: str, device: str) -> Native:
        return Native(call="conv")

    def compute(self, case: Case, tensors: Tensors, mode: str, device: str) -> Any:
        return np.ones((1, 1, 3))


def raises(error: BaseException) -> Callable[..., Any]:
    """Return a method that raises."""

    def method(*_: object) -> Any:
        raise error

    return method


def gives(value: object) -> Callable[..., Any]:
    """Return a method that gives a value."""
    return lambda *_: value


CALLS: dict[str, Callable[[GuardedAdapter], object]] = {
    "versions": lambda adapter: adapter.versions(),
    "devices": lambda adapter: adapter.devices(),
    "settings": lambda adapter: adapter.settings("call", "cpu"),
    "session": lambda adapter: adapter.session("call", "cpu").__enter__(),
    "route": lambda adapter: adapter.route(CASE, "call", "cpu"),
    "snippet": lambda adapter: adapter.snippet(CASE, "call", "cpu"),
}
ERRORS: dict[str, Callable[[], BaseException]] = {
    "HostileError": HostileError,
    "SystemExit": SystemExit,
    "KeyboardInterrupt": KeyboardInterrupt,
    "GeneratorExit": GeneratorExit,
    "ValueError": ValueError,
}
VALUES: dict[str, Callable[[], Any]] = {  # made late, as pytest looks at what it is given
    "hostile": HostileObject,
    "pretender": Pretender,
    "text": lambda: HostileText("text"),
    "number": lambda: 3,
    "mapping": lambda: {1: HostileObject()},
}


@pytest.mark.parametrize("method", CALLS)
@pytest.mark.parametrize("error", ERRORS)
def test_error_of_a_method_is_the_adapters_fault(
    monkeypatch: pytest.MonkeyPatch, method: str, error: str
) -> None:
    monkeypatch.setattr(Faithful, method, raises(ERRORS[error]()))

    with pytest.raises(AdapterError, match=rf"^{method}(\(\))? raised") as caught:
        CALLS[method](GuardedAdapter(Faithful()))

    assert caught.value.error_type == error


@pytest.mark.parametrize("method", CALLS)
@pytest.mark.parametrize("value", VALUES)
def test_value_of_another_kind_is_the_adapters_fault(
    monkeypatch: pytest.MonkeyPatch, method: str, value: str
) -> None:
    monkeypatch.setattr(Faithful, method, gives(VALUES[value]()))

    with pytest.raises(AdapterError):
        CALLS[method](GuardedAdapter(Faithful()))


@pytest.mark.parametrize(
    ("route", "words"),
    [
        (None, "route=None, but should be Native, Composed or Unsupported"),
        (Native(call=3), "3, but should be a string"),  # type: ignore[arg-type] # the fault
        (Composed(call="conv", addition=None), "None, but should be a string"),  # type: ignore[arg-type] # the fault
        (Unsupported(reason=b"no", error_pattern=""), "b'no', but should be a string"),  # type: ignore[arg-type] # the fault
        (Unsupported(reason="no", error_pattern="("), "but should be a regular expression"),
        (Unsupported(reason="no", error_pattern="a{99999999999}"), "a regular expression"),
        (Unsupported(reason="no", error_pattern="(" * 9999), "a regular expression"),
    ],
    ids=["none", "call", "addition", "reason", "pattern", "repeat", "nested"],
)
def test_route_that_cannot_be_used_is_named(
    monkeypatch: pytest.MonkeyPatch, route: object, words: str
) -> None:
    monkeypatch.setattr(Faithful, "route", gives(route))

    with pytest.raises(AdapterError, match=re.escape(words)):
        GuardedAdapter(Faithful()).route(CASE, "call", "cpu")


@pytest.mark.parametrize(
    "make",
    [
        lambda: 5,
        lambda: "ab",
        lambda: (1.5,),
        lambda: (HostileObject(),),
        lambda: (2**63,),
        lambda: (-(2**63) - 1,),
        lambda: repeat(1),
        HostileObject,
    ],
    ids=["number", "text", "fraction", "object", "huge", "negative", "endless", "hostile"],
)
def test_inferred_shape_that_is_none_is_the_adapters_fault(
    monkeypatch: pytest.MonkeyPatch, make: Callable[[], Any]
) -> None:
    monkeypatch.setattr(Faithful, "infer_shape", lambda *_: make())

    with pytest.raises(AdapterError, match="should be at most 64 integers"):
        GuardedAdapter(Faithful()).infer_shape(CASE, "call", "cpu")
    assert isinstance(outcome_from(InferredShape(shape=make())), Faulty)


def test_inferred_sizes_become_plain_integers(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Faithful, "infer_shape", gives([np.int64(1), True, -3]))

    shape = GuardedAdapter(Faithful()).infer_shape(CASE, "call", "cpu")

    assert shape == (1, 1, -3)
    assert [type(size) for size in shape] == [int] * 3


@pytest.mark.parametrize("error", ERRORS)
def test_error_of_the_framework_passes(monkeypatch: pytest.MonkeyPatch, error: str) -> None:
    raised = ERRORS[error]()
    monkeypatch.setattr(Faithful, "compute", raises(raised))

    assert GuardedAdapter(Faithful()).attempt(CASE, TENSORS, "call", "cpu") is raised


def results(adapter: GuardedAdapter) -> list[Any]:
    return list(adapter.compute_many([CASE] * 2, [TENSORS] * 2, "call", "cpu"))


def test_results_without_end_are_one_more_than_the_cases(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Faithful, "compute_many", gives(repeat(np.ones(1))))

    assert len(results(GuardedAdapter(Faithful()))) == 3


class EndlessList(list[Any]):
    """A list that never ends."""

    def __iter__(self) -> Iterator[Any]:
        return repeat(1)


@pytest.mark.parametrize(
    "make",
    [
        HostileObject,
        Pretender,
        lambda: np.ma.masked_array([1.0]),
        lambda: np.array([None]),
        lambda: np.broadcast_to(np.float32(1), (2**20, 2**20)),
    ],
    ids=["hostile", "pretender", "masked", "objects", "endless"],
)
@pytest.mark.parametrize("several", [list, iter, EndlessList], ids=["list", "lazy", "endless"])
def test_result_of_another_kind_is_the_adapters_fault(
    monkeypatch: pytest.MonkeyPatch, make: Callable[[], Any], several: Any
) -> None:
    monkeypatch.setattr(Faithful, "compute_many", gives(several([make()])))

    assert type(results(GuardedAdapter(Faithful()))[0]) is AdapterError


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("modes", None),
        ("modes", ()),
        ("modes", ("call",)),
        ("modes", (Mode(name="No way", meaning=""),)),
        ("modes", (Mode(name="call", meaning="", sample=-1),)),
        ("modes", (Mode(name="call", meaning="", declared=(1,)),)),  # type: ignore[arg-type] # the fault
        ("modes", (Mode(name="call", meaning="", layout="NCHW"),)),  # type: ignore[arg-type] # the fault
        ("infer_one_in", 0),
        ("infer_one_in", "often"),
        ("name", 3),
    ],
)
def test_declaration_of_another_kind_is_the_adapters_fault(
    monkeypatch: pytest.MonkeyPatch, name: str, value: object
) -> None:
    monkeypatch.setattr(Faithful, name, value)

    with pytest.raises(AdapterError):
        GuardedAdapter(Faithful())


@pytest.mark.parametrize("variables", [None, {"A=": "1"}, {"": "1"}, {"A": "\0"}])
def test_environment_that_no_process_can_have_is_the_adapters_fault(
    monkeypatch: pytest.MonkeyPatch, variables: object
) -> None:
    monkeypatch.setattr(Faithful, "environment", variables)

    with pytest.raises(AdapterError, match="environment"):
        environment_of(Faithful)


def test_texts_become_plain_ones(monkeypatch: pytest.MonkeyPatch) -> None:
    class Version(str):
        __slots__ = ()

    monkeypatch.setattr(Faithful, "versions", gives({Version("faithful"): Version("1.0")}))
    monkeypatch.setattr(Faithful, "route", gives(Native(call=Version("conv"))))
    adapter = GuardedAdapter(Faithful())

    route = adapter.route(CASE, "call", "cpu")

    assert {type(text) for pair in adapter.versions().items() for text in pair} == {str}
    assert isinstance(route, Native)
    assert type(route.call) is str


def test_session_that_swallows_errors_hides_none() -> None:
    class Swallowing(Faithful):
        def session(self, mode: str, device: str) -> Any:
            class Manager:
                def __enter__(self) -> None:
                    pass

                def __exit__(self, *_: object) -> bool:
                    return True

            return Manager()

    with pytest.raises(OSError, match="ours"), GuardedAdapter(Swallowing()).session("call", "cpu"):
        raise OSError("ours")


def test_error_that_cannot_be_described_has_a_name_and_says_so() -> None:
    error = HostileError()

    assert kind_of(error) == "HostileError"
    assert text_of(error) == "(asked for its text, it raised KeyboardInterrupt)"


MEMORY = np.arange(24.0)
STACK = MEMORY.reshape(2, 3, 4)


@pytest.mark.parametrize(
    ("results", "places"),
    [
        ([MEMORY[:4], MEMORY[4:6], MEMORY[:9]], {0, 2}),
        ([MEMORY, None, STACK, [1.0], MEMORY], {0, 2, 4}),
        (list(STACK), set()),
        ([STACK[..., at] for at in range(4)], set()),
        ([MEMORY[:0], MEMORY[:0]], set()),
        ([ValueError("no"), ValueError("no")], set()),
        ([], set()),
    ],
    ids=["one buffer", "views", "stacked", "interleaved", "empty", "errors", "nothing"],
)
def test_places_of_results_that_start_where_another_starts(
    results: list[object], places: set[int]
) -> None:
    assert sharing_memory(results) == places
