"""The header of a run, and what two headers must share before their rows may be joined."""

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
    spec: RunSpec,
    plans: Sequence[TargetPlan],
    descriptions: Mapping[str, BackendDescription | str],
    *,
    started: datetime,
) -> dict[str, Any]:
    """Return the header of a run: its configuration, its targets and its machine."""
    config = spec.config
    return {
        "config": config.to_dict(),
        "config_path": config.path,
        "grid": grid_facts(spec),
        "config_digest": config.digest,
        "targets": [
            _target(
                each,
                descriptions[each.target.backend],
                config.environments.get(each.target.backend, {}),
            )
            for each in plans
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
        shards: whether the two may have different cases of the same grid.
    """
    left, right = (dict(_facts(json.loads(json.dumps(each)), shards=shards))  # as read from a file
                   for each in (one, other))  # fmt: skip
    return tuple(
        f"{name}: {left.get(name, _ABSENT)} and {right.get(name, _ABSENT)}"
        for name in dict.fromkeys([*left, *right])
        if left.get(name) != right.get(name)
    )


def _facts(header: Mapping[str, Any], *, shards: bool) -> Iterator[tuple[str, object]]:
    """Yield name and value of everything that decides the rows."""
    for name in ("config", "software"):
        yield from ((k, v) for k, v in _leaves(header.get(name), name) if k not in _HARMLESS)
    if not shards:
        yield from ((k, v) for k, v in _leaves(header.get("grid"), "grid") if k in _OWN)
    for target in header.get("targets", ()):
        facts = dict(target) | {"unavailable": bool(target["unavailable"])}
        name = facts.pop("target")
        if shards:
            facts.pop("cases")
        yield from _leaves(facts, name)


def _leaves(value: object, name: str) -> Iterator[tuple[str, object]]:
    """Yield the plain values inside `value`, named by their place: `config.run.seed`."""
    match value:
        case {}:
            for key, inner in value.items():
                yield from _leaves(inner, f"{name}.{key}")
        case [{}, *_]:
            for at, inner in enumerate(value):
                yield from _leaves(inner, f"{name}.{at}")
        case _:
            yield name, value


def grid_facts(spec: RunSpec) -> dict[str, Any]:
    """Return the entry `grid` of a header: number, marginals and digest of the cases."""
    digest = hashlib.sha256()
    for at, case in enumerate(spec.cases):
        digest.update(f"{case.id}".encode() if at == 0 else f"\n{case.id}".encode())
    return {
        **spec.statistics.to_dict(),
        "shard": spec.shard,
        "case": " ".join(spec.case_ids),
        "cases": len(spec.cases),
        "digest": digest.hexdigest(),
    }


def _target(
    plan: TargetPlan, description: BackendDescription | str, environment: Mapping[str, str]
) -> dict[str, Any]:
    versions, settings = {}, {}
    if isinstance(description, BackendDescription):
        versions = dict(description.versions)
        settings = dict(description.settings.get(str(plan.target), {}))
    return {
        "target": str(plan.target),
        "cases": len(plan.cases),
        "sample": plan.sample,
        "unavailable": plan.unavailable,
        "versions": versions,
        "settings": settings | dict(environment),
    }
