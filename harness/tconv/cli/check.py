"""`tconv adapters check`: does an adapter keep its contract?"""

import sys
from collections.abc import Iterator
from dataclasses import asdict

import click

from tconv.cli.output import as_json
from tconv.errors import UnavailableError
from tconv.runs.status import ExitStatus
from tconv.testing.adapter_check.run import CheckResult, run_checks

_SHOWN = 5  # sentences printed per check; --json has all


@click.command("check", epilog="Example:  tconv adapters check torch")
@click.argument("name")
@click.option("--json", "json_wanted", is_flag=True, help="Print JSON on stdout.")
def check_adapter(*, name: str, json_wanted: bool) -> None:
    """Judge the adapter NAME itself, before any sweep, and say what to fix.

    Exit status: 0 all is well, 1 something is to be fixed, 2 no such adapter, 3 it cannot be
    used here.
    """
    results = []
    try:
        for result in run_checks(name):
            results.append(result)
            if not json_wanted:
                click.echo("\n".join(_lines(result)))
    except UnavailableError as error:
        click.echo(f"tconv: {name} is unavailable: {error}", err=True)
        sys.exit(ExitStatus.NOTHING_COMPARED)
    if json_wanted:
        click.echo(as_json({"adapter": name, "checks": [asdict(each) for each in results]}))
    sys.exit(
        ExitStatus.DEVIATIONS if any(each.problems for each in results) else ExitStatus.CONFORMS
    )


def _lines(result: CheckResult) -> Iterator[str]:
    yield f"{'fix' if result.problems else 'ok':<5} {result.name:<15} {result.meaning}"
    yield from (f"      {target}: {problem}" for target, problem in result.problems[:_SHOWN])
    if len(result.problems) > _SHOWN:
        yield f"      and {len(result.problems) - _SHOWN} more; --json has them all"
