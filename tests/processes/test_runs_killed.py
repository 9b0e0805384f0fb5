"""A run whose process is killed, with no chance to tidy up, ends as one that nothing disturbed.

The workers of NumPy end by themselves when they find their parent gone, so these tests would pass
without the kernel's help; that no worker which hangs is left over is for `test_engine_orphans`.
"""

import importlib
import json
import multiprocessing
import os
import random
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from multiprocessing.context import ForkServerContext, ForkServerProcess
from pathlib import Path

import psutil
import pytest
from tests.waiting import until

from tconv.store import RunReader

SEED = 20261123
KILLS = 10
CONFIG = """
[run]
name = "made"
targets = ["numpy:gather", "numpy:scatter"]
[[grid]]
ndim = [1]
i = "1..12"
k = "1..12"
c_in = [1]
c_out = [1]
"""
ROWS = 2 * 12 * 12

Start = Callable[..., ForkServerProcess]


@pytest.fixture
def start(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Start]:
    """Return what starts `tconv run`, in a process that has imported the harness already."""
    monkeypatch.syspath_prepend(str(Path(__file__).parents[2]))  # where `session` is imported
    monkeypatch.chdir(tmp_path)
    context: ForkServerContext = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload(["tconv.cli"])
    processes: list[ForkServerProcess] = []

    def started(*words: str) -> ForkServerProcess:
        process = context.Process(target=session, args=(tmp_path, ["tconv", "run", *words]))
        process.start()
        processes.append(process)
        return process

    yield started
    for process in processes:
        process.kill()
        process.join()


def session(folder: Path, command: list[str]) -> None:
    """Be `python -m tconv` in a session of its own, with small batches."""
    os.setsid()
    os.chdir(folder)
    os.dup2(os.open("log", os.O_WRONLY | os.O_CREAT | os.O_TRUNC), 1)
    os.dup2(1, 2)
    sys.argv = command
    sys.modules["__main__"] = importlib.import_module("tconv.__main__")
    batch = importlib.import_module("tconv.engine.schedule.batch_size")
    batch.FIRST_SIZE = batch.MAX_SIZE = 4  # type: ignore[attr-defined] # a module
    importlib.import_module("tconv.cli").main()


def test_run_killed_at_ten_random_moments_ends_with_the_digest_of_one_undisturbed(
    start: Start,
) -> None:
    print(f"moments drawn from seed {SEED}")  # noqa: T201 # shown where the test fails
    moments = random.Random(SEED)  # noqa: S311 # no secret
    Path("c.toml").write_text(CONFIG)
    whole = footer(start("c.toml", "-j", "1", "--out", "whole"), Path("whole"))
    left = []

    for at in range(KILLS):
        source = ["--resume", "out"] if at else ["c.toml", "--out", "out"]
        process = start(*source, "-j", "1")
        until(lambda: sessions() == at, process.is_alive)  # noqa: B023 # called at once
        goal = parts() + moments.randrange(6)
        until(lambda: parts() >= goal, process.is_alive)  # noqa: B023 # as above
        time.sleep(moments.uniform(0, 0.02))
        process.kill()
        process.join()
        left.append(rows())
        until(lambda: not members(process))  # noqa: B023 # as above
    done = footer(start("--resume", "out", "-j", "1"), Path("out"))

    assert left == sorted(left)
    assert 0 < left[-1] < ROWS
    assert done["digest"] == whole["digest"]
    assert (done["rows"], done["resumed"]) == (ROWS, KILLS)
    assert not list(Path("out").rglob("*.unfinished"))


def sessions() -> int:
    """Return how often the run was resumed; -1 where it has not processes."""
    for header in Path("out").glob("*/header.json"):
        return len(json.loads(header.read_text()).get("resumed", []))
    return -1


def parts() -> int:
    return len(list(Path("out").rglob("*.parquet")))


def rows() -> int:
    (path,) = Path("out").iterdir()
    return sum(len(part.span) for part in RunReader(path).parts())


def members(leader: ForkServerProcess) -> list[int]:
    """Return the processes of a session that live."""
    living = []
    for process in psutil.process_iter():
        with suppress(ProcessLookupError, psutil.NoSuchProcess):
            is_dead = process.status() == psutil.STATUS_ZOMBIE
            if os.getsid(process.pid) == leader.pid and not is_dead:
                living.append(process.pid)
    return living


def footer(process: ForkServerProcess, out: Path) -> dict[str, object]:
    """Return the footer of the run in `out` once its process has come to its end."""
    process.join()
    assert process.exitcode == 0, Path("log").read_text()
    (path,) = out.glob("*/footer.json")
    content: dict[str, object] = json.loads(path.read_text())
    return content
