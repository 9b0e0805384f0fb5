"""How a command line names targets: by the backend, or by what else people call a framework."""

import os
from dataclasses import replace
from importlib.util import find_spec

import click

from tconv.model.target import ALIASES, Selection


class TargetType(click.ParamType):  # type: ignore[type-arg] # older releases of click know none
    """Targets as `backend[:mode][@device]`; says on stderr what another name stands for."""

    name = "target"

    def convert(
        self,
        value: str | Selection,
        param: click.Parameter | None,  # noqa: ARG002 # the signature of click
        ctx: click.Context | None,  # noqa: ARG002 # as above
    ) -> Selection:
        """Return the targets that `value` selects.

        Raises:
            TargetError: it has another form.
        """
        if isinstance(value, Selection):
            return value
        selection = Selection.from_text(value.lower())
        backend = _backend(selection.backend)
        if backend != selection.backend:
            click.echo(f"tconv: {selection.backend} is read as {backend}", err=True)
        return replace(selection, backend=backend)


def _backend(name: str) -> str:
    """Return the backend that is called by this name.

    Of several it is the one that `KERAS_BACKEND` names, or else the first whose framework is
    installed.
    """
    names = ALIASES.get(name, (name,))
    if len(names) == 1:
        return names[0]
    chosen = f"{name}-{os.environ.get('KERAS_BACKEND', '')}"
    installed = (each for each in names if find_spec(each.rpartition("-")[2]))
    return chosen if chosen in names else next(installed, names[0])


TARGET = TargetType()
