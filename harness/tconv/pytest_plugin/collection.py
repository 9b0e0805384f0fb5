"""Joins a sweep to a pytest session: collection, the exchange with xdist's workers, the record."""

import os
from dataclasses import asdict
from pathlib import Path
from typing import Any, Final

import pytest

from tconv.errors import TconvError
from tconv.pytest_plugin.items import SweepFile, SweepItem
from tconv.pytest_plugin.session import Sweep, from_builtins, to_builtins
from tconv.pytest_plugin.xdist import scheduling
from tconv.runs.spec import RunSpec, located

_KEY: Final = "tconv_found"  # of workerinput: what backends said of themselves


def register(config: pytest.Config) -> None:
    """Set up the sweep that `--tconv` asks for.

    Raises:
        pytest.UsageError: the configuration or a target is faulty, or every worker would run
            every item.
    """
    if config.getoption("dist", "no") == "each":
        raise pytest.UsageError("--dist=each, but should be another with --tconv: leave it out")
    given = Path(config.getoption("tconv"))
    try:
        assignment = RunSpec.from_config(given, targets=config.getoption("tconv_targets"))
    except TconvError as error:
        raise pytest.UsageError(f"tconv: {error}") from error
    path = _normal(config, str(located(given)))
    sweep = Sweep(assignment, path=path, size=config.getoption("tconv_items"))
    config.addinivalue_line("markers", "tconv: an item of the sweep that --tconv asks for")
    _aim(config, path)
    config.pluginmanager.register(Collection(sweep), "tconv-collection")
    if _workerinput(config) is None:
        from tconv.pytest_plugin.recorder import Recorder  # noqa: PLC0415 # no worker needs pandas

        recorder = Recorder(sweep, out=config.invocation_params.dir / config.getoption("tconv_out"))
        config.pluginmanager.register(recorder, "tconv-recorder")
        config.pluginmanager.register(Distribution(sweep), "tconv-distribution")


def _aim(config: pytest.Config, path: Path) -> None:
    """Collect the configuration: beside the paths that were named, or alone where none was."""
    if config.args_source is not pytest.Config.ArgsSource.ARGS:
        config.args = [str(path)]
    elif not any(_normal(config, text.partition("::")[0]) == path for text in config.args):
        config.args.append(str(path))


def _normal(config: pytest.Config, text: str) -> Path:
    """Return the absolute path that pytest makes of a path on the command line."""
    return Path(os.path.normpath(config.invocation_params.dir / text))


def _workerinput(config: pytest.Config) -> dict[str, Any] | None:
    """Return what the controller sent to this worker of xdist; None in any other process."""
    return getattr(config, "workerinput", None)


class Collection:
    """Makes the items, in every process, and runs them."""

    def __init__(self, sweep: Sweep) -> None:
        self._sweep = sweep

    def pytest_sessionstart(self, session: pytest.Session) -> None:
        """Learn the targets: from the controller, or from the backends themselves."""
        sent = _workerinput(session.config)
        try:
            if sent is None:
                self._sweep.survey()
            else:
                self._sweep.found = from_builtins(sent[_KEY])
            assert self._sweep.blocks is not None  # made here, where a faulty target is told well
        except TconvError as error:
            raise pytest.UsageError(f"tconv: {error}") from error

    def pytest_collect_file(
        self, file_path: Path, parent: pytest.Collector
    ) -> pytest.Collector | None:
        """Return the collector of the configuration's items."""
        if file_path != self._sweep.path:
            return None
        # Outside of the root directory pytest would leave the path out of the ids of items.
        is_inside = file_path.is_relative_to(parent.config.rootpath)
        named: dict[str, Any] = {} if is_inside else {"nodeid": file_path.as_posix()}
        made: SweepFile = SweepFile.from_parent(parent, path=file_path, **named)
        made.sweep = self._sweep
        return made

    @pytest.hookimpl(wrapper=True, tryfirst=True)
    def pytest_runtest_protocol(self, item: pytest.Item) -> Any:  # noqa: ANN401 # a wrapper's generator
        """Load the framework of an item before its time begins: a limit on items is around this."""
        if isinstance(item, SweepItem):
            self._sweep.prepare(item.block)
        return (yield)

    @pytest.hookimpl(wrapper=True)
    def pytest_runtest_makereport(self, item: pytest.Item, call: pytest.CallInfo[None]) -> Any:  # noqa: ANN401 # a wrapper's generator
        """Give the rows of an item to its report, which goes to the controller."""
        report = yield
        if isinstance(item, SweepItem) and call.when == "call":
            # Rows of a target that is unavailable say nothing new: the controller makes its own.
            rows = item.rows and asdict(item.rows)
            report.tconv_rows = {} if item.block.planned.unavailable else rows
            item.rows = None
            if report.skipped:
                report.longrepr = (str(item.path), 1, report.longrepr[2])
        return report

    def pytest_unconfigure(self) -> None:
        """End the workers of the sweep."""
        self._sweep.close()


class Distribution:
    """Spreads the items over xdist's workers; it is heard where xdist runs."""

    def __init__(self, sweep: Sweep) -> None:
        self._sweep = sweep

    @pytest.hookimpl(optionalhook=True)
    def pytest_configure_node(self, node: Any) -> None:  # noqa: ANN401 # xdist has no public type
        """Tell a worker the targets, so that it need not load every framework to ask."""
        self._sweep.close()
        node.workerinput[_KEY] = to_builtins(self._sweep.found)

    @pytest.hookimpl(optionalhook=True)
    def pytest_xdist_make_scheduler(self, config: pytest.Config, log: Any) -> Any:  # noqa: ANN401 # as above
        """Return the schedule that keeps each backend in one worker."""
        return scheduling(config, log)
