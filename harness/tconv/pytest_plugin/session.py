"""What one process of a pytest session sweeps: the targets, their blocks, and the worker processes.

Listing the targets loads every framework, so one process does it and sends the result to the
others, which make the same items from it. Workers are started when the first block runs.
"""

from collections.abc import Mapping
from contextlib import ExitStack
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

from tconv.engine.executors.local import LocalPool
from tconv.engine.plan import TargetPlan, plan
from tconv.pytest_plugin.blocks import Size, SweepBlock, blocks
from tconv.runs.spec import RunSpec
from tconv.store import RowBatch

if TYPE_CHECKING:
    from tconv.engine.worker.describe import BackendDescription


class SessionSweep:
    """The sweep of one session, in one of its processes.

    Args:
        spec: what is swept.
        path: the file that holds the configuration; items are named after it.
        size: what an item runs.

    Attributes:
        descriptions: what each backend says of itself, or why it is unavailable; empty at first.
    """

    def __init__(self, spec: RunSpec, *, path: Path, size: Size) -> None:
        self.spec = spec
        self.path = path
        self.descriptions: Mapping[str, BackendDescription | str] = {}
        self._size = size
        self._stack = ExitStack()
        self._warm: set[str] = set()  # backends whose framework is loaded

    def describe_backends(self) -> None:
        """Ask each backend what it is; this loads the frameworks, in worker processes.

        Raises:
            TargetError: no backend has this name.
        """
        names = dict.fromkeys(each.backend for each in self.spec.selections)
        self.descriptions = self._engine.describe(list(names))
        self._warm.update(names)

    def prepare(self, block: SweepBlock) -> None:
        """Load a block's framework, so that the block's time does not include the loading."""
        backend = block.plan.target.backend
        if backend not in self._warm and not block.plan.unavailable:
            self._engine.describe([backend])
            self._warm.add(backend)

    def close(self) -> None:
        """End every worker process; the next block that runs starts new ones."""
        self._warm.clear()
        self._stack.close()
        self.__dict__.pop("_engine", None)

    @cached_property
    def plans(self) -> tuple[TargetPlan, ...]:
        """The targets and their cases.

        Raises:
            TargetError: a backend has no such mode.
        """
        return plan(self.spec.selections, self.descriptions, self.spec.cases)

    @cached_property
    def blocks(self) -> Mapping[str, SweepBlock]:
        """Every block under its name, in the order in which they run."""
        return {block.name: block for block in blocks(self.plans, self._size)}

    def rows(self, block: SweepBlock) -> RowBatch:
        """Run a block and return a row for each of its cases.

        Whatever ends this early, such as a time limit on the item, ends the worker processes too.
        """
        try:
            return self._engine.rows(block.plan, block.cases)
        except BaseException:
            self.close()
            raise

    @cached_property
    def _engine(self) -> LocalPool:
        return self._stack.enter_context(LocalPool(**self.spec.executor_options(workers=2)))
