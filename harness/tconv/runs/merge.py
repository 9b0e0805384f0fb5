"""Joins the shards of one grid, wherever they ran, into the run of the whole grid."""

import re
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final

from tconv._version import __version__
from tconv.errors import ConfigError
from tconv.grid import expand
from tconv.grid.config import from_mapping
from tconv.runs.header import differences, grid_facts
from tconv.runs.recorder import RunRecorder, RunResult
from tconv.runs.spec import RunSpec
from tconv.store import RunReader

_NEEDED: Final = ("config", "config_path", "grid", "targets", "machine", "software", "started")


def merge(paths: Sequence[Path], *, out: Path) -> RunResult:
    """Join runs that are the shards of one grid; leave a run directory with its reports in `out`.

    The rows of a target come shard by shard. Files are copied: no row is computed again, and the
    rows are never in memory together. A merge that fails leaves nothing behind.

    Raises:
        StoreError: one of them is no run, or is damaged, or the directory cannot be written.
        ConfigError: a run is incomplete or not a shard, a shard is missing or given twice,
            something that decides their rows differs between them, or their cases are not those
            that this version of the harness makes from their configuration.
    """
    readers = [RunReader(path) for path in paths]
    for reader in readers:
        reader.require(_NEEDED)
    shards = _in_order(readers)
    _require_alike(shards)
    whole = _whole(shards)
    with RunRecorder.create(out, _header(shards, whole), datetime.now(tz=UTC)) as recorder:
        try:
            _copy_parts(shards, recorder)
            recorder.finish(whole.config.required)
        except BaseException:
            recorder.discard()  # the shards are still there, to be merged again
            raise
        return recorder.report()


def _in_order(readers: Sequence[RunReader]) -> list[RunReader]:
    """Return the shards 1/n to n/n."""
    incomplete = [str(reader.path) for reader in readers if not reader.is_complete]
    if incomplete:
        raise ConfigError(
            f"{', '.join(incomplete)} incomplete, but should be complete; "
            f"`tconv run --resume {incomplete[0]}` completes it"
        )
    named: dict[tuple[int, int], RunReader] = {}
    for reader in readers:
        number = _number(reader)
        if number in named:
            raise ConfigError(
                f"{named[number].path} and {reader.path} are both shard {number[0]}/{number[1]}, "
                "but each should be given once"
            )
        named[number] = reader
    count = max(n for _, n in named)
    missing = [f"{k}/{count}" for k in range(1, count + 1) if (k, count) not in named]
    if missing or len(named) > count:
        shards = ", ".join(f"{reader.path} is {k}/{n}" for (k, n), reader in named.items())
        raise ConfigError(
            f"shards given: {shards}; but should be 1/{count} to {count}/{count}, each once"
            + (f": {', '.join(missing)} missing" if missing else "")
        )
    return [named[k, count] for k in range(1, count + 1)]


def _number(reader: RunReader) -> tuple[int, int]:
    match = re.fullmatch(r"(\d+)/(\d+)", reader.header["grid"].get("shard") or "")
    if match is None:
        raise ConfigError(
            f"{reader.path} is no shard, but should be a run made with --shard k/n; only the "
            "shards of one grid can be merged"
        )
    return int(match[1]), int(match[2])


def _require_alike(shards: Sequence[RunReader]) -> None:
    for other in shards[1:]:
        differing = differences(shards[0].header, other.header, shards=True)
        if differing:
            listed = "\n  ".join(differing)
            raise ConfigError(
                f"{shards[0].path} and {other.path} are not shards of one run; they differ in:\n"
                f"  {listed}\nrun the shards with the same configuration and versions"
            )


def _whole(shards: Sequence[RunReader]) -> RunSpec:
    """Return the specification of the whole run; no backend need be installed here."""
    header = shards[0].header
    config = from_mapping(header["config"], header["config_path"])
    grid = expand(config.grids, config.values, most_points=config.points)
    whole = RunSpec(config=config, cases=grid.cases, statistics=grid.statistics)
    for k, shard in enumerate(shards, 1):
        cases = grid.shard(k, len(shards))
        _require_cases(shard, grid_facts(replace(whole, cases=cases)))
    return whole


def _require_cases(shard: RunReader, here: Mapping[str, Any]) -> None:
    """Refuse a shard whose cases are not those that this version makes from its grid.

    The header of the whole run lists the cases made here, so the rows must be of the same ones.
    """
    grid = shard.header["grid"]
    if any(grid.get(name) != here[name] for name in ("cases", "digest")):
        version = shard.header["software"].get("tconv")
        raise ConfigError(
            f"{shard.path} has other cases than its configuration gives here: "
            f"{grid.get('cases')} with grid.digest {grid.get('digest')}, but {here['cases']} with "
            f"{here['digest']}; it was made by tconv {version}, and this is {__version__}: merge "
            "the shards with the version that made them"
        )


def _header(shards: Sequence[RunReader], whole: RunSpec) -> dict[str, Any]:
    """Return the header of the whole, with where and when each shard ran."""
    first = shards[0].header
    cases: Counter[str] = Counter()
    for shard in shards:
        cases.update({each["target"]: each["cases"] for each in shard.header["targets"]})
    targets = [each | {"cases": cases[each["target"]]} for each in first["targets"]]
    return {
        name: value for name, value in first.items() if name not in {"schema_version", "resumed"}
    } | {
        "grid": grid_facts(whole),
        "targets": targets,
        "started": min(shard.header["started"] for shard in shards),
        "shards": [_origin(shard) for shard in shards],
    }


def _origin(shard: RunReader) -> dict[str, Any]:
    header, footer = shard.header, shard.footer or {}
    names = ("started", "machine", "software", "resumed")
    return (
        {"run": shard.path.name, "shard": header["grid"]["shard"]}
        | {name: header[name] for name in names if name in header}
        | {name: footer[name] for name in ("rows", "digest", "ended") if name in footer}
    )


def _copy_parts(shards: Sequence[RunReader], recorder: RunRecorder) -> None:
    """Copy every part, after those of its target that were copied before."""
    firsts = dict.fromkeys(recorder.totals, 0)
    for shard in shards:
        targets = [each["target"] for each in shard.header["targets"]]
        for part in shard.checked_parts():
            target = targets[part.target]
            recorder.adopt(part, target, firsts[target])
            firsts[target] += len(part.span)
