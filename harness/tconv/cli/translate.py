"""`tconv translate`: a call of one framework in another, run and compared before it is printed."""

import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import click

from tconv.cli.atlas_source import charted, option
from tconv.cli.output import as_json
from tconv.errors import UnavailableError
from tconv.model.target import Selection
from tconv.model.window import Window
from tconv.runs.status import ExitStatus
from tconv.translation.query import Query
from tconv.translation.source import Impossible
from tconv.translation.translate import Translation, translate
from tconv.translation.windows import constant_window

EPILOG = """\b
Examples:
  tconv translate --from keras-tensorflow padding=same k=3 s=2 --to torch
  tconv translate --from keras-torch padding=same k=4x3 s=2 op=1 --to onnxruntime
  tconv translate --from torch k=3x3 s=2 p=1 op=1 groups=2 --to jax > ported.py

\b
Exit status:
  0 translated, run and equal    1 the snippet differs from the source: a bug, shown
  2 usage                        3 impossible, or not run as a framework is not here
"""


@click.command("translate", epilog=EPILOG, short_help="Turn a call of one framework into another.")
@click.argument("parameters", nargs=-1, required=True, metavar="NAME=VALUE...")
@click.option("--from", "source", required=True, metavar="SOURCE", help="Whose call it is.")
@click.option("--to", "target", required=True, metavar="TARGET", help="What is to be called.")
@click.option("--no-run", is_flag=True, help="Print it without having run it.")
@option
@click.option("--json", "json_wanted", is_flag=True, help="Print JSON on stdout.")
def translate_call(
    *,
    parameters: Sequence[str],
    source: str,
    target: str,
    no_run: bool,
    path: Path | None,
    json_wanted: bool,
) -> None:
    """Say how TARGET is called so that it gives what a call of SOURCE gives.

    SOURCE and TARGET are backend[:mode][@device]. Names are padding, k, s, p, dilation (d),
    output_padding (op), o, i, ndim, dtype and groups (g); a value is a number for all axes, or one
    for each joined by x; p may be start:end. The result holds for every input size or, where i is
    given, for that one. What is printed is a Python file: the text that was run.
    """
    query = Query.from_texts(parameters)
    atlas, ends = charted(path), [Selection.from_text(text) for text in (source, target)]
    try:
        (found,) = translate(atlas, [query], *ends, runs=not no_run)
    except UnavailableError as error:
        click.echo(f"tconv: not translated, as nothing can be run: {error}", err=True)
        sys.exit(ExitStatus.NOTHING_COMPARED)
    if json_wanted:
        click.echo(as_json(_record(query, found)))
    elif isinstance(found, Impossible):
        click.echo(f"tconv: impossible: {found.reason}", err=True)
    else:
        click.echo("\n".join(f"# {line}" for line in _lines(found)))
        click.echo(f"\n{found.target_call.text}", nl=False)
    sys.exit(_status(found))


def _status(found: Translation | Impossible) -> ExitStatus:
    if isinstance(found, Impossible):
        return ExitStatus.NOTHING_COMPARED
    return ExitStatus.DEVIATIONS if found.differences else ExitStatus.CONFORMS


def _lines(found: Translation) -> Iterator[str]:
    call, sizes = found.target_call, "this size" if found.query.is_sized else "every input size"
    yield f"{found.source.target} {found.query}, for {sizes}"
    kept = [constant_window(windows) for windows in found.source.windows]
    alike = len(set(kept)) == 1
    for axis, window in enumerate(kept[:1] if alike else kept):
        if window is not None:
            on = f" on {'every axis' if alike else f'axis {axis}'}" if len(kept) > 1 else ""
            yield f"keeps of the full result{on}: {_window(window)}"
    dilated = " of a kernel with zeros between its taps" if call.candidate.dilated_by else ""
    then = f", then {call.candidate.words}" if call.candidate.words else ""
    yield f"{call.target}: {call.call}{dilated}{then}"
    ran = ", ".join("i=" + "x".join(map(str, each)) for each in found.source.samples)
    if found.differences is None:
        yield "not run"
    elif not found.differences:
        yield f"run beside the source at {ran}: every element is equal"
    yield from (f"DIFFERS at {text}" for text in found.differences or ())


def _window(window: Window) -> str:
    sides = (("begin", window.begin), ("end", window.end))
    parts = [
        f"{abs(count)} {'cropped' if count > 0 else 'added'} at the {side}"
        for side, count in sides
        if count
    ]
    return ", ".join(parts) or "all of it"


def _record(query: Query, found: Translation | Impossible) -> dict[str, Any]:
    if isinstance(found, Impossible):
        return {"query": str(query), "impossible": found.reason}
    call = found.target_call
    return {
        "query": str(query),
        "source": str(found.source.target),
        "target": str(call.target),
        "call": call.call,
        "native": call.candidate.is_native,
        "step": call.candidate.words,
        "kernel_dilated_by": call.candidate.dilated_by,
        "case": call.candidate.case.id,
        "samples": found.source.samples,
        "differences": found.differences,
        "snippet": call.text,
    }
