"""`tconv adapters`: lists the backends with what each says of itself, and checks an adapter."""

import os
import sys
from collections.abc import Iterator, Sequence
from dataclasses import asdict
from typing import TYPE_CHECKING, Any, Final

import click

from tconv.cli.output import json_option, json_text, table_text
from tconv.runs.exit_status import ExitStatus

if TYPE_CHECKING:
    from tconv.engine.worker.describe import BackendDescription
    from tconv.testing.adapter_check.run import CheckResult

_SHOWN: Final = 5  # sentences printed per check; --json has all


@click.group()
def adapters() -> None:
    """List the backends, or check an adapter."""


@adapters.command(
    "list",
    short_help="List backends, modes and versions.",
    epilog="Example:  tconv adapters list torch jax --json",
)
@click.argument("names", metavar="[NAME]...", nargs=-1)
@json_option
def list_adapters(*, names: Sequence[str], as_json: bool) -> None:
    """List backends with their modes, devices and versions; all of them if no NAME is given.

    Each backend loads its framework in a process of its own to find out, which takes seconds.
    """
    from tconv.adapters import registry

    names = names or registry.backends()
    for name in names:
        registry.require(name)
    click.echo(f"backends: {', '.join(names)}", err=True)
    descriptions = _describe(names)
    if as_json:
        click.echo(json_text({name: _record(each) for name, each in descriptions.items()}))
        return
    rows = (row for name, description in descriptions.items() for row in _rows(name, description))
    click.echo(table_text(("target", "version", "what is called"), rows))


def _describe(names: Sequence[str]) -> dict[str, "BackendDescription | str"]:
    """Ask the backends in parallel, with a bar on stderr; return their answers in this order."""
    from concurrent.futures import ThreadPoolExecutor, as_completed

    from tconv.engine.executors.local import LocalPool

    # The pool is closed first, so that an interrupt ends its processes and no thread waits for one.
    with ThreadPoolExecutor(os.cpu_count()) as threads, LocalPool(workers=1) as pool:
        answers = {threads.submit(pool.describe, [name]): name for name in dict.fromkeys(names)}
        waiting = list(answers.values())
        with click.progressbar(
            as_completed(answers),
            length=len(answers),
            label="loading their frameworks",
            file=sys.stderr,
            item_show_func=lambda _: f"waiting for {', '.join(waiting)}" if waiting else None,
        ) as answered:
            for answer in answered:
                answer.result()
                waiting.remove(answers[answer])
        return {name: answer.result()[name] for answer, name in answers.items()}


def _rows(name: str, description: "BackendDescription | str") -> Iterator[tuple[str, str, str]]:
    if isinstance(description, str):
        yield name, "unavailable", description
        return
    modes = {mode.name: mode for mode in description.modes}
    for target in description.targets:
        mode = modes[target.mode]
        yield str(target), description.version or "-", mode.meaning + _sampling(mode.sample)


def _sampling(sample: int) -> str:
    match sample:
        case 0:
            return " (only where the mode is named)"
        case 1:
            return ""
    return f" (one case in {sample}, unless the mode is named)"


def _record(description: "BackendDescription | str") -> dict[str, Any]:
    if isinstance(description, str):
        return {"available": False, "reason": description}
    return {
        "available": True,
        "versions": dict(description.versions),
        "devices": list(description.devices),
        "modes": {
            mode.name: {"meaning": mode.meaning, "sample": mode.sample}
            for mode in description.modes
        },
        "settings": {target: dict(flags) for target, flags in description.settings.items()},
    }


@adapters.command(
    "check",
    short_help="Check an adapter, and say what to fix.",
    epilog="Example:  tconv adapters check torch",
)
@click.argument("name")
@json_option
def check_adapter(*, name: str, as_json: bool) -> None:
    """Check the adapter NAME itself, before any sweep, and say what to fix.

    Exit status: 0 all is well, 1 something has to be fixed, 2 no such adapter, 3 it cannot be
    used here.
    """
    from tconv.errors import UnavailableError
    from tconv.testing.adapter_check.run import run_checks

    results = []
    try:
        for result in run_checks(name):
            results.append(result)
            if not as_json:
                click.echo("\n".join(_check_lines(result)))
    except UnavailableError as error:
        click.echo(f"tconv: {name} is unavailable: {error}", err=True)
        sys.exit(ExitStatus.NOTHING_COMPARED)
    if as_json:
        click.echo(json_text({"adapter": name, "checks": [asdict(each) for each in results]}))
    sys.exit(
        ExitStatus.DEVIATIONS if any(each.problems for each in results) else ExitStatus.CONFORMS
    )


def _check_lines(result: "CheckResult") -> Iterator[str]:
    yield f"{'fix' if result.problems else 'ok':<5} {result.name:<15} {result.meaning}"
    yield from (f"      {target}: {problem}" for target, problem in result.problems[:_SHOWN])
    if len(result.problems) > _SHOWN:
        yield f"      and {len(result.problems) - _SHOWN} more; --json has them all"
