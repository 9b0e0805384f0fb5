"""The executors by name."""

import sys

import pytest

from tconv.engine.executors import executor_named
from tconv.engine.executors.local import LocalPool
from tconv.errors import ExecutorError


def test_local_computes_with_processes_here() -> None:
    assert executor_named("local") is LocalPool


@pytest.mark.parametrize(
    "text",
    ["slurm", "local:2", "dusk", "", "dask:", "dask:here", "dask:http://a:1", "dask:tcp://a"],
)
def test_unknown_executor_lists_the_known_ones(text: str) -> None:
    with pytest.raises(ExecutorError, match=r"but should be local, dask or dask:tcp://HOST:PORT"):
        executor_named(text)


def test_missing_dask_is_an_error_that_names_the_extra(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "distributed", None)
    monkeypatch.delitem(sys.modules, "tconv.engine.executors.dask", raising=False)

    with pytest.raises(ExecutorError, match=r"pip install \"tconv\[dask\]\""):
        executor_named("dask")
