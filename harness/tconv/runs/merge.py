"""Joins the shards of one grid, wherever they ran, into the run that the whole grid would be."""

import re
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
from tconv.runs.run import RunResult, completed, reported
from tconv.runs.spec import RunSpec
from tconv.runs.status import Totals
from tconv.store import RunReader, RunWriter
from tconv.store.columns import COUNTED

_NEEDED: Final = ("config", "config_path", "grid", "targets", "machine", "software", "started")
_PIECE: Final = 2**16  # rows that are counted at a time


def merge(paths: Sequence[Path], *, out: Path) -> RunResult:
    """Join runs that are the shards of one grid; leave a run directory with its reports in `out`.

    The rows of a target come shard by shard. Files are copied: no row is computed again, and the
    rows are never in memory together. A merge that fails leaves nothing behind.

    Raises:
        StoreError: one of them is no run, or is damaged, or the directory cannot be written.
        ConfigError: a run is incomplete or no shard, shards are missing or there twice, something
            that decides their rows differs between them, or their cases are not those that this
            version of the harness makes of their configuration.
    """
    readers = [RunReader(path) for path in paths]
    for reader in readers:
        reader.require(_NEEDED)
    shards = _in_order(readers)
    _require_alike(shards)
    whole = _whole(shards)
    name = f"{whole.config.name}-{datetime.now(tz=UTC):%Y%m%d-%H%M%S}"
    with RunWriter.create(out / name, _header(shards, whole)) as writer:
        try:
            totals = _joined(shards, writer)
            verdict = completed(writer, totals, whole.config)
        except BaseException:
            writer.discard()  # the shards are still there, to be merged again
            raise
        return reported(writer, totals, verdict)


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
        given = ", ".join(f"{reader.path} is {k}/{n}" for (k, n), reader in named.items())
        raise ConfigError(
            f"shards given: {given}; but should be 1/{count} to {count}/{count}, each once"
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
        found = differences(shards[0].header, other.header, shards=True)
        if found:
            listed = "\n  ".join(found)
            raise ConfigError(
                f"{shards[0].path} and {other.path} are not shards of one run; they differ in:\n"
                f"  {listed}\nrun the shards with the same configuration and versions"
            )


def _whole(shards: Sequence[RunReader]) -> RunSpec:
    """Return what all shards were asked to do; no backend need be installed here."""
    header = shards[0].header
    config = from_mapping(header["config"], header["config_path"])
    grid = expand(config.grids, config.values)
    whole = RunSpec(config=config, cases=grid.cases, tally=grid.tally)
    for k, shard in enumerate(shards, 1):
        cases = grid.shard(k, len(shards))
        _require_cases(shard, grid_facts(replace(whole, cases=cases)))
    return whole


def _require_cases(shard: RunReader, here: Mapping[str, Any]) -> None:
    """Require that a shard has the cases that this version of the harness makes of its grid.

    The whole's header says what its cases are, and the shards' rows are put into their order.
    """
    said = shard.header["grid"]
    if any(said.get(name) != here[name] for name in ("cases", "digest")):
        made = shard.header["software"].get("tconv")
        raise ConfigError(
            f"{shard.path} has other cases than its configuration gives here: "
            f"{said.get('cases')} with grid.digest {said.get('digest')}, but {here['cases']} with "
            f"{here['digest']}; it was made by tconv {made}, and this is {__version__}: merge "
            "the shards with the version that made them"
        )


def _header(shards: Sequence[RunReader], whole: RunSpec) -> dict[str, Any]:
    """Return the header of the whole, with where and when each shard ran."""
    first = shards[0].header
    counts = [{each["target"]: each["cases"] for each in s.header["targets"]} for s in shards]
    targets = [
        each | {"cases": sum(count[each["target"]] for count in counts)}
        for each in first["targets"]
    ]
    return {
        name: value for name, value in first.items() if name not in {"schema_version", "resumed"}
    } | {
        "grid": grid_facts(whole),
        "targets": targets,
        "started": min(shard.header["started"] for shard in shards),
        "shards": [_origin(shard) for shard in shards],
    }


def _origin(shard: RunReader) -> dict[str, Any]:
    kept = ("started", "machine", "software", "resumed")
    said = {name: shard.header[name] for name in kept if name in shard.header}
    return {"run": shard.path.name, "shard": shard.header["grid"]["shard"]} | said | _counts(shard)


def _counts(shard: RunReader) -> dict[str, Any]:
    footer = shard.footer or {}
    return {name: footer[name] for name in ("rows", "digest", "ended") if name in footer}


def _joined(shards: Sequence[RunReader], writer: RunWriter) -> dict[str, Totals]:
    """Copy every part behind those of its target that are there, and count its rows."""
    names = [each["target"] for each in shards[0].header["targets"]]
    totals = {name: Totals() for name in names}
    firsts = dict.fromkeys(names, 0)
    for shard in shards:
        own = [each["target"] for each in shard.header["targets"]]
        for part in shard.whole():
            name = own[part.target]
            writer.adopt(part, target=names.index(name), first=firsts[name])
            firsts[name] += len(part.span)
            for table in part.batches(_PIECE, COUNTED):
                totals[name].add(table.to_pydict())
    return totals
