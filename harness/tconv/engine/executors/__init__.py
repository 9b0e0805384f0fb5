"""The executors by name, as `tconv run --executor` takes them."""

import re
from collections.abc import Callable
from functools import partial
from typing import Final

from tconv.engine.executor import Executor
from tconv.engine.executors.local import LocalPool
from tconv.errors import ExecutorError, quoted

_DASK: Final = re.compile(r"dask(?::((?:tcp|tls|ucx|ws|wss)://.+:\d+))?")


def executor_named(text: str) -> Callable[..., Executor]:
    """Return the constructor of an executor: `local`, `dask`, or `dask:tcp://HOST:PORT`.

    It takes `workers`, `seed`, `case_seconds`, `worker_gib` and `environments`.

    Raises:
        ExecutorError: there is no such executor, or Dask is not installed.
    """
    if text == "local":
        return LocalPool
    match = _DASK.fullmatch(text)
    if match is None:
        raise ExecutorError(
            f"executor={quoted(text)}, but should be local, dask or dask:tcp://HOST:PORT"
        )
    try:
        from tconv.engine.executors.dask import DaskCluster  # noqa: PLC0415 # only where it is asked for
    except ImportError as error:
        raise ExecutorError(
            f"executor={quoted(text)} needs Dask ({error}); install it with "
            '`pip install "tconv[dask]"`'
        ) from error
    return partial(DaskCluster, address=match[1])
