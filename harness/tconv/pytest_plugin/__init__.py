"""Runs a sweep under pytest: `pytest --tconv configs/smoke.toml -n 2`.

Without `--tconv` it costs the import of this module and nothing else.
"""

from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tconv.testing import Conformance

_CONFIG = "a TOML file, the name of one that comes with tconv, or a run's directory"


def pytest_addoption(parser: pytest.Parser) -> None:
    """Add the options, all of which start with `--tconv`."""
    group = parser.getgroup("tconv", "sweeps of transposed convolution")
    group.addoption(
        "--tconv",
        metavar="CONFIG",
        help=f"Sweep CONFIG: {_CONFIG}. Without test paths, nothing else runs.",
    )
    group.addoption(
        "--tconv-items",
        choices=("block", "case"),
        default="block",
        help="What an item is: a block of cases of one target, or one case.  [default: block]",
    )
    group.addoption(
        "--tconv-target",
        dest="tconv_targets",
        metavar="T",
        action="append",
        default=[],
        help="Run only this target (backend[:mode][@device]); may be repeated.",
    )
    group.addoption(
        "--tconv-out",
        metavar="DIR",
        default="reports",
        help="Make the run directory here.  [default: reports]",
    )


@pytest.hookimpl(tryfirst=True)
def pytest_configure(config: pytest.Config) -> None:
    """Set up the sweep where one is asked for."""
    if config.getoption("tconv") is None:
        if targets := config.getoption("tconv_targets"):
            raise pytest.UsageError(
                f"--tconv-target={targets[0]} selects from a sweep, but there is none; add --tconv"
            )
        return
    from tconv.pytest_plugin import collection  # noqa: PLC0415 # needed with --tconv only

    collection.register(config)


@pytest.fixture(scope="session")
def conformance() -> "Iterator[Conformance]":
    """Compare adapters with the oracle in your own tests: see :mod:`tconv.testing`.

    Worker processes are started when a target is first used, and end with the session.
    """
    from tconv.testing import Conformance  # noqa: PLC0415 # as above

    with Conformance() as shared:
        yield shared
