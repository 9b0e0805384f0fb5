"""Connects a sweep to a pytest session: collects its items and shares them with xdist's workers."""

import os
import pickle
from dataclasses import asdict
from pathlib import Path
from typing import Any, Final

import pytest

from tconv.errors import TconvError
from tconv.pytest_plugin.items import SweepFile, SweepItem
from tconv.pytest_plugin.session import SessionSweep
from tconv.pytest_plugin.xdist import scheduling
from tconv.runs.spec import RunSpec, config_file

_KEY: Final = "tconv_descriptions"  # of xdist's workerinput: the descriptions of the backends


def register(config: pytest.Config) -> None:
    """Set up the sweep that `--tconv` asks for.

    Raises:
        pytest.UsageError: the configuration or a target is faulty, or every worker would run
            every item.
    """
    if config.getoption("dist", "no") == "each":
        raise pytest.UsageError(
            "--dist=each, but should be another value with --tconv; leave it out"
        )
    source = Path(config.getoption("tconv"))
    try:
        spec = RunSpec.from_config(source, targets=config.getoption("tconv_targets"))
    except TconvError as error:
        raise pytest.UsageError(f"tconv: {error}") from error
    path = _normal(config, str(config_file(source)))
    sweep = SessionSweep(spec, path=path, size=config.getoption("tconv_items"))
    config.addinivalue_line("markers", "tconv: an item of the sweep that --tconv asks for")
    _collect(config, path)
    config.pluginmanager.register(Collection(sweep), "tconv-collection")
    if _workerinput(config) is None:
        from tconv.pytest_plugin.recorder import SessionRecorder  # noqa: PLC0415 # xdist's workers need no pandas

        out = config.invocation_params.dir / config.getoption("tconv_out")
        config.pluginmanager.register(SessionRecorder(sweep, out=out), "tconv-recorder")


def _collect(config: pytest.Config, path: Path) -> None:
    """Let pytest collect the configuration: with the paths it was given, or alone without any.

    A project whose `addopts` ask for the sweep wants it beside its own tests.
    """
    source, sources = config.args_source, pytest.Config.ArgsSource
    is_typed = any(text.startswith("--tconv") for text in config.invocation_params.args)
    if source is sources.INVOCATION_DIR or (source is sources.TESTPATHS and is_typed):
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
    """Makes the items in every process, spreads them over xdist's workers, and runs them."""

    def __init__(self, sweep: SessionSweep) -> None:
        self._sweep = sweep

    def pytest_sessionstart(self, session: pytest.Session) -> None:
        """Get the targets: from the controller, or from the backends themselves."""
        sent = _workerinput(session.config)
        try:
            if sent is None:
                self._sweep.describe_backends()
            else:
                self._sweep.descriptions = pickle.loads(sent[_KEY])  # noqa: S301 # the controller's own
            _ = self._sweep.blocks  # computed here, where an error becomes a usage error
        except TconvError as error:
            raise pytest.UsageError(f"tconv: {error}") from error

    def pytest_collect_file(
        self, file_path: Path, parent: pytest.Collector
    ) -> pytest.Collector | None:
        """Return the collector of the configuration's items."""
        if file_path != self._sweep.path:
            return None
        # Pytest would leave the path of a file outside its root directory out of the items' ids.
        is_inside = file_path.is_relative_to(parent.config.rootpath)
        node_id: dict[str, Any] = {} if is_inside else {"nodeid": file_path.as_posix()}
        file: SweepFile = SweepFile.from_parent(parent, path=file_path, **node_id)
        file.sweep = self._sweep
        return file

    @pytest.hookimpl(wrapper=True, tryfirst=True)
    def pytest_runtest_protocol(self, item: pytest.Item) -> Any:  # noqa: ANN401 # a wrapper's generator
        """Load an item's framework before the item starts, as a time limit starts with it."""
        if isinstance(item, SweepItem):
            self._sweep.prepare(item.block)
        return (yield)

    @pytest.hookimpl(wrapper=True)
    def pytest_runtest_makereport(self, item: pytest.Item, call: pytest.CallInfo[None]) -> Any:  # noqa: ANN401 # a wrapper's generator
        """Put the rows of an item into its report, which xdist sends to the controller."""
        report = yield
        if isinstance(item, SweepItem) and call.when == "call":
            # The controller makes the rows of an unavailable target itself.
            rows = item.rows and asdict(item.rows)
            report.tconv_rows = {} if item.block.plan.unavailable else rows
            item.rows = None
            if report.skipped and isinstance(report.longrepr, tuple):  # an xfail has none
                report.longrepr = (str(item.path), 1, report.longrepr[2])
        return report

    def pytest_unconfigure(self) -> None:
        """End the workers of the sweep."""
        self._sweep.close()

    @pytest.hookimpl(optionalhook=True)
    def pytest_configure_node(self, node: Any) -> None:  # noqa: ANN401 # xdist has no public type
        """Send a worker the targets, so that it need not load every framework."""
        self._sweep.close()
        node.workerinput[_KEY] = pickle.dumps(self._sweep.descriptions)  # execnet sends bytes

    @pytest.hookimpl(optionalhook=True)
    def pytest_xdist_make_scheduler(self, config: pytest.Config, log: Any) -> Any:  # noqa: ANN401 # as above
        """Return the schedule that keeps each backend in one worker."""
        return scheduling(config, log)
