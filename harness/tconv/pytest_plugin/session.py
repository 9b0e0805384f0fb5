"""What a pytest session sweeps: the targets there are, their blocks, and the engine under them.

Asking backends for their targets loads frameworks, so one process does it and the others are told:
they have to make the same items. The engine starts when the first block runs.
"""

import json
from collections.abc import Mapping
from contextlib import ExitStack
from dataclasses import asdict
from functools import cached_property
from pathlib import Path
from typing import Any

from tconv.adapters.base import Mode
from tconv.engine.executors.local import LocalPool
from tconv.engine.plan import TargetPlan, plan
from tconv.engine.worker.describe import BackendDescription
from tconv.model.outcome import Unavailable
from tconv.model.target import Selection
from tconv.pytest_plugin.blocks import Block, Size, blocks
from tconv.runs.spec import RunSpec
from tconv.store import RowBatch
from tconv.store.unjudged import unjudged


class Sweep:
    """The sweep of one session, in one of its processes.

    Args:
        assignment: what is swept.
        path: the file that holds the configuration; items are named after it.
        size: what an item runs.

    Attributes:
        found: what each backend says of itself, or why it is unavailable; once it is known.
    """

    def __init__(self, assignment: RunSpec, *, path: Path, size: Size) -> None:
        self.assignment = assignment
        self.path = path
        self.found: Mapping[str, BackendDescription | str] = {}
        self._size = size
        self._stack = ExitStack()
        self._warm: set[str] = set()  # backends whose framework is loaded

    def survey(self) -> None:
        """Ask each backend what it is; this loads the frameworks, in processes of their own.

        Raises:
            TargetError: no backend has this name.
        """
        names = dict.fromkeys(each.backend for each in self._selections)
        self.found = self._engine.describe(list(names))
        self._warm.update(names)

    def prepare(self, block: Block) -> None:
        """Load the framework of a block, so that the time of the block is its own."""
        backend = block.planned.target.backend
        if backend not in self._warm and not block.planned.unavailable:
            self._engine.describe([backend])
            self._warm.add(backend)

    def close(self) -> None:
        """End every worker process; the next block to run starts its own again."""
        self._warm.clear()
        self._stack.close()
        self.__dict__.pop("_engine", None)

    @cached_property
    def planned(self) -> tuple[TargetPlan, ...]:
        """The targets and their cases.

        Raises:
            TargetError: a backend has no such mode.
        """
        return plan(self._selections, self.found, self.assignment.cases)

    @cached_property
    def blocks(self) -> Mapping[str, Block]:
        """Every block under its name, in the order in which they run."""
        return {block.name: block for block in blocks(self.planned, self._size)}

    def rows(self, block: Block) -> RowBatch:
        """Run a block and return a row for each of its cases.

        Whatever ends this early, as a time limit on the item does, ends the workers too.
        """
        if block.planned.unavailable:
            outcome = Unavailable(reason=block.planned.unavailable)
            planned = block.planned
            return RowBatch.from_columns(
                unjudged(block.cases, planned.target, planned.version, outcome)
            )
        try:
            return self._engine.rows(block.planned, block.cases)
        except BaseException:
            self.close()
            raise

    @cached_property
    def _selections(self) -> list[Selection]:
        return [Selection.from_text(text) for text in self.assignment.config.targets]

    @cached_property
    def _engine(self) -> LocalPool:
        config = self.assignment.config
        engine = LocalPool(
            workers=2,
            seed=config.seed,
            case_seconds=config.case_seconds,
            worker_gib=config.worker_gib,
            environments=config.environments,
        )
        return self._stack.enter_context(engine)


def to_builtins(found: Mapping[str, BackendDescription | str]) -> dict[str, Any]:
    """Return descriptions as what execnet carries from one process to another."""
    plain = {name: each if isinstance(each, str) else asdict(each) for name, each in found.items()}
    made: dict[str, Any] = json.loads(json.dumps(plain))  # a version may be a subclass of str
    return made


def from_builtins(found: Mapping[str, Any]) -> dict[str, BackendDescription | str]:
    """Return the descriptions that :func:`to_builtins` was given."""
    return {
        name: each if isinstance(each, str) else _described(each) for name, each in found.items()
    }


def _described(fields: Mapping[str, Any]) -> BackendDescription:
    modes = tuple(Mode(**{**mode, "declared": tuple(mode["declared"])}) for mode in fields["modes"])
    return BackendDescription(**{**fields, "modes": modes, "devices": tuple(fields["devices"])})
