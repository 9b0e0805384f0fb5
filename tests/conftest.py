"""What every test relies on: one thread, repeatable examples, no network, and the fakes."""

import os
import platform
import signal
import socket
import sys
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings

from tconv.judge import Judgement
from tconv.model.case import Case
from tconv.model.outcome import NotRun
from tconv.model.route import Native
from tconv.model.target import Target
from tconv.model.verdict import Verdict
from tconv.store.rows import Columns, columns, row

# Before any framework is imported: with more threads, small calls wait for a busy core.
os.environ.setdefault("OMP_NUM_THREADS", "1")

# The same examples every time, so that a failure is the change's; to look for new ones:
# pytest --hypothesis-profile=explore
# No deadlines: on a busy machine, laws that hold would miss them.
unhurried = settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.register_profile("repeat", unhurried, derandomize=True)
settings.register_profile("explore", unhurried, max_examples=2_000)
settings.load_profile("repeat")

_LOCAL = ("127.", "::1", "localhost")
_MARKERS = {"framework", "process", "end_to_end"}
_FRAMEWORKS = {"torch", "tensorflow", "jax", "keras", "onnx", "onnxruntime"}


def pytest_configure(config: pytest.Config) -> None:
    """Show in CI which tests are slow."""
    if "CI" in os.environ and config.option.durations is None:
        config.option.durations = 25


class _NoFramework:
    """Stands before the finders of modules, and refuses to find a framework."""

    def find_spec(self, name: str, path: object = None, target: object = None) -> None:
        if name in _FRAMEWORKS:
            raise AssertionError(f"a test that imports {name} belongs in tests/frameworks")


def _no_process(*_: object) -> None:
    raise AssertionError("a test that starts a process belongs in tests/processes")


@pytest.hookimpl(wrapper=True)
def pytest_runtest_protocol(item: pytest.Item) -> Iterator[None]:
    """Refuse processes and frameworks to a test whose folder has no marker: it is a fast one."""
    with ExitStack() as stack:
        if _MARKERS.isdisjoint(marker.name for marker in item.iter_markers()):
            platform.processor()  # which calls `uname` once, and remembers
            patch = stack.enter_context(pytest.MonkeyPatch.context())
            for name in ("subprocess._fork_exec", "_posixsubprocess.fork_exec", "os.fork"):
                patch.setattr(name, _no_process)
            finder = _NoFramework()
            # The list itself is kept: what a test imports may add finders that have to stay.
            sys.meta_path.insert(0, finder)
            stack.callback(sys.meta_path.remove, finder)
        return (yield)


@pytest.fixture(autouse=True, scope="session")
def _interrupts() -> Iterator[None]:
    """Let SIGINT end what tests start, also where a shell runs pytest in the background."""
    before = signal.getsignal(signal.SIGINT)
    if before is signal.SIG_IGN:
        signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    signal.signal(signal.SIGINT, before)


@pytest.fixture(autouse=True, scope="session")
def _no_network() -> Iterator[None]:
    """Refuse connections to other machines in the test process; its children are not watched."""
    connect = socket.socket.connect

    def refuse(self: socket.socket, address: object) -> None:
        host = address[0] if isinstance(address, tuple) else ""
        if self.family in {socket.AF_INET, socket.AF_INET6} and not host.startswith(_LOCAL):
            raise OSError(f"address={address!r}, but should be local: tests need no network")
        connect(self, address)  # type: ignore[arg-type] # passed on as it came

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(socket.socket, "connect", refuse)
        yield


@pytest.fixture
def handlers() -> Iterator[None]:
    """Give the signals that end a command their handlers back, which the command line changes."""
    numbers = (signal.SIGINT, signal.SIGTERM)
    before = [signal.getsignal(number) for number in numbers]
    yield
    for number, handler in zip(numbers, before, strict=True):
        signal.signal(number, handler)


@pytest.fixture(scope="module")
def fakes() -> Iterator[Path]:
    """Register the adapters with one fault each, also in child processes; return their folder."""
    folder = Path(__file__).parent / "fakes"
    with pytest.MonkeyPatch.context() as patch:
        patch.syspath_prepend(str(folder))
        source = folder.parents[1] / "harness"
        patch.setenv("PYTHONPATH", os.pathsep.join(map(str, (source, folder))))
        yield folder


@pytest.fixture
def make_rows() -> Callable[..., Columns]:
    """Return a maker of rows that match: `make_rows(count, column=[value per row])`."""
    return _rows


def _rows(count: int = 1, **changes: list[object]) -> Columns:
    rows = columns([_row(i=1 + at) for at in range(count)])
    assert changes.keys() <= rows.keys()
    return rows | changes


def _row(i: int) -> dict[str, object]:
    case = Case.from_parameters(ndim=2, i=(i, 2), k=(3, 2), s=2, p=[(1, 0), 0])
    judgement = Judgement(
        verdict=Verdict.MATCH,
        error_class="exact",
        error_units=0.0,
        observed_shape=case.y_shape,
        expected_shape=case.y_shape,
        observed_dtype="float32",
        bad_count=0,
        compared=7,
    )
    columns_of_match = row(
        case=case,
        target=Target(backend="fake", mode="call", device="cpu"),
        version="1.0",
        route=Native(call="conv_transpose"),
        outcome=NotRun(reason=""),
        judgement=judgement,
        seconds=0.5,
    )
    return columns_of_match | {"outcome": "computed", "drawn": "exact", "coinciding": ()}
