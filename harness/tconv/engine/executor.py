"""What runs planned targets: planned targets go in, parts of the result come out.

This is the one seam between a run and its engine: whether processes of this machine or a cluster
compute, and how the work is spread over them, is no one else's affair.
"""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from typing import Protocol

from tconv.engine.plan import TargetPlan
from tconv.engine.worker.describe import BackendDescription
from tconv.store import RowBatch


@dataclass(frozen=True, slots=True, kw_only=True)
class Part:
    """The rows of consecutive cases of one target.

    Attributes:
        planned: the target they belong to.
        first: index of the first of them among the target's planned cases.
        sheaf: the rows, ready to be stored.
        seconds: time that a worker took for them.
    """

    planned: TargetPlan
    first: int
    sheaf: RowBatch
    seconds: float = 0.0


class Executor(AbstractContextManager["Executor"], Protocol):
    """The processes of one run, which runs once; leaving the context ends them all."""

    def describe(self, backends: Sequence[str]) -> Mapping[str, BackendDescription | str]:
        """Return for each backend what it says of itself, or why it is unavailable.

        Raises:
            TargetError: no backend has this name.
        """

    def run(self, planned: Sequence[TargetPlan]) -> Iterator[Part]:
        """Yield the parts of what is left of every target as they are done, in no order.

        Raises:
            ExecutorError: it ran before.
        """
