"""`tconv translate`: turns a call of one framework into another's, and runs it before printing."""

import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from threading import Timer
from typing import TYPE_CHECKING, Any

import click

from tconv.cli.atlas_source import atlas_option, load_atlas
from tconv.cli.output import json_option, json_text
from tconv.cli.target_type import TARGET
from tconv.model.target import Selection
from tconv.runs.exit_status import ExitStatus

if TYPE_CHECKING:
    from tconv.model.window import Window
    from tconv.translation.source import SourceCall
    from tconv.translation.translate import Translation

PROGRESS_SECONDS = 2.0

EPILOG = """\b
Examples:
  tconv translate --from keras-tensorflow padding=same k=3 s=2 --to torch
  tconv translate --from keras-torch padding=same k=4x3 s=2 op=1 --to onnxruntime
  tconv translate --from torch k=3x3 s=2 p=1 op=1 groups=2 --to jax > ported.py

\b
Exit status:
  0 translated, run and equal    1 the snippet differs from the source: a bug, shown
  2 wrong usage                  3 impossible, or not run because a framework is missing
"""


@click.command("translate", epilog=EPILOG)
@click.argument("parameters", nargs=-1, required=True, metavar="NAME=VALUE...")
@click.option("--from", "source", required=True, type=TARGET, metavar="SOURCE",
              help="The call to translate.")  # fmt: skip
@click.option("--to", "target", required=True, type=TARGET, metavar="TARGET",
              help="What to call instead.")  # fmt: skip
@click.option(
    "--as",
    "form",
    type=click.Choice(["function", "module", "layer"]),
    help="What the file defines; a trainable module is a layer, too.  [default: function]",
)
@click.option(
    "--layout",
    type=click.Choice(["source", "target"]),
    help="Whose layout x and y have, channels first or last.  [default: target]",
)
@click.option(
    "--weights", is_flag=True, help="Print only how the layout of the weights is converted."
)
@click.option("--no-run", is_flag=True, help="Print the snippet without running it first.")
@atlas_option
@json_option
def translate_call(
    *,
    parameters: Sequence[str],
    source: Selection,
    target: Selection,
    form: str | None,
    layout: str | None,
    weights: bool,
    no_run: bool,
    path: Path | None,
    as_json: bool,
) -> None:
    """Print how to call TARGET so that it gives what a call of SOURCE gives.

    SOURCE and TARGET are backend[:mode][@device]. The names are padding, k, s, p, dilation (d),
    output_padding (op), o, i, ndim, dtype and groups (g), or a framework's own, such as
    kernel_size. A value is one number for all axes, or one for each axis, as in 3x2. A value of p
    may be start:end, as in 1:0, and o may follow the input size, as in o=s*i or o=2*i+1. The
    result holds for every input size or, if i is given, for that one. What is printed is a Python
    file, the same text that was run.
    """
    from tconv.analysis.atlas.request import one_axis_notice
    from tconv.errors import UnavailableError
    from tconv.translation.python_file import FileStyle, Form
    from tconv.translation.query import Query, relative_sizes
    from tconv.translation.source import Impossible
    from tconv.translation.translate import translate

    if weights and (form or layout):
        other = "--as" if form else "--layout"
        raise click.UsageError(
            f"--weights prints no call, so {other} means nothing: give one of the two"
        )
    query = Query.from_texts(parameters)
    if notice := one_axis_notice(relative_sizes(parameters)[1]):
        click.echo(f"tconv: {notice}", err=True)
    try:
        forms = {"module": Form.MODULE, "layer": Form.MODULE}
        style = FileStyle(
            form=Form.WEIGHTS if weights else forms.get(form or "", Form.FUNCTION),
            keeps_layout=layout == "source",
        )
        with _progress(f"loading {source.backend} and {target.backend}, to run the call on both"):
            (result,) = translate(
                load_atlas(path), [query], source, target, runs=not no_run, style=style
            )
    except UnavailableError as error:
        click.echo(f"tconv: not translated, as nothing can be run: {error}", err=True)
        sys.exit(ExitStatus.NOTHING_COMPARED)
    if isinstance(result, Impossible):
        if as_json:
            click.echo(json_text({"query": str(query), "impossible": result.reason}))
        else:
            click.echo(f"tconv: impossible: {result.reason}", err=True)
        sys.exit(ExitStatus.NOTHING_COMPARED)
    if as_json:
        click.echo(json_text(_record(result)))
    else:
        click.echo("\n".join(f"# {line}" for line in _comments(result)))
        click.echo(f"\n{result.target_call.file.text}", nl=False)
        if result.faster and not weights:
            click.echo(
                f"\n\n# One call, {result.faster.call}, is faster, but computes only with\n"
                f"# {result.condition}, which is the default of some machines."
            )
            click.echo(result.faster.file.definition, nl=False)
    sys.exit(ExitStatus.DEVIATIONS if result.differences else ExitStatus.CONFORMS)


@contextmanager
def _progress(text: str) -> Iterator[None]:
    """Say on stderr what is done, where that takes longer than :data:`PROGRESS_SECONDS`."""
    timer = Timer(PROGRESS_SECONDS, click.echo, [f"tconv: {text}..."], {"err": True})
    timer.start()
    try:
        yield
    finally:
        timer.cancel()


def _comments(translation: "Translation") -> Iterator[str]:
    from tconv.translation.windows import constant_window

    source, call = translation.source, translation.target_call
    yield f"{source.target} {source.query}, for {_sizes(source)}"
    if source.default:
        yield f"{source.default}: {source.target} has no default"
    if source.addition:
        yield f"{source.target} gives this with a step beside its call: {source.addition}"
    yield _basis(source)
    windows = [constant_window(each) for each in source.windows]
    is_same = len(set(windows)) == 1
    for axis, window in enumerate(windows[:1] if is_same else windows):
        if window is not None:
            on = f" on {'every axis' if is_same else f'axis {axis}'}" if len(windows) > 1 else ""
            of = " of the padded input" if source.padding else ""
            yield f"keeps of the full result{of}{on}: {_window(window)}"
    dilated = " of a kernel with zeros between its taps" if call.candidate.dilated_by else ""
    then = f", then {call.candidate.words}" if call.candidate.words else ""
    split = f", {call.candidate.split_words}" if call.candidate.split_words else ""
    first = f"{source.padding.words}, then " if source.padding else ""
    yield f"{call.target}: {first}{call.call}{dilated}{split}{then}"
    samples = ", ".join("i=" + "x".join(map(str, sizes)) for sizes in source.samples)
    if translation.differences is None:
        yield "not run: whether both compute it was not asked"
    elif not translation.differences:
        yield f"run beside the source at {samples}: every element is equal"
    if settings := translation.source_settings:
        yield f"{source.target} ran with {settings}, which is the default of some machines only"
    yield from (f"DIFFERS at {text}" for text in translation.differences or ())


def _sizes(source: "SourceCall") -> str:
    """Return for which input sizes the call of the source gives something, in words."""
    if source.query.is_sized:
        return "this size"
    first = [min(windows) for windows in source.windows]
    at = "" if max(first) == 1 else f" from i={'x'.join(map(str, first))}"
    return f"every input size{at}"


def _basis(source: "SourceCall") -> str:
    """Return how it is known which window the source returns, in words."""
    sizes = "this size" if source.query.is_sized else "every size"
    if not source.rule_of:
        return f"known for {sizes} by the definition of the operation"
    is_own = source.rule_of == str(source.target)
    whose = "its rule" if is_own else f"the rule of {source.rule_of}, its sibling"
    last = max(max(windows) for windows in source.windows)
    upto = "" if source.query.is_sized else f"; evaluated to i={last}"
    return f"known for {sizes} by {whose}, which holds at all {source.points} points measured{upto}"


def _window(window: "Window") -> str:
    sides = (("start", window.begin), ("end", window.end))
    parts = [
        f"{abs(count)} {'cropped' if count > 0 else 'added'} at the {side}"
        for side, count in sides
        if count
    ]
    return ", ".join(parts) or "all of it"


def _record(translation: "Translation") -> dict[str, Any]:
    call, source = translation.target_call, translation.source
    return {
        "query": str(source.query),
        "source": str(source.target),
        "source_default": source.default,
        "source_settings": translation.source_settings,
        "source_step": source.addition,
        "target": str(call.target),
        "call": call.call,
        "native": call.candidate.is_native,
        "input_step": source.padding.words if source.padding else "",
        "step": call.candidate.words,
        "kernel_dilated_by": call.candidate.dilated_by,
        "split_into": call.candidate.split_into,
        "case": call.candidate.case.id,
        "samples": source.samples,
        "differences": translation.differences,
        "snippet": call.file.text,
        "faster": translation.faster
        and {
            "condition": translation.condition,
            "call": translation.faster.call,
            "snippet": translation.faster.file.text,
        },
    }
