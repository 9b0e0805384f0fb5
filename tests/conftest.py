"""What every test stands on: one thread, examples that repeat, and no network."""

import os
import socket
from collections.abc import Iterator

import pytest
from hypothesis import settings

# Before any framework is imported: with more threads, small calls wait for a busy core.
os.environ.setdefault("OMP_NUM_THREADS", "1")

# The same examples every time, so that a failure is the change's; to look for new ones:
# pytest --hypothesis-profile=explore
settings.register_profile("repeat", deadline=None, derandomize=True)
settings.register_profile("explore", deadline=None, max_examples=2_000)
settings.load_profile("repeat")

_LOCAL = ("127.", "::1", "localhost")


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
