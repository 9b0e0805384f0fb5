"""`tconv adapters`: which backends there are, and what each says of itself here."""

from typing import Any

import click
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from tconv.adapters import registry
from tconv.cli.check import check_adapter
from tconv.cli.output import as_json
from tconv.engine.executors.local import LocalPool
from tconv.engine.worker.describe import BackendDescription


@click.group(short_help="List backends, or judge an adapter.")
def adapters() -> None:
    """Say which backends there are."""


adapters.add_command(check_adapter)


@adapters.command("list", epilog="Example:  tconv adapters list --json")
@click.option("--json", "json_wanted", is_flag=True, help="Print JSON on stdout.")
def list_adapters(*, json_wanted: bool) -> None:
    """List backends with versions, devices and modes; each is started to find out."""
    with LocalPool(workers=2) as engine:
        found = engine.describe(registry.backends())
    if json_wanted:
        click.echo(as_json({name: _record(each) for name, each in found.items()}))
        return
    table = Table(box=None, pad_edge=False)
    table.add_column("target", no_wrap=True)
    table.add_column("version", no_wrap=True)
    table.add_column("what is called", overflow="fold")
    for name, each in found.items():
        for row in _rows(name, each):
            table.add_row(*map(escape, row))
    console = Console()
    if not console.is_terminal:
        console = Console(width=1000)  # piped: one line each, for grep
    with console.capture() as capture:
        console.print(table)
    click.echo("\n".join(line.rstrip() for line in capture.get().splitlines()))


def _rows(name: str, found: BackendDescription | str) -> list[tuple[str, str, str]]:
    if isinstance(found, str):
        return [(name, "unavailable", found)]
    meanings = {mode.name: mode for mode in found.modes}
    return [
        (
            str(target),
            found.version or "-",
            meanings[target.mode].meaning + _sampled(meanings[target.mode].sample),
        )
        for target in found.targets
    ]


def _sampled(sample: int) -> str:
    match sample:
        case 0:
            return " (only where the mode is named)"
        case 1:
            return ""
    return f" (one case in {sample}, unless the mode is named)"


def _record(found: BackendDescription | str) -> dict[str, Any]:
    if isinstance(found, str):
        return {"available": False, "reason": found}
    return {
        "available": True,
        "versions": dict(found.versions),
        "devices": list(found.devices),
        "modes": {
            mode.name: {"meaning": mode.meaning, "sample": mode.sample} for mode in found.modes
        },
        "settings": {target: dict(flags) for target, flags in found.settings.items()},
    }
