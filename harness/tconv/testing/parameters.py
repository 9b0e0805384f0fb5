"""Parametrizes tests of your own with cases."""

from collections.abc import Sequence
from os import PathLike
from pathlib import Path
from typing import TYPE_CHECKING

from tconv.errors import ConfigError
from tconv.grid.config import from_mapping
from tconv.runs.spec import RunSpec

if TYPE_CHECKING:
    import pytest


def cases(
    config: str | PathLike[str] | None = None, *, targets: Sequence[str] = (), **grid: object
) -> "pytest.MarkDecorator":
    """Return a decorator that runs a pytest test once per case, under the case's id.

    The test takes a parameter `case`, and `target` besides where targets are given.

    Args:
        config: the path of a TOML file, or the name of one that comes with the harness, such as
            `smoke`; None where the grid is given instead.
        targets: texts `backend[:mode][@device]`; the test runs for each of them.
        **grid: keys and values of one `[[grid]]` of a configuration: `ndim=[1, 2], i="1..6"`.

    Raises:
        ConfigError: the configuration or the grid is faulty, both or neither are given, or no case
            is left of it.
        TargetError: a target is not well written, or names no backend that exists.
    """
    import pytest  # noqa: PLC0415 # the rest of tconv.testing does without

    found = _assignment(config, targets, grid).cases
    if targets:
        pairs = [(target, case) for target in targets for case in found]
        ids = [f"{target}-{case.id}" for target, case in pairs]
        return pytest.mark.parametrize(("target", "case"), pairs, ids=ids)
    return pytest.mark.parametrize("case", found, ids=[case.id for case in found])


def _assignment(
    config: str | PathLike[str] | None, targets: Sequence[str], grid: dict[str, object]
) -> RunSpec:
    if (config is None) == (not grid):
        raise ConfigError(
            f"config={config!r} and {len(grid)} keys of a grid, but should be one of the two: "
            'cases("smoke") or cases(ndim=1, i="1..3", k=2)'
        )
    if config is not None:
        return RunSpec.from_config(Path(config), targets=targets)
    document = {"run": {"name": "cases", "targets": list(targets) or ["numpy"]}, "grid": [grid]}
    return RunSpec.from_config(from_mapping(document, "tconv.testing.cases"))
