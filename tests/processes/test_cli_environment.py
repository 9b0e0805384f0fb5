"""Environments that people have: each run is as a quiet one, or ends with one clear line."""

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Final

import pytest

COMMAND: Final = (sys.executable, "-m", "tconv")
CONFIG: Final = """
[run]
name = "quiet"
targets = ["numpy:scatter"]
[[grid]]
ndim = 1
i = "1..4"
k = [1, 2]
"""
BACKWARDS: Final = """
import datetime, itertools
from tconv.runs import recorder, run
steps = itertools.count()
class Backwards(datetime.datetime):
    @classmethod
    def now(cls, tz=None):
        return super().now(tz) - datetime.timedelta(hours=next(steps))
recorder.datetime = run.datetime = Backwards
from tconv.__main__ import main
main()
"""
"""The command line with a clock that goes back by an hour whenever somebody looks at it."""


def tconv(
    *words: str | Path,
    environment: Mapping[str, str | None] | None = None,
    command: Sequence[str] = COMMAND,
    **options: Any,
) -> "subprocess.CompletedProcess[str]":
    """Run the command line in a process of its own; an entry of None takes a variable away."""
    variables = os.environ | (environment or {})
    given = {name: value for name, value in variables.items() if value is not None}
    streams = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE}
    return subprocess.run(  # noqa: S603 # our own program
        [*command, *words], check=False, env=given, text=True, timeout=200, **streams | options
    )


def digest_in(folder: Path) -> str:
    """Return the digest of the one run in a folder."""
    (footer,) = folder.glob("*/footer.json")
    return str(json.loads(footer.read_text())["digest"])


@pytest.fixture(scope="module")
def config(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("configs") / "quiet.toml"
    path.write_text(CONFIG)
    return path


@pytest.fixture(scope="module")
def quiet(config: Path) -> str:
    """Return the digest of a run that nothing disturbs."""
    done = tconv("run", config, "--out", config.parent / "quiet")
    assert done.returncode == 0, done.stderr
    return digest_in(config.parent / "quiet")


def under(shell: str) -> list[str]:
    """Return the command line as a shell starts it: with limits, or other streams.

    Forking this process to set limits would warn where another test has loaded JAX.
    """
    return ["sh", "-c", shell, "sh", *COMMAND]


LITTLE_MEMORY: Final = under('ulimit -v 2097152; exec "$@"')


@pytest.mark.parametrize(
    ("environment", "options"),
    [
        ({"HOME": None}, {}),
        ({"HOME": "/proc"}, {}),  # where not even root can write
        ({"TMPDIR": "/nowhere"}, {}),
        ({"LANG": "C", "LC_ALL": "C"}, {}),
        ({"LC_ALL": "C", "PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0"}, {}),
        ({}, {"command": under('ulimit -n 64; exec "$@"')}),
        ({}, {"command": under('exec "$@" <&- >&- 2>&-')}),
    ],
    ids=["no-home", "home-read-only", "no-tmpdir", "LANG=C", "ASCII", "64-files", "closed"],
)
def test_run_is_as_in_a_quiet_environment(
    config: Path, quiet: str, tmp_path: Path,
    environment: dict[str, str | None], options: dict[str, Any],
) -> None:  # fmt: skip
    done = tconv("run", config, "--out", tmp_path, environment=environment, **options)

    assert (done.returncode, "Traceback" in str(done.stderr)) == (0, False)
    assert digest_in(tmp_path) == quiet


@pytest.fixture
def without_shared_memory() -> list[str]:
    """Return what to put before a command to hide /dev/shm from it."""
    unshare = shutil.which("unshare")
    alone = [str(unshare), "-Urm", "sh", "-c"]
    hide = "mount -t tmpfs -o ro,size=4k none /dev/shm"
    if not unshare or subprocess.run([*alone, hide], check=False, capture_output=True).returncode:  # noqa: S603 # as above
        pytest.skip("this user may not hide /dev/shm: it takes a user namespace")
    return [*alone, f'{hide}; exec "$@"', "sh"]


def test_run_without_shared_memory_is_as_with_it(
    without_shared_memory: list[str], config: Path, quiet: str, tmp_path: Path
) -> None:
    command = [*without_shared_memory, *COMMAND]
    done = tconv("run", config, "--out", tmp_path, command=command)

    assert (done.returncode, "Traceback" in done.stderr) == (0, False)
    assert digest_in(tmp_path) == quiet


@pytest.mark.parametrize("name", ["日本 é", "-a'b\"c"])
def test_paths_may_have_any_letters(config: Path, quiet: str, tmp_path: Path, name: str) -> None:
    folder = tmp_path / name
    folder.mkdir()
    shutil.copy(config, folder / f"{name}.toml")
    done = tconv("run", folder / f"{name}.toml", "--out", folder / "out")

    assert done.returncode == 0, done.stderr
    assert digest_in(folder / "out") == quiet


def test_run_directory_that_is_no_unicode_is_refused_and_nothing_written(
    config: Path, tmp_path: Path
) -> None:
    out = os.fsdecode(os.fsencode(tmp_path) + b"/\xff")
    done = tconv("run", config, "--out", out)

    assert done.returncode == 2
    assert "but should be a path in UTF-8; choose another directory" in done.stderr
    assert "Traceback" not in done.stderr
    assert list(tmp_path.iterdir()) == []


def test_configuration_whose_name_is_no_unicode_has_its_reports(
    config: Path, quiet: str, tmp_path: Path
) -> None:
    path = os.fsdecode(os.fsencode(tmp_path) + b"/\xff.toml")
    shutil.copy(config, path)
    done = tconv("run", path, "--out", tmp_path / "out")

    assert (done.returncode, "Traceback" in done.stderr) == (0, False)
    assert digest_in(tmp_path / "out") == quiet


def test_clock_that_goes_back_disturbs_neither_a_run_nor_its_resumption(
    config: Path, quiet: str, tmp_path: Path
) -> None:
    words: tuple[str | Path, ...] = ("run", config, "--out", tmp_path)
    for _ in range(2):
        done = tconv(*words, command=(sys.executable, "-c", BACKWARDS))

        assert (done.returncode, "Traceback" in done.stderr) == (0, False)
        assert digest_in(tmp_path) == quiet
        (footer,) = tmp_path.glob("*/footer.json")
        for path in (footer, *footer.parent.glob("parts/*")):
            path.unlink()
        words = ("run", "--resume", tmp_path)


@pytest.mark.parametrize(
    ("words", "status"),
    [
        ("--help", 4),
        ("--version", 4),
        ("run --dry-run smoke", 4),
        ("run nowhere.toml", 2),
        ("nope", 2),
    ],
)
def test_closed_pipe_ends_with_its_own_status(words: str, status: int) -> None:
    reader, writer = os.pipe()
    os.close(reader)
    done = tconv(*words.split(), stdout=writer, stderr=writer)
    os.close(writer)

    assert done.returncode == status


@pytest.mark.parametrize("path", ["/dev/zero", "x" * 100_000], ids=["endless", "long"])
@pytest.mark.parametrize("words", [["run"], ["explain", "torch", "k=3", "--atlas"]], ids=" ".join)
def test_path_that_cannot_be_meant_is_one_line(words: list[str], path: str) -> None:
    done = tconv(*words, path, command=LITTLE_MEMORY)

    assert done.returncode == 2
    assert done.stderr.startswith("tconv: ")
    assert done.stderr.count("\n") == 1
    assert len(done.stderr) < 1000


@pytest.mark.parametrize(
    ("grid", "words"),
    [
        ('where = "' + "-" * 1000 + 'k > 1"', "is nested too deeply, but should have 100 levels"),
        ('where = "' + "(" * 900 + "k > 1" + ")" * 900 + '"', "too "),
        ('i = "0..99999"\ns = "0..99999"', "points=20,000,000,000, but should be 10,000,000"),
        ('suite = "open"\no = "candidates"\ns = 1_000_000_000', "but should be 10,000,000 at"),
    ],
    ids=["signs", "parentheses", "product", "candidates"],
)
def test_configuration_without_bounds_is_one_line(tmp_path: Path, grid: str, words: str) -> None:
    path = tmp_path / "config.toml"
    lines = grid.split("\n")
    keys = {line.split(" =")[0] for line in lines}
    kept = [line for line in CONFIG.strip().split("\n") if line.split(" =")[0] not in keys]
    path.write_text("\n".join([*kept, *lines]))
    done = tconv("run", "--dry-run", path, command=LITTLE_MEMORY)

    assert done.returncode == 2
    assert words in done.stderr
    assert done.stderr.count("\n") == 1
    assert len(done.stderr) < 1000
