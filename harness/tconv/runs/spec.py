"""What a run has to do: a configuration, narrowed to some targets, to some cases or a shard."""

import os
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from os import PathLike
from pathlib import Path
from typing import Any, Final, Self

from tconv.adapters import registry
from tconv.errors import ConfigError, quoted, shortened
from tconv.grid import GridStatistics, expand
from tconv.grid.config import BUNDLED, Config, from_mapping, load_config
from tconv.model.case import Case
from tconv.model.target import Selection
from tconv.store import RunReader
from tconv.text_file import is_file

DEFAULT: Final = "configs/smoke.toml"
"""The configuration that `tconv run` takes by default."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RunSpec:
    """What a run has to do.

    Attributes:
        config: targets, seed and limits.
        cases: the cases, distinct, in the grid's order.
        statistics: how many points of the grid were kept, and why the others were dropped.
        shard: `k/n` if the cases are the k-th of n parts, else empty.
        case_ids: ids of the cases that were asked for instead of the grid; none: it is the grid.
    """

    config: Config
    cases: Sequence[Case]
    statistics: GridStatistics
    shard: str = ""
    case_ids: tuple[str, ...] = ()

    @classmethod
    def from_config(
        cls,
        config: Config | Mapping[str, object] | str | PathLike[str],
        *,
        targets: Sequence[str] = (),
        case_ids: Sequence[str] = (),
        shard: str | None = None,
        progress: Callable[[int], object] = int,
    ) -> Self:
        """Return what a run of a configuration has to do.

        Args:
            config: the configuration, or what :func:`read_config` reads.
            targets: `backend[:mode][@device]`, instead of the config's own; required backends
                that are not among them are no longer required.
            case_ids: ids of cases to run instead of the grid, each on every selected mode.
            shard: `k/n` for the k-th of n parts of the cases.
            progress: called with the number of further points of the grids that were made.

        Raises:
            ConfigError: the configuration or the shard is faulty, or cases and a shard are given.
            CaseError: a case id is faulty.
            TargetError: a target is malformed, or names a backend that does not exist.
        """
        if case_ids and shard:
            raise ConfigError(
                f"shard={quoted(shard)} and case={quoted(case_ids[0])}, but should be one of the "
                "two"
            )
        whole = read_config(config)
        _require_backends(whole)
        narrowed = _narrow(whole, targets)
        for text in narrowed.targets:
            registry.require(Selection.from_text(text).backend)
        if case_ids:
            cases = tuple(dict.fromkeys(map(Case.from_id, case_ids)))
            return cls(
                config=narrowed,
                cases=cases,
                statistics=GridStatistics(made=len(cases), kept=len(cases)),
                case_ids=tuple(case.id for case in cases),
            )
        part = _part(shard) if shard else (1, 1)
        grid = expand(
            narrowed.grids, narrowed.values, most_points=narrowed.points, progress=progress
        )
        return cls(
            config=narrowed, cases=grid.shard(*part), statistics=grid.statistics, shard=shard or ""
        )

    @classmethod
    def from_run(cls, run: RunReader) -> Self:
        """Return what a run had to do, from its header.

        Raises:
            StoreError: its header lacks something.
            ConfigError: this version reads its configuration differently.
        """
        run.require(("config", "config_path", "grid"))
        config = from_mapping(run.header["config"], run.header["config_path"])
        grid = run.header["grid"]
        return cls.from_config(
            config, case_ids=grid.get("case", "").split(), shard=grid.get("shard") or None
        )

    @property
    def selections(self) -> list[Selection]:
        """The targets, as the configuration selects them."""
        return [Selection.from_text(text) for text in self.config.targets]

    def executor_options(self, workers: int) -> dict[str, Any]:
        """Return the keyword arguments of the executor that runs this."""
        names = ("seed", "case_seconds", "worker_gib", "environments")
        return {"workers": workers} | {name: getattr(self.config, name) for name in names}


def read_config(config: Config | Mapping[str, object] | str | PathLike[str]) -> Config:
    """Return a configuration, wherever it is; messages and reports name it as the user did.

    Args:
        config: the path of a TOML file, or its content as a mapping; the name of a configuration
            that comes with the package, such as `smoke`; or the directory of a run to take it from.

    Raises:
        ConfigError: it is faulty.
        StoreError: the run is damaged.
    """
    if isinstance(config, Config):
        return config
    if isinstance(config, Mapping):
        return from_mapping(config)
    path = Path(config)
    if is_file(path / "header.json"):
        run = RunReader(path)
        run.require(["config"])
        return from_mapping(run.header["config"], str(path))
    file = config_file(path)
    if path.name == str(path) and not os.path.exists(file):  # noqa: PTH110 # as in is_file
        names = {each.stem for folder in BUNDLED for each in folder.glob("*.toml")} - {"claims"}
        raise ConfigError(
            f"{shortened(path)}: no such file; give the path of a TOML file, or the name of a "
            f"configuration that comes with tconv: {', '.join(sorted(names))}"
        )
    name = str(path).encode(errors="backslashreplace").decode()  # reports can hold it
    return replace(load_config(file), path=name)


def config_file(path: Path) -> Path:
    """Return the file that holds a configuration.

    That is the header of the run in the directory `path`, or `path` itself, or the configuration of
    that name that comes with the package; `path` where none of them exists.
    """
    candidates = [path / "header.json", path]
    if path.name == str(path) or str(path) == DEFAULT:
        candidates += [folder / f"{path.name.removesuffix('.toml')}.toml" for folder in BUNDLED]
    return next((each for each in candidates if is_file(each)), path)


def _require_backends(config: Config) -> None:
    """Refuse a table of variables for a backend that does not exist, as where it is misspelt."""
    selected = {Selection.from_text(text).backend for text in config.targets}
    for backend in config.environments:
        if backend not in selected:
            registry.require(backend)


def _narrow(config: Config, targets: Sequence[str]) -> Config:
    """Return the config with these targets alone, or with its own if there are none.

    What it says about backends is kept for theirs only.
    """
    aims = tuple(targets) or config.targets
    backends = {Selection.from_text(text).backend for text in aims}
    return replace(
        config,
        targets=aims,
        required=tuple(name for name in config.required if name in backends),
        environments={
            name: variables for name, variables in config.environments.items() if name in backends
        },
    )


def _part(shard: str) -> tuple[int, int]:
    match = re.fullmatch(r"(\d+)/(\d+)", shard)
    if match is None:
        raise ConfigError(f"shard={quoted(shard)}, but should be k/n with 1 <= k <= n, as in 1/4")
    return int(match[1]), int(match[2])
