"""What a run is of: its header says it, and two headers are compared before rows are joined."""

import hashlib
import json
from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any, Final

from tconv.engine.plan import TargetPlan
from tconv.engine.worker.describe import BackendDescription
from tconv.runs.environment import machine, software
from tconv.runs.spec import RunSpec

_OWN: Final = ("grid.digest", "grid.shard", "grid.case", "grid.cases")  # differ between shards
_HARMLESS: Final = ("software.packages.pandas", "software.packages.pyarrow")  # compute no row
_ABSENT: Final = "none"


def header(
    assignment: RunSpec,
    planned: Sequence[TargetPlan],
    found: Mapping[str, BackendDescription | str],
    *,
    started: datetime,
) -> dict[str, Any]:
    """Return what a run's header says: what was asked for, of which targets, on which machine."""
    config = assignment.config
    return {
        "config": config.to_dict(),
        "config_path": config.path,
        "grid": grid_facts(assignment),
        "config_digest": config.digest,
        "targets": [
            _target(
                each,
                found[each.target.backend],
                config.environments.get(each.target.backend, {}),
            )
            for each in planned
        ],
        "machine": machine(),
        "software": software(),
        "started": started.isoformat(timespec="seconds"),
    }


def differences(
    one: Mapping[str, Any], other: Mapping[str, Any], *, shards: bool = False
) -> tuple[str, ...]:
    """Return what decides the rows of a run and differs between two headers, with both values.

    Args:
        one: a header.
        other: another.
        shards: whether the two may have different cases of one grid.
    """
    facts, others = (dict(_facts(_plain(each), shards=shards)) for each in (one, other))
    return tuple(
        f"{name}: {facts.get(name, _ABSENT)} and {others.get(name, _ABSENT)}"
        for name in dict.fromkeys([*facts, *others])
        if facts.get(name) != others.get(name)
    )


def _facts(header: Mapping[str, Any], *, shards: bool) -> Iterator[tuple[str, object]]:
    """Yield name and value of everything that decides the rows."""
    for name in ("config", "software"):
        yield from ((k, v) for k, v in _leaves(header.get(name), name) if k not in _HARMLESS)
    if not shards:
        yield from ((k, v) for k, v in _leaves(header.get("grid"), "grid") if k in _OWN)
    for target in header.get("targets", ()):
        known = dict(target) | {"unavailable": bool(target["unavailable"])}
        name = known.pop("target")
        if shards:
            known.pop("cases")
        yield from _leaves(known, name)


def _leaves(value: object, name: str) -> Iterator[tuple[str, object]]:
    """Yield the plain values inside of `value`, named by their place: `config.run.seed`."""
    match value:
        case {}:
            for key, each in value.items():
                yield from _leaves(each, f"{name}.{key}")
        case [{}, *_]:
            for at, each in enumerate(value):
                yield from _leaves(each, f"{name}.{at}")
        case _:
            yield name, value


def _plain(header: Mapping[str, Any]) -> Mapping[str, Any]:
    """Return a header as it comes from its file."""
    made: Mapping[str, Any] = json.loads(json.dumps(header))
    return made


def grid_facts(assignment: RunSpec) -> dict[str, Any]:
    """Return what a header says of the cases: their number, marginals and digest."""
    digest = hashlib.sha256()
    for at, case in enumerate(assignment.cases):
        digest.update(f"{case.id}".encode() if at == 0 else f"\n{case.id}".encode())
    return {
        **assignment.tally.to_dict(),
        "shard": assignment.shard,
        "case": assignment.case,
        "cases": len(assignment.cases),
        "digest": digest.hexdigest(),
    }


def _target(
    planned: TargetPlan, found: BackendDescription | str, environment: Mapping[str, str]
) -> dict[str, Any]:
    known = found if isinstance(found, BackendDescription) else None
    return {
        "target": str(planned.target),
        "cases": len(planned.cases),
        "sample": planned.sample,
        "unavailable": planned.unavailable,
        "versions": dict(known.versions) if known else {},
        "settings": {
            **(known.settings.get(str(planned.target), {}) if known else {}),
            **environment,
        },
    }
